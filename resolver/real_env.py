"""The real Env: the kernel's clocks, the kernel's randomness and its sockets. Nothing else may touch any of them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import trio

from resolver.env import Address, source_ports
from resolver.real_env_files import RealFileNotices
from resolver.real_env_inherited import Pool, peer_pid, receive_sockets, send_descriptors
from resolver.real_env_loop import Loop
from resolver.real_env_rng import RealRng
from resolver.real_env_tcp import RealTcpListener, listen_tcp, open_tcp
from resolver.real_env_udp import (
    Channels,
    RealAwaitedUdpChannel,
    RealUdpListener,
    listen_udp,
    open_udp,
)
from resolver.real_env_unix import RealUnixListener, listen_unix, open_unix

RESERVED_PORTS: Final = Path("/proc/sys/net/ipv4/ip_local_reserved_ports")
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class RealNetwork:
    """The kernel's sockets (resolver.env.Network).

    inherited: sockets that were bound before us, used where they fit. replaces: a process that lives on listens at our Unix
    paths until `publish`.
    """

    def __init__(self, rng: RealRng, loop: Loop, source: str = "") -> None:
        """loop: reads the sockets of listeners and of channels to servers.

        source: the address that UDP channels send from, for a host that has several; "": the kernel's choice.
        """
        self.inherited = Pool()
        self.replaces = False
        self._rng = rng
        self._loop = loop
        self._source = source
        self._listening = set[int]()  # UDP ports of ours, never to be used as a source port
        self._channels = Channels(rng, self._listening, source, loop)
        self.connect_udp = self._channels.connect  # compiled: of a miss nothing is interpreted
        self.source_ports = source_ports((), reserved_ports())
        self._listeners: list[RealUdpListener | RealTcpListener] = []
        self._unpublished: list[RealUnixListener] = []

    async def listen_udp(self, address: Address) -> RealUdpListener:
        with _named(address):
            listener = listen_udp(address, self._loop, self.inherited.take(address, is_tcp=False))
        self._listening.add(listener.address.port)
        self._listeners.append(listener)
        return listener

    async def listen_tcp(self, address: Address) -> RealTcpListener:
        with _named(address):
            listener = await listen_tcp(address, self.inherited.take(address, is_tcp=True))
        self._listeners.append(listener)
        return listener

    async def hand_sockets(self, stream: trio.abc.Stream, octets: bytes) -> None:
        """Send `octets` over a Unix stream, and with them a copy of each socket that is listened on. Raises OSError."""
        assert isinstance(stream, trio.SocketStream)
        self._listeners = [listener for listener in self._listeners if listener.descriptor >= 0]
        await send_descriptors(stream, octets, [listener.descriptor for listener in self._listeners])

    async def inherit(self, stream: trio.abc.Stream) -> bytes:
        """Receive such octets, to the end of their line, and listen with the sockets that come with them. Raises OSError."""
        assert isinstance(stream, trio.SocketStream)
        octets, held = await receive_sockets(stream)
        self.inherited.add(held)
        return octets

    def pid_of(self, stream: trio.abc.Stream) -> int:
        """The process that listens, or did, at the other end of a Unix stream."""
        assert isinstance(stream, trio.SocketStream)
        return peer_pid(stream)

    @property
    def source_ports(self) -> Sequence[int]:
        """Those that questions to servers leave from."""
        return self._channels.source_ports

    @source_ports.setter
    def source_ports(self, ports: Sequence[int]) -> None:
        self._channels.source_ports = ports

    def open_udp(self, server: Address) -> RealAwaitedUdpChannel:
        return open_udp(server, self._rng, self._listening, self._source, self.source_ports)

    async def open_tcp(self, server: Address) -> trio.abc.Stream:
        return await open_tcp(server)

    async def listen_unix(self, path: str) -> RealUnixListener:
        listener = await listen_unix(path, beside=self.replaces)
        self._unpublished.append(listener)
        return listener

    def publish(self) -> None:
        """Take the place of the process that was replaced, at the paths that both of us listen at. Raises OSError."""
        for listener in self._unpublished:
            listener.publish()
        self._unpublished.clear()

    async def open_unix(self, path: str) -> trio.abc.Stream:
        return await open_unix(path)


class RealEnv:
    """Time, randomness and the network of this machine (resolver.env.Env)."""

    def __init__(self, source: str = "") -> None:
        """source: see RealNetwork."""
        rng = RealRng()
        self.boot = _boot()
        self.rng = rng
        self.loop = Loop()
        self.network = RealNetwork(rng, self.loop, source)
        self.now = time.monotonic  # as they are: a miss reads the clock a dozen times
        self.wall = time.time
        self.drive = self.loop.drive
        self.post = self.loop.post

    def watch_file(self, path: str) -> RealFileNotices:
        return RealFileNotices(path)


def reserved_ports() -> str:
    """Which ports this host keeps free for services; "" where it does not say."""
    try:
        return RESERVED_PORTS.read_text()
    except OSError:
        return ""


def _boot() -> str:
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


@contextmanager
def _named(address: Address) -> Iterator[None]:
    """Make errors say which address they are about."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(address)) from None
