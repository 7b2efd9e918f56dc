"""`cistern explain`."""

import json

import msgspec
import pytest

from cache.answer import Question
from cache.names import from_text
from resolver.cli.explain import Story, step_line
from resolver.observe.trace import TraceRow
from resolver.policy.explain import LinkRow, VerdictRow
from resolver.service.trust_protocol import ChainRow
from tests.resolver.cli.conftest import Served, cistern

STORY = [
    LinkRow(
        owner="www.example.",
        type="CNAME",
        origin="cache",
        state="fresh",
        age=12.0,
        ttl_left=3588.0,
        lease_left=86000.0,
        rank="answer_aa",
        security="unchecked",
        server="192.0.2.53",
        rdata=("web.example.",),
    ),
    LinkRow(
        owner="web.example.",
        type="A",
        origin="cache",
        state="stale",
        age=100.0,
        ttl_left=-40.0,
        rank="answer_aa",
        security="unchecked",
        server="192.0.2.53",
        rdata=("192.0.2.80", "192.0.2.81"),
        note="given at once: no reply",
    ),
    VerdictRow(
        "NOERROR", is_stale=True, errors=("EDE 3", "EDE 13 (no reply)"), next="web.example. A from the root servers"
    ),
]
PRINTED = """\
NAME          TYPE   FROM   STATE    AGE    LEFT   LEASE  RANK       SECURITY   SERVER      DATA
www.example.  CNAME  cache  fresh    12s  59m48s  23h53m  answer_aa  unchecked  192.0.2.53  web.example.
web.example.  A      cache  stale  1m40s    -40s       -  answer_aa  unchecked  192.0.2.53  192.0.2.80
                                                                                            192.0.2.81
                                                                                            (given at once: no reply)

The client would see: what upstream says; if that fails or is late: NOERROR, stale records, EDE 3, EDE 13 (no reply)
Would be asked:       web.example. A from the root servers
"""


def test_a_story_is_a_table_of_links_and_what_follows_from_them(capsys: pytest.CaptureFixture[str]) -> None:
    story = Story("would see")
    for row in STORY:
        story.add(msgspec.json.encode(row))
    story.print_end()
    assert capsys.readouterr().out == PRINTED


CHAIN = [ChainRow(".", "example.", "DS", "bogus", ("1 13 2",), note="signature expired")]
BESIDE = """\
NAME          TYPE  FROM   STATE   AGE  LEFT  LEASE  RANK  SECURITY  SERVER  DATA
www.example.  A     cache  failed                                            (failed once: EDE 7)

Chain of trust:
  ✗ example. DS  bogus: signature expired; DS 1 13 2

The client would see: SERVFAIL
"""


def test_the_chain_of_trust_stands_between_the_links_and_what_the_client_sees(served: Served) -> None:
    link = LinkRow("www.example.", "A", "cache", "failed", note="failed once: EDE 7")
    served.daemon.links = [link, *CHAIN, VerdictRow("SERVFAIL")]
    shown = cistern("explain", "www.example", "--socket", served.socket)
    assert (shown.exit_code, shown.output) == (0, BESIDE)
    shown = cistern("explain", "www.example", "--json", "--socket", served.socket)
    assert [json.loads(line)["kind"] for line in shown.output.splitlines()] == ["link", "chain", "verdict"]


STEPS = [
    (TraceRow("missing", 0.0, 0, "www.test.", "A", text="not known"), "     0.0 ms  www.test. A: not known"),
    (
        TraceRow("sent", 0.0105, 1, "test.", "A", "www.test. A", ".", "192.0.2.1:53", text="late after 376 ms"),
        "    10.5 ms    → 192.0.2.1:53  test. A  (for www.test. A, of ., late after 376 ms)",
    ),
    (
        TraceRow("replied", 0.03, 1, "test.", "A", "", "", "192.0.2.1:53", 0.0195, "NOERROR", "referral down to test."),
        "    30.0 ms    ← 192.0.2.1:53  test. A  19.5ms  NOERROR, referral down to test.",
    ),
    (
        TraceRow("lost", 1.2, 0, "test.", "A", "", "", "192.0.2.1:53", 0.376, text="no reply in time"),
        "  1200.0 ms  ✗ 192.0.2.1:53  test. A  376ms  no reply in time",
    ),
    (TraceRow("cut", 2.0, 0, "", text="5 more steps are not shown"), "  2000.0 ms  5 more steps are not shown"),
]


@pytest.mark.parametrize(("row", "line"), STEPS)
def test_a_step_is_a_line_indented_by_the_look_ups_above_it(row: TraceRow, line: str) -> None:
    assert step_line(row) == line


RESOLVED = """\
     0.0 ms  www.example. A: not known

NAME          TYPE  FROM    STATE  AGE  LEFT  LEASE  RANK  SECURITY  SERVER  DATA
www.example.  A     answer  fresh                 -                          192.0.2.80

The client sees: NOERROR
"""


def test_a_resolution_is_shown_step_by_step_and_then_its_answer(served: Served) -> None:
    shown = cistern("explain", "--resolve", "www.example", "--socket", served.socket)
    assert (shown.exit_code, shown.output) == (0, RESOLVED)
    assert served.daemon.asked == [(Question(from_text("www.example."), 1), None)]


def test_programs_get_each_step_as_json(served: Served) -> None:
    shown = cistern("explain", "--resolve", "www.example", "--json", "--socket", served.socket)
    assert [json.loads(line)["kind"] for line in shown.output.splitlines()] == ["step", "link", "verdict"]


def test_the_daemon_is_asked_in_the_name_of_a_network(served: Served) -> None:
    shown = cistern("explain", "Web.internal", "aaaa", "--network", "24", "--socket", served.socket)
    assert shown.exit_code == 0
    assert served.daemon.asked == [(Question(from_text("web.internal."), 28), 24)]
    assert "The client would see: what upstream says" in shown.output


def test_programs_get_each_row_as_json(served: Served) -> None:
    shown = cistern("explain", "www.example", "--json", "--socket", served.socket)
    assert [json.loads(line)["kind"] for line in shown.output.splitlines()] == ["link", "verdict"]


def test_a_wrong_type_is_a_usage_error_that_says_what_is_expected() -> None:
    shown = cistern("explain", "www.example", "ADDRESS")
    assert shown.exit_code == 2
    assert "'ADDRESS' is no RR type: expected a mnemonic such as AAAA" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a..b",), "empty label"),
        (("www.example", "--network", "-1"), "--network"),
        (("www.example", "--network", "home"), "'home'"),
        (("web.internal",), "web.internal. differs from network to network: say whose with --network"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_asked(served: Served, arguments: tuple[str, ...], said: str) -> None:
    shown = cistern("explain", *arguments, "--socket", served.socket)
    assert shown.exit_code == 2
    assert said in shown.stderr
    assert served.daemon.asked == []
