"""`cistern cache`, with a pretended daemon behind a real control socket."""

import json

import pytest

from cache.inspection import Wanted
from cache.names import from_text
from tests.resolver.cli.conftest import Served, cistern

TABLE = """\
NAME           TYPE  STATE    LEFT  TTL  RANK       SECURITY   HITS  SIZE  SERVER     DATA
www.example.   A     fresh   1m00s   60  answer_aa  unchecked     0   100  192.0.2.1  192.0.2.80
mail.example.  A     stale  -1m30s   60  answer_aa  unchecked     0   100  192.0.2.1  192.0.2.80
"""

FAILURES = """\
NAME           TYPE  NOT ASKED    FOR    OF  ATTEMPTS  WHY
example.       A     192.0.2.53  2.0s  5.0s
late.example.  A     anybody      12s   20s         3  EDE 22 (silent)
"""


def test_show_prints_a_table(served: Served) -> None:
    shown = cistern("cache", "show", "WWW.example", "a", "--socket", served.socket)
    assert (shown.exit_code, shown.output) == (0, TABLE)
    assert served.daemon.asked == [("www.example.", 1)]


def test_list_is_of_everything_by_default(served: Served) -> None:
    shown = cistern("cache", "list", "--socket", served.socket)
    assert (shown.exit_code, shown.output) == (0, TABLE)
    assert served.daemon.asked == [(Wanted(), 0, None)]


def test_programs_get_one_json_object_per_line(served: Served) -> None:
    shown = cistern("cache", "list", "--zone", "example.", "--json", "--socket", served.socket)
    assert [json.loads(line)["owner"] for line in shown.output.splitlines()] == ["www.example.", "mail.example."]


def test_what_is_wanted_is_told_to_the_daemon(served: Served) -> None:
    cistern("cache", "list", "--zone", "example", "--type", "a", "--stale", "--negative", "--socket", served.socket)
    cistern("cache", "list", "--sort", "size", "--limit", "5", "--socket", served.socket)
    wanted = Wanted(from_text("example."), 1, is_stale=True, is_negative=True)
    assert served.daemon.asked == [(wanted, 0, None), (Wanted(), 5, "size")]


def test_a_sorted_list_that_is_cut_says_so(served: Served) -> None:
    shown = cistern("cache", "list", "--sort", "ttl", "--limit", "2", "--socket", served.socket)
    assert shown.stderr == "the first 2 rows\n"


def test_failures_are_told_with_what_is_left_of_their_pause_and_why(served: Served) -> None:
    shown = cistern("cache", "list", "--failed", "--zone", "example", "--socket", served.socket)
    assert (shown.exit_code, shown.output) == (0, FAILURES)
    assert served.daemon.asked == [(Wanted(from_text("example.")),)]


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
    assert served.daemon.asked == [("example.", 2, (), True)]


def test_flush_of_denials_and_failures_alone(served: Served) -> None:
    cistern("cache", "flush", "example", "--negative", "--socket", served.socket)
    cistern("cache", "flush", "example", "--negative", "--failures", "--socket", served.socket)
    assert [only for _, _, only, _ in served.daemon.asked] == [("negative",), ("negative", "failures")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("show",),
        ("show", "a..b"),
        ("show", "a.test", "NOPE"),
        ("list", "--sort", "age"),
        ("list", "--zone", "a..b"),
        ("list", "--failed", "--stale"),
        ("list", "--failed", "--sort", "ttl"),
        ("flush", "a.test", "--type", "x y"),
    ],
)
def test_a_wrong_command_line_is_refused_before_anything_is_asked(served: Served, arguments: tuple[str, ...]) -> None:
    assert cistern("cache", *arguments, "--socket", served.socket).exit_code == 2
    assert served.daemon.asked == []
