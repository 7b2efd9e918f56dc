"""What the signed internet says validates from the root to every name, by dnspython, and what it denies is proven."""

import time
from typing import Final

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import pytest

from tests.bench.latency.records import Zone, reply, suffixes_of, wire
from tests.bench.latency.signing import sign
from tests.bench.latency.world import ALIAS, build

WORLD: Final = build()
ANCHOR: Final = sign(WORLD)
ZONES: Final = {apex: zone for operator in WORLD.operators for apex, zone in operator.zones.items()}
NAMES: Final = tuple(
    next(name for name in WORLD.names if name.startswith(ALIAS) is is_alias) for is_alias in (False, True)
)


def ask(qname: str, zone: Zone, qtype: str = "A", *, wants_dnssec: bool = True) -> dns.message.Message:
    query = dns.message.make_query(qname, qtype, use_edns=0, want_dnssec=wants_dnssec)
    return dns.message.from_wire(reply(query.to_wire(), {zone.apex: zone}))


def validate(section: list[dns.rrset.RRset], keys: dns.rrset.RRset) -> list[dns.rrset.RRset]:
    """The RRsets of a section that are signed by these keys; each signature has to be good."""
    signatures = {(one.name, one.covers): one for one in section if one.rdtype == dns.rdatatype.RRSIG}
    signed = [one for one in section if (one.name, one.rdtype) in signatures]
    for one in signed:
        dns.dnssec.validate(one, signatures[one.name, one.rdtype], {keys.name: keys}, now=time.time())
    assert len(signed) == len(signatures) > 0
    return signed


def keys_of(zone: Zone) -> dns.rrset.RRset:
    """The zone's keys, vouched for by the trust anchor or by the zone above."""
    answer = ask(dns.name.from_wire(zone.apex, 0)[0].to_text(), zone, "DNSKEY").answer
    keys = answer[0]
    validate(answer, keys)
    above = next((ZONES[name] for name in suffixes_of(zone.apex)[1:] if name in ZONES), None)
    vouching = dns.rrset.from_text(".", 3600, "IN", "DS", ANCHOR.partition(" DS ")[2])
    if above is not None:
        [vouching] = validate(ask(f"www.{keys.name}", above).authority, keys_of(above))
    assert dns.dnssec.make_ds(keys.name, keys[0], "SHA256") in vouching
    return keys


@pytest.mark.parametrize("qname", NAMES)
def test_an_answer_and_its_keys_are_signed_from_the_root_down(qname: str) -> None:
    zone = ZONES[suffixes_of(wire(qname))[1]]
    keys = keys_of(zone)
    assert len(validate(ask(qname, zone).answer, keys)) == 1
    assert not [one for one in ask(qname, zone, wants_dnssec=False).answer if one.rdtype == dns.rdatatype.RRSIG]


@pytest.mark.parametrize("below", ["no", "zzz", "aaa"])
def test_a_name_that_is_not_there_lies_between_the_names_of_a_proof(below: str) -> None:
    zone = ZONES[suffixes_of(wire(NAMES[0]))[1]]
    apex = dns.name.from_wire(zone.apex, 0)[0]
    authority = validate(ask(f"{below}.{apex}", zone).authority, keys_of(zone))
    gaps = [(one.name, one[0].next) for one in authority if one.rdtype == dns.rdatatype.NSEC]
    for denied in (dns.name.from_text(below, apex), dns.name.from_text("*", apex)):
        assert any(start < denied and (denied < end or end == apex) for start, end in gaps)


def test_a_type_that_is_not_there_is_denied_by_the_names_own_record() -> None:
    zone = ZONES[suffixes_of(wire(NAMES[0]))[1]]
    authority = validate(ask(NAMES[0], zone, "TXT").authority, keys_of(zone))
    [nsec] = [one for one in authority if one.rdtype == dns.rdatatype.NSEC]
    assert nsec.name == dns.name.from_text(NAMES[0])
    assert nsec.to_text().endswith(" A RRSIG NSEC")
