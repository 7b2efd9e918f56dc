"""What the daemon shows of itself over the control socket: its parts, changed only by a flush and by what a resolution learns."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

import msgspec
import structlog
import trio

from cache.answer import Answer, Question
from cache.inspection import EntryRow, FailureRow, Order, Wanted, failure_rows, rows, show, sorted_rows
from cache.names import WireName, from_text, to_text
from cache.rrtypes import ANY
from internal_zones import InternalZones, StateFault
from internal_zones import Wanted as WantedOfState
from resolver.daemon.around import NOTHING_AROUND, Around
from resolver.daemon.carry import exported, imported, unvouched
from resolver.daemon.chain import with_chain
from resolver.daemon.forgetting import forget
from resolver.daemon.live import resolve_watched, watch_changes, watch_top
from resolver.daemon.log_switch import LogSwitch
from resolver.daemon.parts import Parts
from resolver.daemon.running import VERSION, Running
from resolver.daemon.trust_keeper import TrustKeeper
from resolver.daemon.trust_rows import answer_trust, with_exemption
from resolver.env import Address
from resolver.errors import NoQuestion, NotServed, NotSupported, Prohibited
from resolver.observe.metrics import stats
from resolver.policy.explain import ExplainRow, LinkRow, VerdictRow, explain, explain_local
from resolver.policy.server_rows import ServerRow, rows_of_zone, server_rows, worst_rows
from resolver.policy.sources import minimal_any, refuse_type
from resolver.policy.views import machine_text
from resolver.policy.zone_rows import ZoneRow, worst_zones
from resolver.service.control import CannotShow, WrongRequest
from resolver.service.control_protocol import (
    AcceptedRow,
    BusyRow,
    CheckRow,
    ConfigRow,
    Forgettable,
    HandedRow,
    LogRequest,
    LogRow,
    NameRow,
    ReloadRow,
    RowLine,
    StateAccept,
    StateApps,
    StateFaults,
    StateMachines,
    StateNames,
    StateOf,
    StateRequest,
    StatRow,
    StatusRow,
)
from resolver.service.rows import LiveRows
from resolver.service.snapshot_protocol import CacheImport, ImportRow
from resolver.service.trust_protocol import ChainRow, TrustRequest, TrustRow
from resolver.wire.text import rcode_to_text, rdata_to_text, type_to_text

log = structlog.get_logger()

NO_CLIENT = bytes(16)  # the client for whom nearest names are ordered when an operator asks


@dataclass(frozen=True, slots=True)
class Switches:
    """What an operator can do to the daemon as a whole. reload: of the Reloader. step_down: drains it, its files left alone."""

    reload: Callable[[], Awaitable[ReloadRow]]
    step_down: Callable[[], None]
    log: LogSwitch
    trust: TrustKeeper
    around: Around = NOTHING_AROUND


class Eyes:
    """The Inspectable (service.control) of a running daemon."""

    def __init__(self, running: Running, listening: Callable[[], tuple[Address, ...]], switches: Switches) -> None:
        """listening: where clients may ask now."""
        self._running = running
        self._listening = listening
        self._switches = switches
        self._taking: trio.abc.Stream | None = None  # over which somebody has got our sockets

    @property
    def _parts(self) -> Parts:
        return self._running.parts

    def show(self, name: WireName, rtype: int | None) -> Iterable[EntryRow | None]:
        return show(self._parts.memory.cache, name, rtype, self._parts.env.now(), self._parts.options.stale)

    def list(self, wanted: Wanted, most: int = 0, order: Order | None = None) -> Iterable[EntryRow | None]:
        cache, now, stale = self._parts.memory.cache, self._parts.env.now(), self._parts.options.stale
        if order is None:
            return rows(cache, wanted, now, stale)
        return sorted_rows(cache, wanted, order, most, now, stale)

    def failures(self, wanted: Wanted) -> Iterable[FailureRow | None]:
        return failure_rows(
            self._parts.memory.failures, self._parts.memory.server_failures, wanted, self._parts.env.now()
        )

    async def flush(self, name: WireName, rtype: int | None, only: Sequence[Forgettable], *, subtree: bool) -> int:
        return await forget(self._parts, name, rtype, only, subtree=subtree)

    def server_list(self, host: str, zone: WireName | None) -> Iterable[ServerRow]:
        now, known = self._parts.env.now(), self._parts.known
        if zone is None:
            return server_rows(known.memory, now, host)
        delegation = known.closest(zone, now)
        if delegation.zone != zone:
            closest = f"the closest zone that is known is {to_text(delegation.zone)}"
            raise WrongRequest(f"nothing is known of a zone {to_text(zone)}; {closest}")
        return rows_of_zone(delegation, known, now)

    def worst_servers(self, most: int) -> Iterable[ServerRow | None]:
        return worst_rows(self._parts.memory, self._parts.env.now(), most)

    def worst_zones(self, most: int, within: float) -> Iterable[ZoneRow | None]:
        return worst_zones(self._parts.memory.waits, self._parts.env.now() - within, most)

    def export(self) -> Iterable[msgspec.Struct | None]:
        return exported(self._parts.env, self._parts.memory.cache)

    async def take_in(self, request: CacheImport) -> ImportRow:
        parts = self._parts
        return await imported(unvouched(request), parts.env, parts.memory.cache, parts.options, parts.counts.snapshot)

    async def explain(self, question: Question, network: int | None) -> Iterable[ExplainRow | ChainRow]:
        found = await self._made_here(question, network)
        if found is not None:
            return found
        told = list(self._with_exemptions(explain(self._parts.known, question, self._parts.env.now())))
        return await with_chain(self._parts, question, told, for_real=False)

    async def resolve(self, question: Question, network: int | None, rows: LiveRows) -> None:
        found: Iterable[ExplainRow | ChainRow] | None = await self._made_here(question, network)
        if found is None:
            told = list(self._with_exemptions(await resolve_watched(self._parts, question, rows)))
            found = await with_chain(self._parts, question, told, for_real=True)
        for row in found:
            await rows.send(row)

    async def top(self, most: int, interval: float, frames: int, rows: LiveRows) -> None:
        await watch_top(self._parts, most, interval, frames, rows)

    async def state(self, request: StateRequest) -> Iterable[msgspec.Struct]:
        internal = self._parts.internal
        if internal is None:
            raise CannotShow("no state database is configured")
        try:
            match request:
                case StateOf():
                    return [internal.status()]
                case StateApps(network=network):
                    return await internal.inspector.apps(WantedOfState(network))
                case StateMachines(network=network, app=app):
                    return await internal.inspector.machines(WantedOfState(network, app))
                case StateNames(network=network, app=app):
                    names = await internal.inspector.names(WantedOfState(network, app))
                    return [row for where, name in names for row in await self._answers(internal, where, name)]
                case StateFaults(network=network, app=app):
                    return await internal.inspector.faults(WantedOfState(network, app))
                case StateAccept():
                    return [AcceptedRow(internal.accept())]
        except StateFault as fault:
            raise CannotShow(f"the state database cannot be read: {fault}") from fault
        assert_never(request)

    async def watch_state(self, network: int | None, app: str, rows: LiveRows) -> None:
        if self._parts.internal is None:
            raise CannotShow("no state database is configured")
        await watch_changes(lambda: self._parts, network, app, rows)

    def log(self, request: LogRequest) -> LogRow:
        return self._switches.log.change(request)

    async def trust(self, request: TrustRequest) -> Iterable[TrustRow]:
        return await answer_trust(self._switches.trust, request)

    def stats(self) -> Iterable[StatRow]:
        return (StatRow(*stat) for stat in stats(self._running.measures()))

    def status(self) -> StatusRow:
        running = self._running
        return StatusRow(
            version=VERSION,
            uptime=running.parts.env.now() - running.started,
            listening=tuple(map(str, self._listening())),
            problems=running.problems(),
            remarks=running.remarks(),
        )

    def checks(self) -> Iterable[CheckRow]:
        return self._running.health.rows()

    def busy(self, most: int) -> Iterable[BusyRow]:
        found = self._parts.handler.busiest(most)
        return [BusyRow(machine_text(machine), waiting, in_flight) for machine, waiting, in_flight in found]

    def config(self) -> ConfigRow:
        options = msgspec.Raw(msgspec.json.encode(self._parts.options))
        return ConfigRow(options, self._running.config_hash, self._running.loaded_at)

    async def reload(self) -> ReloadRow:
        return await self._switches.reload()

    async def hand_sockets(self, stream: trio.abc.Stream) -> None:
        hand, running = self._switches.around.hand, self._running
        if hand is None:
            raise CannotShow("this daemon has no sockets that another process could read from")
        row = HandedRow(self._switches.around.pid, VERSION, running.parts.problems())
        await hand(stream, msgspec.json.encode(RowLine(msgspec.Raw(msgspec.json.encode(row)))) + b"\n")
        self._taking = stream
        log.info("sockets_given_away")

    def note_left(self, stream: trio.abc.Stream) -> None:
        if stream is self._taking:
            self._taking = None
            log.error("not_replaced", reason="the other daemon ended before it took over; this one goes on")

    def step_down(self, pid: int) -> None:
        self._taking = None
        log.info("replaced", by=pid)
        self._switches.step_down()

    async def _answers(self, internal: InternalZones, network: int, name: WireName) -> Iterable[NameRow]:
        """What a client of the network gets for any type of the name."""
        answer = await internal.load(network, name, ANY, NO_CLIENT)
        owner, rcode = to_text(name), rcode_to_text(answer.rcode)
        return [
            NameRow(
                network,
                owner,
                type_to_text(rrset.rtype),
                rcode,
                tuple(rdata_to_text(rrset.rtype, rdata) for rdata in rrset.rdatas),
            )
            for rrset in answer.answer
        ] or [NameRow(network, owner, "", rcode if answer.rcode else "NODATA")]

    async def _made_here(self, question: Question, network: int | None) -> Iterable[ExplainRow] | None:
        """The rows of an answer that needs no resolution, in the order of policy.sources; None: it needs one."""
        try:
            refuse_type(question.qtype)
        except (NoQuestion, NotSupported) as refusal:
            return explain_local(refusal.answer(), question, "special")
        if self._parts.special.is_ours(question.qname):
            found = explain_local(await self._internal_answer(question, network), question, "internal")
            return _each_with_its_reason(found, self._reasons(question, network))
        local = self._parts.local.find(question.qname, question.qtype)
        if local is not None:
            return explain_local(local, question, "local", self._parts.local.option_of(question.qname))
        special = self._parts.special.find(question.qname, question.qtype)
        if special is None and question.qtype == ANY and self._parts.options.answer.any == "minimal":
            special = minimal_any(question.qname)
        return explain_local(special, question, "special") if special is not None else None

    def _with_exemptions(self, rows: Iterable[ExplainRow]) -> Iterator[ExplainRow]:
        """The rows, with what operators have said of names whose signatures are not checked for a while."""
        trusting, wall = self._parts.trusting, self._parts.env.wall()
        for row in rows:
            exemption = (
                trusting.beliefs.exemption_of(from_text(row.owner))
                if trusting is not None and isinstance(row, LinkRow)
                else None
            )
            yield row if exemption is None or isinstance(row, VerdictRow) else with_exemption(row, exemption, wall)

    def _reasons(self, question: Question, network: int | None) -> tuple[str, ...]:
        """Why the records of a nearest name stand in their order."""
        internal = self._parts.internal
        return internal.reasons(network, question.qname, NO_CLIENT) if internal and network is not None else ()

    async def _internal_answer(self, question: Question, network: int | None) -> Answer:
        """What a client of the network would get; the database is read if need be."""
        internal = self._parts.internal
        if internal is None:
            return NotServed("no state database is configured").answer()
        if network is None:
            return Prohibited("internal names differ by network: say whose you mean").answer()
        return await internal.load(network, question.qname, question.qtype, NO_CLIENT)


def _each_with_its_reason(rows: Iterable[ExplainRow], reasons: tuple[str, ...]) -> Iterator[ExplainRow]:
    """The rows, those of an ordered RRset as one row for each record with the reason of its place."""
    for row in rows:
        if isinstance(row, LinkRow) and reasons and len(row.rdata) == len(reasons):
            for record, reason in zip(row.rdata, reasons, strict=True):
                yield msgspec.structs.replace(row, rdata=(record,), note=reason)
        else:
            yield row
