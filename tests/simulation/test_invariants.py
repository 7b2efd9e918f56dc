"""The judge is judged: each kind of bad reply is seen, and good ones pass."""

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from dns.edns import EDECode, EDEOption
from dns.message import Message

from resolver.demo.zone import parse_record, parse_zone
from tests.simulation.invariants import FAULT, outcome, violations
from tests.simulation.published import Published

SRC = parse_zone("""
$ORIGIN src.test.
@ 300 SOA ns1 h 1 1 1 1 60
@ 300 NS ns1
alias 300 CNAME www.dst.test.
to-nothing 300 CNAME no.dst.test.
tree 300 DNAME dst.test.
far 300 DNAME a-long-target-that-fills.many-octets-of-a-domain-name-for-this-test.dst.test.
""")
DST = parse_zone("$ORIGIN dst.test.\n@ 300 SOA ns1 h 1 1 1 1 60\n@ 300 NS ns1\nwww 60 A 192.0.2.1\nwww 60 A 192.0.2.2")
PUBLISHED = Published([SRC, DST, DST.with_rrset(parse_record("www.dst.test. 90 A 192.0.2.3"))])

ALIAS = "alias.src.test. 300 CNAME www.dst.test."
ADDRESSES = ("www.dst.test. 60 A 192.0.2.1", "www.dst.test. 60 A 192.0.2.2")
SOA_DST = "dst.test. 60 SOA ns1.dst.test. h.dst.test. 1 1 1 1 60"
WWW = dns.name.from_text("www.dst.test.")
LONG_SOA = "dst.test. 61 SOA ns1.dst.test. h.dst.test. 1 1 1 1 60"
SOA_SRC = "src.test. 60 SOA ns1.src.test. h.src.test. 1 1 1 1 60"
GONE = "to-nothing.src.test. 300 CNAME no.dst.test."


def reply(
    question: str,
    *answer: str,
    authority: tuple[str, ...] = (),
    rcode: str = "NOERROR",
    error: int | None = None,
    text: str | None = None,
    flags: int = 0,
) -> Message:
    """A reply of the daemon; each line a record, records of one owner and type next to each other."""
    qname, qtype = question.split()
    query = dns.message.make_query(qname, qtype, use_edns=0)
    made = dns.message.make_response(query, recursion_available=True)
    for section, lines in ((made.answer, answer), (made.authority, authority)):
        for record in map(parse_record, lines):
            if section and (section[-1].name, section[-1].rdtype) == (record.name, record.rdtype):
                section[-1].add(record[0], record.ttl)
            else:
                section.append(record)
    made.set_rcode(dns.rcode.from_text(rcode))
    made.flags ^= flags
    made.use_edns(0, options=[EDEOption(EDECode(error), text)] if error is not None else [])
    return dns.message.from_wire(made.to_wire(want_shuffle=False))


FAILED_AND_ANSWERED = reply("alias.src.test A", ALIAS, *ADDRESSES, rcode="SERVFAIL", error=22)


