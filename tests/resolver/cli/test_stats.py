"""`cistern stats`."""

import json

import msgspec
import pytest

from resolver.cli.stats import print_stats, summary
from resolver.service.control_protocol import StatRow, StatusRow
from tests.resolver.cli.conftest import Served, cistern


def test_the_state_comes_first_then_every_counter(capsys: pytest.CaptureFixture[str]) -> None:
    status = StatusRow("0.1.0", 7500.0, ("127.0.0.1:53", "[::1]:53"), ("no state database",))
    stats = [
        StatRow("answers", 12, "rcode=NOERROR", "Replies sent."),
        StatRow("hit_ratio", 0.25, help="Hits per question."),
        StatRow("faults", 0, help="Hidden, because there is none."),
    ]
    print_stats([msgspec.json.encode(status)], [msgspec.json.encode(stat) for stat in stats], shows_all=False)
    assert capsys.readouterr().out == (
        "cistern 0.1.0, up 2h05m, on 127.0.0.1:53, [::1]:53\n"
        "problem: no state database\n"
        "\n"
        "COUNTER                 VALUE  MEANING\n"
        "answers{rcode=NOERROR}     12  Replies sent.\n"
        "hit_ratio               0.250  Hits per question.\n"
    )


def test_people_get_a_table(served: Served) -> None:
    shown = cistern("stats", "--socket", served.socket)
    assert shown.exit_code == 0
    assert "hits         5  Answers from the cache." in shown.output


def test_programs_get_one_counter_per_line(served: Served) -> None:
    shown = cistern("stats", "--json", "--socket", served.socket)
    counter = {"name": "hits", "value": 5.0, "label": "", "help": "Answers from the cache."}
    assert json.loads(shown.output) == {"schema": 2, **counter}


def test_no_daemon_is_exit_code_1(served: Served) -> None:
    shown = cistern("stats", "--socket", served.socket + "x")
    assert shown.exit_code == 1
    assert f"no daemon answers at {served.socket}x" in shown.stderr


def test_a_summary_says_what_most_people_look_for() -> None:
    rows = [
        StatRow("cistern_service_queries_udp_total", 900),
        StatRow("cistern_service_queries_tcp_total", 100),
        StatRow("cistern_service_waited_total", 50),
        StatRow("cistern_service_replies_total", 980, "rcode=NOERROR"),
        StatRow("cistern_service_replies_total", 20, "rcode=SERVFAIL"),
        StatRow("cistern_service_answers_total", 9, "origin=stale,transport=udp"),
        StatRow("cistern_service_answers_total", 1, "origin=stale,transport=tcp"),
        StatRow("cistern_upstream_sent_total", 200),
        StatRow("cistern_upstream_timeouts_total", 3),
        StatRow("cistern_cache_owners", 7),
        StatRow("cistern_cache_bytes", 2048),
    ]
    assert list(summary(rows)) == [
        "1000 queries; 95.0% from memory, 1.0% stale, 2.0% SERVFAIL",
        "200 queries to servers, 1.5% without a reply in time",
        "7 names cached, 2.0k octets",
        "",
    ]
    assert list(summary([])) == []
