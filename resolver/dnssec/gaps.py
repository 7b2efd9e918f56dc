"""What is proven of names that nobody has asked for yet (RFC 8198)? A bounded memory of verified NSEC records, zone by zone.

An NSEC record says that no name is between its owner and the next, and which types its owner has. Kept in canonical order, the
records that came with some denials prove others, and that a wildcard whose records are known gives yet another name.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

import msgspec
from cachetools import LRUCache

from cache.answer import Question
from cache.chain import Link, alias_of
from cache.lookup import NEVER_ALIASED
from cache.names import WireName, ancestors, count_labels, is_at_or_below, parent, prepend
from cache.negative import derive
from cache.options import CacheOptions
from cache.rrset import Denial, RRset
from cache.rrtypes import CNAME, DS, NSEC
from cache.ttl import remaining, with_proof
from resolver.dnssec import nsec
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.denial import Proof, proves_nodata, proves_nxdomain
from resolver.dnssec.nsec import Place, place_of
from resolver.dnssec.work import Work

MAX_ZONES: Final = 1024
MAX_GAPS: Final = 16_384  # NSEC RRsets, some 800 octets each; the zone that was least recently of use goes as a whole
MAX_GAPS_OF_ZONE: Final = 4096  # the root has 1,450; so that one zone does not push out all others
MAX_WILDCARDS_OF_ZONE: Final = 16  # RRsets of wildcards; zones that have any have one or two
SELF: Final = b"\x01\0"  # and the owner: the next name of a record that is made for one name only (RFC 9824)


class _Zone:
    """What is known of one zone. nsecs: at `places`, in canonical order; no two contradict each other.

    soa: by which its denials are bounded; None: not known. wildcards: their RRsets by wildcard and type.
    """

    __slots__ = ("name", "nsecs", "places", "soa", "wildcards")

    def __init__(self, name: WireName) -> None:
        self.name = name
        self.places: list[Place] = []
        self.nsecs: list[RRset] = []
        self.soa: RRset | None = None
        self.wildcards: LRUCache[tuple[WireName, int], RRset] = LRUCache(MAX_WILDCARDS_OF_ZONE)

    def take(self, rrset: RRset, limit: int) -> None:
        """Note a verified NSEC RRset, and forget what it contradicts, which is older: the zone has changed since."""
        record = nsec.read(rrset, self.name)
        if record is None or record.next == SELF + record.owner:
            return
        begin, end = place_of(record.owner), place_of(record.next)
        first = bisect_left(self.places, begin)
        last = bisect_left(self.places, end) if end > begin else len(self.places)
        if first and self._reaches(first - 1, begin):
            first -= 1
        self._drop(first, last)
        for wildcard, rtype in [one for one in self.wildcards if _is_between(begin, place_of(one[0]), end)]:
            del self.wildcards[wildcard, rtype]
        if len(self.places) >= limit:
            at = min(first, len(self.places) - 1)  # its neighbour makes room
            self._drop(at, at + 1)
        first = bisect_left(self.places, begin)
        self.places.insert(first, begin)
        self.nsecs.insert(first, rrset)

    def at_or_before(self, name: WireName, now: float) -> RRset | None:
        """The NSEC RRset at the name, or the last before it; None: none that is still true."""
        at = bisect_right(self.places, place_of(name)) - 1
        if at < 0 or not _is_live(self.nsecs[at], now):
            return None
        return self.nsecs[at]

    def forget(self, name: WireName, *, subtree: bool) -> int:
        """Forget the record that says something of the name, and those of all below it; how many went."""
        begin = place_of(name)
        last = first = bisect_right(self.places, begin)
        while subtree and last < len(self.places) and self.places[last][: len(begin)] == begin:
            last += 1
        for wildcard, rtype in list(self.wildcards):
            if wildcard == name or (subtree and is_at_or_below(wildcard, name)):
                del self.wildcards[wildcard, rtype]
        before = len(self.places)
        self._drop(max(0, first - 1), last)
        return before - len(self.places)

    def _drop(self, first: int, last: int) -> None:
        del self.places[first:last]
        del self.nsecs[first:last]

    def _reaches(self, at: int, place: Place) -> bool:
        """Does the record there say that no name is at this place behind it?"""
        record = nsec.read(self.nsecs[at], self.name)
        return record is not None and _is_between(self.places[at], place, place_of(record.next))


class Gaps:
    """The memory."""

    def __init__(
        self,
        options: CacheOptions,
        counts: DnssecCounts,
        *,
        limit: int = MAX_GAPS,
        limit_of_zone: int = MAX_GAPS_OF_ZONE,
    ) -> None:
        """options: the bounds of negative TTLs. limit, limit_of_zone: NSEC RRsets."""
        self._options = options
        self._counts = counts
        self._limit = limit
        self._limit_of_zone = limit_of_zone
        self._zones: LRUCache[WireName, _Zone] = LRUCache(MAX_ZONES)
        self._held = 0

    def note(self, zone: WireName, proof: Sequence[RRset], soa: RRset | None = None) -> None:
        """Remember what the zone has signed and what was verified: NSEC RRsets, others are passed over, and its SOA."""
        nsecs = [one for one in proof if one.rtype == NSEC and one.ttl]
        if not nsecs:
            return
        known = self._zones.get(zone) or _Zone(zone)
        before = len(known.places)
        for rrset in nsecs:
            known.take(rrset, self._limit_of_zone)
        if soa is not None and soa.rdatas and soa.owner == zone:
            known.soa = soa
        if zone not in self._zones and known.places:
            self._make_room(MAX_ZONES - 1, self._limit)
            self._zones[zone] = known
        self._count(len(known.places) - before)
        self._make_room(MAX_ZONES, self._limit)

    def note_expanded(self, zone: WireName, rrset: RRset, labels: int) -> None:
        """Remember the records of the wildcard that gave this verified RRset; labels: of the wildcard's parent."""
        closest = next(one for one in ancestors(rrset.owner) if count_labels(one) <= labels)
        known, wildcard = self._zones.get(zone), prepend(b"*", closest)
        if known is not None and wildcard is not None:
            known.wildcards[wildcard, rrset.rtype] = msgspec.structs.replace(rrset, owner=wildcard, proof=())

    def find(self, question: Question, top: WireName, now: float) -> Link | None:
        """What is proven of it; None: it has to be asked for. top: the zones above it have no say."""
        place = parent(question.qname) if question.qtype == DS else question.qname  # the DS is the parent's
        for zone in ancestors(place):
            known = self._zones.get(zone)
            if known is not None:
                return self._of_zone(known, question, now)
            if zone == top:
                return None
        return None

    def forget(self, name: WireName, *, subtree: bool) -> None:
        """Forget what says something of the name; subtree: and of all below it."""
        for zone in list(self._zones):
            if zone == name or (subtree and is_at_or_below(zone, name)):
                self._count(-len(self._zones.pop(zone).places))
            elif is_at_or_below(name, zone):
                self._count(-self._zones[zone].forget(name, subtree=subtree))

    def _of_zone(self, known: _Zone, question: Question, now: float) -> Link | None:
        name, zone = question.qname, known.name
        cover = known.at_or_before(name, now)
        record = nsec.read(cover, zone) if cover is not None else None
        if cover is None or record is None:
            return None
        closest = nsec.closest_encloser(name, (record,))
        wildcard = prepend(b"*", closest) if closest is not None else None
        if wildcard is not None and (made := _given_by(known, wildcard, question, cover, now)) is not None:
            return made
        beside = known.at_or_before(wildcard, now) if wildcard is not None else None
        proof = (cover,) if beside is None or beside is cover else (cover, beside)
        return self._denied(known, question, proof, now)

    def _denied(self, known: _Zone, question: Question, proof: tuple[RRset, ...], now: float) -> Denial | None:
        name, qtype, zone = question.qname, question.qtype, known.name
        if known.soa is None:
            return None
        if proves_nxdomain(name, zone, proof, Work()) is Proof.PROVEN:
            return derive(name, None, known.soa, proof, self._options, now)
        for needed in (proof[:1], proof):
            if proves_nodata(name, qtype, zone, needed, Work()) is Proof.PROVEN:
                return derive(name, qtype, known.soa, needed, self._options, now)
        return None

    def _make_room(self, zones: int, gaps: int) -> None:
        while len(self._zones) > zones or self._held > gaps:
            _, gone = self._zones.popitem()
            self._count(-len(gone.places))

    def _count(self, more: int) -> None:
        self._held += more
        self._counts.gaps_current = self._held


def _given_by(known: _Zone, wildcard: WireName, question: Question, cover: RRset, now: float) -> Link | None:
    """What the wildcard gives for the question, where `cover` says that nothing is closer (RFC 8198 §5.3)."""
    qtype = question.qtype
    for rtype in (qtype,) if qtype in NEVER_ALIASED else (qtype, CNAME):
        source = known.wildcards.get((wildcard, rtype))
        if source is None or not _is_live(source, now):
            continue
        made = msgspec.structs.replace(
            with_proof(source, (cover,)),
            owner=question.qname,
            received=min(source.received, cover.received),
            lease=min(source.lease, cover.lease),
        )
        return alias_of(made, made.owner) if rtype != qtype else made
    return None


def _is_live(rrset: RRset, now: float) -> bool:
    """For a second at least: what a client gets with TTL 0 helps nobody."""
    return remaining(min(rrset.expires, rrset.lease), now) > 0


def _is_between(begin: Place, place: Place, end: Place) -> bool:
    return begin < place and (place < end or end <= begin)
