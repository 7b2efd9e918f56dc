"""The daemon's end of the control socket: reads a request, streams its rows, never keeps the event loop from the clients."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Never, Protocol, assert_never

import msgspec
import structlog
import trio

from cache.answer import Question
from cache.inspection import EntryRow, FailureRow, Order, Wanted
from cache.names import WireName, from_text
from resolver.env import UnixListener
from resolver.policy.explain import ExplainRow
from resolver.policy.server_rows import ServerRow
from resolver.service.control_protocol import (
    MAX_REQUEST_OCTETS,
    MAX_SORTED,
    CacheFlush,
    CacheList,
    CacheShow,
    CacheTop,
    ConfigRow,
    ConfigShow,
    End,
    Explain,
    FailureList,
    FlushRow,
    Forgettable,
    Reload,
    ReloadRow,
    Request,
    Resolve,
    ServerList,
    StateAccept,
    StateApps,
    StateFaults,
    StateMachines,
    StateNames,
    StateOf,
    StateRequest,
    StatRow,
    Stats,
    Status,
    StatusRow,
)
from resolver.service.lines import Lines, LineTooLong
from resolver.service.rows import LiveRows, Rows, send_end, send_live, send_rows
from resolver.service.snapshot_protocol import CacheExport, CacheImport, ImportRow
from resolver.wire.text import type_from_text

MAX_CONNECTIONS: Final = 16  # operators and their scripts; the next one waits in the kernel's backlog

log = structlog.get_logger()


class CannotShow(Exception):
    """What is asked for cannot be shown now; the text says why."""


class WrongRequest(Exception):
    """The request speaks of something that is not there; the text says what."""


class Inspectable(Protocol):
    """What a daemon shows of itself. A long walk yields None now and then where it finds nothing to show."""

    def show(self, name: WireName, rtype: int | None) -> Iterable[EntryRow | None]:
        """What is cached of `name`."""

    def failures(self, wanted: Wanted) -> Iterable[FailureRow | None]:
        """The questions that are left alone because they failed."""

    async def flush(self, name: WireName, rtype: int | None, only: Sequence[Forgettable], *, subtree: bool) -> int:
        """Forget entries and failures, or only such; returns how many."""

    def server_list(self, host: str, zone: WireName | None) -> Iterable[ServerRow]:
        """The servers with this address, of this zone, or all. Raises WrongRequest."""

    def export(self) -> Iterable[msgspec.Struct | None]:
        """A Moment and SavedEntries: all that is cached; the cache may change between two steps."""

    def take_in(self, request: CacheImport) -> ImportRow:
        """Take in entries that are not known better; raises BadRow, which is a ValueError, and CannotShow."""

    async def explain(self, question: Question, network: int | None) -> Iterable[ExplainRow]:
        """Why a question would get its answer; may have to read the state database first."""

    async def resolve(self, question: Question, network: int | None, rows: LiveRows) -> None:
        """Resolve for real: TraceRows while it goes on, then ExplainRows of the answer."""

    async def top(self, most: int, interval: float, frames: int, rows: LiveRows) -> None:
        """A TopFrame each `interval` seconds, `frames` times or (0) until cancelled."""

    async def state(self, request: StateRequest) -> Iterable[msgspec.Struct]:
        """What the state database is and holds; raises CannotShow."""

    def list(self, wanted: Wanted, most: int = 0, order: Order | None = None) -> Iterable[EntryRow | None]:
        """The entries that are wanted, or the first `most` in this order; the cache may change between two steps."""

    def stats(self) -> Iterable[StatRow]: ...

    def status(self) -> StatusRow: ...

    def config(self) -> ConfigRow: ...

    async def reload(self) -> ReloadRow:
        """Go by the config's file as it is now."""


async def serve_control(listener: UnixListener, daemon: Inspectable) -> Never:
    """Answer on `listener` until cancelled, then take the socket away."""
    room = trio.Semaphore(MAX_CONNECTIONS)

    async def serve(stream: trio.abc.Stream) -> None:
        try:
            await serve_operator(stream, daemon)
        finally:
            room.release()

    try:
        async with trio.open_nursery() as nursery:
            while True:
                await room.acquire()
                nursery.start_soon(serve, await listener.accept())
    finally:
        listener.close()


