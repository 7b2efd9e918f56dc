"""The links of an answer as a tree, and for graphviz."""

import shutil
import subprocess
from pathlib import Path

import click
import pytest

from resolver.cli.explain_graph import dot, state_of, tree
from resolver.policy.explain import LinkRow, VerdictRow
from tests.resolver.cli.conftest import Served, cistern

LINKS = [
    LinkRow("www.example.", "CNAME", "cache", "fresh", ttl_left=53, server="192.0.2.1", rdata=("host.example.",)),
    LinkRow("host.example.", "A", "cache", "stale", ttl_left=-7, security="secure", rdata=("192.0.2.80",)),
]


def test_each_link_stands_below_the_one_that_leads_to_it() -> None:
    assert [click.unstyle(line) for line in tree("www.example. A", LINKS, VerdictRow("NOERROR", is_stale=True))] == [
        "www.example. A",
        "└─ ● www.example. CNAME  fresh, 53s left, from 192.0.2.1",
        "     host.example.",
        "   └─ ● host.example. A  stale, -7.0s left, secure, from cache",
        "        192.0.2.80",
        "      └─ NOERROR, stale records",
    ]


def test_colours_tell_fresh_from_stale_and_bogus_from_both() -> None:
    fresh, stale = list(tree("q", LINKS, None))[1::2]
    assert "\x1b[32m" in fresh
    assert "\x1b[33m" in stale
    bogus = LinkRow("x.", "A", "cache", "fresh", security="bogus")
    assert state_of(bogus) == "bogus"
    assert "\x1b[31m" in list(tree("q", [bogus], None))[1]


def test_it_is_drawn_by_graphviz_or_its_absence_is_told(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("explain", "www.example", "--svg", tmp_path / "a.svg", "--socket", served.socket)
    if shutil.which("dot") is not None:
        shown = cistern(*arguments)
        assert (shown.exit_code, shown.output) == (0, "")
        assert "www.example. A" in (tmp_path / "a.svg").read_text()
    monkeypatch.setenv("PATH", str(tmp_path))
    shown = cistern(*arguments)
    assert shown.exit_code == 1
    assert "graphviz is not installed" in shown.stderr


def test_dot_is_read_by_graphviz_whatever_stands_in_the_records() -> None:
    odd = LinkRow("x.", "TXT", "cache", "fresh", rdata=('"a\\"b" \\\\',))
    text = dot("x. TXT", [odd], VerdictRow("", next="x. TXT from nobody"))
    assert text.startswith("digraph answer {")
    if shutil.which("dot") is None:
        pytest.skip("graphviz is not installed")
    done = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=False)
    assert (done.returncode, b"<svg" in done.stdout) == (0, True)


def test_the_command_draws_and_writes(served: Served, tmp_path: Path) -> None:
    shown = cistern("explain", "www.example", "--graph", "--dot", tmp_path / "a.dot", "--socket", served.socket)
    assert shown.exit_code == 0
    assert shown.output.splitlines()[:2] == ["www.example. A", "└─ ● www.example. A  missing, from upstream"]
    assert "www.example. A" in (tmp_path / "a.dot").read_text()