@pytest.mark.parametrize(
    "good",
    [
        pytest.param(reply("www.dst.test A", *ADDRESSES), id="an answer"),
        pytest.param(reply("alias.src.test A", ALIAS, *ADDRESSES), id="behind an alias"),
        pytest.param(reply("alias.src.test A", ALIAS, "www.dst.test. 90 A 192.0.2.3"), id="of another version"),
        pytest.param(reply("alias.src.test CNAME", ALIAS), id="an alias that was asked for"),
        pytest.param(reply("alias.src.test AAAA", ALIAS, authority=(SOA_DST,)), id="NODATA behind an alias"),
        pytest.param(reply("to-nothing.src.test A", GONE, authority=(SOA_DST,), rcode="NXDOMAIN"), id="NXDOMAIN behind one"),
        pytest.param(
            reply(
                "www.tree.src.test A",
                "tree.src.test. 300 DNAME dst.test.",
                "www.tree.src.test. 300 CNAME www.dst.test.",
                *ADDRESSES,
            ),
            id="below a DNAME",
        ),
        pytest.param(
            reply(f"{'x' * 60}.{'y' * 60}.{'z' * 60}.far.src.test A", rcode="YXDOMAIN"), id="too long for its DNAME"
        ),
        pytest.param(reply("alias.src.test A", rcode="SERVFAIL", error=22), id="a failure with its reason"),
        pytest.param(reply("alias.src.test A", ALIAS, rcode="SERVFAIL", error=22), id="a failure behind an alias"),
        pytest.param(reply("www.dst.test A", "www.dst.test. 30 A 192.0.2.3", error=3), id="stale"),
        pytest.param(reply("alias.src.test DS", ALIAS, authority=(SOA_DST,)), id="DS is looked for behind an alias"),
    ],
)  # fmt: skip
def test_good_replies_pass(good: Message) -> None:
    assert list(violations(good, PUBLISHED, 0.0)) == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        pytest.param(reply("alias.src.test A", ALIAS), "0 SOAs", id="the bare alias: the incident"),
        pytest.param(reply("www.dst.test A"), "0 SOAs", id="nothing at all"),
        pytest.param(reply("alias.src.test AAAA", ALIAS, authority=(SOA_SRC,)), "proves nothing", id="the alias's own SOA"),
        pytest.param(reply("alias.src.test A", *ADDRESSES, ALIAS), "not of the chain", id="the alias behind its target"),
        pytest.param(reply("alias.src.test A", ALIAS, *ADDRESSES, ALIAS), "twice", id="the alias twice"),
        pytest.param(reply("www.dst.test A", ALIAS, *ADDRESSES), "not of the chain", id="an alias of another name"),
        pytest.param(FAILED_AND_ANSWERED, "with an answer", id="a failure and an answer"),
        pytest.param(reply("www.dst.test A", ADDRESSES[0]), "never published", id="half an RRset"),
        pytest.param(reply("www.dst.test A", "www.dst.test. 60 A 203.0.113.66"), "never published", id="poison"),
        pytest.param(reply("www.dst.test A", "www.dst.test. 91 A 192.0.2.3"), "TTL 91", id="a TTL that grew"),
        pytest.param(reply("no.dst.test A", authority=(LONG_SOA,), rcode="NXDOMAIN"), "TTL 61", id="a negative TTL too long"),
        pytest.param(reply("www.dst.test A", authority=(SOA_DST,), rcode="NXDOMAIN"), "existed", id="a doubt made NXDOMAIN"),
        pytest.param(reply("www.dst.test A", authority=(SOA_DST,)), "never was without", id="a doubt made NODATA"),
        pytest.param(reply("www.src.test A", rcode="YXDOMAIN"), "no DNAME", id="a doubt made YXDOMAIN"),
        pytest.param(reply("www.dst.test A", rcode="REFUSED"), "REFUSED", id="a refusal"),
        pytest.param(reply("www.dst.test A", rcode="SERVFAIL"), "without a reason", id="a failure without a reason"),
        pytest.param(reply("www.dst.test A", rcode="SERVFAIL", error=0, text=FAULT), "fault of the program", id="a fault"),
        pytest.param(reply("www.dst.test A", *ADDRESSES, flags=dns.flags.AA), "AA", id="AA"),
        pytest.param(reply("www.dst.test A", *ADDRESSES, flags=dns.flags.AD), "AD", id="AD"),
        pytest.param(reply("www.dst.test A", *ADDRESSES, flags=dns.flags.RA), "no RA", id="no RA"),
    ],
)  # fmt: skip
def test_bad_replies_are_seen(bad: Message, said: str) -> None:
    found = list(violations(bad, PUBLISHED, 0.0))
    assert any(said in violation for violation in found), found


def test_more_aliases_than_are_followed_are_seen() -> None:
    chain = [f"a{place}.src.test. 300 CNAME a{place + 1}.src.test." for place in range(12)]
    zone = SRC
    for record in chain:
        zone = zone.with_rrset(parse_record(record))
    long = reply("a0.src.test AAAA", *chain, authority=(SOA_SRC,), rcode="NXDOMAIN")
    assert list(violations(long, Published([zone]), 0.0)) == ["more than 11 aliases"]


def test_an_outcome_leaves_the_aliases_out() -> None:
    assert outcome(reply("alias.src.test A", ALIAS, *ADDRESSES)) == outcome(reply("www.dst.test A", *ADDRESSES))
    assert outcome(reply("alias.src.test A", ALIAS, *ADDRESSES)) in PUBLISHED.outcomes(
        dns.name.from_text("alias.src.test."), dns.rdatatype.A
    )


@pytest.mark.parametrize(
    ("shown", "now", "said"),
    [
        pytest.param(reply("www.dst.test A", "www.dst.test. 55 A 192.0.2.3"), 1005, "", id="fetched while it was true"),
        pytest.param(reply("www.dst.test A", "www.dst.test. 5 A 192.0.2.3"), 1085, "", id="the last seconds of it"),
        pytest.param(reply("www.dst.test A", "www.dst.test. 60 A 192.0.2.3"), 1085, "untrue", id="a TTL that stands still"),
        pytest.param(reply("www.dst.test A", authority=(SOA_DST,)), 1000, "", id="denied when it was gone"),
        pytest.param(reply("www.dst.test A", authority=(SOA_DST,)), 2085, "denied", id="denied when it was there again"),
        pytest.param(reply("www.dst.test A", "www.dst.test. 30 A 192.0.2.3", error=3), 87_000, "", id="stale"),
        pytest.param(reply("www.dst.test A", "www.dst.test. 30 A 192.0.2.3", error=3), 87_600, "too old", id="stale too long"),
    ],
)  # fmt: skip
def test_what_is_said_was_true_when_it_was_fetched(shown: Message, now: float, said: str) -> None:
    published = Published([SRC, DST.with_rrset(parse_record("www.dst.test. 90 A 192.0.2.3"))])
    gone = DST.with_rrset(parse_record("www.dst.test. 60 TXT gone")).without(WWW, dns.rdatatype.A)
    published.note([gone], 1000)
    published.note([gone.with_rrset(parse_record("www.dst.test. 90 A 192.0.2.1"))], 2000)
    assert [violation.split()[0] for violation in violations(shown, published, now)] == said.split()[:1]
