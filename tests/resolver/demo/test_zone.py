"""What a zone says of a name: RFC 1034 §4.3.2, RFC 6672, RFC 4592."""

import dns.name
import dns.rdatatype
import pytest

from resolver.demo.zone import (
    Alias,
    Denial,
    Finding,
    Found,
    Referral,
    TooLong,
    Zone,
    closest_zone,
    parse_record,
    parse_zone,
)

ZONE = parse_zone("""
$ORIGIN z.test.
$TTL 300
@           600 SOA     ns1 hostmaster 1 1800 900 604800 60
                NS      ns1
ns1             A       192.0.2.1
www             A       192.0.2.2
both            A       192.0.2.3
                AAAA    2001:db8::3
alias       900 CNAME   www
cut             NS      ns.cut
ns.cut          A       192.0.2.4
cut             DS      1 8 2 0000000000000000000000000000000000000000000000000000000000000000
tree            DNAME   elsewhere.example.
tree            TXT     "at the owner"
*               TXT     "wild"
*.alias2        CNAME   www
real            A       192.0.2.5
deep.empty      A       192.0.2.6
far             DNAME   a-long-target-that-fills.many-octets-of-a-domain-name-for-this-test.example.
""")


def find(qname: str, qtype: str) -> Finding:
    return ZONE.find(dns.name.from_text(qname), dns.rdatatype.from_text(qtype))


def text(finding: Finding) -> str:
    match finding:
        case Found(rrsets):
            return f"Found {'; '.join(rrset.to_text() for rrset in rrsets)}"
        case Referral(rrset) | TooLong(rrset):
            return f"{type(finding).__name__} {rrset.to_text()}"
        case Alias(rrsets, target):
            return f"Alias to {target}: {'; '.join(rrset.to_text() for rrset in rrsets)}"
        case Denial(is_nxdomain, soa):
            return f"{'NXDOMAIN' if is_nxdomain else 'NODATA'} for {soa.ttl} s"


@pytest.mark.parametrize(
    ("qname", "qtype", "expected"),
    [
        pytest.param("www.z.test.", "A", "Found www.z.test. 300 IN A 192.0.2.2", id="an exact match"),
        pytest.param("both.z.test.", "AAAA", "Found both.z.test. 300 IN AAAA 2001:db8::3", id="one of two types"),
        pytest.param("www.z.test.", "AAAA", "NODATA for 60 s", id="no such type"),
        pytest.param(
            "both.z.test.",
            "ANY",
            "Found both.z.test. 300 IN A 192.0.2.3; both.z.test. 300 IN AAAA 2001:db8::3",
            id="ANY: each RRset",
        ),
        pytest.param("alias.z.test.", "ANY", "Found alias.z.test. 900 IN CNAME www.z.test.", id="ANY at an alias"),
        pytest.param(
            "alias.z.test.", "A", "Alias to www.z.test.: alias.z.test. 900 IN CNAME www.z.test.", id="an alias"
        ),
        pytest.param("alias.z.test.", "CNAME", "Found alias.z.test. 900 IN CNAME www.z.test.", id="the alias itself"),
        pytest.param(
            "alias.z.test.",
            "DS",
            "Alias to www.z.test.: alias.z.test. 900 IN CNAME www.z.test.",
            id="the DS of an alias, at which no zone begins",
        ),
        pytest.param("x.cut.z.test.", "A", "Referral cut.z.test. 300 IN NS ns.cut.z.test.", id="below a zone cut"),
        pytest.param("cut.z.test.", "NS", "Referral cut.z.test. 300 IN NS ns.cut.z.test.", id="at a zone cut"),
        pytest.param(
            "cut.z.test.",
            "DS",
            f"Found cut.z.test. 300 IN DS 1 8 2 {'0' * 64}",
            id="the DS at a zone cut is the parent's",
        ),
        pytest.param("z.test.", "NS", "Found z.test. 300 IN NS ns1.z.test.", id="the apex is no zone cut"),
        pytest.param(
            "x.tree.z.test.",
            "A",
            "Alias to x.elsewhere.example.: tree.z.test. 300 IN DNAME elsewhere.example.; "
            "x.tree.z.test. 300 IN CNAME x.elsewhere.example.",
            id="below a DNAME",
        ),
        pytest.param("tree.z.test.", "TXT", 'Found tree.z.test. 300 IN TXT "at the owner"', id="at a DNAME's owner"),
        pytest.param("tree.z.test.", "A", "NODATA for 60 s", id="a DNAME says nothing of its owner's addresses"),
        pytest.param("no.such.z.test.", "TXT", 'Found no.such.z.test. 300 IN TXT "wild"', id="a wildcard, two labels"),
        pytest.param("no.such.z.test.", "A", "NODATA for 60 s", id="a wildcard without the type"),
        pytest.param("x.real.z.test.", "TXT", "NXDOMAIN for 60 s", id="a name that exists ends the wildcard above it"),
        pytest.param("empty.z.test.", "TXT", "NODATA for 60 s", id="an empty non-terminal"),
        pytest.param("x.empty.z.test.", "TXT", "NXDOMAIN for 60 s", id="an empty non-terminal ends the wildcard, too"),
        pytest.param(
            "x.alias2.z.test.",
            "A",
            "Alias to www.z.test.: x.alias2.z.test. 300 IN CNAME www.z.test.",
            id="a wildcard alias",
        ),
    ],
)
def test_what_a_zone_says(qname: str, qtype: str, expected: str) -> None:
    assert text(find(qname, qtype)) == expected


