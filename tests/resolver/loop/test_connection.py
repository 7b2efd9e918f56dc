"""One connection: what leaves, who gets which reply, and when it ends."""

import errno
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from resolver.env import Address
from resolver.loop.connection import IDLE, MAX_PIPELINED, MAX_QUERIES, Connection
from resolver.wire.frames import framed
from tests.resolver.engine.fake_network import SERVER, FakeNetwork


class Line(FakeNetwork):
    """A network with one connection; `theirs` is its other end."""

    def __init__(self) -> None:
        super().__init__({})
        self.writes: list[bytes] = []
        self.ours, self.theirs = trio.testing.memory_stream_pair()
        self.ends = 0

    async def open_tcp(self, server: Address) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        plain_send = self.ours.send_all

        async def send_all(data: bytes | bytearray | memoryview) -> None:
            self.writes.append(bytes(data))
            await plain_send(data)

        self.ours.send_all = send_all  # type: ignore[method-assign]  # to see the writes
        return self.ours


def play(main: Callable[[Line, Connection], Awaitable[None]]) -> Line:
    """Run `main` with a connection that is being opened."""

    async def bounded() -> Line:
        line = Line()

        def note_end(connection: Connection) -> None:
            line.ends += 1

        connection = Connection(line, SERVER, note_end)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.run)
            with trio.fail_after(3600):
                await main(line, connection)
            nursery.cancel_scope.cancel()
        return line

    return trio.run(bounded, clock=trio.testing.MockClock(autojump_threshold=0))


def test_length_and_message_leave_in_one_write() -> None:
    async def main(line: Line, connection: Connection) -> None:
        await line.theirs.send_all(framed(b"id answer"))
        await connection.ask(b"id question")

    assert play(main).writes == [framed(b"id question")]


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([b"\0\x09id answer"], id="at once"),
        pytest.param([b"\0", b"\x09id a", b"nswer"], id="in pieces"),
        pytest.param([b"\0\x09id answer\0\5other"], id="with something behind it"),
    ],
)
def test_the_message_is_put_together(chunks: list[bytes]) -> None:
    async def main(line: Line, connection: Connection) -> None:
        async def answer() -> None:
            for chunk in chunks:
                await trio.sleep(0.01)
                await line.theirs.send_all(chunk)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            assert await connection.ask(b"id question") == b"id answer"

    play(main)


@pytest.mark.parametrize("chunks", [[], [b"\0"], [b"\0\x09id a"]], ids=["nothing", "half a length", "half a message"])
def test_a_connection_that_ends_too_soon_is_an_error_for_all_who_wait(chunks: list[bytes]) -> None:
    async def main(line: Line, connection: Connection) -> None:
        async def ask(id: bytes) -> None:
            with pytest.raises(ConnectionError):
                await connection.ask(id)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, b"01")
            nursery.start_soon(ask, b"02")
            await trio.sleep(0.01)
            for chunk in chunks:
                await line.theirs.send_all(chunk)
            await line.theirs.send_eof()
        assert not connection.takes(b"03")

    assert play(main).ends == 1


def test_replies_come_in_any_order() -> None:
    """RFC 7766 §7; the ID tells whose they are."""

    async def main(line: Line, connection: Connection) -> None:
        answers = {}

        async def ask(id: bytes) -> None:
            answers[id] = await connection.ask(id + b"?")

        async with trio.open_nursery() as nursery:
            for id in (b"01", b"02", b"03"):
                nursery.start_soon(ask, id)
            await trio.sleep(0.01)
            for id in (b"03", b"01", b"02"):
                await line.theirs.send_all(framed(id + b"!"))
        assert answers == {b"01": b"01!", b"02": b"02!", b"03": b"03!"}

    play(main)


def test_a_reply_under_an_unknown_id_is_whose_it_can_only_be() -> None:
    async def main(line: Line, connection: Connection) -> None:
        await line.theirs.send_all(framed(b"99 answer"))
        assert await connection.ask(b"01") == b"99 answer"

    play(main)


