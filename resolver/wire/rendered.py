"""A reply that was composed: its octets, beginning with any of its records, and until when they are right."""

from collections.abc import Sequence
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.rrset import RRset


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Rendered:
    """A reply without its ID, to be kept for the same query from other clients.

    Its octets are `front`, then `shown` octets of the ring of one RRset's records, from one of the `cuts` on, then `back`;
    without cuts `front` is all of it. until: monotonic seconds before which it stays right: the earliest moment at which a
    TTL in it changes or an RRset expires; infinite when all is local data. rrsets: all that were put in or would have been
    if they had fitted; it is right only as long as these are what is known. A reply without any is right for no time.
    """

    __slots__ = ("back", "cuts", "front", "is_truncated", "ring", "rrsets", "shown", "until")

    def __init__(
        self,
        front: bytes,
        ring: bytes,
        shown: int,
        cuts: Sequence[int],
        back: bytes,
        until: float,
        rrsets: tuple[RRset, ...],
        is_truncated: bool,
    ) -> None:
        self.front: Final = front
        self.ring: Final = ring
        self.shown: Final = shown
        self.cuts: Final = cuts
        self.back: Final = back
        self.until: Final = until
        self.rrsets: Final = rrsets
        self.is_truncated: Final = is_truncated

    def tail(self, turn: int) -> bytes:
        """The reply with its records from the one of this number on; any number will do."""
        if not self.cuts:
            return self.front
        ring = self.ring
        cut = self.cuts[turn % len(self.cuts)]
        surplus = cut + self.shown - len(ring)
        if surplus <= 0:
            return b"".join((self.front, ring[cut : cut + self.shown], self.back))
        return b"".join((self.front, ring[cut:], ring[:surplus], self.back))

    @property
    def octets(self) -> int:
        """How many are held; the reply itself has no more, and those of a message its ID more."""
        return len(self.front) + len(self.ring) + len(self.back)
