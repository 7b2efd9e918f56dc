"""The only ways to time, randomness and the network; real_env makes the real one, the simulation another.

Addresses of clients are packed octets (4 or 16) where they are compared and counted, and text where people read them.
"""

import ipaddress
from array import array
from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sequence
from typing import NamedTuple, Protocol

import msgspec
import trio

MAX_PORT = 65535
MIN_SOURCE_PORT = 1024  # the ports below are other services'
ALL_SOURCE_PORTS: Sequence[int] = range(MIN_SOURCE_PORT, MAX_PORT + 1)
LEAST_SOURCE_PORTS = 4096  # to draw from: each halving makes a forger's work half as long (RFC 5452 §7)


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


def source_ports(avoided: Iterable[str], reserved: str) -> Sequence[int]:
    """From which UDP ports questions to servers may leave: who draws them himself does not see what the kernel keeps free.

    avoided: of `recursion.avoid_ports`; reserved: as the kernel has it, `8080,9000-9100`.

    What the kernel reserves is not looked at where too few would be left.
    """
    own = set(_listed(avoided))
    both = own.union(_listed(part for part in reserved.strip().split(",") if part))
    for gone in (both, own):
        if not gone:
            return ALL_SOURCE_PORTS
        left = array("H", (port for port in ALL_SOURCE_PORTS if port not in gone))
        if len(left) >= LEAST_SOURCE_PORTS:
            return left
    raise ValueError(f"fewer than {LEAST_SOURCE_PORTS} ports are left to ask from")


def port_range(text: str) -> range:
    """The ports of `5353` or `8000-8100`; raises ValueError."""
    first, dash, last = text.partition("-")
    numbers = (first, last if dash else first)
    if not all(number.isascii() and number.isdecimal() for number in numbers):
        raise ValueError(f"{text!r} is no port and no range of ports: write 5353 or 8000-8100")
    begin, end = map(int, numbers)
    if not 0 <= begin <= end <= MAX_PORT:
        raise ValueError(f"{text!r} is no range of ports from 0 to {MAX_PORT}")
    return range(begin, end + 1)


def _listed(ranges: Iterable[str]) -> Iterator[int]:
    for text in ranges:
        yield from port_range(text)


class Datagram(msgspec.Struct, frozen=True, gc=False):
    """One UDP query as it came in.

    client: the source address, packed (4 or 16 octets). local: the address that was asked, packed. reply_to: opaque to
    everybody but the listener that made it; a reply sent with it leaves from `local` to the client's address and port.
    """

    data: bytes
    client: bytes
    local: bytes
    reply_to: bytes


class Turned(Protocol):
    """What happens turn by turn (resolver.engine.Mesh): whoever has an event for it reads the clock, and begins a turn."""

    note_change: Callable[[], None]  # called when it has something to do earlier than it said, and nobody turns it
    clock: Callable[[], float] | None  # monotonic seconds; for whoever turns it in real time to hand over
    has_unread: bool  # for whoever reads to say: has more come in than this turn reads?

    def turn(self, now: float, event: Callable[[], None] | None = None) -> None:
        """One turn: it is `now` (monotonic seconds), and `event` has happened."""

    def next_at(self) -> float:
        """When the next turn is due, if nothing happens before; infinity: not before something does."""


class UdpListener(Protocol):
    """A bound UDP socket for clients' queries."""

    address: Address  # what it is really bound to

    def start(self, take: Callable[[list[Datagram]], None]) -> None:
        """From now on have `take` called with what is there, at most a listener-set number of datagrams, in turns."""

    def stop(self) -> None:
        """Take nothing more; what is to be sent still can be."""

    async def receive_batch(self) -> list[Datagram]:
        """Wait until something is there, then take what is there, at most a listener-set number of datagrams."""

    def send_batch(self, replies: list[tuple[bytes, bytes]]) -> int:
        """Send (message, reply_to) pairs without waiting; returns how many the kernel refused (they are dropped)."""

    def port_of(self, reply_to: bytes) -> int:
        """The client's port, for people to read."""

    def close(self) -> None: ...


def _send_nothing(octets: bytes) -> int:
    """For a stream that can only be written to by who waits."""
    return 0


class TcpConnection(NamedTuple):
    """An accepted connection."""

    stream: trio.abc.Stream
    client: bytes  # packed source address
    port: int
    local: bytes  # packed address that was asked
    local_port: int = 0
    send_now: Callable[[bytes], int] = _send_nothing  # how many of these octets were sent without a wait


class TcpListener(Protocol):
    address: Address

    async def accept(self) -> TcpConnection:
        """The next connection; survives the kernel's passing errors (EMFILE, ECONNABORTED)."""

    def close(self) -> None: ...


class UdpChannel(Protocol):
    """A UDP socket connected to one server, with a source port of its own that no one can foresee."""

    def send(self, message: bytes) -> None:
        """Send without waiting, at once or at the end of the turn. Raises OSError, or has it told as what the network says."""

    def close(self) -> None: ...


class AwaitedUdpChannel(UdpChannel, Protocol):
    """The same for who has nothing else to do than to wait for the reply: commands, and tests."""

    async def receive(self) -> bytes:
        """The next datagram from that server's address and port; raises OSError (such as ECONNREFUSED)."""


class UnixListener(Protocol):
    """A bound Unix stream socket, for the operator's commands."""

    def may_change(self, stream: trio.abc.Stream) -> bool:
        """Is the other end of this connection a process of the user that we run as, or of root?"""

    async def accept(self) -> trio.abc.Stream:
        """The next connection."""

    def close(self) -> None:
        """Stop listening and take the socket file away."""


class WaysToServers(Protocol):
    """The ways to servers over UDP."""

    def connect_udp(self, server: Address, take: Callable[[bytes | OSError], None]) -> UdpChannel:
        """take: called, in a turn each, with every datagram from that server's address and port, and with what the network
        says of ours (such as ECONNREFUSED); never within this call, and not once the channel is closed. Raises OSError."""


class Network(WaysToServers, Protocol):
    """Makes sockets. Every method may raise OSError."""

    async def listen_udp(self, address: Address) -> UdpListener: ...

    async def listen_tcp(self, address: Address) -> TcpListener: ...

    def open_udp(self, server: Address) -> AwaitedUdpChannel: ...

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


class FileNotices(Protocol):
    """Tells when something happens to a SQLite file: a commit, another file in its place. It may tell late, or not at all."""

    async def wait(self) -> None:
        """Return when something has happened since the last call; raises OSError when nobody tells any more."""

    def close(self) -> None: ...


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

    def watch_file(self, path: str) -> FileNotices:
        """Notices of the file; raises OSError where nobody can tell, as of a network file system."""

    def now(self) -> float: ...

    def wall(self) -> float: ...

    def post(self, event: Callable[[], object]) -> None:
        """Have this called soon in the thread that turns; from whatever thread. Raises OSError once that is over."""

    async def drive(self, turned: Turned, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Turn it until cancelled: when a timer of its is due, and when something comes in over this network.

        Started once it is being turned; nothing is listened to before that."""
