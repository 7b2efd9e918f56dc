"""UDP over real sockets: batches, the address that was asked, and source ports nobody can foresee."""

import errno
import random
import socket

import pytest
import trio
import trio.testing

from resolver.env import MIN_SOURCE_PORT, Address, Datagram, UdpListener
from resolver.real_env_calls import SLOTS
from resolver.real_env_loop import Loop
from resolver.real_env_rng import RealRng
from resolver.real_env_udp import PORT_TRIES, RealUdpListener, listen_udp, open_udp


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this host has no IPv6")
# where the daemon listens, and the addresses it is asked at there
LISTENING = (
    pytest.param("127.0.0.1", ("127.0.0.1",), id="an IPv4 address"),
    pytest.param("0.0.0.0", ("127.0.0.1", "127.0.0.2"), id="the IPv4 wildcard"),
    pytest.param("::1", ("::1",), id="an IPv6 address", marks=needs_ipv6),
    pytest.param("::", ("::1",), id="the IPv6 wildcard", marks=needs_ipv6),
)
PATIENCE = 5.0  # s until a test of real sockets is given up


def listen(address: Address) -> RealUdpListener:
    """As a daemon does; the loop that would read it is not run."""
    return listen_udp(address, Loop())


def packed(host: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)


def client_of(host: str) -> socket.socket:
    """A client's socket at a loopback address of the same family."""
    is_ipv6 = ":" in host
    client = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
    client.bind(("::1" if is_ipv6 else "127.0.0.9", 0))
    client.settimeout(PATIENCE)
    return client


async def receive(listener: UdpListener, count: int) -> list[Datagram]:
    """The next `count` datagrams, from as many batches as it takes."""
    received: list[Datagram] = []
    with trio.fail_after(PATIENCE):
        while len(received) < count:
            batch = await listener.receive_batch()
            assert 0 < len(batch) <= SLOTS
            received += batch
    return received


@pytest.mark.parametrize(("host", "asked"), LISTENING)
def test_a_reply_leaves_from_the_address_that_was_asked(host: str, asked: tuple[str, ...]) -> None:
    async def main() -> None:
        listener = listen(Address(host, 0))
        for at in asked:
            with client_of(host) as client:
                client.sendto(b"query", (at, listener.address.port))
                [datagram] = await receive(listener, 1)
                assert (datagram.data, datagram.local) == (b"query", packed(at))
                assert datagram.client == packed(client.getsockname()[0])
                assert listener.port_of(datagram.reply_to) == client.getsockname()[1]
                assert listener.send_batch([(b"reply", datagram.reply_to)]) == 0
                reply, sender = client.recvfrom(100)
                assert (reply, sender[:2]) == (b"reply", (at, listener.address.port))
        listener.close()

    trio.run(main)


@pytest.mark.parametrize(("host", "asked"), LISTENING)
def test_a_hundred_datagrams_are_told_apart(host: str, asked: tuple[str, ...]) -> None:
    async def main() -> None:
        listener = listen(Address(host, 0))
        clients = [client_of(host) for _ in range(100)]
        for number, client in enumerate(clients):
            client.sendto(bytes([number]) * (1 + 11 * number), (asked[-1], listener.address.port))
        datagrams = await receive(listener, 100)
        assert sorted(datagram.data for datagram in datagrams) == [bytes([n]) * (1 + 11 * n) for n in range(100)]
        assert listener.send_batch([(datagram.data * 2, datagram.reply_to) for datagram in datagrams]) == 0
        for number, client in enumerate(clients):
            with client:
                assert client.recv(4096) == bytes([number]) * (2 + 22 * number)
        listener.close()

    trio.run(main)


def test_datagrams_of_any_size() -> None:
    async def main() -> None:
        listener = listen(Address("127.0.0.1", 0))
        with client_of("127.0.0.1") as client:
            for octets, heard in ((0, 0), (1, 1), (4096, 4096), (5000, 4096)):  # a longer one is cut off
                client.sendto(bytes(octets), listener.address)
                [datagram] = await receive(listener, 1)
                assert len(datagram.data) == heard
                listener.send_batch([(bytes(13 * octets), datagram.reply_to)])
                assert len(client.recv(65535)) == 13 * octets
        listener.close()

    trio.run(main)


