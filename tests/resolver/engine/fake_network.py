"""An Env whose network is a table of servers, each a function from a query to the datagrams and delays it causes."""

import errno
import os
import random
from collections.abc import Callable, Iterable, MutableSequence
from contextlib import suppress
from functools import partial

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import trio
import trio.testing

from resolver.env import (
    Address,
    AwaitedUdpChannel,
    FileNotices,
    Network,
    Rng,
    TcpListener,
    Turned,
    UdpListener,
    UnixListener,
)
from resolver.loop import turn_in_trio
from resolver.wire.frames import READ_OCTETS, Frames, framed

SERVER = Address("192.0.2.53", 53)

Said = tuple[float, bytes]  # seconds after the query, datagram
Behaviour = Callable[[dns.message.Message, bool], Iterable[Said]]  # (query, over TCP?) -> what comes back


class FakeChannel:
    """A connected UDP socket to one behaviour."""

    def __init__(self, network: "FakeNetwork", server: Address, take: Callable[[bytes | OSError], None]) -> None:
        self._network = network
        self._server = server
        self._take = take
        self.is_closed = False

    def send(self, message: bytes) -> None:
        self._network.sent.append((self._server, message, False))
        now = trio.current_time()
        said = self._network.behaviour_of(self._server)(dns.message.from_wire(message), False)
        trio.lowlevel.spawn_system_task(self._deliver, sorted((now + delay, data) for delay, data in said))

    async def _deliver(self, coming: list[tuple[float, bytes]]) -> None:
        """Each datagram in a turn of its own; one without octets is the network's word that nobody listens."""
        turned = self._network.turned
        assert turned is not None, "nothing is asked before somebody turns"
        for at, data in coming:
            await trio.sleep_until(at)
            if self.is_closed:
                return
            refused = ConnectionRefusedError(errno.ECONNREFUSED, "port unreachable")
            turned.turn(trio.current_time(), partial(self._take, data or refused))

    def close(self) -> None:
        self.is_closed = True


class FakeNetwork:
    """servers: behaviour by address; an address that is not there is silent over UDP and refuses TCP."""

    def __init__(self, servers: dict[Address, Behaviour]) -> None:
        self.servers = servers
        self.sent: list[tuple[Address, bytes, bool]] = []  # (server, message, over TCP?)
        self.channels: list[FakeChannel] = []
        self.turned: Turned | None = None
        self.unroutable: set[str] = set()
        self.hindrance = 0  # the errno that opening a socket meets

    def behaviour_of(self, server: Address) -> Behaviour:
        return self.servers.get(server, silent)

    def hinder(self, number: int) -> None:
        """Let no socket be opened."""
        self.hindrance = number

    def connect_udp(self, server: Address, take: Callable[[bytes | OSError], None]) -> FakeChannel:
        if self.hindrance:
            raise OSError(self.hindrance, os.strerror(self.hindrance))
        if server.host in self.unroutable:
            raise OSError(errno.ENETUNREACH, "Network is unreachable")
        channel = FakeChannel(self, server, take)
        self.channels.append(channel)
        return channel

    async def open_tcp(self, server: Address) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        if server not in self.servers:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "no TCP here")
        ours, theirs = trio.testing.memory_stream_pair()

        async def serve() -> None:
            asked = Frames()
            asked.add(await theirs.receive_some(READ_OCTETS))
            with suppress(trio.BrokenResourceError):  # nobody listens any more
                while (message := asked.take()) is not None:
                    self.sent.append((server, message, True))
                    for delay, data in self.servers[server](dns.message.from_wire(message), True):
                        await trio.sleep(delay)
                        await theirs.send_all(framed(data))
            await theirs.aclose()

        trio.lowlevel.spawn_system_task(serve)
        return ours

    def open_udp(self, server: Address) -> AwaitedUdpChannel:
        raise NotImplementedError

    async def listen_udp(self, address: Address) -> UdpListener:
        raise NotImplementedError

    async def listen_tcp(self, address: Address) -> TcpListener:
        raise NotImplementedError

    async def listen_unix(self, path: str) -> UnixListener:
        raise NotImplementedError

    async def open_unix(self, path: str) -> trio.abc.Stream:
        raise NotImplementedError


class FakeRng:
    """A seeded Rng."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def random(self) -> float:
        return self._random.random()

    def randrange(self, start: int, stop: int) -> int:
        return self._random.randrange(start, stop)

    def getrandbits(self, k: int, /) -> int:
        return self._random.getrandbits(k)

    def shuffle(self, x: MutableSequence[object]) -> None:
        self._random.shuffle(x)


class FakeEnv:
    """Trio's clock, a seeded Rng, the fake network."""

    def __init__(self, servers: dict[Address, Behaviour], seed: int = 1) -> None:
        self.boot = ""
        self.world = FakeNetwork(servers)
        self.network: Network = self.world
        self.rng: Rng = FakeRng(seed)

    def watch_file(self, path: str) -> FileNotices:
        raise OSError(errno.ENOTSUP, "nobody tells", path)

    def now(self) -> float:
        return trio.current_time()

    def wall(self) -> float:
        return trio.current_time()

    def post(self, event: Callable[[], object]) -> None:
        trio.lowlevel.current_trio_token().run_sync_soon(event)

    async def drive(self, turned: Turned, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        self.world.turned = turned
        await turn_in_trio(turned, self.now, task_status)


def silent(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
    return ()


def reply_to(
    query: dns.message.Message,
    *records: str,
    authority: Iterable[str] = (),
    additional: Iterable[str] = (),
    flags: int = dns.flags.AA,
    rcode: int = dns.rcode.NOERROR,
    edns: bool = True,
) -> dns.message.Message:
    """A response with the query's ID and question, letter case included; records as `owner ttl type rdata`."""
    reply = dns.message.make_response(query)
    reply.flags |= flags
    for section, lines in ((reply.answer, records), (reply.authority, authority), (reply.additional, additional)):
        for line in lines:
            owner, ttl, rtype, rdata = line.split(maxsplit=3)
            section.append(dns.rrset.from_text(owner, int(ttl), "IN", rtype, rdata))
    reply.set_rcode(dns.rcode.Rcode(rcode))
    if not edns or query.edns < 0:
        reply.use_edns(False)
    return reply
