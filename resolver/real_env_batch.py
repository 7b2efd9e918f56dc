"""Many datagrams in one system call: recvmmsg(2) and sendmmsg(2), which Python does not offer, on memory set up once.

Linux only. The layout below is that of every 64-bit Linux (x86_64 and aarch64 among them), glibc and musl alike.
"""

import ctypes
import errno
import mmap
import struct
from collections.abc import Callable
from socket import CMSG_SPACE, MSG_DONTWAIT
from typing import Final, final

from resolver.env import Datagram

SLOTS: Final = 64  # datagrams per call: enough to drown the cost of a wake-up, few enough that others get their turn
QUERY_OCTETS: Final = 4096  # room for a query; a longer one is cut off, and then it is malformed
REPLY_OCTETS: Final = 65536  # room for any reply; pages that are never written to cost no memory

HEADER: Final = struct.Struct(
    "=QI4xQQQQi4xI4x"
)  # struct mmsghdr: name, iovec, control, each with its size; flags; octets
HEADER_OCTETS_WORD: Final = 14  # where mmsghdr.msg_len stands, in 32-bit words
VECTOR: Final = struct.Struct("=QQ")  # struct iovec: start, octets
VECTOR_OCTETS_WORD: Final = 1  # where iovec.iov_len stands, in 64-bit words
CACHE_LINE: Final = 64  # octets
PORT_AT: Final = 2  # in either struct sockaddr; two octets in network order

# PyDLL keeps the interpreter's lock: these calls never wait, but getting the lock back from another thread may take long.
_LIBC: Final = ctypes.PyDLL(None, use_errno=True)
_RECVMMSG: Final[Callable[[int, int, int, int, None], int]] = _LIBC.recvmmsg
_SENDMMSG: Final[Callable[[int, int, int, int], int]] = _LIBC.sendmmsg
_LIBC.recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
_LIBC.sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)


@final
class Layout:
    """Where things stand in a datagram's head: a struct sockaddr, padded, then one struct cmsghdr with its pktinfo.

    control_at: where the control message begins. client_at, local_at: where the packed addresses of source and destination do,
    of address_octets each. interface_at: the network interface's index in the pktinfo.
    """

    __slots__ = (
        "address_octets",
        "client_at",
        "control_at",
        "control_octets",
        "interface_at",
        "local_at",
        "name_octets",
    )

    def __init__(
        self,
        name_octets: int,
        control_at: int,
        control_octets: int,
        address_octets: int,
        client_at: int,
        local_at: int,
        interface_at: int,
    ) -> None:
        self.name_octets: Final = name_octets
        self.control_at: Final = control_at
        self.control_octets: Final = control_octets
        self.address_octets: Final = address_octets
        self.client_at: Final = client_at
        self.local_at: Final = local_at
        self.interface_at: Final = interface_at


# sockaddr_in: family, port, address, 8 octets of nothing; in_pktinfo: interface, local address, destination.
IPV4: Final = Layout(16, 16, CMSG_SPACE(12), 4, 4, 36, 32)
# sockaddr_in6: family, port, flow, address, scope; in6_pktinfo: address, interface.
IPV6: Final = Layout(28, 32, CMSG_SPACE(20), 16, 8, 48, 64)


def port_in(head: bytes) -> int:
    """The port of the source of a datagram with this head."""
    return int.from_bytes(head[PORT_AT : PORT_AT + 2], "big")


