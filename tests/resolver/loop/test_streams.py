"""Which connection a question goes over, how many there are, and what happens when one has ended."""

from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from resolver.engine import StreamReply
from resolver.env import Address
from resolver.loop.connection import IDLE, MAX_PIPELINED
from resolver.loop.streams import LARGE, Connections, TrioStreams
from resolver.upstream.counts import UpstreamCounts
from resolver.wire.frames import READ_OCTETS, Frames, framed
from tests.resolver.engine.fake_network import SERVER, FakeNetwork
from tests.resolver.engine.turned import SPAWN, Turned
from tests.resolver.engine.turned import play as play_in_mesh

OTHER = Address("192.0.2.54", 53)
THIRD = Address("192.0.2.55", 53)


class Answering(FakeNetwork):
    """Servers that answer each message with the same one and "!", `delay` seconds later; `lines`: the ends they hold."""

    def __init__(self, delay: float = 0.01) -> None:
        super().__init__({})
        self.delay = delay
        self.opened: list[Address] = []
        self.lines: list[trio.StapledStream] = []  # type: ignore[type-arg]  # of memory streams

    async def open_tcp(self, server: Address) -> trio.abc.Stream:
        await trio.sleep(self.delay)
        self.opened.append(server)
        ours, theirs = trio.testing.memory_stream_pair()
        self.lines.append(theirs)
        trio.lowlevel.spawn_system_task(self._serve, theirs)
        return ours

    async def _serve(self, stream: trio.abc.Stream) -> None:
        received = Frames()
        try:
            while chunk := await stream.receive_some(READ_OCTETS):
                received.add(chunk)
                while (message := received.take()) is not None:
                    await trio.sleep(self.delay)
                    await stream.send_all(framed(message + b"!"))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass


def play(
    main: Callable[[Answering, Connections, UpstreamCounts], Awaitable[None]],
    *,
    delay: float = 0.01,
    max_connections: int = 8,
) -> None:
    async def bounded() -> None:
        network, counts = Answering(delay), UpstreamCounts()
        async with trio.open_nursery() as nursery:
            connections = Connections(network, nursery.start_soon, counts, max_connections=max_connections)
            with trio.fail_after(3600):
                await main(network, connections, counts)
            nursery.cancel_scope.cancel()
        assert counts.tcp_connections_current == 0

    trio.run(bounded, clock=trio.testing.MockClock(autojump_threshold=0))


def test_questions_to_one_server_share_a_connection() -> None:
    async def main(network: Answering, connections: Connections, counts: UpstreamCounts) -> None:
        for id in (b"01", b"02", b"03"):
            assert await connections.ask(SERVER, id) == id + b"!"
        assert network.opened == [SERVER]
        assert (counts.tcp_connections, counts.tcp_connections_current, counts.tcp_reused) == (1, 1, 2)

    play(main)


def test_questions_that_come_while_it_is_opened_share_it_too() -> None:
    async def main(network: Answering, connections: Connections, counts: UpstreamCounts) -> None:
        async with trio.open_nursery() as nursery:
            for place in range(20):
                nursery.start_soon(connections.ask, SERVER, b"%02d" % place)
        assert network.opened == [SERVER]

    play(main)


def test_each_server_has_its_own() -> None:
    async def main(network: Answering, connections: Connections, counts: UpstreamCounts) -> None:
        await connections.ask(SERVER, b"01")
        await connections.ask(OTHER, b"01")
        assert network.opened == [SERVER, OTHER]

    play(main)


@pytest.mark.parametrize("pause", [0, IDLE / 2, 2 * IDLE])
def test_a_connection_that_the_server_closed_is_replaced(pause: float) -> None:
    async def main(network: Answering, connections: Connections, counts: UpstreamCounts) -> None:
        await connections.ask(SERVER, b"01")
        await network.lines[0].aclose()
        await trio.sleep(pause)
        assert await connections.ask(SERVER, b"02") == b"02!"
        assert network.opened == [SERVER, SERVER]

    play(main)


def test_what_was_asked_over_a_kept_connection_that_ends_is_asked_again_once() -> None:
    """RFC 7766 §6.2.4: the server may have closed it as we wrote."""

    async def main(network: Answering, connections: Connections, counts: UpstreamCounts) -> None:
        await connections.ask(SERVER, b"01")

        async def close_soon() -> None:
            await trio.sleep(network.delay / 2)
            await network.lines[0].aclose()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(close_soon)
            assert await connections.ask(SERVER, b"02") == b"02!"
        assert counts.tcp_asked_again == 1

    play(main)


def test_what_was_asked_over_a_new_connection_that_ends_has_failed() -> None:
    async def main(network: Answering, connections: Connections, counts: UpstreamCounts) -> None:
        async def close_soon() -> None:
            await trio.sleep(1.5 * network.delay)
            await network.lines[0].aclose()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(close_soon)
            with pytest.raises(ConnectionError):
                await connections.ask(SERVER, b"01")
        assert network.opened == [SERVER]

    play(main)


