"""TCP connections to servers, kept a while and shared: at most one to each, a bounded number in all (RFC 7766 §6.2)."""

from collections.abc import Callable
from typing import Final

import trio

from resolver.engine import Mesh, StreamReply
from resolver.env import Address, Env, Network
from resolver.loop.connection import Connection
from resolver.upstream.counts import UpstreamCounts
from resolver.wire.layout import ID_OCTETS

MAX_CONNECTIONS: Final = 128  # to all servers; beyond, an idle one gives way, and else the question waits for its turn
LARGE: Final = 1232  # octets that no reply over UDP has: 2,048 records take a millisecond to read, 70 hardly any time

Spawn = Callable[..., object]  # (async function, *arguments): a nursery's start_soon


def make_streams(mesh: Mesh, env: Env, spawn: Spawn, counts: UpstreamCounts) -> "TrioStreams":
    """spawn: starts a task that outlives the question that it is begun for."""
    return TrioStreams(mesh, env.now, Connections(env.network, spawn, counts), spawn)


class TrioStreams:
    """Questions to servers over TCP, each in a task of its own (resolver.engine.Streams)."""

    def __init__(self, mesh: Mesh, now: Callable[[], float], connections: "Connections", spawn: Spawn) -> None:
        self._mesh = mesh
        self._now = now
        self._connections = connections
        self._spawn = spawn
        self._next = trio.Lock()  # whose large reply is read in this turn of the loop

    def ask(self, server: Address, message: bytes, patience: float, take: Callable[[StreamReply], None]) -> "_Asking":
        asking = _Asking(take)
        self._spawn(self._run, asking, server, message, patience)
        return asking

    async def _run(self, asking: "_Asking", server: Address, message: bytes, patience: float) -> None:
        said: StreamReply = None
        try:
            with asking.scope, trio.move_on_after(patience):
                said = await self._connections.ask(server, message)
        except OSError as error:
            said = error
        if isinstance(said, bytes) and len(said) > LARGE:
            async with self._next:  # acquiring takes a turn of the loop, also where another one gives it away
                self._tell(asking, said)
        else:
            self._tell(asking, said)

    def _tell(self, asking: "_Asking", said: StreamReply) -> None:
        if not asking.is_called_off:
            self._mesh.turn(self._now(), lambda: asking.tell(said))


class _Asking:
    """One question under way (resolver.engine.CallOff)."""

    def __init__(self, take: Callable[[StreamReply], None]) -> None:
        self.scope = trio.CancelScope()
        self.is_called_off = False
        self._take = take

    def call_off(self) -> None:
        self.is_called_off = True
        self.scope.cancel()

    def tell(self, said: StreamReply) -> None:
        if not self.is_called_off:
            self._take(said)


class Connections:
    """The connections to servers."""

    def __init__(
        self, network: Network, spawn: Spawn, counts: UpstreamCounts, *, max_connections: int = MAX_CONNECTIONS
    ) -> None:
        """spawn: starts the task of a connection, which outlives the question that it is opened for."""
        self._network = network
        self._spawn = spawn
        self._counts = counts
        self._by_server: dict[Address, Connection] = {}  # the least recently used first; bounded by the room
        self._room = trio.Semaphore(max_connections)

    async def ask(self, server: Address, message: bytes) -> bytes:
        """The message that came back from the server; raises OSError. How long to wait is the caller's to say."""
        connection = self._take(server, message[:ID_OCTETS])
        if connection is not None:
            self._counts.tcp_reused += 1
            try:
                return await connection.ask(message)
            except OSError:
                # RFC 7766 §6.2.4: servers close connections when they like; only a new one's end says something
                self._counts.tcp_asked_again += 1
        return await (await self._open(server, message[:ID_OCTETS])).ask(message)

    def _take(self, server: Address, id: bytes) -> Connection | None:
        """The connection to the server if it takes one more question."""
        connection = self._by_server.pop(server, None)
        if connection is None:
            return None
        if not connection.takes(id):
            connection.retire()
            return None
        self._by_server[server] = connection  # the most recently used now
        return connection

    async def _open(self, server: Address, id: bytes) -> Connection:
        if not self._room.value:
            self._retire_an_idle_one()
        await self._room.acquire()
        opened = self._take(server, id)
        if opened is not None:  # by somebody else, meanwhile
            self._room.release()
            return opened
        connection = self._by_server[server] = Connection(self._network, server, self._note_end)
        self._counts.tcp_connections += 1
        self._counts.tcp_connections_current += 1
        self._spawn(connection.run)
        return connection

    def _retire_an_idle_one(self) -> None:
        idle = next((connection for connection in self._by_server.values() if connection.is_idle), None)
        if idle is not None:
            del self._by_server[idle.server]
            idle.retire()

    def _note_end(self, connection: Connection) -> None:
        self._counts.tcp_connections_current -= 1
        self._counts.tcp_surplus += connection.has_met_surplus
        if self._by_server.get(connection.server) is connection:
            del self._by_server[connection.server]
        self._room.release()
