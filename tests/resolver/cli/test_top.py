"""`cistern top`."""

import json

import pytest
from rich.console import Console

from resolver.cli.top import frame_lines, print_frame, screen
from resolver.cli.top_frame import frame_between
from resolver.policy.server_rows import ServerRow
from tests.resolver.cli.conftest import Served, cistern
from tests.resolver.cli.test_top_frame import AFTER, BEFORE, sample

HELD = ServerRow(server="192.0.2.4:53", loss=1.0, timeouts=9, held_for=30.0)
FRAME = frame_between(sample(100.0, BEFORE), sample(102.0, AFTER, (HELD,)))
SHOWN = """\
cistern 0.1.0, up 1m42s, not ready: a problem
remark: a remark
state database: seen well

clients     100.0 queries/s   75.0% from memory  10.0% stale   5.0% SERVFAIL
         half within 1.0ms, 99 % within over 10 s   3 in flight
servers      50.0 queries/s   25.0% without a reply in time

SERVER        RTT  LOSS  IN A ROW  STATE
192.0.2.4:53    -  100%         9  held down for 30s

ZONE           WAITS  IN ALL  LONGEST  FAILED
slow.example.      3    4.5s     2.2s       1

MACHINE    WAIT FOR THEIR TURN  IN FLIGHT
192.0.2.9                    4          2
"""


def test_all_of_it_is_shown_at_one_look(capsys: pytest.CaptureFixture[str]) -> None:
    print_frame(FRAME)
    assert capsys.readouterr().out == SHOWN


def test_the_screen_shows_the_same_and_fits_80_columns() -> None:
    console = Console(width=80, highlight=False, markup=False)
    with console.capture() as captured:
        console.print(screen(FRAME, 80))
    lines = [line.rstrip() for line in captured.get().splitlines()]
    assert lines == SHOWN.splitlines()


def test_nothing_asked_is_no_share() -> None:
    quiet = frame_between(sample(100.0, BEFORE), sample(102.0, BEFORE))
    assert "clients       0.0 queries/s       - from memory      - stale      - SERVFAIL" in list(frame_lines(quiet))


def test_one_look_at_a_daemon(served: Served) -> None:
    shown = cistern("top", "--once", "--interval", "0.2", "--socket", served.socket)
    assert shown.exit_code == 0, shown.output
    assert "cistern 0.1.0, up 12s, ready" in shown.stdout
    assert "192.0.2.1:53" in shown.stdout
    assert "slow.example." in shown.stdout
    assert (8, 0.2) in served.daemon.asked
    shown = cistern("top", "--once", "--interval", "0.2", "--json", "--socket", served.socket)
    assert json.loads(shown.stdout)["machines"] == [{"machine": "192.0.2.9", "waiting": 12, "in_flight": 3}]


def test_no_daemon_is_exit_code_1() -> None:
    assert cistern("top", "--once", "--socket", "/nonexistent/c").exit_code == 1
