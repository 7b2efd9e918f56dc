"""Sockets that another process bound."""

import os
import socket

import pytest
import trio

from resolver.env import Address
from resolver.real_env import RealEnv
from resolver.real_env_inherited import (
    Held,
    Pool,
    held_of,
    passed_sockets,
    peer_pid,
    receive_sockets,
    send_descriptors,
)
from resolver.real_env_unix import listen_unix, open_unix
from tests.real.sockets import free_port


def bound(kind: socket.SocketKind) -> Held:
    sock = socket.socket(type=kind)
    sock.bind(("127.0.0.1" if kind == socket.SOCK_DGRAM else "127.0.0.2", 0))  # never one port for both
    if kind == socket.SOCK_STREAM:
        sock.listen()
    return Held(kind == socket.SOCK_STREAM, Address(*sock.getsockname()), sock)


def test_a_socket_is_taken_once_and_by_its_address_and_transport_only() -> None:
    udp, tcp = bound(socket.SOCK_DGRAM), bound(socket.SOCK_STREAM)
    pool = Pool((udp, tcp))
    assert pool.take(udp.address, is_tcp=True) is None
    assert pool.take(udp.address, is_tcp=False) is udp.socket
    assert pool.take(udp.address, is_tcp=False) is None
    assert pool.close() == (f"tcp {tcp.address}",)
    assert tcp.socket.fileno() == -1
    udp.socket.close()


def test_a_socket_that_comes_twice_is_held_once() -> None:
    udp = bound(socket.SOCK_DGRAM)
    again = Held(False, udp.address, udp.socket.dup())
    pool = Pool((udp, again))
    assert udp.socket.fileno() == -1
    assert pool.take(udp.address, is_tcp=False) is again.socket
    again.socket.close()


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({}, id="no manager"),
        pytest.param({"LISTEN_PID": "1", "LISTEN_FDS": "2"}, id="for another process"),
        pytest.param({"LISTEN_PID": "77", "LISTEN_FDS": "many"}, id="no number"),
    ],
)
def test_nothing_is_passed(environ: dict[str, str]) -> None:
    assert passed_sockets(environ, 77) == []
    assert not environ


def test_what_is_no_internet_socket_is_closed() -> None:
    one, other = socket.socketpair()
    assert held_of([one.detach()]) == []
    assert other.recv(1) == b""
    other.close()


def test_descriptors_cross_with_the_line_and_answer_on_the_other_side(tmp_path: object) -> None:
    async def main() -> None:
        env = RealEnv()
        udp = await env.network.listen_udp(Address("127.0.0.1", free_port()))
        tcp = await env.network.listen_tcp(udp.address)
        path = f"{tmp_path}/c"
        listener = await listen_unix(path)
        asking = await open_unix(path)
        giving = await listener.accept()
        assert peer_pid(asking) == os.getpid()
        await env.network.hand_sockets(giving, b"two of them\n")
        heir = RealEnv()
        assert await heir.network.inherit(asking) == b"two of them\n"
        again = await heir.network.listen_udp(udp.address)  # it is bound: another socket could not have it
        taken = await heir.network.listen_tcp(udp.address)
        channel = heir.network.open_udp(again.address)
        channel.send(b"question")
        [datagram] = await again.receive_batch()
        assert datagram.data == b"question"
        assert datagram.local == b"\x7f\0\0\1"
        for one in (asking, giving):
            await one.aclose()
        channel.close()
        again.close()
        taken.close()
        udp.close()
        tcp.close()
        listener.close()

    trio.run(main)


def test_the_other_end_may_be_closed_or_say_too_much(tmp_path: object) -> None:
    async def main() -> None:
        listener = await listen_unix(f"{tmp_path}/c")
        for octets in (b"", b"x" * 70_000):
            asking = await open_unix(f"{tmp_path}/c")
            giving = await listener.accept()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_send_and_close, giving, octets)
                with pytest.raises(OSError, match="closed, or said too much"):
                    await receive_sockets(asking)
            await asking.aclose()
        listener.close()

    trio.run(main)


async def _send_and_close(stream: trio.abc.Stream, octets: bytes) -> None:
    assert isinstance(stream, trio.SocketStream)
    if octets:
        await send_descriptors(stream, octets, [])
    await stream.aclose()
