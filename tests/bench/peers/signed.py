"""Signed zones for the bench: the same text with keys and signatures; nothing in it is denied, so it has no NSEC."""

import time
from collections.abc import Iterable
from typing import Final

import dns.name
import dns.rdatatype
import dns.rrset
import dns.zone

from tests.signing import SignedZone

HOUR: Final = 3600.0


def signed(text: str, zone: SignedZone, below: Iterable[SignedZone] = ()) -> str:
    """The zone of this text, signed by its key from an hour ago for a day, with the DS of the zones below it."""
    apex = dns.name.from_text(zone.apex)
    text = "\n".join((text, zone.dnskey, *(one.anchor for one in below), ""))
    read = dns.zone.from_text(text, apex, relativize=False, check_origin=False)
    cuts = {name for name, rdataset in read.iterate_rdatasets("NS") if name != apex}
    lines = [text]
    for name, rdataset in read.iterate_rdatasets():
        is_below = any(name.is_subdomain(cut) for cut in _above(name, apex) if cut in cuts)
        if is_below and not (name in cuts and rdataset.rdtype == dns.rdatatype.DS):
            continue
        rrset = dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))
        rrsig = zone.rrsig(rrset, at=time.time() - HOUR, until=time.time() + 24 * HOUR)
        lines.append(f"{name} {rdataset.ttl} IN RRSIG {rrsig}")
    return "\n".join(lines) + "\n"


def _above(name: dns.name.Name, apex: dns.name.Name) -> Iterable[dns.name.Name]:
    """The name and those above it, below the apex."""
    while name != apex:
        yield name
        name = name.parent()
