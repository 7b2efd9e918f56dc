"""What went on between two looks at a daemon: rates, shares and times, from counters that only grow. Pure."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from resolver.policy.server_rows import ServerRow
from resolver.policy.zone_rows import ZoneRow
from resolver.service.control_protocol import BusyRow, CheckRow, StatRow, StatusRow

LATENCY: Final = "cistern_service_latency_seconds"
QUERIES: Final = ("cistern_service_queries_udp_total", "cistern_service_queries_tcp_total")
ANSWERS: Final = "cistern_service_answers_total"
TRANSPORTS: Final = ("udp", "tcp")

Counters = Mapping[tuple[str, str], float]


class Sample(msgspec.Struct, frozen=True):
    """One look."""

    status: StatusRow
    stats: list[StatRow]
    checks: list[CheckRow]
    servers: list[ServerRow]
    zones: list[ZoneRow]
    busy: list[BusyRow]


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """seconds: between the two looks. hits, stale, servfail, lost: shares, from 0 to 1; None where nothing was asked.

    p50, p99: seconds within which so many of the replies were given, by the bounds of a histogram. servers: the silent and
    the slowest, the worst first. zones: those whose servers were waited for longest, within this time. machines: who has most
    questions waiting. The rest is of the last look.
    """

    seconds: float
    per_second: float
    hits: float | None
    stale: float | None
    servfail: float | None
    p50: float | None
    p99: float | None
    in_flight: float
    sent_per_second: float
    lost: float | None
    servers: list[ServerRow]
    zones: list[ZoneRow]
    machines: list[BusyRow]
    state_database: str
    version: str
    uptime: float
    problems: tuple[str, ...]
    remarks: tuple[str, ...]


def frame_between(before: Sample, after: Sample) -> Frame:
    """What went on."""
    first, last = _counters(before.stats), _counters(after.stats)
    passed = max(after.status.uptime - before.status.uptime, 1e-3)

    def grown(name: str, label: str = "") -> float:
        return last.get((name, label), 0.0) - first.get((name, label), 0.0)

    queries = sum(map(grown, QUERIES))
    replies = sum(grown(name, label) for name, label in last if name == "cistern_service_replies_total")
    sent = grown("cistern_upstream_sent_total")
    waited = grown("cistern_service_waited_total")
    return Frame(
        seconds=passed,
        per_second=queries / passed,
        hits=None if not queries else max(0.0, 1 - waited / queries),
        stale=_share(sum(grown(ANSWERS, f"origin=stale,transport={one}") for one in TRANSPORTS), replies),
        servfail=_share(grown("cistern_service_replies_total", "rcode=SERVFAIL"), replies),
        p50=_quantile(0.5, first, last),
        p99=_quantile(0.99, first, last),
        in_flight=last.get(("cistern_service_in_flight_current", ""), 0.0),
        sent_per_second=sent / passed,
        lost=_share(grown("cistern_upstream_timeouts_total"), sent),
        servers=after.servers,
        zones=after.zones,
        machines=after.busy,
        state_database=_state_database(after.checks),
        version=after.status.version,
        uptime=after.status.uptime,
        problems=after.status.problems,
        remarks=after.status.remarks,
    )


def _counters(stats: Sequence[StatRow]) -> Counters:
    return {(stat.name, stat.label): stat.value for stat in stats}


def _state_database(checks: Sequence[CheckRow]) -> str:
    """How it is, in words that need no further name."""
    found = next((row.text for row in checks if row.name == "state_database"), "not known")
    return found.removeprefix("state database: ")


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _quantile(share: float, first: Counters, last: Counters) -> float | None:
    """The bucket's bound within which this share of the replies was given."""
    buckets = sorted(
        (float(label.removeprefix("le=")), value - first.get((name, label), 0.0))
        for (name, label), value in last.items()
        if name == LATENCY and label.startswith("le=")
    )
    if not buckets or buckets[-1][1] <= 0:
        return None
    return buckets[bisect_left([count for _, count in buckets], share * buckets[-1][1])][0]
