"""What is proven of names that nobody has asked for yet (RFC 8198)? A bounded memory of verified NSEC and NSEC3 records.

A record says that no name, or no name's hash, is between its own and the next, and which types its own has. Those that came with
some denials prove others; and where nothing is closer, a wildcard whose records are known gives yet another name.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, takewhile
from typing import Final

from cache.answer import Question
from cache.chain import Link, alias_of
from cache.lookup import NEVER_ALIASED
from cache.names import WireName, ancestors, count_labels, is_at_or_below, parent, prepend
from cache.negative import derive
from cache.octets import octets_of
from cache.options import CacheOptions
from cache.recent import Recent
from cache.rrset import Denial, RRset
from cache.rrtypes import CNAME, DS, NSEC, NSEC3
from cache.ttl import with_proof
from resolver.dnssec import nsec, nsec3
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.denial import Proof, proves_no_closer_match, proves_nodata, proves_nxdomain
from resolver.dnssec.nsec import SortKey, sort_key_of
from resolver.dnssec.spans import Spans, is_live, is_within
from resolver.dnssec.work import Work
from resolver.errors import WorkExhausted

MAX_ZONES: Final = 1024
MAX_GAPS: Final = 16_384  # RRsets; the zone that was least recently of use goes as a whole
MAX_OCTETS: Final = 16 * 2**20  # that all of them take, at some 1000 octets each
MAX_OCTETS_OF_ZONE: Final = 4 * 2**20
MAX_RRSET_OCTETS: Final = 8192  # of one that is remembered: its signatures, too, are the zone's to make long
MAX_GAPS_OF_ZONE: Final = 4096  # the root has 1,450; so that one zone does not push out all others
ZONE_OCTETS: Final = 1200  # what is known of a zone, without its records
MAX_WILDCARDS_OF_ZONE: Final = 16  # RRsets of wildcards; zones that have any have one or two
MAX_ITERATIONS: Final = 10  # zones should have 0 (RFC 9276 §3.1); where hashing is dearer, the servers are asked
MAX_HASHED: Final = 10  # names from the zone down to the name asked, for the same reason
SELF: Final = b"\x01\0"  # and the owner: the next name of an NSEC record that is made for one name only (RFC 9824)
SELF_HASHED: Final = (
    2  # so far is it to the next hash of an NSEC3 record that is made for one name only (RFC 7129, app. B)
)

Proofs = tuple[RRset, ...]
Wildcard = tuple[WireName, int]  # and the type of its records


class _Zone:
    """What is known of one zone. names, hashes: its NSEC and its NSEC3 RRsets; salt, iterations: of the latter.

    soa: by which its denials are bounded; None: not known. wildcards: their RRsets by wildcard and type.
    """

    __slots__ = ("hashes", "iterations", "name", "names", "salt", "soa", "wildcards")

    def __init__(self, name: WireName) -> None:
        self.name = name
        self.names: Spans[SortKey] = Spans()
        self.hashes: Spans[bytes] = Spans()
        self.salt = b""
        self.iterations = 0
        self.soa: RRset | None = None
        self.wildcards: Recent[Wildcard, RRset] = Recent(MAX_WILDCARDS_OF_ZONE)

    def __len__(self) -> int:
        return len(self.names) + len(self.hashes)

    @property
    def octets(self) -> int:
        """What it takes."""
        beside = sum(octets_of(rrset) for _, rrset in self.wildcards.walk())
        beside += octets_of(self.soa) if self.soa is not None else 0
        return ZONE_OCTETS + self.names.octets + self.hashes.octets + beside

    def take(self, rrset: RRset, limit: int) -> None:
        """Note a verified RRset, if more can be made of it than of the denial it came with."""
        if rrset.rtype == NSEC:
            self._take_names(rrset, limit)
        elif rrset.rtype == NSEC3:
            self._take_hashes(rrset, limit)

    def hash(self, name: WireName) -> bytes:
        return nsec3.hash_name(name, self.salt, self.iterations)

    def forget(self, name: WireName, *, subtree: bool) -> None:
        """Forget what speaks of the name, and of all below it. Whose hashes the others are, nobody knows: all of these go."""
        mine = sort_key_of(name)
        self.names.forget(mine, lambda other: subtree and other[: len(mine)] == mine)
        self.hashes.clear()
        self._drop_wildcards(lambda one: one == name or (subtree and is_at_or_below(one, name)))

    def _take_names(self, rrset: RRset, limit: int) -> None:
        record = nsec.read(rrset, self.name)
        if record is None or record.next == SELF + record.owner:
            return
        begin, end = sort_key_of(record.owner), sort_key_of(record.next)
        self.names.take(begin, end, rrset, limit, MAX_OCTETS_OF_ZONE)
        self._drop_wildcards(lambda one: is_within(begin, sort_key_of(one), end))

    def _take_hashes(self, rrset: RRset, limit: int) -> None:
        record = nsec3.read(rrset, self.name)
        if record is None or record.iterations > MAX_ITERATIONS:
            return
        if record.is_opt_out or (record.salt, record.iterations) != (self.salt, self.iterations):
            self.hashes.clear()  # what opts out denies nothing for sure (RFC 8198 §5.2), and a new salt is a new chain
            self.salt, self.iterations = record.salt, record.iterations
        if record.is_opt_out or 0 < int.from_bytes(record.next) - int.from_bytes(record.owner) <= SELF_HASHED:
            return
        self.hashes.take(record.owner, record.next, rrset, limit, MAX_OCTETS_OF_ZONE)
        self._drop_wildcards(lambda one: is_within(record.owner, self.hash(one), record.next))

    def _drop_wildcards(self, is_gone: Callable[[WireName], bool]) -> None:
        for key, _ in self.wildcards.walk():
            if is_gone(key[0]):
                self.wildcards.drop(key)


Size = tuple[int, int]  # of what is known of a zone: RRsets, octets
NOTHING: Final = (0, 0)


def _size_of(known: _Zone) -> Size:
    return len(known), known.octets


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
        """options: the bounds of negative TTLs. limit, limit_of_zone: RRsets."""
        self._options = options
        self._counts = counts
        self._limit = limit
        self._limit_of_zone = limit_of_zone
        self._zones: Recent[WireName, _Zone] = Recent(MAX_ZONES)
        self._held = 0
        self._octets = 0

    def note(self, zone: WireName, proof: Sequence[RRset], soa: RRset | None = None) -> None:
        """Remember what the zone has signed and what was verified: its NSEC and NSEC3 RRsets, and its SOA."""
        held = self._zones.get(zone)
        known = held if held is not None else _Zone(zone)
        before = _size_of(held) if held is not None else NOTHING
        for rrset in proof:
            if rrset.ttl and octets_of(rrset) <= MAX_RRSET_OCTETS:
                known.take(rrset, self._limit_of_zone)
        if soa is not None and soa.rdatas and soa.owner == zone and octets_of(soa) <= MAX_RRSET_OCTETS:
            known.soa = soa
        if held is None:
            if not known:
                return
            self._make_room(MAX_ZONES - 1)
            self._zones.put(zone, known)
        self._count(before, _size_of(known))
        self._make_room(MAX_ZONES)

    def note_expanded(self, zone: WireName, rrset: RRset, labels: int) -> None:
        """Remember the records of the wildcard that gave this verified RRset; labels: of the wildcard's parent."""
        closest = next(one for one in ancestors(rrset.owner) if count_labels(one) <= labels)
        known, wildcard = self._zones.get(zone), prepend(b"*", closest)
        if known is not None and wildcard is not None and octets_of(rrset) <= MAX_RRSET_OCTETS:
            before = _size_of(known)
            known.wildcards.put((wildcard, rrset.rtype), rrset.replace(owner=wildcard, proof=()))
            self._count(before, _size_of(known))
            self._make_room(MAX_ZONES)

    def find(self, question: Question, top: WireName, now: float) -> Link | None:
        """What is proven of it; None: it has to be asked for. top: the zones above it have no say."""
        known = self._closest(question, top)
        if known is None:
            return None
        self._zones.get(known.name)  # it is used
        found = self._proven(known, question, now, Work(now, counts=self._counts))
        if found is None:
            return None
        link, wildcard = found
        if wildcard is not None:
            known.wildcards.get(wildcard)
        return link

    def peek(self, question: Question, top: WireName, now: float) -> Link | None:
        """The same for who only looks: nothing is marked as used, or counted."""
        known = self._closest(question, top)
        found = self._proven(known, question, now, Work(now)) if known is not None else None
        return found[0] if found is not None else None

    def forget(self, name: WireName, *, subtree: bool) -> None:
        """Forget what says something of the name; subtree: and of all below it."""
        for zone, known in self._zones.walk():
            if zone == name or (subtree and is_at_or_below(zone, name)):
                self._zones.drop(zone)
                self._count(_size_of(known), NOTHING)
            elif is_at_or_below(name, zone):
                before = _size_of(known)
                known.forget(name, subtree=subtree)
                self._count(before, _size_of(known))

    def _closest(self, question: Question, top: WireName) -> _Zone | None:
        place = parent(question.qname) if question.qtype == DS else question.qname  # the DS is the parent's
        for zone in ancestors(place):
            known = self._zones.peek(zone)
            if known is not None or zone == top:
                return known
        return None

    def _proven(self, known: _Zone, question: Question, now: float, work: Work) -> tuple[Link, Wildcard | None] | None:
        """What is proven, and by which wildcard's records, if it is their doing."""
        try:
            given = _given(known, question, now, work)
            denied = self._denied(known, question, now, work) if given is None else None
        except WorkExhausted:  # as where hashing is dearer: the servers are asked
            return None
        return given if denied is None else (denied, None)

    def _denied(self, known: _Zone, question: Question, now: float, work: Work) -> Denial | None:
        name, qtype, zone, soa = question.qname, question.qtype, known.name, known.soa
        for proof in _proofs(known, name, now) if soa is not None else ():
            assert soa is not None
            if proves_nxdomain(name, zone, proof, work) is Proof.PROVEN:
                return derive(name, None, soa, proof, self._options, now)
            if proves_nodata(name, qtype, zone, proof, work) is Proof.PROVEN:
                return derive(name, qtype, soa, proof, self._options, now)
        return None

    def _make_room(self, zones: int) -> None:
        while len(self._zones) > zones or self._held > self._limit or self._octets > MAX_OCTETS:
            oldest = self._zones.oldest()
            assert oldest is not None
            self._zones.drop(oldest[0])
            self._count(_size_of(oldest[1]), NOTHING)

    def _count(self, before: Size, now: Size) -> None:
        self._held += now[0] - before[0]
        self._octets += now[1] - before[1]
        self._counts.gaps_current = self._held
        self._counts.gaps_octets_current = self._octets


