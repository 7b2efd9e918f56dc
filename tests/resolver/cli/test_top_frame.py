"""What went on between two looks."""

import pytest

from resolver.cli.top_frame import LATENCY, Sample, frame_between
from resolver.policy.server_rows import ServerRow
from resolver.policy.zone_rows import ZoneRow
from resolver.service.control_protocol import BusyRow, CheckRow, StatRow, StatusRow


def sample(uptime: float, counters: dict[str, float], servers: tuple[ServerRow, ...] = ()) -> Sample:
    stats = [StatRow(name.partition("|")[0], value, name.partition("|")[2]) for name, value in counters.items()]
    checks = [
        CheckRow("clock", "ok", "it runs", 1.0),
        CheckRow("state_database", "ok", "state database: seen well", 1.0),
    ]
    status = StatusRow("0.1.0", uptime, ("192.0.2.53:53",), ("a problem",), ("a remark",))
    return Sample(
        status, stats, checks, list(servers), [ZoneRow("slow.example.", 3, 1, 4.5, 2.25)], [BusyRow("192.0.2.9", 4, 2)]
    )


BEFORE = {
    "cistern_service_queries_udp_total": 1000.0,
    "cistern_service_queries_tcp_total": 10.0,
    "cistern_service_waited_total": 500.0,
    "cistern_service_replies_total|rcode=NOERROR": 1000.0,
    "cistern_service_replies_total|rcode=SERVFAIL": 10.0,
    "cistern_service_answers_total|origin=stale,transport=udp": 5.0,
    "cistern_upstream_sent_total": 600.0,
    "cistern_upstream_timeouts_total": 6.0,
    "cistern_service_in_flight_current": 9.0,
    f"{LATENCY}|le=0.001": 900.0,
    f"{LATENCY}|le=0.1": 1000.0,
    f"{LATENCY}|le=+Inf": 1010.0,
    f"{LATENCY}|sum": 9.0,
}
AFTER = {
    "cistern_service_queries_udp_total": 1180.0,
    "cistern_service_queries_tcp_total": 30.0,
    "cistern_service_waited_total": 550.0,
    "cistern_service_replies_total|rcode=NOERROR": 1190.0,
    "cistern_service_replies_total|rcode=SERVFAIL": 20.0,
    "cistern_service_answers_total|origin=stale,transport=udp": 24.0,
    "cistern_service_answers_total|origin=stale,transport=tcp": 1.0,
    "cistern_upstream_sent_total": 700.0,
    "cistern_upstream_timeouts_total": 31.0,
    "cistern_service_in_flight_current": 3.0,
    f"{LATENCY}|le=0.001": 1050.0,
    f"{LATENCY}|le=0.1": 1197.0,
    f"{LATENCY}|le=+Inf": 1210.0,
    f"{LATENCY}|sum": 19.0,
}


def test_rates_and_shares_are_of_the_time_between() -> None:
    frame = frame_between(sample(100.0, BEFORE), sample(102.0, AFTER))
    assert (frame.seconds, frame.per_second, frame.sent_per_second, frame.in_flight) == (2.0, 100.0, 50.0, 3.0)
    assert (frame.hits, frame.stale, frame.servfail, frame.lost) == pytest.approx((0.75, 0.1, 0.05, 0.25))
    assert (frame.p50, frame.p99) == (0.001, float("inf"))
    assert (frame.state_database, frame.problems, frame.remarks) == ("seen well", ("a problem",), ("a remark",))
    assert frame.zones == [ZoneRow("slow.example.", 3, 1, 4.5, 2.25)]
    assert frame.machines == [BusyRow("192.0.2.9", 4, 2)]


def test_where_nothing_was_asked_there_are_no_shares() -> None:
    frame = frame_between(sample(100.0, BEFORE), sample(102.0, BEFORE))
    assert (frame.per_second, frame.hits, frame.stale, frame.servfail, frame.lost) == (0.0, None, None, None, None)
    assert (frame.p50, frame.p99) == (None, None)
