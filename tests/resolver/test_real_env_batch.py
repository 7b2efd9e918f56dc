"""The layout of the kernel's structs, as the C compiler of a 64-bit Linux makes it."""

import ctypes
import socket

import pytest

from resolver.real_env_batch import (
    HEADER,
    HEADER_OCTETS_WORD,
    IPV4,
    IPV6,
    SLOTS,
    VECTOR,
    VECTOR_OCTETS_WORD,
    Batches,
    port_in,
)


class Message(ctypes.Structure):
    """struct msghdr (recvmsg(2))."""

    _fields_ = (
        ("msg_name", ctypes.c_void_p),
        ("msg_namelen", ctypes.c_uint32),
        ("msg_iov", ctypes.c_void_p),
        ("msg_iovlen", ctypes.c_size_t),
        ("msg_control", ctypes.c_void_p),
        ("msg_controllen", ctypes.c_size_t),
        ("msg_flags", ctypes.c_int),
    )


class CountedMessage(ctypes.Structure):
    """struct mmsghdr (recvmmsg(2))."""

    _fields_ = (("msg_hdr", Message), ("msg_len", ctypes.c_uint))


class Vector(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("iov_base", ctypes.c_void_p), ("iov_len", ctypes.c_size_t))


def test_headers_are_laid_out_as_in_c() -> None:
    header = CountedMessage.from_buffer_copy(HEADER.pack(1, 2, 3, 4, 5, 6, 7, 8))
    message = header.msg_hdr
    fields = [getattr(message, name) for name, *_ in Message._fields_]
    assert [*fields, header.msg_len] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert HEADER.size == ctypes.sizeof(CountedMessage)
    assert CountedMessage.msg_len.offset == 4 * HEADER_OCTETS_WORD


def test_vectors_are_laid_out_as_in_c() -> None:
    vector = Vector.from_buffer_copy(VECTOR.pack(1, 2))
    assert (vector.iov_base, vector.iov_len) == (1, 2)
    assert VECTOR.size == ctypes.sizeof(Vector)
    assert Vector.iov_len.offset == 8 * VECTOR_OCTETS_WORD


def test_the_control_message_of_ipv4_is_laid_out_as_in_c() -> None:
    name = (socket.AF_INET).to_bytes(2, "little") + (53).to_bytes(2, "big") + b"CCCC" + bytes(8)
    control = bytes(16) + b"IIII" + b"LLLL" + b"DDDD" + bytes(4)
    head = name + control
    assert len(head) == IPV4.control_at + IPV4.control_octets
    assert head[IPV4.client_at :].startswith(b"CCCC")
    assert head[IPV4.local_at :].startswith(b"LLLL")
    assert (IPV4.address_octets, port_in(head)) == (len(b"CCCC"), 53)
    assert head[IPV4.interface_at :].startswith(b"IIII")


def test_the_control_message_of_ipv6_is_laid_out_as_in_c() -> None:
    name = (socket.AF_INET6).to_bytes(2, "little") + (53).to_bytes(2, "big") + bytes(4) + b"C" * 16 + bytes(4)
    control = bytes(16) + b"L" * 16 + b"IIII" + bytes(4)
    head = name + bytes(4) + control
    assert (len(name), len(head)) == (IPV6.name_octets, IPV6.control_at + IPV6.control_octets)
    assert head[IPV6.client_at :].startswith(b"C" * 16)
    assert head[IPV6.local_at :].startswith(b"L" * 16)
    assert (IPV6.address_octets, port_in(head)) == (len(b"C" * 16), 53)
    assert head[IPV6.interface_at :].startswith(b"IIII")


@pytest.fixture
def sockets() -> object:
    receiving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiving.bind(("127.0.0.1", 0))
    sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sending.connect(receiving.getsockname())
    with receiving, sending:
        yield receiving, sending


def test_a_batch_holds_what_is_there_and_no_more(sockets: tuple[socket.socket, socket.socket]) -> None:
    receiving, sending = sockets
    batches = Batches(receiving.fileno(), IPV4, socket.inet_aton("127.0.0.1"))
    assert batches.receive() == []
    for number in range(SLOTS + 5):
        sending.send(b"%d" % number)
    first, second = batches.receive(), batches.receive()
    assert [datagram.data for datagram in first + second] == [b"%d" % number for number in range(SLOTS + 5)]
    assert (len(first), len(second)) == (SLOTS, 5)


def test_a_short_datagram_after_a_long_one_is_short(sockets: tuple[socket.socket, socket.socket]) -> None:
    receiving, sending = sockets
    batches = Batches(receiving.fileno(), IPV4, socket.inet_aton("127.0.0.1"))
    for octets in (b"a long datagram", b"short"):
        sending.send(octets)
        assert [datagram.data for datagram in batches.receive()] == [octets]


def test_more_replies_than_slots_are_sent_in_turns(sockets: tuple[socket.socket, socket.socket]) -> None:
    receiving, sending = sockets
    batches = Batches(receiving.fileno(), IPV4, socket.inet_aton("127.0.0.1"))
    sending.send(b"query")
    [datagram] = batches.receive()
    assert batches.send([(b"%d" % number, datagram.reply_to) for number in range(2 * SLOTS + 3)]) == 0
    assert [sending.recv(100) for _ in range(2 * SLOTS + 3)] == [b"%d" % number for number in range(2 * SLOTS + 3)]
