"""A daemon of values for tests of the control socket: shows what it is given, notes what it is asked."""

from collections.abc import Iterable, Sequence
from itertools import count

import msgspec
import trio

from cache.answer import Question
from cache.inspection import EntryRow, FailureRow, Order, Wanted
from cache.names import WireName, to_text
from cache.snapshot import saved
from cache.top import TopFrame, TopRow
from internal_zones import AppRow, ChangeRow, FaultRow, MachineRow, StateStatus
from resolver.observe.trace import TraceRow
from resolver.options import Options
from resolver.policy.explain import ExplainRow, LinkRow, VerdictRow
from resolver.policy.server_rows import ServerRow
from resolver.policy.zone_rows import ZoneRow
from resolver.service.control import CannotShow, WrongRequest
from resolver.service.control_protocol import (
    AcceptedRow,
    BusyRow,
    CheckRow,
    ConfigRow,
    Forgettable,
    LogQueries,
    LogRequest,
    LogRow,
    NameRow,
    ReloadRow,
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
from resolver.service.trust_protocol import (
    AnchorRow,
    ChainRow,
    ExemptionRow,
    LookRow,
    TrustChain,
    TrustEnforce,
    TrustExempt,
    TrustList,
    TrustRefresh,
    TrustRequest,
    TrustRow,
)
from tests.cache.snapshot.made import ENTRIES, SAVED_AT, SHIFT


def entry(owner: str, ttl: float = 60, *, state: str = "fresh", size: int = 100, hits: int = 0) -> EntryRow:
    return EntryRow(
        owner=owner,
        type="A",
        state=state,
        ttl_left=ttl,
        ttl=60,
        age=0,
        rank="answer_aa",
        security="unchecked",
        server="192.0.2.1",
        rdata=("192.0.2.80",),
        octets=size,
        hits=hits,
    )


FRAME = TopFrame(2.0, 51.5, 3, 1, (TopRow("www.example.", 51.5, 900, 2, 500),))


class PretendedDaemon:
    """An Inspectable of values; notes what it was asked."""

    def __init__(self, entries: Iterable[EntryRow | None] = ()) -> None:
        self.entries = entries
        self.servers = [
            ServerRow(server="192.0.2.1:53", rtt=0.0123, variance=0.002, replies=7, edns="works", heard_ago=90)
        ]
        self.zones = [ZoneRow("slow.example.", 3, 1, 4.5, 2.25)]
        self.links: list[ExplainRow | ChainRow] = [LinkRow("www.example.", "A", "upstream", "missing"), VerdictRow("")]
        self.asked: list[tuple[object, ...]] = []
        self.options = Options()
        self.state_status: StateStatus | None = None  # without a database
        self.exempt = frozenset({"broken.example."})
        self.left = 0
        self.counters = [StatRow("hits", 5, help="Answers from the cache.")]
        self.checked = [
            CheckRow("state_database", "problem", "state database: missing", 90.0),
            CheckRow("upstream", "remark", "no server answers: 7 queries in a row were lost", 12.0),
            CheckRow("clock", "ok", "the clock runs evenly", 3600.0),
        ]
        self.reloads = [ReloadRow(("cache.max_ttl",), ("control.socket",)), ReloadRow(problems=("c.toml:2: wrong",))]

    def show(self, name: WireName, rtype: int | None) -> Iterable[EntryRow | None]:
        self.asked.append((to_text(name), rtype))
        return self.entries

    def list(self, wanted: Wanted, most: int = 0, order: Order | None = None) -> Iterable[EntryRow | None]:
        self.asked.append((wanted, most, order))
        return self.entries

    def failures(self, wanted: Wanted) -> Iterable[FailureRow | None]:
        self.asked.append((wanted,))
        return [
            FailureRow(owner="late.example.", type="A", left=12, pause=20, attempts=3, info_code=22, text="silent"),
            None,
            FailureRow(owner="example.", type="A", server="192.0.2.53", left=2, pause=5),
        ]

    async def flush(self, name: WireName, rtype: int | None, only: Sequence[Forgettable], *, subtree: bool) -> int:
        self.asked.append((to_text(name), rtype, only, subtree))
        return 3

    def server_list(self, host: str, zone: WireName | None) -> Iterable[ServerRow]:
        self.asked.append((host, zone and to_text(zone)))
        if zone:
            raise WrongRequest(f"nothing is known of a zone {to_text(zone)}")
        return self.servers

    def worst_servers(self, most: int) -> Iterable[ServerRow | None]:
        self.asked.append((most,))
        return [None, *self.servers]

    def worst_zones(self, most: int, within: float) -> Iterable[ZoneRow | None]:
        self.asked.append((most, within))
        return [None, *self.zones]

    def export(self) -> Iterable[msgspec.Struct | None]:
        self.asked.append(("export",))
        return [SAVED_AT, None, *(saved(one, 7, SHIFT) for one in ENTRIES)]

    async def take_in(self, request: CacheImport) -> ImportRow:
        self.asked.append(("import", request.moment, [row.owner for row in request.entries]))
        return ImportRow(len(request.entries) - 1, 1)

    async def explain(self, question: Question, network: int | None) -> Iterable[ExplainRow | ChainRow]:
        self.asked.append((question, network))
        return self.links

    async def resolve(self, question: Question, network: int | None, rows: LiveRows) -> None:
        self.asked.append((question, network))
        await rows.send(TraceRow("missing", 0.0, 0, "www.example.", "A", text="not known"))
        await rows.send(LinkRow("www.example.", "A", "answer", "fresh", rdata=("192.0.2.80",)))
        await rows.send(VerdictRow("NOERROR"))

    async def top(self, most: int, interval: float, frames: int, rows: LiveRows) -> None:
        self.asked.append((most, interval, frames))
        for _ in range(frames) if frames else count():
            await rows.send(FRAME)

    async def watch_state(self, network: int | None, app: str, rows: LiveRows) -> None:
        self.asked.append((network, app))
        await rows.send(ChangeRow(1.0, 0.0234, "0a0a", "machines", 24, "web"))
        await rows.send(ChangeRow(2.0, None, "0a0a", "machines", None, ""))

    async def state(self, request: StateRequest) -> Iterable[msgspec.Struct]:
        self.asked.append((request,))
        match request:
            case StateFaults():
                return [
                    FaultRow(24, "web", "app", "machines", "148e", "address", "TEXT", "an IPv6 address is expected")
                ]
            case StateAccept():
                return [AcceptedRow(3)]
            case StateOf():
                if self.state_status is None:
                    raise CannotShow("no state database is configured")
                return [self.state_status]
            case StateApps():
                return [AppRow(24, "web", 3, 2)]
            case StateMachines():
                return [MachineRow(24, "web", "148e", True, "ams", "h1", "fdaa::1", {"a": "b"})]
            case StateNames(network=9999):
                return []
            case StateNames():
                return [
                    NameRow(24, "web.internal.", "AAAA", "NOERROR", ("fdaa::1", "fdaa::2")),
                    NameRow(24, "x.web.internal.", "", "NODATA"),
                ]

    def log(self, request: LogRequest) -> LogRow:
        self.asked.append((request,))
        return (
            LogRow("warning", None, "all", 24, 590.0)
            if isinstance(request, LogQueries)
            else LogRow("debug", 600.0, "off", None, None)
        )

    async def trust(self, request: TrustRequest) -> Iterable[TrustRow]:
        self.asked.append((request,))
        match request:
            case TrustChain():
                return [
                    ChainRow(
                        ".", ".", "DNSKEY", "secure", ("20326 8 2",), ("20326 8 vouched for",), ("20326 8, a to b",)
                    ),
                    ChainRow(".", "example.", "DS", "bogus", ("1 13 2",), note="signature expired"),
                ]
            case TrustList():
                return [
                    AnchorRow(".", 20326, 8, "valid", 5000.0, None, 1000.0, 3000.0),
                    AnchorRow(".", 38696, 8, "pending", 5000.0, 4000.0, None, 0.0),
                    ExemptionRow("corp.example.", "dnssec.negative_trust_anchors"),
                    ExemptionRow("broken.example.", "their signer is down", 3600.0, is_probed=True),
                ]
            case TrustRefresh():
                return [LookRow("."), LookRow("example.", "no keys: nobody answers")]
            case TrustExempt():
                return [ExemptionRow(request.zone, request.why, request.seconds, request.is_probed)]
            case TrustEnforce():
                if request.zone not in self.exempt:
                    raise WrongRequest(f"{request.zone} is not exempt")
                return [ExemptionRow(request.zone, "their signer is down")]

    def stats(self) -> Iterable[StatRow]:
        return self.counters

    def status(self) -> StatusRow:
        return StatusRow("0.1.0", 12.5, ("127.0.0.1:53",))

    def checks(self) -> Iterable[CheckRow]:
        return self.checked

    def busy(self, most: int) -> Iterable[BusyRow]:
        return [BusyRow("192.0.2.9", 12, 3)]

    def config(self) -> ConfigRow:
        return ConfigRow(msgspec.Raw(msgspec.json.encode(self.options)), 7, 1.5)

    async def reload(self) -> ReloadRow:
        return self.reloads.pop(0)

    async def hand_sockets(self, stream: trio.abc.Stream) -> None:
        raise CannotShow("nothing here has sockets")

    def note_left(self, stream: trio.abc.Stream) -> None:
        self.left += 1

    def step_down(self, pid: int) -> None:
        self.asked.append(("step down", pid))
