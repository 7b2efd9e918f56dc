"""TCP sockets of the real network: listeners that outlive the kernel's passing errors, and connections to servers."""

import errno
import ipaddress
from socket import socket
from typing import Final

import trio
from trio import socket as trio_socket

from resolver.env import Address, TcpConnection

BACKLOG: Final = 256  # connections that wait in the kernel; it cuts to net.core.somaxconn
# accept(2): out of descriptors or memory. Others must give some back first.
EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
PAUSE_WHEN_EXHAUSTED: Final = 0.1  # s


class RealTcpListener:
    """A listening socket (resolver.env.TcpListener)."""

    def __init__(self, listener: trio.SocketListener) -> None:
        self._listener = listener
        self.address = Address(*listener.socket.getsockname()[:2])

    @property
    def descriptor(self) -> int:
        """-1 once it is closed."""
        return self._listener.socket.fileno()

    async def accept(self) -> TcpConnection:
        while True:
            try:
                stream = await self._listener.accept()  # passes over connections that are lost already
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                await trio.sleep(PAUSE_WHEN_EXHAUSTED)
                continue
            try:
                return _connection(stream)
            except OSError:
                await trio.aclose_forcefully(stream)  # reset before we could see who it is

    def close(self) -> None:
        self._listener.socket.close()


async def listen_tcp(address: Address, bound: socket | None = None) -> RealTcpListener:
    """Listen at `address`. bound: a socket that does already. Raises OSError."""
    if bound is not None:
        return RealTcpListener(trio.SocketListener(trio_socket.from_stdlib_socket(bound)))
    sock = trio_socket.socket(_family(address), trio_socket.SOCK_STREAM)
    try:
        # On TCP this lets a restarted daemon bind while old connections linger, and no two daemons listen.
        sock.setsockopt(trio_socket.SOL_SOCKET, trio_socket.SO_REUSEADDR, 1)
        if sock.family == trio_socket.AF_INET6:
            sock.setsockopt(trio_socket.IPPROTO_IPV6, trio_socket.IPV6_V6ONLY, 1)
        await sock.bind(address)
        sock.listen(BACKLOG)
        return RealTcpListener(trio.SocketListener(sock))
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


def _family(address: Address) -> int:
    return trio_socket.AF_INET6 if ":" in address.host else trio_socket.AF_INET


def _connection(stream: trio.SocketStream) -> TcpConnection:
    host, port = stream.socket.getpeername()[:2]
    local, local_port = stream.socket.getsockname()[:2]
    return TcpConnection(stream, _packed(host), port, _packed(local), local_port)


def _packed(host: str) -> bytes:
    return ipaddress.ip_address(host).packed
