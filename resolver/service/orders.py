"""In which orders is the reply of a source given that has it shuffled anew for each client?

Few records are given in each of their orders, every one as likely; more in one of some orders drawn at random, from any of
them on. All are made before they are asked for: to put one together takes less than a microsecond.
"""

from itertools import permutations
from typing import Final, final

from mypy_extensions import mypyc_attr

from resolver.wire import Rendered

FEW: Final = 4  # records: 24 orders
MAX_RINGS: Final = 8  # orders drawn at random, each from any of its records on
MAX_RING_OCTETS: Final = 4096  # of all rings, unless one is longer
LCG: Final = (1664525, 1013904223, 0xFFFFFFFF)  # multiplier, increment, mask: Numerical Recipes' generator
LCG_SHIFT: Final = 12  # its lower bits take turns too regularly: A and AAAA asked in turns would always begin alike


@final
@mypyc_attr(acyclic=True)
class Orders:
    """A reply, without its ID, in many orders. wholes: in all there are; else it is made of one of `rings`."""

    __slots__ = ("_back", "_cuts", "_front", "_rings", "_shown", "octets", "wholes")

    def __init__(self, rendered: Rendered, seed: int) -> None:
        """seed: any number, from which the orders of many records are drawn."""
        self.wholes: tuple[bytes, ...] = ()
        self._rings: tuple[bytes, ...] = ()
        self._front: Final = rendered.front
        self._back: Final = rendered.back
        self._cuts: Final = rendered.cuts
        self._shown: Final = rendered.shown
        records = records_of(rendered)
        if len(records) <= FEW and rendered.shown == len(rendered.ring):
            orders = permutations(records)
            self.wholes = tuple([rendered.front + b"".join(order) + rendered.back for order in orders])
        else:
            self._rings = tuple(shuffles(records, seed))
        octets = len(rendered.front) + len(rendered.back)
        for held in (*self.wholes, *self._rings):
            octets += len(held)
        self.octets: Final = octets

    def pick(self, turn: int) -> bytes:
        """The reply in one of the orders; any number will do."""
        wholes = self.wholes
        if wholes:
            return wholes[turn % len(wholes)]
        turn, which = divmod(turn, len(self._rings))
        ring = self._rings[which]
        cut = self._cuts[turn % len(self._cuts)]
        surplus = cut + self._shown - len(ring)
        if surplus <= 0:
            return self._front + ring[cut : cut + self._shown] + self._back
        return self._front + ring[cut:] + ring[:surplus] + self._back


def records_of(rendered: Rendered) -> list[bytes]:
    """The records that can be given in any order."""
    ends = [*rendered.cuts[1:], len(rendered.ring)]
    return [rendered.ring[start:end] for start, end in zip(rendered.cuts, ends, strict=False)]


def shuffles(records: list[bytes], seed: int) -> list[bytes]:
    """The records in some random orders (Fisher and Yates), as few as their octets allow, and one at least."""
    octets = 0
    for record in records:
        octets += len(record)
    multiplier, increment, mask = LCG
    rings = []
    for _ in range(max(1, min(MAX_RINGS, MAX_RING_OCTETS // octets))):
        for last in range(len(records) - 1, 0, -1):
            seed = seed * multiplier + increment & mask
            pick = (seed >> LCG_SHIFT) % (last + 1)
            records[last], records[pick] = records[pick], records[last]
        rings.append(b"".join(records))
    return rings
