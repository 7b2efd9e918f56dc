"""The kernel's calls of UDP, in Python and in C: the same is tried with both."""

import ctypes
import errno
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sysconfig
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from hatch_build import ROOT
from resolver.env import Datagram
from tests.resolver.test_real_env_udp import needs_ipv6, packed

IN_PYTHON: Final = ROOT / "resolver" / "real_env_calls.py"
IN_C: Final = IN_PYTHON.with_suffix(".c")
MOST_LINES: Final = 100
MODULE: Final = "real_env_calls"
SLOTS: Final = 64
HOSTS: Final = ("127.0.0.1", pytest.param("::1", marks=needs_ipv6))
IP_PKTINFO: Final = 8
LINK_LOCAL: Final = "20"  # as the kernel says it


def loaded(file: Path) -> ModuleType:
    """The module in this file, whichever of the two stands on Python's path."""
    spec = importlib.util.spec_from_file_location(MODULE, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=["in Python", "in C"])
def calls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    if request.param == "in Python":
        return loaded(IN_PYTHON)
    headers = sysconfig.get_path("include")
    if shutil.which("gcc") is None or not (Path(headers) / "Python.h").exists():
        pytest.skip("no C compiler or no headers of this interpreter (Debian: gcc, python3-dev)")
    made = tmp_path_factory.mktemp("c") / (MODULE + EXTENSION_SUFFIXES[0])
    strict = ("-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-cast-function-type")
    subprocess.run(["gcc", "-O2", "-fPIC", "-shared", *strict, f"-I{headers}", str(IN_C), "-o", str(made)], check=True)
    return loaded(made)


@pytest.fixture
def in_python() -> ModuleType:
    return loaded(IN_PYTHON)


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


def test_headers_are_laid_out_as_in_c(in_python: ModuleType) -> None:
    header = CountedMessage.from_buffer_copy(in_python.HEADER.pack(1, 2, 3, 4, 5, 6, 7, 8))
    message = header.msg_hdr
    fields = [getattr(message, name) for name, *_ in Message._fields_]
    assert [*fields, header.msg_len] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert in_python.HEADER.size == ctypes.sizeof(CountedMessage)
    assert CountedMessage.msg_len.offset == 4 * in_python.HEADER_OCTETS_WORD
    assert Message.msg_controllen.offset == 8 * in_python.CONTROL_OCTETS_WORD


def test_vectors_are_laid_out_as_in_c(in_python: ModuleType) -> None:
    vector = Vector.from_buffer_copy(in_python.VECTOR.pack(1, 2))
    assert (vector.iov_base, vector.iov_len) == (1, 2)
    assert in_python.VECTOR.size == ctypes.sizeof(Vector)
    assert Vector.iov_len.offset == 8 * in_python.VECTOR_OCTETS_WORD


def test_the_helper_is_small() -> None:
    """C is here for the kernel's calls alone: whoever wants more of it there has to say why."""
    code = re.sub(r"/\*.*?\*/", "", IN_C.read_text(), flags=re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) < MOST_LINES


def test_both_offer_the_same(in_python: ModuleType) -> None:
    names = re.findall(r'^    \{"(\w+)"', IN_C.read_text(), re.MULTILINE)
    of_python = [name for name, value in vars(in_python).items() if getattr(value, "__module__", "") == MODULE]
    assert sorted(names) == sorted(name for name in of_python if name[0].islower())


# Batches


@pytest.fixture
def receiving() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock


@pytest.fixture
def sending(receiving: socket.socket) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(receiving.getsockname())
        yield sock


def batch_of(calls: ModuleType, sock: socket.socket, bound: bytes | None = b"\x7f\0\0\1") -> list[Datagram]:
    return list(calls.receive_batch(sock.fileno(), bound, Datagram))


