"""`cistern stats`."""

import json

import msgspec
import pytest

from resolver.cli.stats import print_stats
from resolver.service.control_protocol import StatRow, StatusRow
from tests.resolver.cli.conftest import Served, cistern


def test_the_state_comes_first_then_every_counter(capsys: pytest.CaptureFixture[str]) -> None:
    status = StatusRow("0.1.0", 7500.0, ("127.0.0.1:53", "[::1]:53"), ("no state database",))
    stats = [
        StatRow("answers", 12, "rcode=NOERROR", "Replies sent."),
        StatRow("hit_ratio", 0.25, help="Hits per question."),
    ]
    print_stats([msgspec.json.encode(status)], [msgspec.json.encode(stat) for stat in stats])
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
    assert json.loads(shown.output) == {"name": "hits", "value": 5.0, "label": "", "help": "Answers from the cache."}


def test_no_daemon_is_exit_code_1(served: Served) -> None:
    shown = cistern("stats", "--socket", served.socket + "x")
    assert shown.exit_code == 1
    assert f"no daemon answers at {served.socket}x" in shown.stderr
