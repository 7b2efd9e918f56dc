"""Do these verified NSEC or NSEC3 records prove what was denied?

`proof` are RRsets whose signatures by `zone` have been verified; others must not be among them: a child's NSEC is no proof for
its parent. Records of other types are passed over, and more than MAX_RECORDS are not looked at. What hashing costs is taken
from `work`; raises WorkExhausted.
"""

from collections.abc import Callable, Sequence
from typing import Final

from cache.names import WireName, is_at_or_below, is_below
from cache.rrset import RRset
from cache.rrtypes import DS, NSEC, NSEC3
from resolver.dnssec import nsec, nsec3
from resolver.dnssec.nsec import Nsec
from resolver.dnssec.nsec3 import Nsec3s
from resolver.dnssec.proof import Proof
from resolver.dnssec.work import Work

__all__ = ["Proof", "proves_no_closer_match", "proves_no_ds", "proves_nodata", "proves_nxdomain"]

MAX_RECORDS: Final = 8  # of each kind: the longest honest proof has three (RFC 5155 §7.2); CVE-2023-50868

ByNsec = Callable[[Sequence[Nsec]], bool]
ByNsec3 = Callable[[Nsec3s], Proof]


def proves_nxdomain(name: WireName, zone: WireName, proof: Sequence[RRset], work: Work) -> Proof:
    """`name` is not there, nor a wildcard that gives it."""
    if not is_below(name, zone):
        return Proof.NOT_PROVEN
    return _decide(
        zone,
        proof,
        work,
        lambda known: nsec.has_no_name(name, known),
        lambda known: nsec3.has_no_name(name, known),
    )


def proves_nodata(name: WireName, rtype: int, zone: WireName, proof: Sequence[RRset], work: Work) -> Proof:
    """`name` has no record of `rtype`, or is given by a wildcard that has none."""
    is_zones_own = is_at_or_below(name, zone) if rtype != DS or not zone[0] else is_below(name, zone)
    if not is_zones_own:
        return Proof.NOT_PROVEN
    return _decide(
        zone,
        proof,
        work,
        lambda known: nsec.has_no_data(name, rtype, known),
        lambda known: nsec3.has_no_data(name, rtype, known),
    )


def proves_no_ds(name: WireName, zone: WireName, proof: Sequence[RRset], work: Work) -> Proof:
    """At `name` the zone delegates to a zone that is not signed. OPTED_OUT: it does so if it delegates at all."""
    if not is_below(name, zone):
        return Proof.NOT_PROVEN
    return _decide(
        zone,
        proof,
        work,
        lambda known: nsec.has_unsigned_delegation(name, known),
        lambda known: nsec3.has_unsigned_delegation(name, known),
    )


def proves_no_closer_match(name: WireName, labels: int, zone: WireName, proof: Sequence[RRset], work: Work) -> Proof:
    """The wildcard whose parent has `labels` labels is the right one to give `name`: nothing closer is there."""
    if not is_below(name, zone):
        return Proof.NOT_PROVEN
    return _decide(
        zone,
        proof,
        work,
        lambda known: nsec.has_no_closer_match(name, labels, known),
        lambda known: nsec3.has_no_closer_match(name, labels, known),
    )


def _decide(zone: WireName, proof: Sequence[RRset], work: Work, by_nsec: ByNsec, by_nsec3: ByNsec3) -> Proof:
    nsecs = [nsec.read(rrset, zone) for rrset in _of_type(proof, NSEC)]
    if by_nsec([one for one in nsecs if one is not None]):
        return Proof.PROVEN
    hashed = [nsec3.read(rrset, zone) for rrset in _of_type(proof, NSEC3)]
    records = [one for one in hashed if one is not None]
    if any(one.iterations > nsec3.MAX_ITERATIONS for one in records):
        return Proof.TOO_MANY_ITERATIONS
    if not nsec3.are_of_one_chain(records):
        return Proof.NOT_PROVEN
    return by_nsec3(Nsec3s(zone, records, work))


def _of_type(proof: Sequence[RRset], rtype: int) -> list[RRset]:
    return [rrset for rrset in proof if rrset.rtype == rtype][:MAX_RECORDS]