def test_a_full_connection_is_left_to_those_on_it_and_another_one_opened() -> None:
    async def main(network: Answering, connections: Connections, counts: UpstreamCounts) -> None:
        answers = []

        async def ask(id: bytes) -> None:
            answers.append(await connections.ask(SERVER, id))

        async with trio.open_nursery() as nursery:
            for place in range(MAX_PIPELINED + 1):
                nursery.start_soon(ask, b"%02d" % place)
        assert len(answers) == MAX_PIPELINED + 1
        assert network.opened == [SERVER, SERVER]

    play(main)


def test_an_idle_connection_gives_way_to_one_that_is_needed() -> None:
    async def main(network: Answering, connections: Connections, counts: UpstreamCounts) -> None:
        for server in (SERVER, OTHER, SERVER, THIRD):
            await connections.ask(server, b"01")
        assert counts.tcp_connections_current == 2
        await connections.ask(SERVER, b"02")  # used later than OTHER's, and so it stayed
        assert network.opened == [SERVER, OTHER, THIRD]

    play(main, max_connections=2)


def test_where_all_are_busy_the_next_question_waits_for_its_turn() -> None:
    async def main(network: Answering, connections: Connections, counts: UpstreamCounts) -> None:
        with trio.move_on_after(1) as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(connections.ask, SERVER, b"01")
                nursery.start_soon(connections.ask, OTHER, b"01")
        assert scope.cancelled_caught
        assert len(network.opened) == 1
        await connections.ask(OTHER, b"02")  # whoever gave up took no room with him

    play(main, delay=0.6, max_connections=1)


# Questions of the mesh


Told = list[tuple[float, StreamReply]]


def asking(test: Callable[[Turned, TrioStreams, Answering, Told], Awaitable[None]]) -> None:
    """Run the test with streams, and a list of what they tell, and when."""

    async def main() -> None:
        turned, network = Turned(), Answering(0.1)
        connections = Connections(network, SPAWN, UpstreamCounts())
        await test(turned, TrioStreams(turned.mesh, trio.current_time, connections, SPAWN), network, [])

    play_in_mesh(main)


def test_the_mesh_is_told_the_reply_in_a_turn() -> None:
    async def test(turned: Turned, streams: TrioStreams, network: Answering, told: Told) -> None:
        streams.ask(SERVER, b"01", 3.0, lambda said: told.append((turned.mesh.now, said)))
        assert told == []
        await trio.sleep(1.0)
        ((at, said),) = told
        assert at == pytest.approx(0.2)
        assert said == b"01!"

    asking(test)


class Turns(trio.abc.Instrument):
    """How many turns trio's loop has had."""

    count = 0

    def after_io_wait(self, timeout: float) -> None:
        self.count += 1


def test_of_large_replies_that_come_at_once_each_has_a_turn_of_the_loop() -> None:
    """Whoever has many addresses can send many at a time, each with thousands of records to read."""

    async def test(turned: Turned, streams: TrioStreams, network: Answering, told: Told) -> None:
        turns, heard_in = Turns(), list[int]()
        trio.lowlevel.add_instrument(turns)
        for port in range(1000, 1020):
            streams.ask(Address("192.0.2.53", port), bytes(LARGE), 3.0, lambda said: heard_in.append(turns.count))
        await trio.sleep(1.0)
        assert len(heard_in) == len(set(heard_in)) == 20

    asking(test)


def test_the_mesh_is_told_when_its_patience_is_over() -> None:
    async def test(turned: Turned, streams: TrioStreams, network: Answering, told: Told) -> None:
        network.delay = 60.0
        streams.ask(SERVER, b"01", 3.0, lambda said: told.append((turned.mesh.now, said)))
        await trio.sleep(100.0)
        assert told == [(3.0, None)]

    asking(test)


def test_the_mesh_is_told_what_went_wrong() -> None:
    async def main() -> None:
        turned, told = Turned(), list[StreamReply]()
        connections = Connections(FakeNetwork({}), SPAWN, UpstreamCounts())
        streams = TrioStreams(turned.mesh, trio.current_time, connections, SPAWN)
        streams.ask(SERVER, b"01", 3.0, told.append)
        await trio.sleep(1.0)
        assert [type(said) for said in told] == [ConnectionRefusedError]

    play_in_mesh(main)


@pytest.mark.parametrize("after", [0.0, 0.15, 1.0], ids=["before it is sent", "under way", "when it is over"])
def test_what_is_called_off_tells_nothing_more(after: float) -> None:
    async def test(turned: Turned, streams: TrioStreams, network: Answering, told: Told) -> None:
        asked = streams.ask(SERVER, b"01", 3.0, lambda said: told.append((turned.mesh.now, said)))
        await trio.sleep(after)
        before = list(told)
        turned.do(asked.call_off)
        await trio.sleep(5.0)
        assert told == before
        assert len(told) == (after == 1.0)

    asking(test)
