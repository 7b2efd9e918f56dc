"""The chain of trust as a tree."""

import json

import click

from resolver.cli.explain_chain import brief_lines, chain_lines
from resolver.service.trust_protocol import ChainRow, TrustChain
from tests.resolver.cli.conftest import Served, cistern

ROWS = [
    ChainRow(
        ".", ".", "DNSKEY", "secure", ("20326 8 2",), ("20326 8 vouched for", "46594 8"), ("20326 8, a to b UTC",)
    ),
    ChainRow(".", "test.", "DS", "secure", ("7 13 2",), (), ("46594 8, a to b UTC",)),
    ChainRow("test.", "test.", "DNSKEY", "secure", ("7 13 2",), ("7 13 vouched for",), ("7 13, a to b UTC",)),
    ChainRow("test.", "open.test.", "DS", "insecure", note="no DS, which is proven: an unsigned zone begins here"),
]


def test_each_link_stands_below_the_zone_that_signs_it() -> None:
    assert [click.unstyle(line) for line in chain_lines(ROWS)] == [
        "✓ . DNSKEY  secure",
        "    trust anchor 20326 8 2",
        "    keys 20326 8 vouched for, 46594 8",
        "    signed by 20326 8, a to b UTC",
        "   ✓ test. DS  secure",
        "       DS 7 13 2",
        "       signed by 46594 8, a to b UTC",
        "   ✓ test. DNSKEY  secure",
        "       DS 7 13 2",
        "       keys 7 13 vouched for",
        "       signed by 7 13, a to b UTC",
        "      ○ open.test. DS  insecure: no DS, which is proven: an unsigned zone begins here",
    ]


def test_each_link_is_one_line_beside_the_answer() -> None:
    wrong = ChainRow("test.", "www.test.", "A", "bogus", signatures=("7 13, a to b UTC",), note="signature expired")
    assert [click.unstyle(line) for line in brief_lines([*ROWS, wrong])] == [
        "✓ . DNSKEY  secure; trust anchor 20326 8 2; signed by 20326 8, a to b UTC",
        "✓ test. DS  secure; DS 7 13 2; signed by 46594 8, a to b UTC",
        "✓ test. DNSKEY  secure; DS 7 13 2; signed by 7 13, a to b UTC",
        "○ open.test. DS  insecure: no DS, which is proven: an unsigned zone begins here",
        "✗ www.test. A  bogus: signature expired; signed by 7 13, a to b UTC",
    ]


def test_the_daemon_is_asked_for_what_is_cached_or_for_all_of_it(served: Served) -> None:
    shown = cistern("explain", "--dnssec", "www.example", "--socket", served.socket)
    assert "✗ example. DS  bogus: signature expired" in shown.output
    cistern("explain", "--dnssec", "--resolve", "www.example", "AAAA", "--socket", served.socket)
    assert served.daemon.asked == [
        (TrustChain("www.example.", "A", False),),
        (TrustChain("www.example.", "AAAA", True),),
    ]


def test_programs_get_the_links(served: Served) -> None:
    shown = cistern("explain", "--dnssec", "www.example", "--json", "--socket", served.socket)
    assert [json.loads(line)["security"] for line in shown.output.splitlines()] == ["secure", "bogus"]
