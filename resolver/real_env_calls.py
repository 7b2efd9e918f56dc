"""The kernel's calls of UDP, of which none waits: many datagrams by one call, and a socket to a server by one.

`real_env_calls.c` says the same in C. Where it is compiled (`make build`) it stands in this module's place: a miss costs less
then. Linux only; the layout below is that of every 64-bit Linux (x86_64 and aarch64 among them), glibc and musl alike.
"""

import ctypes
import errno
import mmap
import socket
import struct
from collections.abc import Callable
from functools import cache
from typing import Final

from resolver.env import Datagram
from resolver.real_env_paths import ask_for_whole_paths

SLOTS: Final = 64  # datagrams per call: enough to drown the cost of a wake-up, few enough that others get their turn
QUERY_OCTETS: Final = 4096  # room for a query; a longer one is cut off, and then it is malformed
REPLY_OCTETS: Final = 65536  # room for any reply; pages that are never written to cost no memory

UDP: Final = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK

HEADER: Final = struct.Struct(
    "=QI4xQQQQi4xI4x"
)  # struct mmsghdr: name, iovec, control, each with its size; flags; octets
CONTROL_OCTETS_WORD: Final = 5  # where mmsghdr.msg_hdr.msg_controllen stands, in 64-bit words
HEADER_OCTETS_WORD: Final = 14  # where mmsghdr.msg_len stands, in 32-bit words
VECTOR: Final = struct.Struct("=QQ")  # struct iovec: start, octets
VECTOR_OCTETS_WORD: Final = 1  # where iovec.iov_len stands, in 64-bit words
CACHE_LINE: Final = 64  # octets

# A head is a struct sockaddr_in6 or sockaddr_in, padded, then one struct cmsghdr with its in6_pktinfo or in_pktinfo.
NAME_OCTETS: Final = 28
CONTROL_AT: Final = 32
CONTROL_OCTETS: Final = socket.CMSG_SPACE(20)
HEAD_OCTETS: Final = CONTROL_AT + CONTROL_OCTETS
FAMILY: Final = struct.Struct("=H")
IPV6: Final = FAMILY.pack(socket.AF_INET6)  # how the head of a datagram over IPv6 begins
CLIENT_V4: Final = 4  # where the address of the source stands, and of the destination
LOCAL_V4: Final = 52
CLIENT_V6: Final = 8
LOCAL_V6: Final = 48
V4_OCTETS: Final = 4
V6_OCTETS: Final = 16
INTERFACE_V4_WORD: Final = 12  # where the network interface's index stands, in 32-bit words
INTERFACE_V6_WORD: Final = 16
HEAD_WORDS: Final = HEAD_OCTETS // 4
NO_CONTROL: Final = bytes(8)  # cmsghdr.cmsg_len where there is none

# PyDLL keeps the interpreter's lock: these calls never wait, but getting the lock back from another thread may take long.
_LIBC: Final = ctypes.PyDLL(None, use_errno=True)
_RECVMMSG: Final[Callable[[int, int, int, int, None], int]] = _LIBC.recvmmsg
_SENDMMSG: Final[Callable[[int, int, int, int], int]] = _LIBC.sendmmsg
_LIBC.recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
_LIBC.sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)


def open_udp(source: str, port: int, server: str, server_port: int, /) -> int:
    """The descriptor of a socket that hears `server` alone, and sends to it from this address and port. Raises OSError.

    It does not wait, and believes no path MTU.
    """
    is_ipv6 = ":" in server
    sock = socket.SocketType(socket.AF_INET6 if is_ipv6 else socket.AF_INET, UDP)
    try:
        ask_for_whole_paths(sock, is_ipv6=is_ipv6)
        sock.bind(_place(source, port))
        sock.connect(_place(server, server_port))
        return sock.detach()
    finally:
        sock.close()


