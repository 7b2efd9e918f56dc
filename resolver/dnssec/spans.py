"""Which record speaks of a place? Spans of an ordered circle, each from a record's own place to that of the next, sorted.

Of a zone's NSEC records the places are names in canonical order, of its NSEC3 records hashes. The last leads back to the first.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from cache.octets import octets_of
from cache.rrset import RRset
from cache.ttl import remaining

SPAN_OCTETS: Final = (
    400  # beside its RRset: where it begins and ends, a tuple of labels each, and its places in the lists
)

K = TypeVar("K", tuple[bytes, ...], bytes)


class Spans(Generic[K]):
    """Verified RRsets by the spans in which nothing is; no two overlap. Bounded by who takes them in."""

    __slots__ = ("_begins", "_ends", "_rrsets", "octets")

    def __init__(self) -> None:
        self.octets = 0  # that they take
        self._begins: list[K] = []
        self._ends: list[K] = []
        self._rrsets: list[RRset] = []

    def __len__(self) -> int:
        return len(self._begins)

    def take(self, begin: K, end: K, rrset: RRset, limit: int, most: int) -> None:
        """Note it, and forget what it contradicts, which was heard before: the zone has changed since.

        limit, most: beyond so many spans, or octets, neighbours make room.
        """
        octets = _octets_of(rrset)
        before = (bisect_left(self._begins, begin) or len(self)) - 1
        if self and is_within(self._begins[before], begin, self._ends[before]):
            self._drop(before, before + 1)
        first = bisect_left(self._begins, begin)
        if end > begin:
            self._drop(first, bisect_left(self._begins, end))
        else:
            self._drop(first, len(self))
            self._drop(0, bisect_left(self._begins, end))
        while len(self) >= limit or (self and self.octets + octets > most):
            first = min(bisect_left(self._begins, begin), len(self) - 1)
            self._drop(first, first + 1)
        first = bisect_left(self._begins, begin)
        self._begins.insert(first, begin)
        self._ends.insert(first, end)
        self._rrsets.insert(first, rrset)
        self.octets += octets

    def at(self, place: K, now: float) -> RRset | None:
        """The RRset at this very place; None: none that is still true."""
        at = bisect_left(self._begins, place)
        return self._live(at, now) if at < len(self) and self._begins[at] == place else None

    def over(self, place: K, now: float) -> RRset | None:
        """The RRset at this place, or in whose span it is; None: none that is still true."""
        at = bisect_right(self._begins, place) - 1  # before the first is the last
        if not self or not (self._begins[at] == place or is_within(self._begins[at], place, self._ends[at])):
            return None
        return self._live(at, now)

    def forget(self, place: K, is_below: Callable[[K], bool]) -> None:
        """Forget what speaks of this place, and what stands right behind it as long as it is below it."""
        last = first = bisect_right(self._begins, place)
        while last < len(self) and is_below(self._begins[last]):
            last += 1
        self._drop(max(0, first - 1), last)

    def clear(self) -> None:
        """Forget everything."""
        self._drop(0, len(self))

    def _live(self, at: int, now: float) -> RRset | None:
        return self._rrsets[at] if is_live(self._rrsets[at], now) else None

    def _drop(self, first: int, last: int) -> None:
        del self._begins[first:last]
        del self._ends[first:last]
        self.octets -= sum(map(_octets_of, self._rrsets[first:last]))
        del self._rrsets[first:last]


def _octets_of(rrset: RRset) -> int:
    return SPAN_OCTETS + octets_of(rrset)


def is_within(begin: K, place: K, end: K) -> bool:
    """Does the place lie between the two, on the circle?"""
    if begin < end:
        return begin < place < end
    return place > begin or place < end


def is_live(rrset: RRset, now: float) -> bool:
    """For a second at least: what a client gets with TTL 0 helps nobody."""
    return remaining(rrset.expires, now) > 0
