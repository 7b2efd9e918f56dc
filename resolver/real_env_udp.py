"""UDP sockets of the real network: one for clients' queries in batches, and channels to servers on ports of their own."""

import errno
import ipaddress
import socket
from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Final

import trio

from resolver.env import ALL_SOURCE_PORTS, Address, Datagram, Rng
from resolver.real_env_batch import IPV4, IPV6, SLOTS, Batches, port_in
from resolver.real_env_loop import Loop

RECEIVE_BUFFER: Final = 4 * 1024 * 1024  # octets: some thousand queries, which take 20 ms to answer
BATCHES: Final = (
    16  # of queries taken in one turn: who floods is to fill his own line, and not the buffer that is everybody's
)
PORT_TRIES: Final = 16  # random ports tried for a channel; on a busy host one in ten may be taken
# What socket.socket is made of, which has all that a channel needs, and is opened and closed without a call of Python's
Socket = socket.SocketType
INET: Final = int(socket.AF_INET)
INET6: Final = int(socket.AF_INET6)
UDP: Final = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
REPLY_OCTETS: Final = 4096  # room for a server's reply; it was told that 1232 fit

IPPROTO_IP: Final = socket.IPPROTO_IP
IPPROTO_IPV6: Final = socket.IPPROTO_IPV6
# linux/in.h, linux/in6.h and asm/socket.h; Python's socket module has some of them from 3.12 or 3.13 on only
IP_PKTINFO: Final = 8
IP_MTU_DISCOVER: Final = 10
IPV6_MTU_DISCOVER: Final = 23
SO_RCVBUFFORCE: Final = 33
PMTUDISC_OMIT: Final = 5  # believe no path MTU that an ICMP message tells: anyone can forge one to have us fragment


class RealUdpListener:
    """A bound UDP socket for clients' queries (resolver.env.UdpListener)."""

    def __init__(self, sock: socket.socket, loop: Loop) -> None:
        host, port = sock.getsockname()[:2]
        self.address = Address(host, port)
        ip = ipaddress.ip_address(host)
        layout = IPV6 if ip.version == 6 else IPV4
        self._socket = sock
        self._loop = loop
        self._fd = sock.fileno()
        self._batches = Batches(self._fd, layout, None if ip.is_unspecified else ip.packed)
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
            batch = self._batches.receive()
            self._has_more = len(batch) == SLOTS
            if batch:
                return batch

    def _receive(self, take: Callable[[list[Datagram]], None]) -> None:
        for _ in range(BATCHES):
            batch = self._batches.receive()
            self._has_more = len(batch) == SLOTS  # the next turn takes them: others get theirs between
            if batch:
                take(batch)
            if not self._has_more:
                break

    def send_batch(self, replies: list[tuple[bytes, bytes]]) -> int:
        return self._batches.send(replies)

    def port_of(self, reply_to: bytes) -> int:
        return port_in(reply_to)

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.forget(self._fd)
            trio.lowlevel.notify_closing(self._fd)
            self._socket.close()


class RealUdpChannel:
    """A UDP socket connected to one server, read by the loop (resolver.env.UdpChannel)."""

    __slots__ = ("_loop", "_socket", "_take")

    def __init__(self, sock: Socket, loop: Loop, take: Callable[[bytes | OSError], None]) -> None:
        self._socket = sock
        self._loop = loop
        self._take = take
        loop.watch(sock.fileno(), self._receive)

    def send(self, message: bytes) -> None:
        self._socket.send(message)

    def close(self) -> None:
        fd = self._socket.fileno()
        if fd >= 0:
            self._loop.forget(fd)
            self._socket.close()

    def _receive(self) -> None:
        """One datagram a turn: who floods this port waits for its turn like all others."""
        try:
            data = self._socket.recv(REPLY_OCTETS)
        except BlockingIOError:
            return  # a datagram with a wrong checksum woke us
        except OSError as error:
            self._take(error)
            return
        self._take(data)


class RealAwaitedUdpChannel:
    """The same, read by who waits for it (resolver.env.AwaitedUdpChannel)."""

    def __init__(self, sock: Socket) -> None:
        self._socket = sock
        self._is_awaited = False

    def send(self, message: bytes) -> None:
        self._socket.send(message)

    async def receive(self) -> bytes:
        """The caller has just sent: nothing can have come yet, so waiting comes before trying."""
        while True:
            self._is_awaited = True
            await trio.lowlevel.wait_readable(self._socket)
            self._is_awaited = False
            try:
                return self._socket.recv(REPLY_OCTETS)
            except BlockingIOError:
                continue  # a datagram with a wrong checksum woke us

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            if self._is_awaited:  # for a channel that has brought its reply this would cost 3 µs
                trio.lowlevel.notify_closing(self._socket)
            self._socket.close()


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
            _ask_for_whole_paths(sock, is_ipv6)
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
    sock = _connected(server, rng, taken, source, ports)
    try:
        return RealUdpChannel(sock, loop, take)
    except BaseException:
        sock.close()
        raise


def open_udp(
    server: Address, rng: Rng, taken: Container[int], source: str = "", ports: Sequence[int] = ALL_SOURCE_PORTS
) -> RealAwaitedUdpChannel:
    """The same for who waits for the reply. Raises OSError."""
    return RealAwaitedUdpChannel(_connected(server, rng, taken, source, ports))


def _connected(server: Address, rng: Rng, taken: Container[int], source: str, ports: Sequence[int]) -> Socket:
    is_ipv6 = ":" in server.host
    sock = Socket(INET6 if is_ipv6 else INET, UDP)
    try:
        _ask_for_whole_paths(sock, is_ipv6)
        _bind_at_random(sock, source or ("::" if is_ipv6 else "0.0.0.0"), rng, taken, ports)
        sock.connect(server)
    except BaseException:
        sock.close()
        raise
    return sock


def _udp_socket(is_ipv6: bool) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, UDP)
    _ask_for_whole_paths(sock, is_ipv6)
    return sock


def _ask_for_whole_paths(sock: Socket, is_ipv6: bool) -> None:
    if is_ipv6:
        sock.setsockopt(IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_OMIT)
    else:
        sock.setsockopt(IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_OMIT)


def _widen_receive_buffer(sock: socket.socket) -> None:
    """Room for what comes while a batch is answered; beyond net.core.rmem_max where we have the right to it."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def _bind_at_random(sock: Socket, host: str, rng: Rng, taken: Container[int], ports: Sequence[int]) -> None:
    """RFC 5452 §9.2: a source port as hard to guess as the ID. The kernel's own choice would come from a smaller range."""
    for _ in range(PORT_TRIES):
        port = ports[rng.randrange(0, len(ports))]
        if port in taken:
            continue
        try:
            sock.bind((host, port))
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"no free source port after {PORT_TRIES} tries")