async def serve_operator(stream: trio.abc.Stream, daemon: Inspectable) -> None:
    """Answer the requests on one connection, one after the other, until its other end is closed."""
    lines = Lines(stream, MAX_REQUEST_OCTETS)
    try:
        async with stream:
            while (line := await _next(lines, stream)) is not None:
                await _reply(stream, line, daemon)
    except (trio.BrokenResourceError, trio.TooSlowError):
        log.debug("operator_gone")
    except Exception:
        # Looking at the daemon must not end it: the operator sees the connection close, the clients see nothing.
        log.exception("control_fault")


async def _next(lines: Lines, stream: trio.abc.Stream) -> bytes | None:
    """The next request; None when there will be none."""
    try:
        return await lines.read()
    except LineTooLong as error:
        await send_end(stream, End(rows=0, error=f"bad request: {error}", is_refused=True))
        return None


async def _reply(stream: trio.abc.Stream, line: bytes, daemon: Inspectable) -> None:
    try:
        request = msgspec.json.decode(line, type=Request)
        rows = await _rows(request, daemon)
    except (msgspec.MsgspecError, ValueError) as error:
        await send_end(stream, End(rows=0, error=f"bad request: {error}", is_refused=True))
        return
    except WrongRequest as error:
        await send_end(stream, End(rows=0, error=str(error), is_refused=True))
        return
    except CannotShow as reason:
        await send_end(stream, End(rows=0, error=str(reason)))
        return
    if isinstance(rows, Live):
        count = await send_live(stream, rows.work)
    else:
        limit = request.limit if isinstance(request, CacheList | FailureList) else 0
        count = await send_rows(stream, rows, limit)
    await send_end(stream, End(rows=count))


async def _rows(request: Request, daemon: Inspectable) -> "Rows | Live":
    """The rows that `request` asks for, its limit not applied yet. Raises ValueError for a bad name or type."""
    match request:
        case Status():
            return [daemon.status()]
        case Stats():
            return daemon.stats()
        case ConfigShow():
            return [daemon.config()]
        case Reload():
            return [await daemon.reload()]
        case CacheShow(name=name, type=rtype):
            return daemon.show(from_text(name), _type(rtype))
        case CacheList(zone=zone, type=rtype):
            wanted = Wanted(from_text(zone), _type(rtype), request.is_stale, request.is_negative)
            most = min(request.limit or MAX_SORTED, MAX_SORTED)
            return daemon.list(wanted, most, request.sort) if request.sort else daemon.list(wanted)
        case FailureList(zone=zone, type=rtype):
            return daemon.failures(Wanted(from_text(zone), _type(rtype)))
        case CacheFlush(name=name, type=rtype, subtree=subtree, only=only):
            return [FlushRow(await daemon.flush(from_text(name), _type(rtype), only, subtree=subtree))]
        case ServerList(host=host, zone=zone):
            return daemon.server_list(host, from_text(zone) if zone else None)
        case CacheExport():
            return daemon.export()
        case CacheImport():
            return [daemon.take_in(request)]
        case Explain(name=name, type=rtype, network=network):
            return await daemon.explain(Question(from_text(name), type_from_text(rtype)), network)
        case Resolve(name=name, type=rtype, network=network):
            return Live(partial(daemon.resolve, Question(from_text(name), type_from_text(rtype)), network))
        case CacheTop():
            return Live(partial(daemon.top, request.most, request.interval, request.frames))
        case StateOf() | StateApps() | StateMachines() | StateNames() | StateFaults() | StateAccept():
            return await daemon.state(request)
    assert_never(request)


@dataclass(frozen=True, slots=True)
class Live:
    """Rows that are made while they are sent."""

    work: Callable[[LiveRows], Awaitable[None]]


def _type(text: str) -> int | None:
    return type_from_text(text) if text else None
