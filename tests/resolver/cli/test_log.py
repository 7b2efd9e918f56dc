"""`cistern log`."""

import json

import pytest

from resolver.cli.log import log_lines
from resolver.service.control_protocol import LogLevel, LogQueries, LogRow, LogShow
from tests.resolver.cli.conftest import Served, cistern


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        pytest.param((), LogShow(), id="show"),
        pytest.param(("level", "debug"), LogLevel("debug", 600.0), id="level"),
        pytest.param(("level", "debug", "--for", "90s"), LogLevel("debug", 90.0), id="for a while"),
        pytest.param(("level", "config"), LogLevel("", 600.0), id="as configured"),
        pytest.param(("queries",), LogQueries("sampled", None, 600.0), id="some"),
        pytest.param(("queries", "--all", "--for", "1h"), LogQueries("all", None, 3600.0), id="all"),
        pytest.param(("queries", "--network", "24"), LogQueries("all", 24, 600.0), id="a network's"),
        pytest.param(("queries", "--off"), LogQueries("off", None, 600.0), id="off"),
    ],
)
def test_what_is_wanted_is_asked(served: Served, arguments: tuple[str, ...], request_: object) -> None:
    shown = cistern("log", *arguments, "--socket", served.socket)
    assert shown.exit_code == 0, shown.output
    assert served.daemon.asked == [(request_,)]


def test_programs_get_the_row(served: Served) -> None:
    shown = cistern("log", "queries", "--json", "--network", "24", "--socket", served.socket)
    assert json.loads(shown.stdout)["queries_for"] == 590.0


@pytest.mark.parametrize("wrong", ["tomorrow", "0s", "-1m", "25h", "1.5h", "m"])
def test_a_time_that_is_none_is_told(served: Served, wrong: str) -> None:
    shown = cistern("log", "level", "debug", "--for", wrong, "--socket", served.socket)
    assert shown.exit_code == 2
    assert wrong in shown.output


def test_off_goes_alone(served: Served) -> None:
    assert cistern("log", "queries", "--off", "--network", "24", "--socket", served.socket).exit_code == 2


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        (LogRow("info", None, "off", None, None), ["level: info", "queries: not logged"]),
        (
            LogRow("debug", 540.0, "sampled", None, 60.0),
            [
                "level: debug, for 9m00s more; then as the config has it",
                "queries: some ten a second of all, for 1m00s more",
            ],
        ),
        (
            LogRow("error", None, "all", 24, 60.0),
            [
                "level: error",
                "queries: all, up to 1000 a second of network 24, for 1m00s more",
                "but the level error hides them: `cistern log level info`",
            ],
        ),
    ],
    ids=["as configured", "for a while", "hidden"],
)
def test_it_is_said_in_words(row: LogRow, lines: list[str]) -> None:
    assert log_lines(row) == lines