def test_a_question_that_is_given_up_retires_the_connection_and_harms_nobody_on_it() -> None:
    async def main(line: Line, connection: Connection) -> None:
        async def give_up() -> None:
            with trio.move_on_after(1):
                await connection.ask(b"01")

        answers = []

        async def ask() -> None:
            answers.append(await connection.ask(b"02"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(give_up)
            nursery.start_soon(ask)
            await trio.sleep(2)
            assert not connection.takes(b"03")
            await line.theirs.send_all(framed(b"02!"))
        assert answers == [b"02!"]
        await trio.sleep(0.01)
        assert line.ends == 1

    play(main)


@pytest.mark.parametrize(("seconds", "ends"), [(IDLE - 1, 0), (IDLE + 1, 1)])
def test_it_is_closed_when_nobody_asks_for_a_while(seconds: float, ends: int) -> None:
    async def main(line: Line, connection: Connection) -> None:
        await line.theirs.send_all(framed(b"01!"))
        await connection.ask(b"01")
        await trio.sleep(seconds)
        assert line.ends == ends
        assert connection.takes(b"02") == (not ends)

    play(main)


def test_somebody_who_waits_keeps_it_open() -> None:
    async def main(line: Line, connection: Connection) -> None:
        async def answer() -> None:
            await trio.sleep(3 * IDLE)
            await line.theirs.send_all(framed(b"01!"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            assert await connection.ask(b"01") == b"01!"

    play(main)


def test_it_takes_a_bounded_number_of_questions_at_a_time_and_an_id_once() -> None:
    async def main(line: Line, connection: Connection) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.ask, b"01")
            await trio.sleep(0.01)
            assert not connection.takes(b"01")
            for place in range(MAX_PIPELINED - 1):
                assert connection.takes(b"%02x" % (place + 2))
                nursery.start_soon(connection.ask, b"%02x" % (place + 2))
                await trio.sleep(0.01)
            assert not connection.takes(b"zz")
            nursery.cancel_scope.cancel()

    play(main)


def test_it_takes_a_bounded_number_of_questions_in_all() -> None:
    async def main(line: Line, connection: Connection) -> None:
        for _ in range(MAX_QUERIES):
            assert connection.takes(b"01")
            await line.theirs.send_all(framed(b"01!"))
            await connection.ask(b"01")
        assert not connection.takes(b"01")

    play(main)


def test_why_it_cannot_be_opened_is_told_to_all_who_asked() -> None:
    async def main() -> None:
        connection = Connection(FakeNetwork({}), SERVER, lambda connection: None)

        async def ask(id: bytes) -> None:
            with pytest.raises(ConnectionRefusedError) as refused:
                await connection.ask(id)
            assert refused.value.errno == errno.ECONNREFUSED

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, b"01")
            nursery.start_soon(ask, b"02")
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(connection.run)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize(
    "surplus",
    [
        pytest.param(framed(b"02!"), id="unsolicited"),
        pytest.param(framed(b""), id="empty"),
        pytest.param(framed(b"01!"), id="a second time"),
        pytest.param(framed(b"") * 5000, id="a stream of nothing"),
    ],
)
def test_what_nobody_asked_for_ends_the_connection(surplus: bytes) -> None:
    """An authority that answers rightly and then streams empty messages would keep the loop busy for as long as it likes."""

    async def main(line: Line, connection: Connection) -> None:
        async def answer() -> None:
            await trio.sleep(0.01)
            await line.theirs.send_all(framed(b"01!"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            assert await connection.ask(b"01") == b"01!"
        assert connection.takes(b"03")
        await line.theirs.send_all(surplus)
        await trio.sleep(0.01)
        assert line.ends == 1
        assert connection.has_met_surplus
        assert not connection.takes(b"03")

    play(main)


def test_a_late_reply_is_no_surplus() -> None:
    async def main(line: Line, connection: Connection) -> None:
        async def give_up() -> None:
            with trio.move_on_after(1):
                await connection.ask(b"01")

        answers = []

        async def ask(id: bytes) -> None:
            answers.append(await connection.ask(id))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(give_up)
            nursery.start_soon(ask, b"02")
            nursery.start_soon(ask, b"03")
            await trio.sleep(2)
            for late in (b"01!", b"02!", b"03!"):
                await line.theirs.send_all(framed(late))
        assert sorted(answers) == [b"02!", b"03!"]
        assert not connection.has_met_surplus

    play(main)
