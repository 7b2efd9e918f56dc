"""`cistern state`, with a pretended daemon behind a real control socket."""

import json
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner

from internal_zones import StateStatus
from resolver.cli.state import _status_lines, print_status
from resolver.service.control_protocol import StateAccept, StateApps, StateFaults, StateMachines, StateNames
from tests.internal_zones.breaking import execute
from tests.internal_zones.platform import State, app, machine, write_state
from tests.resolver.cli.conftest import Served, cistern

APPS = """\
NETWORK  APP  DEPLOYED  STARTED
     24  web         3        2
"""
MACHINES = """\
NETWORK  APP  MACHINE  STATE    REGION  HOST  ADDRESS  METADATA
     24  web  148e     started  ams     h1    fdaa::1  a=b
"""
FAULTS = """\
NETWORK  APP  UNIT  TABLE     ID    COLUMN   HOLDS  WRONG
     24  web  app   machines  148e  address  TEXT   an IPv6 address is expected
"""
NAMES = """\
NETWORK  NAME             TYPE  DATA
     24  web.internal.    AAAA  fdaa::1
                                fdaa::2
     24  x.web.internal.        NODATA
"""
STATUS = StateStatus(
    state="unwell",
    database="/state.db",
    fault="/state.db: No such file",
    looked_ago=75.0,
    device=1,
    inode=2,
    data_version=3,
    schema_version=4,
    statements={"app": "ready"},
    slow={},
    failing={},
    clocks="no such table: apps__crsql_pks",
    generation=5,
    units=6,
    rows=7,
    waiting_reads=0,
    told_by="the kernel",
)
CHANGES = """\
    23 ms  machines  network 24 web  by 0a0a
        ?  machines  gone or moved  by 0a0a
"""


@pytest.mark.parametrize(
    ("arguments", "shown", "asked"),
    [
        (("apps", "--network", "24"), APPS, StateApps(24)),
        (("machines", "--app", "web"), MACHINES, StateMachines(None, "web")),
        (("names", "web"), NAMES, StateNames("web")),
        (("faults", "--network", "24"), FAULTS, StateFaults(24)),
        (("watch", "--network", "24", "--app", "web"), CHANGES, (24, "web")),
        (("accept",), "accepted; 3 units are read again\n", StateAccept()),
    ],
)
def test_people_get_a_table(served: Served, arguments: tuple[str, ...], shown: str, asked: object) -> None:
    done = cistern("state", *arguments, "--socket", served.socket)
    assert (done.exit_code, done.output) == (0, shown)
    assert served.daemon.asked == [asked if isinstance(asked, tuple) else (asked,)]


def test_an_app_that_another_network_has_is_said_to_be_there(served: Served) -> None:
    done = cistern("state", "names", "web", "--network", "9999", "--socket", served.socket)
    assert done.exit_code == 0
    assert "network 9999 has no app web; this one has: 24" in done.output


def test_programs_get_one_row_per_line(served: Served) -> None:
    done = cistern("state", "names", "web", "--json", "--socket", served.socket)
    assert [json.loads(line)["rcode"] for line in done.output.splitlines()] == ["NOERROR", "NODATA"]


def test_the_feeds_are_shown_where_there_are_any() -> None:
    assert status_text(STATUS).endswith("STATEMENT  STATE\napp        ready\n")
    shown = status_text(msgspec.structs.replace(STATUS, subscription={"machines": "live"}))
    assert shown.endswith("\nFEED      STATE\nmachines  live\n")


def status_text(status: StateStatus) -> str:
    return CliRunner().invoke(click.command()(lambda: print_status(status))).output


def test_a_daemon_without_a_database_says_so(served: Served) -> None:
    done = cistern("state", "status", "--socket", served.socket)
    assert done.exit_code == 1
    assert "no state database is configured" in done.output


def test_the_status_says_what_is_wrong_before_the_figures() -> None:
    assert _status_lines(STATUS) == [
        "/state.db: unwell, last seen well 1m15s ago",
        "fault: /state.db: No such file",
        "device 1, inode 2, data version 3, schema version 4, 5 changes seen",
        "changes told apart by clock tables: no such table: apps__crsql_pks",
        "told of changes by the kernel",
        "in memory: 6 units of 7 rows; 0 reads waiting",
    ]


def test_a_file_is_checked_without_a_daemon(tmp_path: Path) -> None:
    write_state(tmp_path / "state.db", State(apps=[app(1, "web", 24)], machines=[machine("01", 1, 24)]))
    done = cistern("state", "check", str(tmp_path / "state.db"))
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "it would serve")
    execute(tmp_path / "state.db", "UPDATE machines SET address = 'x'")
    done = cistern("state", "check", str(tmp_path / "state.db"))
    assert done.exit_code == 1
    assert "an IPv6 address is expected" in done.output
    assert done.output.splitlines()[-1] == "it would not serve all names"
    done = cistern("state", "check", str(tmp_path / "state.db"), "--json")
    assert json.loads(done.output)["faults"][0]["id"] == "01"
