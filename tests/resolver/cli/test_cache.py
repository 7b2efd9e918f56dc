"""`cistern cache`, with a pretended daemon behind a real control socket."""

import json

import pytest

from tests.resolver.cli.conftest import Served, cistern

TABLE = """\
NAME           TYPE  STATE    LEFT  TTL  TRUST      SECURITY   HITS  SIZE  SERVER     DATA
www.example.   A     fresh   1m00s   60  answer_aa  unchecked     0   100  192.0.2.1  192.0.2.80
mail.example.  A     stale  -1m30s   60  answer_aa  unchecked     0   100  192.0.2.1  192.0.2.80
"""


def test_show_prints_a_table(served: Served) -> None:
    shown = cistern("cache", "show", "WWW.example", "a", "--socket", served.socket)
    assert (shown.exit_code, shown.output) == (0, TABLE)
    assert served.daemon.asked == [("www.example.", 1)]


def test_list_is_of_everything_by_default(served: Served) -> None:
    shown = cistern("cache", "list", "--socket", served.socket)
    assert (shown.exit_code, shown.output) == (0, TABLE)
    assert served.daemon.asked == [(".", None)]


def test_programs_get_one_json_object_per_line(served: Served) -> None:
    shown = cistern("cache", "list", "example.", "--json", "--socket", served.socket)
    assert [json.loads(line)["owner"] for line in shown.output.splitlines()] == ["www.example.", "mail.example."]


def test_stale_entries_alone(served: Served) -> None:
    shown = cistern("cache", "list", "--stale", "--socket", served.socket)
    assert "mail.example." in shown.output
    assert "www.example." not in shown.output


def test_a_list_that_is_cut_says_so(served: Served) -> None:
    shown = cistern("cache", "list", "--limit", "1", "--socket", served.socket)
    assert len(shown.stdout.splitlines()) == 2
    assert "the first 1 rows; --limit 0 shows all" in shown.stderr


def test_nothing_cached_says_so(served: Served) -> None:
    served.daemon.entries = []
    shown = cistern("cache", "show", "www.example", "--socket", served.socket)
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "nothing of www.example. is cached" in shown.stderr


def test_flush_says_how_much_was_forgotten(served: Served) -> None:
    shown = cistern("cache", "flush", "example", "--type", "ns", "--subtree", "--socket", served.socket)
    assert (shown.exit_code, shown.output) == (0, "3 entries forgotten\n")
    assert served.daemon.asked == [("example.", 2, True)]


@pytest.mark.parametrize(
    "arguments",
    [
        ("show",),
        ("show", "a..b"),
        ("show", "a.test", "NOPE"),
        ("list", "--sort", "age"),
        ("flush", "a.test", "--type", "x y"),
    ],
)
def test_a_wrong_command_line_is_refused_before_anything_is_asked(served: Served, arguments: tuple[str, ...]) -> None:
    assert cistern("cache", *arguments, "--socket", served.socket).exit_code == 2
    assert served.daemon.asked == []
