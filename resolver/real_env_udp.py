"""UDP sockets of the real network: one for clients' queries in batches, and channels to servers on ports of their own."""

import errno
import ipaddress
import os
import socket
from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Final, final

import trio

from resolver import real_env_calls
from resolver.env import ALL_SOURCE_PORTS, Address, Datagram, Rng
from resolver.real_env_calls import SLOTS
from resolver.real_env_loop import Loop
from resolver.real_env_paths import ask_for_whole_paths

RECEIVE_BUFFER: Final = 4 * 1024 * 1024  # octets: some thousand queries, which take 20 ms to answer
BATCHES: Final = (
    16  # of queries taken in one turn: who floods is to fill his own line, and not the buffer that is everybody's
)
PORT_TRIES: Final = 16  # random ports tried for a channel; on a busy host one in ten may be taken
UDP: Final = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
REPLY_OCTETS: Final = 4096  # room for a server's reply; it was told that 1232 fit
CLOSED: Final = -1
PORT_AT: Final = 2  # where it stands in a struct sockaddr of either family; two octets in network order

# linux/in.h and asm/socket.h; Python's socket module has some of them from 3.12 on only
IP_PKTINFO: Final = 8
SO_RCVBUFFORCE: Final = 33

# As constants: the compiler takes them for what they are, and looks nothing up.
_OPEN: Final = real_env_calls.open_udp
_RECEIVE_BATCH: Final = real_env_calls.receive_batch
_SEND_BATCH: Final = real_env_calls.send_batch


class RealUdpListener:
    """A bound UDP socket for clients' queries (resolver.env.UdpListener)."""

    def __init__(self, sock: socket.socket, loop: Loop) -> None:
        host, port = sock.getsockname()[:2]
        self.address = Address(host, port)
        ip = ipaddress.ip_address(host)
        self._socket = sock
        self._loop = loop
        self._fd = sock.fileno()
        self._bound = None if ip.is_unspecified else ip.packed
        self._has_more = False  # was the batch taken last full, so that more wait, maybe?

    @property
    def descriptor(self) -> int:
        """-1 once it is closed."""
        return self._socket.fileno()

    def start(self, take: Callable[[list[Datagram]], None]) -> None:
        self._loop.watch(self._fd, partial(self._receive, take), is_first=True)

    def stop(self) -> None:
        self._loop.forget(self._fd, is_closing=False)

    async def receive_batch(self) -> list[Datagram]:
        """A batch that was not full left nothing behind: then waiting costs one system call less than trying first."""
        while True:
            if self._has_more:
                await trio.lowlevel.checkpoint()
            else:
                await trio.lowlevel.wait_readable(self._fd)
            batch = _RECEIVE_BATCH(self._fd, self._bound, Datagram)
            self._has_more = len(batch) == SLOTS
            if batch:
                return batch

    def _receive(self, take: Callable[[list[Datagram]], None]) -> None:
        for _ in range(BATCHES):
            batch = _RECEIVE_BATCH(self._fd, self._bound, Datagram)
            self._has_more = len(batch) == SLOTS  # the next turn takes them: others get theirs between
            if batch:
                take(batch)
            if not self._has_more:
                break

    def send_batch(self, replies: list[tuple[bytes, bytes]]) -> int:
        if len(replies) <= SLOTS:
            return _SEND_BATCH(self._fd, replies)
        starts = range(0, len(replies), SLOTS)
        return sum([_SEND_BATCH(self._fd, replies[start : start + SLOTS]) for start in starts])

    def port_of(self, reply_to: bytes) -> int:
        return int.from_bytes(reply_to[PORT_AT : PORT_AT + 2], "big")

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.forget(self._fd)
            trio.lowlevel.notify_closing(self._fd)
            self._socket.close()


class RealUdpChannel:
    """A UDP socket connected to one server, read by the loop (resolver.env.UdpChannel)."""

    __slots__ = ("_fd", "_loop", "_take")

    def __init__(self, fd: int, loop: Loop, take: Callable[[bytes | OSError], None]) -> None:
        self._fd = fd
        self._loop = loop
        self._take = take
        loop.watch(fd, self._receive)

    def send(self, message: bytes) -> None:
        """At the end of the turn. What is wrong then is told in another."""
        self._loop.send_at_end(partial(self._send, message))

    def close(self) -> None:
        fd, self._fd = self._fd, CLOSED
        if fd >= 0:
            self._loop.forget(fd)
            os.close(fd)

    def _send(self, message: bytes) -> None:
        if self._fd < 0:
            return
        try:
            os.write(self._fd, message)
        except OSError as error:
            self._loop.tell(partial(self._take, error))

    def _receive(self) -> None:
        """One datagram a turn: who floods this port waits for its turn like all others."""
        try:
            data = os.read(self._fd, REPLY_OCTETS)
        except BlockingIOError:
            return  # a datagram with a wrong checksum woke us
        except OSError as error:
            self._take(error)
            return
        self._take(data)