def test_a_reply_that_cannot_be_sent_does_not_hold_up_the_others() -> None:
    async def main() -> None:
        listener = listen(Address("127.0.0.1", 0))
        with client_of("127.0.0.1") as client:
            client.sendto(b"query", listener.address)
            [datagram] = await receive(listener, 1)
            too_long = (bytes(65535), datagram.reply_to)  # EMSGSIZE: UDP takes 65507 octets
            replies = [too_long, (b"one", datagram.reply_to), too_long, (b"two", datagram.reply_to), too_long]
            assert listener.send_batch(replies) == 3
            assert [client.recv(100), client.recv(100)] == [b"one", b"two"]
        listener.close()

    trio.run(main)


def test_waiting_ends_when_the_socket_is_closed() -> None:
    async def main() -> None:
        listener = listen(Address("127.0.0.1", 0))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_for_the_end, listener)
            await trio.testing.wait_all_tasks_blocked()
            listener.close()
            listener.close()

    async def wait_for_the_end(listener: RealUdpListener) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await listener.receive_batch()

    trio.run(main)


def test_a_second_daemon_cannot_bind_the_port() -> None:
    first = listen(Address("127.0.0.1", 0))
    with pytest.raises(OSError, match="in use") as caught:
        listen(first.address)
    assert caught.value.errno == errno.EADDRINUSE
    trio.run(close_in_trio, first)


@needs_ipv6
def test_the_two_wildcards_stand_side_by_side() -> None:
    ipv6 = listen(Address("::", 0))
    ipv4 = listen(Address("0.0.0.0", ipv6.address.port))
    trio.run(close_in_trio, ipv6)
    trio.run(close_in_trio, ipv4)


async def close_in_trio(listener: RealUdpListener) -> None:
    listener.close()


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_a_channel_hears_its_server_alone(host: str) -> None:
    async def main() -> None:
        with client_of(host) as server, client_of(host) as stranger:
            channel = open_udp(Address(*server.getsockname()[:2]), RealRng(), ())
            channel.send(b"question")
            question, sender = server.recvfrom(100)
            assert question == b"question"
            stranger.sendto(b"forged", sender)
            server.sendto(b"reply", sender)
            with trio.fail_after(PATIENCE):
                assert await channel.receive() == b"reply"
            channel.close()

    trio.run(main)


def test_a_port_without_a_server_is_an_error_at_once() -> None:
    async def main() -> None:
        with client_of("127.0.0.1") as gone:
            address = Address(*gone.getsockname()[:2])
        channel = open_udp(address, RealRng(), ())
        channel.send(b"question")
        with trio.fail_after(PATIENCE), pytest.raises(ConnectionRefusedError):
            await channel.receive()
        channel.close()

    trio.run(main)


def test_source_ports_are_spread_over_all_the_range() -> None:
    async def main() -> list[int]:
        ports = []
        with client_of("127.0.0.1") as server:
            for _ in range(200):
                channel = open_udp(Address(*server.getsockname()[:2]), RealRng(), ())
                channel.send(b"question")
                ports.append(server.recvfrom(100)[1][1])
                channel.close()
        return ports

    ports = trio.run(main)
    assert len(set(ports)) > 190
    assert min(ports) >= MIN_SOURCE_PORT
    assert max(ports) - min(ports) > 50_000


class ScriptedRng(random.Random):
    """Draws what it is given, then at random."""

    def __init__(self, *drawn: int) -> None:
        super().__init__()
        self.drawn = list(drawn)

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return self.drawn.pop(0) if self.drawn else super().randrange(start, stop, step)


def test_a_port_that_is_taken_is_drawn_again() -> None:
    async def main() -> None:
        with client_of("127.0.0.1") as other, client_of("127.0.0.1") as server:
            rng = ScriptedRng(*[port - MIN_SOURCE_PORT for port in (other.getsockname()[1], 5353, 5300)])
            open_udp(Address(*server.getsockname()[:2]), rng, {5353, 5300}).close()
            assert not rng.drawn

    trio.run(main)


def test_drawing_ports_comes_to_an_end() -> None:
    rng = ScriptedRng(*[5300 - MIN_SOURCE_PORT] * (PORT_TRIES + 1))
    with pytest.raises(OSError, match="no free source port") as caught:
        open_udp(Address("127.0.0.1", 53), rng, {5300})
    assert caught.value.errno == errno.EADDRINUSE
    assert len(rng.drawn) == 1


def test_questions_leave_from_the_ports_that_are_left() -> None:
    async def main() -> set[int]:
        ports = set()
        with client_of("127.0.0.1") as server:
            for _ in range(100):
                channel = open_udp(Address(*server.getsockname()[:2]), RealRng(), (), "", range(40000, 44096))
                channel.send(b"question")
                ports.add(server.recvfrom(100)[1][1])
                channel.close()
        return ports

    assert trio.run(main) <= set(range(40000, 44096))