def _place(host: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """As Python's sockets want it: they do not look for an interface in the address."""
    address, _, interface = host.partition("%")
    return (address, port, 0, socket.if_nametoindex(interface)) if interface else (address, port)


def receive_batch(
    fd: int, bound: bytes | None, make: Callable[[bytes, bytes, bytes, bytes], Datagram], /
) -> list[Datagram]:
    """What has come to a UDP socket that does not wait, at most SLOTS datagrams.

    bound: the packed address that it is bound to; None on a wildcard, where each datagram brings its own. make: the class.
    """
    arena = _incoming()
    # the kernel wrote what it used over what there is room for
    arena.headers[:] = arena.with_control if bound is None else arena.without_control
    count = _RECVMMSG(fd, arena.start, SLOTS, socket.MSG_DONTWAIT, None)
    batch = []
    lengths = arena.received[: max(0, count)].tolist()
    for slot, (octets, at, head_at) in enumerate(zip(lengths, arena.data_at, arena.heads_at, strict=False)):
        is_ipv6 = arena.memory[head_at : head_at + FAMILY.size] == IPV6
        # The query's interface is not the reply's: routing decides (as Unbound does).
        arena.interfaces[slot * HEAD_WORDS + (INTERFACE_V6_WORD if is_ipv6 else INTERFACE_V4_WORD)] = 0
        head = arena.memory[head_at : head_at + HEAD_OCTETS]
        if is_ipv6:
            client, local = head[CLIENT_V6 : CLIENT_V6 + V6_OCTETS], head[LOCAL_V6 : LOCAL_V6 + V6_OCTETS]
        else:
            client, local = head[CLIENT_V4 : CLIENT_V4 + V4_OCTETS], head[LOCAL_V4 : LOCAL_V4 + V4_OCTETS]
        batch.append(make(arena.memory[at : at + octets], client, local if bound is None else bound, head))
    return batch


def send_batch(fd: int, replies: list[tuple[bytes, bytes]], /) -> int:
    """Send the first SLOTS of these (message, head of the query's datagram); how many the kernel did not take at once."""
    arena = _outgoing()
    slots = zip(replies, range(SLOTS), arena.data_at, arena.heads_at, strict=False)
    filled = 0
    for (message, head), slot, at, head_at in slots:
        arena.octets[slot] = octets = len(message)
        arena.memory[at : at + octets] = message
        arena.memory[head_at : head_at + HEAD_OCTETS] = head
        has_control = head[CONTROL_AT : CONTROL_AT + len(NO_CONTROL)] != NO_CONTROL
        arena.control_octets[slot] = CONTROL_OCTETS if has_control else 0
        filled += 1
    return _push(fd, arena.start, filled)


def _push(fd: int, start: int, filled: int) -> int:
    """Send the first slots; how many were refused."""
    done = refused = 0
    while done < filled:
        sent = _SENDMMSG(fd, start + done * HEADER.size, filled - done, socket.MSG_DONTWAIT)
        if sent > 0:
            done += sent
        elif ctypes.get_errno() == errno.EAGAIN:
            return refused + filled - done  # the send buffer is full: UDP may lose
        elif ctypes.get_errno() != errno.EINTR:
            done += 1  # this one cannot be sent (no route, a filter); the next one may
            refused += 1
    return refused


class _Arena:
    """Memory for SLOTS messages with the kernel's structs that point into it: headers, vectors, heads, data."""

    def __init__(self, slot_octets: int) -> None:
        vectors_at = _places(0, HEADER.size).stop
        self.heads_at = _places(_places(vectors_at, VECTOR.size).stop, HEAD_OCTETS)
        self.data_at = _places(-(-self.heads_at.stop // CACHE_LINE) * CACHE_LINE, slot_octets)
        self.memory = mmap.mmap(-1, self.data_at.stop)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        for slot, (head_at, at) in enumerate(zip(self.heads_at, self.data_at, strict=True)):
            vector_at = vectors_at + slot * VECTOR.size
            VECTOR.pack_into(self.memory, vector_at, self.start + at, slot_octets)
            name, control = self.start + head_at, self.start + head_at + CONTROL_AT
            fields = (name, NAME_OCTETS, self.start + vector_at, 1, control, CONTROL_OCTETS)
            HEADER.pack_into(self.memory, slot * HEADER.size, *fields, 0, 0)
        whole = memoryview(self.memory)
        self.headers = whole[: self.heads_at.stop]
        self.with_control = bytes(self.headers)
        self.received = whole[:vectors_at].cast("I")[HEADER_OCTETS_WORD :: HEADER.size // 4]
        self.control_octets = whole[:vectors_at].cast("Q")[CONTROL_OCTETS_WORD :: HEADER.size // 8]
        self.octets = whole[vectors_at : self.heads_at.start].cast("Q")[VECTOR_OCTETS_WORD::2]
        self.interfaces = whole[self.heads_at.start : self.heads_at.stop].cast("I")
        for slot in range(SLOTS):
            self.control_octets[slot] = 0
        self.without_control = bytes(self.headers)


@cache
def _incoming() -> _Arena:
    """Of whichever batch is under way: a process has one loop."""
    return _Arena(QUERY_OCTETS)


@cache
def _outgoing() -> _Arena:
    return _Arena(REPLY_OCTETS)


def _places(start: int, octets: int) -> range:
    """Where SLOTS things of this size stand, one behind the other."""
    return range(start, start + SLOTS * octets, octets)
