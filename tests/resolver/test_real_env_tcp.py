"""TCP over real sockets."""

import errno
import fcntl
import os
import resource
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import cast

import pytest
import trio
import trio.testing

from resolver.env import Address, TcpConnection
from resolver.real_env_tcp import (
    PAUSE_WHEN_EXHAUSTED,
    UNSENT,
    RealTcpListener,
    RealTcpStream,
    listen_tcp,
    open_tcp,
)
from tests.resolver.test_real_env_udp import PATIENCE, needs_ipv6

HERE = "127.0.0.1"
SHORT = 0.05  # s
SIOCOUTQNSD = 0x894B  # linux/sockios.h: octets that are not sent yet


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_octets_cross_and_both_ends_are_known(host: str) -> None:
    async def main() -> None:
        listener = await listen_tcp(Address(host, 0))
        with trio.fail_after(PATIENCE):
            asking = await open_tcp(listener.address)
            connection = await listener.accept()
            await asking.send_all(b"ping")
            assert await connection.stream.receive_some(16) == b"ping"
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        assert (connection.client, connection.local) == (socket.inet_pton(family, host), socket.inet_pton(family, host))
        assert connection.port == asking.socket.getsockname()[1]
        assert asking.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        await asking.aclose()
        await connection.stream.aclose()
        listener.close()

    trio.run(main)


def test_a_second_daemon_cannot_listen() -> None:
    async def main() -> None:
        first = await listen_tcp(Address("127.0.0.1", 0))
        with pytest.raises(OSError, match="in use") as caught:
            await listen_tcp(first.address)
        assert caught.value.errno == errno.EADDRINUSE
        first.close()

    trio.run(main)


def test_a_restarted_daemon_listens_while_old_connections_linger() -> None:
    async def main() -> None:
        first = await listen_tcp(Address("127.0.0.1", 0))
        asking = await open_tcp(first.address)
        connection = await first.accept()
        await connection.stream.aclose()  # our end first: it stays in TIME_WAIT
        await asking.aclose()
        first.close()
        (await listen_tcp(first.address)).close()

    trio.run(main)


def test_nobody_there_is_an_error() -> None:
    async def main() -> None:
        listener = await listen_tcp(Address("127.0.0.1", 0))
        listener.close()
        with pytest.raises(ConnectionRefusedError):
            await open_tcp(listener.address)

    trio.run(main)


def test_running_out_of_descriptors_is_outlived() -> None:
    async def main() -> None:
        listener = await listen_tcp(Address("127.0.0.1", 0))
        asking = await open_tcp(listener.address)
        as_before = resource.getrlimit(resource.RLIMIT_NOFILE)
        next_descriptor = os.dup(0)
        os.close(next_descriptor)

        async def give_back() -> None:
            await trio.sleep(1.5 * PAUSE_WHEN_EXHAUSTED)
            resource.setrlimit(resource.RLIMIT_NOFILE, as_before)

        async with trio.open_nursery() as nursery:
            resource.setrlimit(resource.RLIMIT_NOFILE, (next_descriptor, as_before[1]))
            nursery.start_soon(give_back)
            begin = trio.current_time()
            with trio.fail_after(PATIENCE):
                connection = await listener.accept()
            assert trio.current_time() - begin >= 2 * PAUSE_WHEN_EXHAUSTED
        await asking.aclose()
        await connection.stream.aclose()
        listener.close()

    trio.run(main)


def test_a_connection_lost_before_it_is_accepted_is_passed_over() -> None:
    async def main() -> None:
        listener = await listen_tcp(Address("127.0.0.1", 0))
        lost = await open_tcp(listener.address)
        lost.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await lost.aclose()  # with a reset
        asking = await open_tcp(listener.address)
        with trio.fail_after(PATIENCE):
            connection = await listener.accept()
        assert connection.port == asking.socket.getsockname()[1]
        await asking.aclose()
        await connection.stream.aclose()
        listener.close()

    trio.run(main)


async def connected(listener: RealTcpListener) -> tuple[TcpConnection, trio.SocketStream]:
    """A connection, as it was accepted and as its client has it."""
    asking = await open_tcp(listener.address)
    return await listener.accept(), asking


def test_what_the_kernel_does_not_take_at_once_is_sent_when_there_is_room() -> None:
    async def main() -> None:
        listener = await listen_tcp(Address(HERE, 0))
        connection, asking = await connected(listener)
        octets = bytes(range(256)) * 40_000
        sent = 0
        while some := connection.send_now(octets[sent:]):
            sent += some
        assert 0 < sent < len(octets)

        async def send_the_rest() -> None:
            await connection.stream.send_all(octets[sent:])
            await connection.stream.aclose()

        heard = bytearray()
        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(send_the_rest)
                async for piece in asking:
                    heard += piece
        assert heard == octets
        await asking.aclose()
        listener.close()

    trio.run(main)


def test_what_is_unsent_takes_no_more_than_its_share_of_the_kernels_memory() -> None:
    async def main() -> None:
        listener = await listen_tcp(Address(HERE, 0))
        connection, asking = await connected(listener)
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with trio.move_on_after(5 * SHORT):  # nobody reads
            while True:
                await connection.stream.send_all(bytes(1000))
        stream = cast(RealTcpStream, connection.stream)
        [unsent] = struct.unpack("i", fcntl.ioctl(stream._fd, SIOCOUTQNSD, bytes(4)))
        assert UNSENT <= unsent < 4 * UNSENT
        await asking.aclose()
        await connection.stream.aclose()
        listener.close()

    trio.run(main)


def test_a_stream_that_is_reset_is_broken_for_who_reads_and_who_writes() -> None:
    async def main() -> None:
        listener = await listen_tcp(Address(HERE, 0))
        connection, asking = await connected(listener)
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await asking.aclose()
        with trio.fail_after(PATIENCE):
            with pytest.raises(trio.BrokenResourceError):
                await connection.stream.receive_some()
            with pytest.raises(trio.BrokenResourceError):
                await connection.stream.send_all(b"reply")
            with pytest.raises(trio.BrokenResourceError):
                connection.send_now(b"reply")
        await connection.stream.aclose()
        listener.close()

    trio.run(main)


def test_who_waits_in_a_stream_or_a_listener_is_told_that_it_is_closed() -> None:
    async def main() -> None:
        listener = await listen_tcp(Address(HERE, 0))
        connection, asking = await connected(listener)

        async def is_told(wait: Callable[[], Awaitable[object]]) -> None:
            with pytest.raises(trio.ClosedResourceError):
                await wait()

        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(is_told, connection.stream.receive_some)
                nursery.start_soon(is_told, listener.accept)
                await trio.testing.wait_all_tasks_blocked()
                await connection.stream.aclose()
                await connection.stream.aclose()
                listener.close()
        await asking.aclose()

    trio.run(main)
