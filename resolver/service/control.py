"""The daemon's end of the control socket: reads a request, streams its rows, never keeps the event loop from the clients."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, assert_never

import msgspec
import structlog
import trio

from cache.answer import Question
from cache.inspection import EntryRow, FailureRow, Order, Wanted
from cache.names import WireName, from_text
from resolver.env import UnixListener
from resolver.observe.accepting import Silent, serve_each
from resolver.observe.boundary import Boundary
from resolver.policy.explain import ExplainRow
from resolver.policy.server_rows import ServerRow
from resolver.policy.zone_rows import ZoneRow
from resolver.service.control_protocol import (
    MAX_LOOK_OCTETS,
    MAX_REQUEST_OCTETS,
    MAX_SORTED,
    Busy,
    BusyRow,
    CacheFlush,
    CacheList,
    CacheShow,
    CacheTop,
    CheckRow,
    Checks,
    ConfigRow,
    ConfigShow,
    End,
    Explain,
    FailureList,
    FlushRow,
    Forgettable,
    HandSockets,
    LogLevel,
    LogQueries,
    LogRequest,
    LogRow,
    LogShow,
    Reload,
    ReloadRow,
    Request,
    Resolve,
    RowRequest,
    ServerList,
    ServersWorst,
    StateAccept,
    StateApps,
    StateFaults,
    StateMachines,
    StateNames,
    StateOf,
    StateRequest,
    StateWatch,
    StatRow,
    Stats,
    Status,
    StatusRow,
    StepDown,
    ZonesWorst,
)
from resolver.service.lines import Lines, LineTooLong
from resolver.service.rows import LiveRows, Rows, send_end, send_live, send_rows
from resolver.service.snapshot_protocol import CacheExport, CacheImport, ImportRow
from resolver.service.trust_protocol import (
    ChainRow,
    TrustChain,
    TrustEnforce,
    TrustExempt,
    TrustList,
    TrustRefresh,
    TrustRequest,
    TrustRow,
)
from resolver.wire.text import type_from_text

MAX_CONNECTIONS: Final = 16  # operators and their scripts; beyond, who has been silent longest gives way, if anybody is
IDLE: Final = 60.0  # s until the next request; programs ask one after the other, people end their commands

# What a member of our group may not ask for, who may look: the daemon's own user may, and root.
CHANGES: Final = (
    CacheFlush,
    CacheImport,
    HandSockets,
    LogLevel,
    LogQueries,
    Reload,
    StateAccept,
    StepDown,
    TrustEnforce,
    TrustExempt,
    TrustRefresh,
)
ONLY_LOOK: Final = "only the user that the daemon runs as, and root, may change what it does; others may look"

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

    def worst_servers(self, most: int) -> Iterable[ServerRow | None]:
        """Those that are silent, late or slow, the worst first."""

    def worst_zones(self, most: int, within: float) -> Iterable[ZoneRow | None]:
        """Those that were waited for within so many seconds, the worst first."""

    def export(self) -> Iterable[msgspec.Struct | None]:
        """A Moment and SavedEntries: all that is cached; the cache may change between two steps."""

    async def take_in(self, request: CacheImport) -> ImportRow:
        """Take in entries that are not known better; raises BadRow, which is a ValueError, and CannotShow."""

    async def explain(self, question: Question, network: int | None) -> Iterable[ExplainRow | ChainRow]:
        """Why a question would get its answer; may have to read the state database first."""

    async def resolve(self, question: Question, network: int | None, rows: LiveRows) -> None:
        """Resolve for real: TraceRows while it goes on, then the rows of `explain` of the answer."""

    async def top(self, most: int, interval: float, frames: int, rows: LiveRows) -> None:
        """A TopFrame each `interval` seconds, `frames` times or (0) until cancelled."""

    async def state(self, request: StateRequest) -> Iterable[msgspec.Struct]:
        """What the state database is and holds; raises CannotShow."""

    async def watch_state(self, network: int | None, app: str, rows: LiveRows) -> None:
        """A ChangeRow for each change that becomes visible, until cancelled; raises CannotShow."""

    def log(self, request: LogRequest) -> LogRow:
        """What is logged, once it is as the request wants it."""

    async def trust(self, request: TrustRequest) -> Iterable[TrustRow]:
        """What is trusted, and what not; may change it. Raises CannotShow, WrongRequest, and ValueError for a bad name."""

    def list(self, wanted: Wanted, most: int = 0, order: Order | None = None) -> Iterable[EntryRow | None]:
        """The entries that are wanted, or the first `most` in this order; the cache may change between two steps."""

    def stats(self) -> Iterable[StatRow]: ...

    def status(self) -> StatusRow: ...

    def checks(self) -> Iterable[CheckRow]: ...

    def busy(self, most: int) -> Iterable[BusyRow]:
        """The machines with most questions waiting."""

    def config(self) -> ConfigRow: ...

    async def reload(self) -> ReloadRow:
        """Go by the config's file as it is now."""

    async def hand_sockets(self, stream: trio.abc.Stream) -> None:
        """Send a HandedRow as a RowLine and the sockets with it. Raises CannotShow."""

    def note_left(self, stream: trio.abc.Stream) -> None:
        """The connection over which the sockets were given away is closed."""

    def step_down(self, pid: int) -> None:
        """End, because this process answers now."""


