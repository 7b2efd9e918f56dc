"""What do these NSEC records prove? (RFC 4034 §4, RFC 4035 §5.4, RFC 6840 §4)"""

from collections.abc import Sequence
from dataclasses import dataclass

from cache.names import ROOT, WireName, count_labels, is_at_or_below, is_below, labels, prepend
from cache.rrset import RRset
from resolver.dnssec.canonical import end_of_name
from resolver.dnssec.proof import Types, delegates_unsigned, hides_names_below, lacks, read_types

SortKey = tuple[bytes, ...]  # in canonical order (RFC 4034 §6.1): the labels from the root down


@dataclass(frozen=True, slots=True)
class Nsec:
    """Between `owner` and `next` there is no name in the zone; at `owner` there are these types."""

    owner: WireName
    next: WireName
    types: Types


def read(rrset: RRset, zone: WireName) -> Nsec | None:
    """The record; None if it is malformed or reaches out of its zone, over whose names it has no say."""
    if len(rrset.rdatas) != 1:
        return None
    rdata = rrset.rdatas[0]
    end = end_of_name(rdata, 0)
    types = read_types(rdata[end:]) if end is not None else None
    if types is None:
        return None
    following = WireName(rdata[:end].lower())
    if not is_at_or_below(rrset.owner, zone) or not is_at_or_below(following, zone):
        return None
    if following != zone and sort_key_of(following) <= sort_key_of(rrset.owner):
        return None  # only the zone's last NSEC leads back, and it leads to the apex
    return Nsec(rrset.owner, following, types)


def has_no_name(name: WireName, nsecs: Sequence[Nsec]) -> bool:
    """Neither the name nor a wildcard that would give it is there."""
    closest = closest_encloser(name, nsecs)
    wildcard = prepend(b"*", closest) if closest is not None else None
    return wildcard is not None and any(_is_absent(wildcard, nsec) for nsec in nsecs)


def has_no_data(name: WireName, rtype: int, nsecs: Sequence[Nsec]) -> bool:
    """The type is not at the name; or the name is not there, and the type not at the wildcard that gives it."""
    if _has_no_data_itself(name, rtype, nsecs):
        return True
    closest = closest_encloser(name, nsecs)
    wildcard = prepend(b"*", closest) if closest is not None else None
    return wildcard is not None and _has_no_data_itself(wildcard, rtype, nsecs)


def has_unsigned_delegation(name: WireName, nsecs: Sequence[Nsec]) -> bool:
    """At the name the zone delegates, without a DS."""
    return any(nsec.owner == name and delegates_unsigned(nsec.types) for nsec in nsecs)


def has_no_closer_match(name: WireName, count: int, nsecs: Sequence[Nsec]) -> bool:
    """The name is not there, and of its ancestors none with more than `count` labels: the wildcard below that gives it."""
    closest = closest_encloser(name, nsecs)
    return closest is not None and count_labels(closest) <= count


def _has_no_data_itself(name: WireName, rtype: int, nsecs: Sequence[Nsec]) -> bool:
    for nsec in nsecs:
        if nsec.owner == name and lacks(nsec.types, rtype, at_apex=name == ROOT):
            return True
        if _covers(nsec, name) and is_below(nsec.next, name):
            return True  # an empty non-terminal: a name below it is the next that there is
    return False


def closest_encloser(name: WireName, nsecs: Sequence[Nsec]) -> WireName | None:
    """The longest ancestor of an absent name that is there; None if the name is not proven absent."""
    for nsec in nsecs:
        if _is_absent(name, nsec):
            return max(_common(name, nsec.owner), _common(name, nsec.next), key=len)
    return None


def _is_absent(name: WireName, nsec: Nsec) -> bool:
    """Is the name proven not to be there, not even as an empty non-terminal?"""
    return _covers(nsec, name) and not is_below(nsec.next, name)


def _covers(nsec: Nsec, name: WireName) -> bool:
    """Does the name lie between owner and next, where the record has a say? The name is in the zone."""
    if is_below(name, nsec.owner) and hides_names_below(nsec.types):
        return False
    mine, begin, end = sort_key_of(name), sort_key_of(nsec.owner), sort_key_of(nsec.next)
    return begin < mine and (mine < end or end <= begin)


def sort_key_of(name: WireName) -> SortKey:
    return tuple(reversed(labels(name)))


def _common(one: WireName, other: WireName) -> WireName:
    """The longest name that both are at or below."""
    shared = b"\0"
    for mine, theirs in zip(sort_key_of(one), sort_key_of(other), strict=False):
        if mine != theirs:
            break
        shared = bytes((len(mine),)) + mine + shared
    return WireName(shared)