def test_a_batch_holds_what_is_there_and_no_more(
    calls: ModuleType, receiving: socket.socket, sending: socket.socket
) -> None:
    assert batch_of(calls, receiving) == []
    for number in range(SLOTS + 5):
        sending.send(b"%d" % number)
    first, second = batch_of(calls, receiving), batch_of(calls, receiving)
    assert [datagram.data for datagram in first + second] == [b"%d" % number for number in range(SLOTS + 5)]
    assert (len(first), len(second)) == (SLOTS, 5) == (calls.SLOTS, 5)


def test_a_short_datagram_after_a_long_one_is_short(
    calls: ModuleType, receiving: socket.socket, sending: socket.socket
) -> None:
    for octets in (b"a long datagram", b"", bytes(4096), b"short"):
        sending.send(octets)
        assert [datagram.data for datagram in batch_of(calls, receiving)] == [octets]


def test_what_is_longer_than_a_query_is_cut_off(
    calls: ModuleType, receiving: socket.socket, sending: socket.socket
) -> None:
    sending.send(bytes(5000))
    assert [len(datagram.data) for datagram in batch_of(calls, receiving)] == [4096]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("is_wildcard", [False, True])
def test_a_datagram_tells_who_asked_which_address(calls: ModuleType, host: str, *, is_wildcard: bool) -> None:
    is_ipv6 = ":" in host
    family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as at, socket.socket(family, socket.SOCK_DGRAM) as client:
        if is_ipv6:
            at.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            at.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        at.bind((("::" if is_ipv6 else "0.0.0.0") if is_wildcard else host, 0))
        client.connect((host, at.getsockname()[1]))
        client.send(b"query")
        [datagram] = batch_of(calls, at, None if is_wildcard else packed(host))
        port = int.from_bytes(datagram.reply_to[2:4], "big")
        assert (datagram.data, datagram.client, datagram.local, port) == (
            b"query",
            packed(host),
            packed(host),
            client.getsockname()[1],
        )
        assert calls.send_batch(at.fileno(), [(b"reply", datagram.reply_to)]) == 0
        assert client.recv(100) == b"reply"