class RealAwaitedUdpChannel:
    """The same, read by who waits for it (resolver.env.AwaitedUdpChannel)."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._is_awaited = False

    def send(self, message: bytes) -> None:
        os.write(self._fd, message)

    async def receive(self) -> bytes:
        """The caller has just sent: nothing can have come yet, so waiting comes before trying."""
        while True:
            self._is_awaited = True
            await trio.lowlevel.wait_readable(self._fd)
            self._is_awaited = False
            try:
                return os.read(self._fd, REPLY_OCTETS)
            except BlockingIOError:
                continue  # a datagram with a wrong checksum woke us

    def close(self) -> None:
        fd, self._fd = self._fd, CLOSED
        if fd >= 0:
            if self._is_awaited:  # for a channel that has brought its reply this would cost 3 µs
                trio.lowlevel.notify_closing(fd)
            os.close(fd)


def listen_udp(address: Address, loop: Loop, bound: socket.socket | None = None) -> RealUdpListener:
    """Bind a socket for clients' queries. bound: one that is bound already. Raises OSError."""
    is_ipv6 = ":" in address.host
    sock = _udp_socket(is_ipv6) if bound is None else bound
    try:
        # Set before bind(): every datagram brings its destination. No SO_REUSEADDR, no SO_REUSEPORT: with either, a
        # second daemon could bind the same UDP port and would take its share of the queries.
        if is_ipv6:
            if bound is None:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        _widen_receive_buffer(sock)
        if bound is None:
            sock.bind(address)
        else:
            ask_for_whole_paths(sock, is_ipv6=is_ipv6)
        return RealUdpListener(sock, loop)
    except BaseException:
        sock.close()
        raise


def connect_udp(
    server: Address,
    rng: Rng,
    taken: Container[int],
    source: str,
    loop: Loop,
    take: Callable[[bytes | OSError], None],
    ports: Sequence[int] = ALL_SOURCE_PORTS,
) -> RealUdpChannel:
    """Connect a socket to `server` from a random source port of `ports` that is not among `taken`. Raises OSError.

    source: the address that it sends from; "": the one that the kernel picks for the server. take: see Network.connect_udp.
    """
    fd = _connected(server, rng, taken, source, ports)
    try:
        return RealUdpChannel(fd, loop, take)
    except BaseException:
        os.close(fd)
        raise


@final
class Channels:
    """Opens channels to servers: what RealNetwork.connect_udp is, compiled. source_ports: those that questions leave from."""

    def __init__(self, rng: Rng, taken: Container[int], source: str, loop: Loop) -> None:
        """See `connect_udp`."""
        self.source_ports: Sequence[int] = ALL_SOURCE_PORTS
        self._rng = rng
        self._taken = taken
        self._source = source
        self._loop = loop

    def connect(self, server: Address, take: Callable[[bytes | OSError], None]) -> RealUdpChannel:
        """See Network.connect_udp."""
        return connect_udp(server, self._rng, self._taken, self._source, self._loop, take, self.source_ports)


def open_udp(
    server: Address, rng: Rng, taken: Container[int], source: str = "", ports: Sequence[int] = ALL_SOURCE_PORTS
) -> RealAwaitedUdpChannel:
    """The same for who waits for the reply. Raises OSError."""
    return RealAwaitedUdpChannel(_connected(server, rng, taken, source, ports))


def _connected(server: Address, rng: Rng, taken: Container[int], source: str, ports: Sequence[int]) -> int:
    """RFC 5452 §9.2: a source port as hard to guess as the ID. The kernel's own choice would come from a smaller range."""
    host, server_port = server
    source = source or ("::" if ":" in host else "0.0.0.0")
    for _ in range(PORT_TRIES):
        port = ports[rng.randrange(0, len(ports))]
        if port in taken:
            continue
        try:
            return _OPEN(source, port, host, server_port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"no free source port after {PORT_TRIES} tries")


def _udp_socket(is_ipv6: bool) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, UDP)
    ask_for_whole_paths(sock, is_ipv6=is_ipv6)
    return sock


def _widen_receive_buffer(sock: socket.socket) -> None:
    """Room for what comes while a batch is answered; beyond net.core.rmem_max where we have the right to it."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
