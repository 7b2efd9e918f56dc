"""The oracle remembers every version, and follows aliases through all of them."""

import dns.name
import dns.rdatatype
import pytest
from dns.rcode import Rcode

from resolver.demo.internet import build_internet, read_fixtures
from resolver.demo.zone import parse_record, parse_zone
from tests.simulation.published import Outcome, Published

ZONE = parse_zone(
    "$ORIGIN z.test.\n@ 300 SOA ns1 h 1 1 1 1 60\n@ 300 NS ns1\nwww 60 A 192.0.2.1\n*.wild 60 A 192.0.2.2"
)
WWW = dns.name.from_text("www.z.test.")


def test_every_version_counts() -> None:
    published = Published([ZONE])
    published.note([ZONE.with_rrset(parse_record("www.z.test. 90 A 192.0.2.3"))], 100.0)
    published.note([ZONE.without(WWW, dns.rdatatype.A)], 200.0)
    told = published.told(WWW, dns.rdatatype.A)
    assert [(one.rrset.ttl, one.since, one.until) for one in told] == [(60, 0.0, 100.0), (90, 100.0, 200.0)]
    assert published.was_denied(WWW, dns.rdatatype.A, is_nxdomain=True)
    assert not published.was_denied(WWW, dns.rdatatype.A, is_nxdomain=False)
    assert published.negative_ttl(dns.name.from_text("z.test.")) == 60


def test_wildcards_are_published_under_every_name_that_they_give() -> None:
    (told,) = Published([ZONE]).told(dns.name.from_text("a.b.wild.z.test."), dns.rdatatype.A)
    assert told.rrset.to_text() == "a.b.wild.z.test. 60 IN A 192.0.2.2"


@pytest.mark.parametrize(
    ("qname", "qtype", "expected"),
    [
        ("alias.src.test.", "A", {Outcome(Rcode.NOERROR, frozenset({"198.51.100.1"}))}),
        ("alias.src.test.", "AAAA", {Outcome(Rcode.NOERROR)}),
        ("ghost.src.test.", "A", {Outcome(Rcode.NXDOMAIN)}),
        ("eleven.left.test.", "A", {Outcome(Rcode.NOERROR, frozenset({"198.51.100.21", "198.51.100.22"}))}),
        ("twelve.left.test.", "A", {Outcome(Rcode.SERVFAIL)}),
        ("loop.left.test.", "A", {Outcome(Rcode.SERVFAIL)}),
        ("www.cycle-a.test.", "A", {Outcome(Rcode.SERVFAIL)}),
        ("deep.er.tree.moved.test.", "A", {Outcome(Rcode.NOERROR, frozenset({"198.51.100.41"}))}),
        (
            "weighted.volatile.test.",
            "A",
            {Outcome(Rcode.NOERROR, frozenset({f"198.51.100.{last}"})) for last in (31, 32)},
        ),
        ("dst.test.", "DS", {Outcome(Rcode.NOERROR)}),
    ],
)
def test_what_questions_come_to_in_the_small_internet(qname: str, qtype: str, expected: set[Outcome]) -> None:
    published = Published(build_internet(read_fixtures()).zones())
    assert published.outcomes(dns.name.from_text(qname), dns.rdatatype.from_text(qtype)) == expected
