"""Taking the place of a running daemon: its sockets and its cache first, its work when we are known to be able to do it.

we                                  the daemon before us
─ HandSockets ────────────────────► goes on answering
◄──────── its listening sockets ───
─ CacheExport ────────────────────► goes on answering
◄──────────────────── its cache ───
self-test: if it fails we end, and nothing has happened
we answer, beside it
─ StepDown ───────────────────────► reads nothing more, answers what it holds, ends
"""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog
import trio

from cache.snapshot import Moment, SavedEntry
from resolver.daemon.carry import imported
from resolver.daemon.parts import Parts
from resolver.service.control import CannotShow
from resolver.service.control_protocol import End, HandedRow, HandSockets, Line, Request, RowLine, StepDown
from resolver.service.lines import Lines
from resolver.service.snapshot_protocol import MAX_IMPORTED, CacheExport, CacheImport

ANSWER_WITHIN: Final = 5.0  # s in which a daemon that is not stuck gives its sockets away
CACHE_WITHIN: Final = 20.0  # s after which what is left of its cache is given up: it is asked for again
MAX_LINE: Final = 1 << 22  # octets, as resolver.cli reads

log = structlog.get_logger()

Connect = Callable[[], Awaitable[trio.abc.Stream]]
Inherit = Callable[[trio.abc.Stream], Awaitable[bytes]]


class NotTakenOver(Exception):
    """The daemon before us goes on; the text says why."""


class Predecessor:
    """A daemon that has given its sockets away and goes on answering until it is told to step down."""

    def __init__(self, connect: Connect, stream: trio.abc.Stream, row: HandedRow, publish: Callable[[], None]) -> None:
        """stream: over which the sockets came; while it is open the daemon knows that we are at it. publish: see RealNetwork."""
        self.row = row
        self._connect = connect
        self._stream = stream
        self._publish = publish

    async def bring_cache(self, parts: Parts) -> None:
        """Take in what it has cached; what it does not give in time is left."""
        taken = 0
        with trio.move_on_after(CACHE_WITHIN) as scope:
            try:
                async with await self._connect() as stream:
                    taken = await _take_in(stream, parts)
            except (OSError, trio.BrokenResourceError, msgspec.MsgspecError, ValueError, CannotShow) as fault:
                log.warning("cache_not_taken_over", reason=str(fault))
        log.info("cache_taken_over", entries=len(parts.memory.cache) and taken, all_of_it=not scope.cancelled_caught)

    async def step_down(self, pid: int) -> None:
        """Tell it that we answer now."""
        self._publish()
        try:
            await _say(self._stream, StepDown(pid))
            await Lines(self._stream, MAX_LINE).read()  # it may be gone before it has said so
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            log.debug("predecessor_gone")
        await self._stream.aclose()
        log.info("taken_over", pid=self.row.pid, version=self.row.version)


async def meet(
    connect: Connect, inherit: Inherit, publish: Callable[[], None], pid_of: Callable[[trio.abc.Stream], int]
) -> Predecessor | None:
    """Ask the daemon behind the control socket for its sockets; None: there is none. Raises NotTakenOver."""
    try:
        stream = await connect()
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    pid = pid_of(stream)
    try:
        with trio.fail_after(ANSWER_WITHIN):
            await _say(stream, HandSockets())
            said = msgspec.json.decode(await inherit(stream), type=Line)
    except trio.TooSlowError:
        raise NotTakenOver(f"the daemon with pid {pid} does not answer within {ANSWER_WITHIN:.0f} s: end it") from None
    except (OSError, trio.BrokenResourceError, msgspec.MsgspecError) as fault:
        raise NotTakenOver(f"the daemon with pid {pid} does not give its sockets away: {fault}") from None
    if isinstance(said, End):
        raise NotTakenOver(f"the daemon with pid {pid} does not give its sockets away: {said.error}")
    return Predecessor(connect, stream, msgspec.json.decode(said.row, type=HandedRow), publish)


async def _say(stream: trio.abc.Stream, request: Request) -> None:
    await stream.send_all(msgspec.json.encode(request) + b"\n")


async def _take_in(stream: trio.abc.Stream, parts: Parts) -> int:
    """Every entry that is exported, some hundred at a time; how many there was use and room for."""
    await _say(stream, CacheExport())
    lines = Lines(stream, MAX_LINE)
    at: Moment | None = None
    entries: list[SavedEntry] = []
    taken = 0
    while (line := await lines.read()) is not None:
        said = msgspec.json.decode(line, type=Line)
        if isinstance(said, RowLine) and at is None:
            at = msgspec.json.decode(said.row, type=Moment)
        elif isinstance(said, RowLine):
            entries.append(msgspec.json.decode(said.row, type=SavedEntry))
        is_over = isinstance(said, End)
        if at is not None and entries and (is_over or len(entries) == MAX_IMPORTED):
            request = CacheImport(at, tuple(entries))
            row = await imported(request, parts.env, parts.memory.cache, parts.options, parts.counts.snapshot)
            taken += row.taken
            entries.clear()
        if is_over:
            break
    return taken
