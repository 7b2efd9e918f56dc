"""How rows reach an operator: a long list in slices between which clients are served, or one row at a time as it comes."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec
import trio

from resolver.service.control_protocol import End, RowLine

ROWS_PER_SLICE: Final = 50  # a row costs some 20 µs, mostly text: 1 ms until clients get their turn
SEND_TIMEOUT: Final = 600.0  # s; rows are read by people through pagers, who may go for a coffee
MAX_WAITING: Final = 2100  # live rows that the operator has not read yet: all that one traced resolution makes

Rows = Iterable[msgspec.Struct | None]
LiveRows = trio.MemorySendChannel[msgspec.Struct]


async def send_rows(stream: trio.abc.Stream, rows: Rows, limit: int = 0) -> int:
    """Send rows in slices, each in one write; returns how many there were. None among them is time to let others run."""
    batch = bytearray()
    count = 0
    for step, row in enumerate(rows, start=1):
        if row is not None:
            batch += _line(row)
            count += 1
            if count == limit:
                break
        if step % ROWS_PER_SLICE == 0:
            await _send(stream, batch)
            batch.clear()
    await _send(stream, batch)
    return count


async def send_live(stream: trio.abc.Stream, work: Callable[[LiveRows], Awaitable[None]]) -> int:
    """Send the rows that `work` makes while it makes them; returns how many there were.

    It is cancelled when the operator goes; raises what sending raises then.
    """
    count = 0
    gone: Exception | None = None
    rows, made = trio.open_memory_channel[msgspec.Struct](MAX_WAITING)

    async def run() -> None:
        with rows:
            await work(rows)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        try:
            async for row in made:
                await _send(stream, _line(row))
                count += 1
        except (trio.BrokenResourceError, trio.TooSlowError) as error:
            gone = error
            nursery.cancel_scope.cancel()
    if gone is not None:
        raise gone
    return count


async def send_end(stream: trio.abc.Stream, end: End) -> None:
    """The last line of a reply."""
    await _send(stream, msgspec.json.encode(end) + b"\n")


def _line(row: msgspec.Struct) -> bytes:
    return msgspec.json.encode(RowLine(msgspec.Raw(msgspec.json.encode(row)))) + b"\n"


async def _send(stream: trio.abc.Stream, octets: bytes | bytearray) -> None:
    with trio.fail_after(SEND_TIMEOUT):
        await stream.send_all(octets)  # a checkpoint even when there is nothing to send