def _proofs(known: _Zone, name: WireName, now: float) -> Iterator[Proofs]:
    """The sets of records that could prove that the name, or a type of it, is not there; the smallest first."""
    cover = known.names.over(sort_key_of(name), now)
    record = nsec.read(cover, known.name) if cover is not None else None
    if cover is not None and record is not None:
        yield (cover,)
        closest = nsec.closest_encloser(name, (record,))
        wildcard = prepend(b"*", closest) if closest is not None else None
        beside = known.names.over(sort_key_of(wildcard), now) if wildcard is not None else None
        if beside is not None:
            yield (cover, beside)
    if known.hashes and (proof := _hashed_proof(known, name, now)) is not None:
        yield proof


def _hashed_proof(known: _Zone, name: WireName, now: float) -> Proofs | None:
    """The record of the name; or of its closest encloser, of the name one label longer, and of the wildcard (RFC 5155 §8)."""
    names = _down_to(known, name)
    if len(names) > MAX_HASHED:
        return None
    closer = None
    for one in names:
        record = known.hashes.at(known.hash(one), now)
        if record is None:
            closer = one
            continue
        if closer is None:
            return (record,)
        wildcard = prepend(b"*", one)
        cover = known.hashes.over(known.hash(closer), now)
        beside = known.hashes.over(known.hash(wildcard), now) if wildcard is not None else None
        return None if cover is None or beside is None else tuple(dict.fromkeys((record, cover, beside)))
    return None


