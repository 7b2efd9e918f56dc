"""The simulated network is a network: it delays, loses, doubles and parts, and nothing else."""

from collections.abc import Awaitable, Callable
from random import Random

import pytest
import trio

from resolver.env import Address, TcpListener, UdpListener
from tests.simulation.deterministic import run
from tests.simulation.fabric import Fabric, Weather
from tests.simulation.network import SimulatedNetwork, Sockets

SERVER, HERE = Address("192.0.2.1", 53), "192.0.2.2"


class Net:
    """A server's host and a client's host."""

    def __init__(self, seed: int = 0) -> None:
        self.fabric = Fabric(Random(seed))
        sockets = Sockets(self.fabric)
        self.server = SimulatedNetwork(sockets, SERVER.host)
        self.client = SimulatedNetwork(sockets, HERE)


async def echo(listener: UdpListener) -> None:
    while True:
        listener.send_batch([(one.data, one.reply_to) for one in await listener.receive_batch()])


async def heard(net: Net, messages: int = 1, wait: float = 10.0) -> list[tuple[float, bytes]]:
    """What an echoing server sends back to so many datagrams, and when."""
    received = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(echo, await net.server.listen_udp(SERVER))
        channel = net.client.open_udp(SERVER)
        for number in range(messages):
            channel.send(b"%d" % number)
        with trio.move_on_after(wait):
            while True:
                data = await channel.receive()
                received.append((trio.current_time(), data))
        channel.close()
        nursery.cancel_scope.cancel()
    return received


def test_a_datagram_goes_there_and_back_in_two_latencies() -> None:
    async def main() -> None:
        net = Net()
        net.fabric.weather = Weather(latency=0.25)
        assert await heard(net) == [(0.5, b"0")]

    run(main)


@pytest.mark.parametrize(
    ("weather", "expected"),
    [
        pytest.param(Weather(loss=1.0), range(1), id="all lost"),
        pytest.param(Weather(loss=0.5), range(15, 35), id="a quarter comes back"),
        pytest.param(Weather(duplication=1.0), range(400, 401), id="all doubled, there and back"),
    ],
)
def test_datagrams_get_lost_and_doubled(weather: Weather, expected: range) -> None:
    async def main() -> int:
        net = Net()
        net.fabric.weather = weather
        return len(await heard(net, messages=100))

    assert run(main) in expected


def test_datagrams_overtake_each_other() -> None:
    async def main() -> list[bytes]:
        net = Net()
        net.fabric.weather = Weather(reordering=0.5)
        return [data for _, data in await heard(net, messages=20)]

    order = run(main)
    assert sorted(order, key=int) == [b"%d" % number for number in range(20)]
    assert order != sorted(order, key=int)


def test_a_partition_parts_until_it_ends() -> None:
    async def main() -> None:
        net = Net()
        net.fabric.partition(SERVER.host)
        assert await heard(net) == []
        net.fabric.reunite()
        assert len(await heard(Net())) == 1

    run(main)


def test_the_inhabitants_of_an_island_talk_to_each_other() -> None:
    fabric = Fabric(Random(0))
    fabric.partition(SERVER.host, HERE)
    assert not fabric.are_parted(SERVER.host, HERE)
    assert fabric.are_parted(SERVER.host, "192.0.2.3")


def test_near_hosts_know_no_bad_weather() -> None:
    async def main() -> None:
        net = Net()
        net.fabric.weather = Weather(loss=1.0)
        net.fabric.near.add(HERE)
        assert len(await heard(net)) == 1

    run(main)


def test_a_port_where_nobody_listens_refuses() -> None:
    async def main() -> None:
        net = Net()
        channel = net.client.open_udp(SERVER)
        channel.send(b"hello")
        with pytest.raises(ConnectionRefusedError):
            await channel.receive()
        with pytest.raises(ConnectionRefusedError):
            await net.client.open_tcp(SERVER)

    run(main)


def test_an_address_is_bound_once_and_free_again_when_closed() -> None:
    async def main() -> None:
        net = Net()
        listener = await net.server.listen_udp(SERVER)
        with pytest.raises(OSError, match="in use"):
            await net.server.listen_udp(SERVER)
        listener.close()
        await net.server.listen_udp(SERVER)
        assert (await net.server.listen_udp(Address(SERVER.host, 0))).address.port

    run(main)


def in_connection(test: Callable[[Net, trio.abc.Stream, trio.abc.Stream], Awaitable[None]]) -> None:
    """Run `test` with both ends of a connection: the client's, the server's."""

    async def main() -> None:
        net = Net()
        net.fabric.weather = Weather(latency=0.25)
        listener: TcpListener = await net.server.listen_tcp(SERVER)
        ours = await net.client.open_tcp(SERVER)
        assert trio.current_time() == 0.5, "a handshake"
        connection = await listener.accept()
        assert (connection.client, connection.local) == (bytes((192, 0, 2, 2)), bytes((192, 0, 2, 1)))
        await test(net, ours, connection.stream)

    run(main)


def test_tcp_delivers_everything_in_order_and_then_the_end() -> None:
    async def test(net: Net, ours: trio.abc.Stream, theirs: trio.abc.Stream) -> None:
        net.fabric.weather = Weather(latency=0.25, jitter=0.2, loss=1.0)
        for part in (b"one", b"two", b"three"):
            await ours.send_all(part)
        await ours.aclose()
        received = b""
        while chunk := await theirs.receive_some(2):
            received += chunk
        assert received == b"onetwothree"
        assert await theirs.receive_some(2) == b""
        assert 0.75 <= trio.current_time() <= 0.95

    in_connection(test)


def test_tcp_stalls_when_its_ends_are_parted() -> None:
    async def test(net: Net, ours: trio.abc.Stream, theirs: trio.abc.Stream) -> None:
        net.fabric.partition(HERE)
        await ours.send_all(b"lost")
        net.fabric.reunite()
        await ours.send_all(b"behind it")
        with trio.move_on_after(100) as waited:
            await theirs.receive_some(10)
        assert waited.cancelled_caught
        net.fabric.partition(HERE)
        with trio.move_on_after(100) as waited:
            await net.client.open_tcp(SERVER)
        assert waited.cancelled_caught

    in_connection(test)


def test_a_closed_end_can_be_used_by_neither_side() -> None:
    async def test(net: Net, ours: trio.abc.Stream, theirs: trio.abc.Stream) -> None:
        await theirs.aclose()
        with pytest.raises(trio.BrokenResourceError):
            await ours.send_all(b"anybody?")
        with pytest.raises(trio.ClosedResourceError):
            await theirs.receive_some(1)
        with pytest.raises(trio.ClosedResourceError):
            await theirs.send_all(b"me")

    in_connection(test)


def test_the_control_socket_is_a_name() -> None:
    async def main() -> None:
        net = Net()
        with pytest.raises(FileNotFoundError):
            await net.server.open_unix("control.sock")
        listener = await net.server.listen_unix("control.sock")
        ours = await net.server.open_unix("control.sock")
        theirs = await listener.accept()
        await ours.send_all(b"hello")
        assert await theirs.receive_some(10) == b"hello"

    run(main)
