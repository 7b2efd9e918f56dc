"""The network of one simulated host (resolver.env.Network): its sockets, on the fabric that it shares with all others."""

import errno
import ipaddress
from collections.abc import Callable, Container
from contextlib import suppress
from functools import partial
from itertools import count
from math import inf

import trio

from resolver.env import Address, Datagram, TcpConnection, TcpListener, Turned, UdpListener
from tests.simulation.fabric import Fabric
from tests.simulation.inbox import Inbox
from tests.simulation.streams import SimulatedStream, stream_pair

MIN_PORT, END_OF_PORTS = 1024, 65536


class Sockets:
    """Who is where, for all hosts."""

    def __init__(self, fabric: Fabric) -> None:
        self.fabric = fabric
        self.udp: dict[Address, SimulatedUdpListener] = {}
        self.tcp: dict[Address, SimulatedTcpListener] = {}
        self.unix: dict[str, SimulatedUnixListener] = {}
        self.channels: dict[Address, SimulatedUdpChannel] = {}
        self._free_ports = count(40000)

    def bindable(self, address: Address, taken: Container[Address]) -> Address:
        """The address, with a port of its own where none was wanted; raises OSError when it is taken."""
        if address.port == 0:
            return Address(address.host, next(self._free_ports))
        if address in taken:
            raise OSError(errno.EADDRINUSE, "Address already in use", str(address))
        return address


class SimulatedUdpListener:
    """resolver.env.UdpListener. It takes all that is there at once."""

    def __init__(self, sockets: Sockets, address: Address, network: "SimulatedNetwork") -> None:
        self.address = address
        self.inbox = Inbox[Datagram]()
        self._sockets = sockets
        self._network = network
        self._taking: trio.CancelScope | None = None
        self._local = ipaddress.ip_address(address.host).packed

    def start(self, take: Callable[[list[Datagram]], None]) -> None:
        assert self._network.turned is not None, "nothing is listened to before somebody turns"
        self._taking = trio.CancelScope()
        trio.lowlevel.spawn_system_task(self._take_all, take, self._network.turned, self._taking)

    def stop(self) -> None:
        if self._taking is not None:
            self._taking.cancel()

    async def _take_all(self, take: Callable[[list[Datagram]], None], turned: Turned, until: trio.CancelScope) -> None:
        with until, suppress(trio.ClosedResourceError):
            while True:
                batch = await self.receive_batch()
                turned.turn(trio.current_time(), partial(take, batch))

    def take_in(self, at: float, data: bytes, source: Address) -> None:
        client = ipaddress.ip_address(source.host).packed
        self.inbox.put(at, Datagram(data, client, self._local, f"{source.host} {source.port}".encode()))

    async def receive_batch(self) -> list[Datagram]:
        return [await self.inbox.get(), *self.inbox.take_arrived()]

    def send_batch(self, replies: list[tuple[bytes, bytes]]) -> int:
        for data, reply_to in replies:
            host, port = reply_to.decode().split()
            channel = self._sockets.channels.get(Address(host, int(port)))
            if channel is not None:
                for at in self._sockets.fabric.arrivals(self.address.host, host):
                    channel.take_in(at, data, self.address)
        return 0

    def port_of(self, reply_to: bytes) -> int:
        return int(reply_to.split()[1])

    def close(self) -> None:
        self.inbox.close()
        self._sockets.udp.pop(self.address, None)


class SimulatedUdpChannel:
    """resolver.env.UdpChannel."""

    def __init__(self, sockets: Sockets, local: Address, server: Address) -> None:
        self._sockets = sockets
        self._local = local
        self._server = server
        self._inbox = Inbox[bytes | OSError]()

    def take_in(self, at: float, data: bytes, source: Address) -> None:
        if source == self._server:  # a connected socket hears nobody else
            self._inbox.put(at, data)

    def send(self, message: bytes) -> None:
        fabric = self._sockets.fabric
        listener = self._sockets.udp.get(self._server)
        for at in fabric.arrivals(self._local.host, self._server.host):
            if listener is not None:
                listener.take_in(at, message, self._local)
            else:
                self._inbox.put(at, ConnectionRefusedError(errno.ECONNREFUSED, "port unreachable"))

    async def receive(self) -> bytes:
        received = await self._inbox.get()
        if isinstance(received, OSError):
            raise received
        return received

    def start(self, take: Callable[[bytes | OSError], None], turned: Turned) -> None:
        """Hand over what comes, in a turn each, until it is closed."""
        trio.lowlevel.spawn_system_task(self._take_all, take, turned)

    async def _take_all(self, take: Callable[[bytes | OSError], None], turned: Turned) -> None:
        with suppress(trio.ClosedResourceError):
            while True:
                received = await self._inbox.get()
                turned.turn(trio.current_time(), partial(take, received))

    def close(self) -> None:
        self._inbox.close()
        self._sockets.channels.pop(self._local, None)


