"""The only ways to time, randomness and the network; real_env makes the real one, the simulation another.

Addresses of clients are packed octets (4 or 16) where they are compared and counted, and text where people read them.
"""

from collections.abc import MutableSequence
from typing import NamedTuple, Protocol

import trio


class Address(NamedTuple):
    """Where a socket is: an IP address as canonical text, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Datagram(NamedTuple):
    """One UDP query as it came in.

    client: the source address, packed (4 or 16 octets). local: the address that was asked, packed. reply_to: opaque to
    everybody but the listener that made it; a reply sent with it leaves from `local` to the client's address and port.
    """

    data: bytes
    client: bytes
    local: bytes
    reply_to: bytes


class UdpListener(Protocol):
    """A bound UDP socket for clients' queries."""

    address: Address  # what it is really bound to

    async def receive_batch(self) -> list[Datagram]:
        """Wait until something is there, then take what is there, at most a listener-set number of datagrams."""

    def send_batch(self, replies: list[tuple[bytes, bytes]]) -> int:
        """Send (message, reply_to) pairs without waiting; returns how many the kernel refused (they are dropped)."""

    def port_of(self, reply_to: bytes) -> int:
        """The client's port, for people to read."""

    def close(self) -> None: ...


class TcpConnection(NamedTuple):
    """An accepted connection."""

    stream: trio.abc.Stream
    client: bytes  # packed source address
    port: int
    local: bytes  # packed address that was asked


class TcpListener(Protocol):
    address: Address

    async def accept(self) -> TcpConnection:
        """The next connection; survives the kernel's passing errors (EMFILE, ECONNABORTED)."""

    def close(self) -> None: ...


class UdpChannel(Protocol):
    """A UDP socket connected to one server, with a source port of its own that no one can foresee."""

    def send(self, message: bytes) -> None:
        """Send without waiting; raises OSError."""

    async def receive(self) -> bytes:
        """The next datagram from that server's address and port; raises OSError (such as ECONNREFUSED)."""

    def close(self) -> None: ...


class Network(Protocol):
    """Makes sockets. Every method may raise OSError."""

    async def listen_udp(self, address: Address) -> UdpListener: ...

    async def listen_tcp(self, address: Address) -> TcpListener: ...

    def open_udp(self, server: Address) -> UdpChannel: ...

    async def open_tcp(self, server: Address) -> trio.abc.Stream: ...


class Rng(Protocol):
    """Randomness no outsider can foresee (a CSPRNG), or a seeded one in the simulation."""

    def random(self) -> float: ...

    def randrange(self, start: int, stop: int) -> int: ...

    def getrandbits(self, k: int, /) -> int: ...

    def shuffle(self, x: MutableSequence[object]) -> None: ...


class Env(Protocol):
    """now: monotonic seconds; wall: seconds since the Unix epoch, for signatures and snapshots only."""

    rng: Rng
    network: Network

    def now(self) -> float: ...

    def wall(self) -> float: ...
