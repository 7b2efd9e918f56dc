"""A daemon of values for tests of the control socket: shows what it is given, notes what it is asked."""

from collections.abc import Iterable

import msgspec

from cache.answer import Question
from cache.inspection import EntryRow
from cache.names import WireName, to_text
from internal_zones import AppRow, MachineRow
from resolver.policy.explain import ExplainRow, LinkRow, VerdictRow
from resolver.service.control import CannotShow
from resolver.service.control_protocol import (
    NameRow,
    StateApps,
    StateMachines,
    StateNames,
    StateOf,
    StateRequest,
    StatRow,
    StatusRow,
)


def entry(owner: str, ttl: float = 60, *, state: str = "fresh", size: int = 100, hits: int = 0) -> EntryRow:
    return EntryRow(
        owner=owner,
        rtype="A",
        state=state,
        ttl_remaining=ttl,
        ttl=60,
        age=0,
        trust="ANSWER_AA",
        security="UNCHECKED",
        source="192.0.2.1",
        rdatas=("192.0.2.80",),
        octets=size,
        hits=hits,
    )


class PretendedDaemon:
    """An Inspectable of values; notes what it was asked."""

    def __init__(self, entries: Iterable[EntryRow | None] = ()) -> None:
        self.entries = entries
        self.asked: list[tuple[object, ...]] = []

    def show(self, name: WireName, rtype: int | None) -> Iterable[EntryRow | None]:
        self.asked.append((to_text(name), rtype))
        return self.entries

    def list(self, zone: WireName, rtype: int | None) -> Iterable[EntryRow | None]:
        self.asked.append((to_text(zone), rtype))
        return self.entries

    def flush(self, name: WireName, rtype: int | None, *, subtree: bool) -> int:
        self.asked.append((to_text(name), rtype, subtree))
        return 3

    async def explain(self, question: Question, network: int | None) -> Iterable[ExplainRow]:
        self.asked.append((question, network))
        return [LinkRow("www.example.", "A", "upstream", "missing"), VerdictRow("")]

    async def state(self, request: StateRequest) -> Iterable[msgspec.Struct]:
        self.asked.append((request,))
        match request:
            case StateOf():
                raise CannotShow("no state database is configured")
            case StateApps():
                return [AppRow(24, "web", 3, 2)]
            case StateMachines():
                return [MachineRow(24, "web", "148e", True, "ams", "h1", "fdaa::1", {"a": "b"})]
            case StateNames():
                return [
                    NameRow(24, "web.internal.", "AAAA", "NOERROR", ("fdaa::1", "fdaa::2")),
                    NameRow(24, "x.web.internal.", "", "NODATA"),
                ]

    def stats(self) -> Iterable[StatRow]:
        return [StatRow("hits", 5, help="Answers from the cache.")]

    def status(self) -> StatusRow:
        return StatusRow("0.1.0", 12.5, ("127.0.0.1:53",))