class SimulatedTcpListener:
    """resolver.env.TcpListener."""

    def __init__(self, sockets: Sockets, address: Address) -> None:
        self.address = address
        self.inbox = Inbox[TcpConnection]()
        self._sockets = sockets

    async def accept(self) -> TcpConnection:
        return await self.inbox.get()

    def close(self) -> None:
        self.inbox.close()
        self._sockets.tcp.pop(self.address, None)


class SimulatedUnixListener:
    """resolver.env.UnixListener; a socket file is a name in a table."""

    def __init__(self, sockets: Sockets, path: str) -> None:
        self.inbox = Inbox[SimulatedStream]()
        self._sockets = sockets
        self._path = path

    def may_change(self, stream: trio.abc.Stream) -> bool:
        return True

    async def accept(self) -> trio.abc.Stream:
        return await self.inbox.get()

    def close(self) -> None:
        self.inbox.close()
        self._sockets.unix.pop(self._path, None)


class SimulatedNetwork:
    """resolver.env.Network, as one host sees it."""

    def __init__(self, sockets: Sockets, host: str) -> None:
        """host: the source address of what it sends; it may listen on any."""
        self.host = host
        self.turned: Turned | None = None
        self._sockets = sockets

    async def listen_udp(self, address: Address) -> UdpListener:
        await trio.lowlevel.checkpoint()
        address = self._sockets.bindable(address, self._sockets.udp)
        listener = self._sockets.udp[address] = SimulatedUdpListener(self._sockets, address, self)
        return listener

    async def listen_tcp(self, address: Address) -> TcpListener:
        await trio.lowlevel.checkpoint()
        address = self._sockets.bindable(address, self._sockets.tcp)
        listener = self._sockets.tcp[address] = SimulatedTcpListener(self._sockets, address)
        return listener

    def connect_udp(self, server: Address, take: Callable[[bytes | OSError], None]) -> SimulatedUdpChannel:
        assert self.turned is not None, "nothing is asked before somebody turns"
        channel = self.open_udp(server)
        channel.start(take, self.turned)
        return channel

    def open_udp(self, server: Address) -> SimulatedUdpChannel:
        local = self._free_source()
        channel = self._sockets.channels[local] = SimulatedUdpChannel(self._sockets, local, server)
        return channel

    async def open_tcp(self, server: Address) -> trio.abc.Stream:
        fabric = self._sockets.fabric
        for one, other in ((self.host, server.host), (server.host, self.host)):
            arrives = fabric.arrival(one, other)
            await trio.sleep_until(inf if arrives is None else arrives)
        listener = self._sockets.tcp.get(server)
        if listener is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        source = self._free_source()
        ours, theirs = stream_pair(
            lambda: fabric.arrival(self.host, server.host), lambda: fabric.arrival(server.host, self.host)
        )
        packed = [ipaddress.ip_address(host).packed for host in (source.host, server.host)]
        listener.inbox.put(trio.current_time(), TcpConnection(theirs, packed[0], source.port, packed[1]))
        return ours

    async def listen_unix(self, path: str) -> SimulatedUnixListener:
        await trio.lowlevel.checkpoint()
        listener = self._sockets.unix[path] = SimulatedUnixListener(self._sockets, path)
        return listener

    async def open_unix(self, path: str) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        listener = self._sockets.unix.get(path)
        if listener is None:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        ours, theirs = stream_pair(trio.current_time, trio.current_time)
        listener.inbox.put(trio.current_time(), theirs)
        return ours

    def _free_source(self) -> Address:
        while True:
            local = Address(self.host, self._sockets.fabric.rng.randrange(MIN_PORT, END_OF_PORTS))
            if local not in self._sockets.channels:
                return local