async def serve_control(listener: UnixListener, daemon: Inspectable, boundary: Boundary) -> None:
    """Answer on `listener` until cancelled, then take the socket away."""

    async def serve(stream: trio.abc.Stream, silent: Silent) -> None:
        await serve_operator(stream, daemon, silent, listener.may_change(stream))

    try:
        # looking at the daemon must not end it: the operator sees the connection close, the clients see nothing
        await serve_each("control", listener.accept, serve, boundary, Silent(IDLE), MAX_CONNECTIONS)
    finally:
        listener.close()


async def serve_operator(
    stream: trio.abc.Stream, daemon: Inspectable, silent: Silent | None = None, may_change: bool = True
) -> None:
    """Answer the requests on one connection, one after the other, until its other end is closed, or silent for too long.

    may_change: or may it only look?
    """
    lines = Lines(stream, MAX_REQUEST_OCTETS if may_change else MAX_LOOK_OCTETS)
    silent = silent or Silent(IDLE)
    try:
        async with stream:
            while (line := await _next(lines, stream, silent)) is not None:
                await _reply(stream, line, daemon, may_change)
        daemon.note_left(stream)
    except (trio.BrokenResourceError, trio.TooSlowError):
        log.debug("operator_gone")


async def _next(lines: Lines, stream: trio.abc.Stream, silent: Silent) -> bytes | None:
    """The next request; None when there will be none."""
    try:
        with silent.while_waiting():
            return await lines.read()
        return None
    except LineTooLong as error:
        await send_end(stream, End(rows=0, error=f"bad request: {error}", is_refused=True))
        return None


async def _reply(stream: trio.abc.Stream, line: bytes, daemon: Inspectable, may_change: bool) -> None:
    try:
        request = msgspec.json.decode(line, type=Request)
        if isinstance(request, CHANGES) and not may_change:
            raise WrongRequest(ONLY_LOOK)
        if isinstance(request, HandSockets):
            await daemon.hand_sockets(stream)
            return
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


async def _rows(request: RowRequest, daemon: Inspectable) -> "Rows | Live":
    """The rows that `request` asks for, its limit not applied yet. Raises ValueError for a bad name or type."""
    match request:
        case Status():
            return [daemon.status()]
        case Stats():
            return daemon.stats()
        case Checks():
            return daemon.checks()
        case Busy(most=most):
            return daemon.busy(most)
        case ConfigShow():
            return [daemon.config()]
        case Reload():
            return [await daemon.reload()]
        case StepDown(pid=pid):
            daemon.step_down(pid)
            return ()
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
        case ServersWorst(most=most):
            return daemon.worst_servers(most)
        case ZonesWorst(most=most, within=within):
            return daemon.worst_zones(most, within)
        case CacheExport():
            return daemon.export()
        case CacheImport():
            return [await daemon.take_in(request)]
        case Explain(name=name, type=rtype, network=network):
            return await daemon.explain(Question(from_text(name), type_from_text(rtype)), network)
        case Resolve(name=name, type=rtype, network=network):
            return Live(partial(daemon.resolve, Question(from_text(name), type_from_text(rtype)), network))
        case CacheTop():
            return Live(partial(daemon.top, request.most, request.interval, request.frames))
        case StateOf() | StateApps() | StateMachines() | StateNames() | StateFaults() | StateAccept():
            return await daemon.state(request)
        case StateWatch(network=network, app=app):
            return Live(partial(daemon.watch_state, network, app))
        case LogShow() | LogLevel() | LogQueries():
            return [daemon.log(request)]
        case TrustChain() | TrustList() | TrustRefresh() | TrustExempt() | TrustEnforce():
            return await daemon.trust(request)
    assert_never(request)


@dataclass(frozen=True, slots=True)
class Live:
    """Rows that are made while they are sent."""

    work: Callable[[LiveRows], Awaitable[None]]


def _type(text: str) -> int | None:
    return type_from_text(text) if text else None