def test_a_dname_whose_substitution_is_too_long_is_no_alias() -> None:
    assert isinstance(find("x" * 60 + "." + "y" * 60 + "." + "z" * 60 + ".far.z.test.", "A"), TooLong)


def test_letter_case_of_the_question_stays() -> None:
    finding = find("NO.such.z.TEST.", "TXT")
    assert isinstance(finding, Found)
    assert finding.rrsets[0].name.to_text() == "NO.such.z.TEST."


def test_name_servers_come_with_their_addresses_glue_included() -> None:
    referral = find("x.cut.z.test.", "A")
    assert isinstance(referral, Referral)
    assert [rrset.to_text() for rrset in ZONE.addresses(referral.name_servers)] == ["ns.cut.z.test. 300 IN A 192.0.2.4"]


def changed(zone: Zone, qname: str, qtype: str) -> str:
    return text(zone.find(dns.name.from_text(qname), dns.rdatatype.from_text(qtype)))


def test_a_record_takes_the_place_of_its_rrset_and_an_alias_that_of_the_whole_node() -> None:
    as_alias = ZONE.with_rrset(parse_record("both.z.test. 5 CNAME www.z.test."))
    assert changed(as_alias, "both.z.test.", "AAAA") == "Alias to www.z.test.: both.z.test. 5 IN CNAME www.z.test."
    as_address = as_alias.with_rrset(parse_record("both.z.test. 7 A 192.0.2.7"))
    assert changed(as_address, "both.z.test.", "A") == "Found both.z.test. 7 IN A 192.0.2.7"
    assert changed(as_address, "both.z.test.", "AAAA") == "NODATA for 60 s"
    assert text(find("both.z.test.", "A")) == "Found both.z.test. 300 IN A 192.0.2.3", "the old version is as it was"


def test_a_name_that_lost_its_last_record_is_gone_with_its_empty_non_terminals() -> None:
    without = ZONE.without(dns.name.from_text("deep.empty.z.test."), dns.rdatatype.A)
    assert changed(without, "empty.z.test.", "TXT") == 'Found empty.z.test. 300 IN TXT "wild"'
    one_less = ZONE.without(dns.name.from_text("both.z.test."), dns.rdatatype.A)
    assert changed(one_less, "both.z.test.", "A") == "NODATA for 60 s"


def test_the_closest_zone_is_the_longest_one_above() -> None:
    below = parse_zone("$ORIGIN sub.z.test.\n@ 60 SOA ns1.z.test. h 1 1 1 1 1\n@ 60 NS ns1.z.test.")
    assert closest_zone([ZONE, below], dns.name.from_text("x.sub.z.test.")) is below
    assert closest_zone([ZONE, below], dns.name.from_text("x.z.test.")) is ZONE
    assert closest_zone([ZONE], dns.name.from_text("example.")) is None