class Batches:
    """Reads and writes batches on one unconnected, non-blocking UDP socket."""

    def __init__(self, fd: int, layout: Layout, local: bytes | None) -> None:
        """local: the packed address the socket is bound to; None on a wildcard, where each datagram brings its own."""
        self._fd = fd
        self._layout = layout
        self._local = local
        self._incoming = _Arena(layout, has_control=local is None, slot_octets=QUERY_OCTETS)
        self._outgoing = _Arena(layout, has_control=local is None, slot_octets=REPLY_OCTETS)

    def receive(self) -> list[Datagram]:
        """What is there now, at most SLOTS datagrams."""
        arena = self._incoming
        arena.headers[:] = arena.clean_headers  # the kernel wrote what it used over what there is room for
        count = _RECVMMSG(self._fd, arena.start, SLOTS, MSG_DONTWAIT, None)
        if count <= 0:
            return []
        memory, head_octets = arena.memory, arena.head_octets
        layout, bound = self._layout, self._local
        client_at, client_end = layout.client_at, layout.client_at + layout.address_octets
        local_at, local_end = layout.local_at, layout.local_at + layout.address_octets
        batch = []
        lengths = arena.received[:count].tolist()
        for octets, at, head_at in zip(lengths, arena.data_at, arena.heads_at, strict=False):
            head = memory[head_at : head_at + head_octets]
            batch.append(
                Datagram(memory[at : at + octets], head[client_at:client_end], bound or head[local_at:local_end], head)
            )
        return batch

    def send(self, replies: list[tuple[bytes, bytes]]) -> int:
        """Send (message, head of the query's datagram) pairs; returns how many the kernel did not take at once."""
        return sum(self._send_slots(replies[start : start + SLOTS]) for start in range(0, len(replies), SLOTS))

    def _send_slots(self, replies: list[tuple[bytes, bytes]]) -> int:
        arena = self._outgoing
        memory, head_octets, to_send = arena.memory, arena.head_octets, arena.to_send
        slots = zip(replies, range(SLOTS), arena.data_at, arena.heads_at, strict=False)
        for (message, head), slot, at, head_at in slots:
            to_send[slot] = octets = len(message)
            memory[at : at + octets] = message
            memory[head_at : head_at + head_octets] = head
            if arena.interfaces is not None:
                # The query's interface is not the reply's: routing decides (as Unbound does).
                arena.interfaces[slot] = 0
        return self._push(len(replies))

    def _push(self, count: int) -> int:
        """Send the first `count` slots; returns how many were refused."""
        done = refused = 0
        while done < count:
            sent = _SENDMMSG(self._fd, self._outgoing.start + done * HEADER.size, count - done, MSG_DONTWAIT)
            if sent > 0:
                done += sent
            elif ctypes.get_errno() == errno.EAGAIN:
                return refused + count - done  # the send buffer is full: UDP may lose
            elif ctypes.get_errno() != errno.EINTR:
                done += 1  # this one cannot be sent (no route, a filter); the next one may
                refused += 1
        return refused


class _Arena:
    """Memory for SLOTS messages with the kernel's structs that point into it: headers, vectors, heads, data."""

    def __init__(self, layout: Layout, *, has_control: bool, slot_octets: int) -> None:
        control_octets = layout.control_octets if has_control else 0
        self.head_octets = layout.control_at + control_octets
        vectors_at = _places(0, HEADER.size).stop
        self.heads_at = _places(_places(vectors_at, VECTOR.size).stop, self.head_octets)
        self.data_at = _places(-(-self.heads_at.stop // CACHE_LINE) * CACHE_LINE, slot_octets)
        self.memory = mmap.mmap(-1, self.data_at.stop)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        for slot, (head_at, at) in enumerate(zip(self.heads_at, self.data_at, strict=True)):
            vector_at = vectors_at + slot * VECTOR.size
            VECTOR.pack_into(self.memory, vector_at, self.start + at, slot_octets)
            control = self.start + head_at + layout.control_at if has_control else 0
            fields = (self.start + head_at, layout.name_octets, self.start + vector_at, 1, control, control_octets)
            HEADER.pack_into(self.memory, slot * HEADER.size, *fields, 0, 0)
        whole = memoryview(self.memory)
        self.headers = whole[:vectors_at]
        self.clean_headers = bytes(self.headers)
        self.received = self.headers.cast("I")[HEADER_OCTETS_WORD :: HEADER.size // 4]
        self.to_send = whole[vectors_at : self.heads_at.start].cast("Q")[VECTOR_OCTETS_WORD::2]
        heads = whole[self.heads_at.start : self.heads_at.stop].cast("I")
        self.interfaces = heads[layout.interface_at // 4 :: self.head_octets // 4] if has_control else None


def _places(start: int, octets: int) -> range:
    """Where SLOTS things of this size stand, one behind the other."""
    return range(start, start + SLOTS * octets, octets)
