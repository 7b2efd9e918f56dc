"""The only ways to time, randomness and the network; real_env makes the real one, the simulation another.

Addresses of clients are packed octets (4 or 16) where they are compared and counted, and text where people read them.
"""

import ipaddress
from collections.abc import MutableSequence
from typing import NamedTuple, Protocol

import msgspec
import trio

MAX_PORT = 65535


class Address(NamedTuple):
    """Where a socket is: an IP address as canonical text, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_from_text(text: str) -> Address:
    """The address that `text` presents: `192.0.2.1:53` or `[2001:db8::1]:53`. Raises ValueError saying what is wrong."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdecimal():
        raise ValueError(f"{text!r} has no port: write 192.0.2.1:53 or [2001:db8::1]:53")
    if int(port) > MAX_PORT:
        raise ValueError(f"port {port} in {text!r} is over {MAX_PORT}")
    is_bracketed = host.startswith("[") and host.endswith("]")
    try:
        ip = ipaddress.ip_address(host[1:-1] if is_bracketed else host)
    except ValueError:
        raise ValueError(f"{host!r} in {text!r} is no IP address") from None
    if is_bracketed != (ip.version == 6):
        raise ValueError(f"{text!r}: brackets stand around IPv6 addresses, and only there")
    return Address(str(ip), int(port))


class Datagram(msgspec.Struct, frozen=True, gc=False):
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
    has_more: bool  # was the batch taken last full, so that more wait, maybe?

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


class UnixListener(Protocol):
    """A bound Unix stream socket, for the operator's commands."""

    async def accept(self) -> trio.abc.Stream:
        """The next connection."""

    def close(self) -> None:
        """Stop listening and take the socket file away."""


class Network(Protocol):
    """Makes sockets. Every method may raise OSError."""

    async def listen_udp(self, address: Address) -> UdpListener: ...

    async def listen_tcp(self, address: Address) -> TcpListener: ...

    def open_udp(self, server: Address) -> UdpChannel: ...

    async def open_tcp(self, server: Address) -> trio.abc.Stream: ...

    async def listen_unix(self, path: str) -> UnixListener:
        """Listen at `path` for our user and group; replaces what a dead process left there, never what a live one holds."""

    async def open_unix(self, path: str) -> trio.abc.Stream: ...


class Rng(Protocol):
    """Randomness no outsider can foresee (a CSPRNG), or a seeded one in the simulation."""

    def random(self) -> float: ...

    def randrange(self, start: int, stop: int) -> int: ...

    def getrandbits(self, k: int, /) -> int: ...

    def shuffle(self, x: MutableSequence[object]) -> None: ...


class Env(Protocol):
    """now: monotonic seconds; wall: seconds since the Unix epoch, for signatures and snapshots only.

    boot: what tells one run of this machine's kernel from the next, and so one beginning of `now` from another; "": unknown.
    """

    @property
    def boot(self) -> str: ...

    @property
    def rng(self) -> Rng: ...

    @property
    def network(self) -> Network: ...

    def now(self) -> float: ...

    def wall(self) -> float: ...
