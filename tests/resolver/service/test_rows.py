"""Rows on their way to an operator."""

import msgspec
import pytest
import trio
import trio.testing

from resolver.service.control_protocol import End, FlushRow, Line, RowLine
from resolver.service.lines import Lines
from resolver.service.rows import ROWS_PER_SLICE, LiveRows, send_end, send_live, send_rows


async def read(stream: trio.abc.ReceiveStream) -> list[int]:
    """The numbers of the rows up to the end."""
    lines = Lines(stream, 1 << 20)
    numbers: list[int] = []
    while True:
        line = await lines.read()
        assert line is not None
        said = msgspec.json.decode(line, type=Line)
        if isinstance(said, End):
            return numbers
        assert isinstance(said, RowLine)
        numbers.append(msgspec.json.decode(said.row, type=FlushRow).forgotten)


def test_rows_are_sent_up_to_the_limit_without_the_nones() -> None:
    rows = [None, FlushRow(1), None, FlushRow(2), FlushRow(3)]

    async def main() -> None:
        operator, ours = trio.testing.memory_stream_pair()
        assert await send_rows(ours, rows) == 3
        assert await send_rows(ours, rows, limit=2) == 2
        await send_end(ours, End(rows=5))
        assert await read(operator) == [1, 2, 3, 1, 2]

    trio.run(main)


def test_others_run_between_two_slices() -> None:
    turns = 0

    async def client() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    async def main() -> None:
        _, ours = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client)
            await send_rows(ours, [None] * (100 * ROWS_PER_SLICE))
            nursery.cancel_scope.cancel()

    trio.run(main)
    assert turns >= 100


def test_a_live_row_is_sent_when_it_is_made() -> None:
    async def main() -> None:
        operator, ours = trio.testing.memory_stream_pair()
        seen = trio.Event()

        async def work(rows: LiveRows) -> None:
            await rows.send(FlushRow(1))
            await seen.wait()
            await rows.send(FlushRow(2))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send_live, ours, work)
            assert b'"forgotten":1' in await operator.receive_some()
            seen.set()
            assert b'"forgotten":2' in await operator.receive_some()

    trio.run(main)


def test_an_operator_who_goes_ends_the_work() -> None:
    async def main() -> None:
        operator, ours = trio.testing.memory_stream_pair()
        was_cancelled = False

        async def work(rows: LiveRows) -> None:
            nonlocal was_cancelled
            try:
                while True:
                    await rows.send(FlushRow(1))
            except trio.Cancelled:
                was_cancelled = True
                raise

        await operator.aclose()
        with pytest.raises(trio.BrokenResourceError):
            await send_live(ours, work)
        assert was_cancelled

    trio.run(main)