def test_what_one_listener_received_is_not_in_the_next_ones_heads(
    calls: ModuleType, receiving: socket.socket, sending: socket.socket
) -> None:
    """The memory is one for all: the address that was asked of a wildcard is none of a socket that is bound."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wildcard:
        wildcard.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        wildcard.bind(("0.0.0.0", 0))
        sending.sendto(b"one", ("127.0.0.2", wildcard.getsockname()[1]))
        assert [datagram.local for datagram in batch_of(calls, wildcard, None)] == [packed("127.0.0.2")]
        sending.send(b"two")
        [datagram] = batch_of(calls, receiving)
        assert calls.send_batch(receiving.fileno(), [(b"reply", datagram.reply_to)]) == 0
        assert sending.recv(100) == b"reply"


def test_no_more_than_a_batch_is_sent_at_once(
    calls: ModuleType, receiving: socket.socket, sending: socket.socket
) -> None:
    sending.send(b"query")
    [datagram] = batch_of(calls, receiving)
    assert calls.send_batch(receiving.fileno(), []) == 0
    replies = [(b"%d" % number, datagram.reply_to) for number in range(SLOTS + 3)]
    assert calls.send_batch(receiving.fileno(), replies) == 0
    assert [sending.recv(100) for _ in range(SLOTS)] == [message for message, _ in replies[:SLOTS]]
    sending.setblocking(False)  # its only argument
    with pytest.raises(BlockingIOError):
        sending.recv(100)


def test_what_cannot_be_sent_is_counted_and_holds_up_nothing(
    calls: ModuleType, receiving: socket.socket, sending: socket.socket
) -> None:
    sending.send(b"query")
    [datagram] = batch_of(calls, receiving)
    too_long = (bytes(65535), datagram.reply_to)  # EMSGSIZE: UDP takes 65507 octets
    replies = [too_long, (b"one", datagram.reply_to), too_long, (b"two", datagram.reply_to), too_long]
    assert calls.send_batch(receiving.fileno(), replies) == 3
    assert [sending.recv(100), sending.recv(100)] == [b"one", b"two"]


# Sockets to servers


@pytest.mark.parametrize("host", HOSTS)
def test_a_socket_to_a_server_is_bound_connected_and_does_not_wait(calls: ModuleType, host: str) -> None:
    is_ipv6 = ":" in host
    with socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((host, 0))
        at = server.getsockname()[1]
        fd = calls.open_udp(host, 0, host, at)
        with socket.socket(fileno=fd) as sock:
            assert sock.getpeername()[:2] == (host, at)
            assert sock.getsockname()[0] == host
            assert sock.getsockname()[1] > 0
            assert sock.type == socket.SOCK_DGRAM
            assert not os.get_blocking(fd)
            assert not os.get_inheritable(fd)
            level, option = (socket.IPPROTO_IPV6, 23) if is_ipv6 else (socket.IPPROTO_IP, 10)
            assert sock.getsockopt(level, option) == 5, "IP_PMTUDISC_OMIT"


def test_an_address_may_say_its_interface(calls: ModuleType) -> None:
    file = Path("/proc/net/if_inet6")  # not there without IPv6
    rows = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    names = [name for address, _, _, scope, _, name in rows if scope == LINK_LOCAL]
    if not names:
        pytest.skip("no interface of this host has a link-local address")
    with socket.socket(fileno=calls.open_udp("::", 0, f"fe80::1%{names[0]}", 53)) as sock:
        assert sock.getpeername()[3] == socket.if_nametoindex(names[0])


@pytest.mark.parametrize(
    ("source", "server", "number"),
    [
        ("192.0.2.1", "127.0.0.1", errno.EADDRNOTAVAIL),  # no address of this host
        ("0.0.0.0", "255.255.255.255", errno.EACCES),  # a broadcast, which nobody allowed
    ],
)
def test_what_cannot_be_opened_is_an_error_and_leaves_nothing_open(
    calls: ModuleType, source: str, server: str, number: int
) -> None:
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match=r".+") as caught:
        calls.open_udp(source, 0, server, 53)
    assert caught.value.errno == number
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_port_that_is_taken_is_told(calls: ModuleType, receiving: socket.socket) -> None:
    with pytest.raises(OSError, match="in use"):
        calls.open_udp("127.0.0.1", receiving.getsockname()[1], "127.0.0.1", 53)


@pytest.mark.parametrize("server", ["no address", "127.0.0.256", ":::", "1" * 1000])
def test_what_is_no_address_is_an_error(calls: ModuleType, server: str) -> None:
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises((OSError, UnicodeError)):
        calls.open_udp("0.0.0.0", 0, server, 53)
    assert set(os.listdir("/proc/self/fd")) == before


WRONG: Final[tuple[tuple[str, tuple[Any, ...]], ...]] = (
    ("open_udp", ()),
    ("open_udp", ("127.0.0.1", 0, "127.0.0.1")),
    ("open_udp", ("127.0.0.1", 0, b"127.0.0.1", 53)),
    ("open_udp", ("127.0.0.1", "0", "127.0.0.1", 53)),
    ("receive_batch", (0,)),
    ("receive_batch", (-1,)),
    ("send_batch", (1, [("text", b"")])),
    ("send_batch", (1, [(b"message", "text")])),
    ("send_batch", (1, [(b"message",)])),
    ("send_batch", (1, [None])),
    ("send_batch", (1, 7)),
)


@pytest.mark.parametrize(("name", "arguments"), WRONG)
def test_whoever_calls_them_wrongly_is_told(calls: ModuleType, name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, ValueError, SystemError, OSError)):
        getattr(calls, name)(*arguments)


def test_a_head_that_is_none_is_refused(calls: ModuleType, receiving: socket.socket) -> None:
    with pytest.raises((ValueError, IndexError), match=r"length|size"):
        calls.send_batch(receiving.fileno(), [(b"message", b"short")])
