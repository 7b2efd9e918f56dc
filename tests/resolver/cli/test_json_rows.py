"""What programs get on either stream."""

import json

import pytest

from resolver.cli.json_rows import echo_row
from tests.resolver.cli.conftest import Served, cistern


def test_each_object_says_which_schema_it_follows(capsys: pytest.CaptureFixture[str]) -> None:
    for row in (b'{"a":1}', b"{}"):
        echo_row(row)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"schema": 2, "a": 1}, {"schema": 2}]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        pytest.param(("stats", "--socket", "/nonexistent/c"), 1, "no daemon answers at /nonexistent/c", id="no daemon"),
        pytest.param(("cache", "show"), 2, "Missing argument", id="usage"),
        pytest.param(("cache", "show", "a..b"), 2, "empty label", id="a wrong name"),
        pytest.param(("nonsense",), 2, "No such command", id="no such command"),
    ],
)
def test_what_is_wrong_is_told_in_json(arguments: tuple[str, ...], exit_code: int, said: str) -> None:
    shown = cistern(*arguments, "--json")
    row = json.loads(shown.stderr)
    assert (shown.exit_code, row["exit_code"], row["schema"], shown.stdout) == (exit_code, exit_code, 2, "")
    assert said in row["error"]


def test_what_the_daemon_refuses_is_told_in_json(served: Served) -> None:
    shown = cistern("servers", "site.test", "--json", "--socket", served.socket)
    assert shown.exit_code == 2
    assert json.loads(shown.stderr)["error"] == "nothing is known of a zone site.test."


def test_people_are_told_in_words() -> None:
    shown = cistern("stats", "--socket", "/nonexistent/c")
    assert shown.exit_code == 1
    assert shown.stderr.startswith("Error: no daemon answers")
