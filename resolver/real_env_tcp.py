"""TCP sockets of the real network: listeners that outlive the kernel's passing errors, their streams, connections to servers.

A client's stream is no more than its socket: trio's own takes as much again in checks of what its one user does not do.
"""

import errno
import socket
from typing import Final

import trio
from trio import socket as trio_socket

from resolver.env import Address, TcpConnection

BACKLOG: Final = 256  # connections that wait in the kernel; it cuts to net.core.somaxconn
# accept(2): out of descriptors or memory. Others must give some back first.
EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
# accept(2): of the connection, which is lost already, or of the network that it came from, and not of the listener
LOST: Final = frozenset(
    {
        *(errno.EPERM, errno.ECONNABORTED, errno.ECONNRESET, errno.EPROTO, errno.ENOPROTOOPT, errno.EOPNOTSUPP),
        *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENONET, errno.ETIMEDOUT),
    }
)
PAUSE_WHEN_EXHAUSTED: Final = 0.1  # s
READ_OCTETS: Final = 16384  # worth reading at once for who does not say
UNSENT: Final = 16384  # octets that wait in the kernel for a client, which has no more memory than that for each
CLOSED: Final = -1

# linux/tcp.h
TCP_NOTSENT_LOWAT: Final = 25


class RealTcpStream(trio.abc.Stream):
    """A client's connection, read by one task and written to by one.

    Each reading waits for its event, of which a turn has few; a write of what the kernel takes at once is no checkpoint.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._fd = sock.fileno()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        while True:
            await trio.lowlevel.wait_readable(self._fd)
            try:
                return self._socket.recv(max_bytes or READ_OCTETS)
            except BlockingIOError:
                continue
            except OSError as error:
                raise trio.BrokenResourceError(error.strerror) from error

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        sent = self.send_now(data)
        while sent < len(data):
            await trio.lowlevel.wait_writable(self._fd)
            sent += self.send_now(memoryview(data)[sent:])

    def send_now(self, data: bytes | bytearray | memoryview) -> int:
        """How many octets of it the kernel has taken; raises trio.BrokenResourceError."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise trio.BrokenResourceError(error.strerror) from error

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.wait_writable(self._fd)

    async def aclose(self) -> None:
        """At once; what is on its way is still sent."""
        fd, self._fd = self._fd, CLOSED
        if fd != CLOSED:
            trio.lowlevel.notify_closing(fd)
            self._socket.close()


class RealTcpListener:
    """A listening socket (resolver.env.TcpListener)."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._socket = sock
        self.address = Address(*sock.getsockname()[:2])

    @property
    def descriptor(self) -> int:
        """-1 once it is closed."""
        return self._socket.fileno()

    async def accept(self) -> TcpConnection:
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                sock, _ = self._socket.accept()
            except OSError as error:
                if error.errno in EXHAUSTED:
                    await trio.sleep(PAUSE_WHEN_EXHAUSTED)
                elif error.errno not in LOST and not isinstance(error, BlockingIOError):
                    raise
                continue
            try:
                return _connection(sock)
            except OSError:
                sock.close()  # reset before we could see who it is

    def close(self) -> None:
        if self._socket.fileno() != CLOSED:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()


async def listen_tcp(address: Address, bound: socket.socket | None = None) -> RealTcpListener:
    """Listen at `address`. bound: a socket that does already. Raises OSError."""
    if bound is not None:
        return RealTcpListener(bound)
    sock = socket.socket(_family(address), socket.SOCK_STREAM)
    try:
        # On TCP this lets a restarted daemon bind while old connections linger, and no two daemons listen.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        return RealTcpListener(sock)
    except BaseException:
        sock.close()
        raise


async def open_tcp(server: Address) -> trio.SocketStream:
    """Connect to `server`, without Nagle's delay. Raises OSError."""
    sock = trio_socket.socket(_family(server), trio_socket.SOCK_STREAM)
    try:
        await sock.connect(server)
        return trio.SocketStream(sock)  # sets TCP_NODELAY
    except BaseException:
        sock.close()
        raise


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address.host else socket.AF_INET


def _connection(sock: socket.socket) -> TcpConnection:
    """Raises OSError: of one that is reset already the kernel knows no peer."""
    host, port = sock.getpeername()[:2]
    local, local_port = sock.getsockname()[:2]
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT)
    stream = RealTcpStream(sock)
    packed, packed_local = socket.inet_pton(sock.family, host), socket.inet_pton(sock.family, local)
    return TcpConnection(stream, packed, port, packed_local, local_port, stream.send_now)