def _given(known: _Zone, question: Question, now: float, work: Work) -> tuple[Link, Wildcard] | None:
    """What a wildcard gives whose records are known, where it is proven that nothing is closer (RFC 8198 §5.3); and which."""
    name, qtype = question.qname, question.qtype
    names = _down_to(known, name) if known.wildcards else ()
    for closer, closest in pairwise(names):
        wildcard = prepend(b"*", closest)
        for rtype in (qtype,) if qtype in NEVER_ALIASED else (qtype, CNAME):
            source = known.wildcards.peek((wildcard, rtype)) if wildcard is not None else None
            cover = (
                _cover(known, closer, closest, name, now, work) if source is not None and is_live(source, now) else None
            )
            if wildcard is None or source is None or cover is None:
                continue
            made = with_proof(source, (cover,)).replace(
                owner=name,
                received=min(source.received, cover.received),
                lease=min(source.lease, cover.lease),
            )
            return alias_of(made, name) if rtype != qtype else made, (wildcard, rtype)
    return None


def _cover(known: _Zone, closer: WireName, closest: WireName, name: WireName, now: float, work: Work) -> RRset | None:
    """The record that proves that nothing is closer to the name than `closest`; closer: the name one label longer."""
    covers = [known.names.over(sort_key_of(name), now), known.hashes.over(known.hash(closer), now)]
    for cover in covers:
        if cover is not None:
            found = proves_no_closer_match(name, count_labels(closest), known.name, (cover,), work)
            if found is Proof.PROVEN:
                return cover
    return None


def _down_to(known: _Zone, name: WireName) -> Sequence[WireName]:
    """The name and its ancestors up to the zone's apex."""
    return (*takewhile(lambda one: one != known.name, ancestors(name)), known.name)
