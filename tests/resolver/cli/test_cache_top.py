"""`cistern cache top`, with a pretended daemon behind a real control socket."""

import io
import json

import msgspec
from rich.console import Console
from rich.live import Live

from cache.top import TopFrame
from resolver.cli.cache_top import updating
from tests.resolver.cli.conftest import Served, cistern
from tests.resolver.service.pretended_daemon import FRAME

TABLE = """\
51.5 look-ups a second of 1 of 3 names, in 2.0 s

NAME          PER SECOND  HITS  ENTRIES  SIZE
www.example.        51.5   900        2   500
"""


def test_once_is_one_table(served: Served) -> None:
    shown = cistern("cache", "top", "--once", "--socket", served.socket)
    assert (shown.exit_code, shown.output) == (0, TABLE)
    assert served.daemon.asked == [(20, 2.0, 1)]


def test_programs_get_each_frame_as_json(served: Served) -> None:
    shown = cistern("cache", "top", "--once", "--json", "--limit", "5", "--interval", "1.5", "--socket", served.socket)
    assert [json.loads(line)["rows"][0]["owner"] for line in shown.output.splitlines()] == ["www.example."]
    assert served.daemon.asked == [(5, 1.5, 1)]


def test_a_wrong_interval_or_limit_is_refused(served: Served) -> None:
    for option in (("--interval", "0.1"), ("--limit", "0"), ("--limit", "many")):
        assert cistern("cache", "top", "--once", *option, "--socket", served.socket).exit_code == 2
    assert served.daemon.asked == []


def test_each_frame_takes_the_place_of_the_one_before() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, highlight=False)
    idle = TopFrame(2.0, 0.0, 3, 0, ())
    with Live(console=console, auto_refresh=False) as live:
        take = updating(live)
        take(msgspec.json.encode(FRAME))
        take(msgspec.json.encode(idle))
        written = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert "51.5 look-ups a second of 1 of 3 names" in written
    before, _, after = written.partition("www.example.")
    assert "\x1b[2K" in after, "the lines of the first frame are taken back"
    assert "0.0 look-ups a second of 0 of 3 names" in after
    assert "0.0 look-ups" not in before
