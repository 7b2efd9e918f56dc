"""The NSEC and NSEC3 chains of small zones for tests, made with dnspython."""

from collections.abc import Mapping

import dns.dnssec
import dns.name

from cache.rrset import RRset
from tests.build import rrset

Zone = Mapping[str, str]  # owner -> its types, without NSEC and RRSIG

SMALL: Zone = {
    "example.": "NS SOA",
    "a.b.example.": "A",
    "alias.example.": "CNAME",
    "cut.example.": "NS",
    "dname.example.": "DNAME",
    "signed.example.": "NS DS",
    "*.wild.example.": "TXT",
}


def nsec_chain(zone: Zone, apex: str = "example.") -> list[RRset]:
    owners = sorted(dns.name.from_text(owner) for owner in zone)
    following = [*owners[1:], dns.name.from_text(apex)]
    return [
        rrset(f"{owner} 60 NSEC {after} {zone[str(owner)]} RRSIG NSEC")
        for owner, after in zip(owners, following, strict=True)
    ]


def nsec3_chain(
    zone: Zone, apex: str = "example.", *, iterations: int = 0, salt: str = "-", opt_out: bool = False
) -> list[RRset]:
    """With the empty non-terminals; opt_out: delegations without DS are left out."""
    kept = {owner: types for owner, types in zone.items() if not (opt_out and types == "NS")}
    everything = {ancestor: kept.get(ancestor, "") for owner in kept for ancestor in _up_to(owner, apex)}
    hashed = sorted((hash_of(name, salt, iterations), types) for name, types in everything.items())
    following = [one for one, _ in (*hashed[1:], hashed[0])]
    return [
        rrset(f"{owner}.{apex} 60 NSEC3 1 {int(opt_out)} {iterations} {salt} {after} {types}")
        for (owner, types), after in zip(hashed, following, strict=True)
    ]


def hash_of(name: str, salt: str, iterations: int) -> str:
    return dns.dnssec.nsec3_hash(name, None if salt == "-" else salt, iterations, 1).lower()


def _up_to(owner: str, apex: str) -> list[str]:
    found = [owner]
    while found[-1] != apex:
        found.append(found[-1].partition(".")[2])
    return found
