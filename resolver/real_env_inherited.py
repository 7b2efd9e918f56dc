"""Listening sockets that another process bound: the service manager (sd_listen_fds(3)) or the daemon that we take over from.

Nobody's query is lost between two processes that hold the same socket: what comes waits in it until one of them reads.
"""

import os
import socket
from array import array
from collections.abc import Iterable, MutableMapping, Sequence
from typing import Final, NamedTuple

import trio

from resolver.env import Address

FIRST: Final = 3  # SD_LISTEN_FDS_START
MAX_SOCKETS: Final = 250  # of one message; the kernel's SCM_MAX_FD is 253
MAX_LINE: Final = 1 << 16  # octets of the line that the sockets come with


class Held(NamedTuple):
    """A bound socket. is_tcp: it listens; else UDP."""

    is_tcp: bool
    address: Address
    socket: socket.socket


class Pool:
    """Bound sockets, each for the first who wants to listen at its address."""

    def __init__(self, held: Iterable[Held] = ()) -> None:
        self._held: dict[tuple[bool, Address], socket.socket] = {}
        self.add(held)

    def add(self, held: Iterable[Held]) -> None:
        for one in held:
            other = self._held.pop((one.is_tcp, one.address), None)
            if other is not None:
                other.close()
            self._held[one.is_tcp, one.address] = one.socket

    def take(self, address: Address, *, is_tcp: bool) -> socket.socket | None:
        """The socket that is bound there, if any; it is the caller's now."""
        return self._held.pop((is_tcp, address), None)

    def close(self) -> tuple[str, ...]:
        """Let go of those that nobody took; returns which they were."""
        left = tuple(f"{'tcp' if is_tcp else 'udp'} {address}" for is_tcp, address in self._held)
        for one in self._held.values():
            one.close()
        self._held.clear()
        return left


def passed_sockets(environ: MutableMapping[str, str], pid: int) -> list[Held]:
    """The sockets that the service manager has passed to the process `pid`; its variables are taken out of `environ`."""
    count = environ.get("LISTEN_FDS", "") if environ.get("LISTEN_PID") == str(pid) else ""
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        environ.pop(name, None)
    return held_of(range(FIRST, FIRST + int(count))) if count.isdecimal() else []


def held_of(descriptors: Iterable[int]) -> list[Held]:
    """What these descriptors are; those that are no UDP or TCP sockets are closed."""
    found = []
    for descriptor in descriptors:
        sock = socket.socket(fileno=descriptor)
        sock.setblocking(False)
        os.set_inheritable(descriptor, False)
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            sock.close()
            continue
        host, port = sock.getsockname()[:2]
        found.append(Held(sock.type == socket.SOCK_STREAM, Address(host, port), sock))
    return found


async def send_descriptors(stream: trio.SocketStream, octets: bytes, descriptors: Sequence[int]) -> None:
    """Send `octets`, and with the first of them a copy of each descriptor (unix(7), SCM_RIGHTS). Raises OSError."""
    rights = array("i", descriptors[:MAX_SOCKETS])
    sent = await stream.socket.sendmsg([octets], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    await stream.send_all(octets[sent:])


async def receive_sockets(stream: trio.SocketStream) -> tuple[bytes, list[Held]]:
    """The octets up to an end of line, and the sockets that came with them; what comes is no more than that.

    Raises OSError, also when the other end is closed or says too much.
    """
    line, descriptors = bytearray(), list[int]()
    while not line.endswith(b"\n"):
        octets, ancillary, _, _ = await stream.socket.recvmsg(MAX_LINE, socket.CMSG_SPACE(4 * MAX_SOCKETS))
        for level, kind, rights in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors += [
                    int.from_bytes(rights[at : at + 4], "little") for at in range(0, len(rights) // 4 * 4, 4)
                ]
        line += octets
        if not octets or len(line) > MAX_LINE:
            for descriptor in descriptors:
                os.close(descriptor)
            raise OSError("the other end was closed, or said too much")
    return bytes(line), held_of(descriptors)


def peer_pid(stream: trio.SocketStream) -> int:
    """The process that listens, or did, at the other end of a Unix stream."""
    credentials = stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(credentials[:4], "little")
