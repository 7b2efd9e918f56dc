"""In which orders is the reply of a source given that has it shuffled anew for each client?

Few records are given in each of their orders, every one as likely; more in one of some orders drawn at random, from any of
them on. All are made before they are asked for: to put one together takes less than a microsecond.
"""

from collections.abc import Sequence
from itertools import permutations
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Answer, Ground
from resolver.wire import Rendered

FEW: Final = 4  # records: 24 orders
MAX_RINGS: Final = 8  # orders drawn at random, each from any of its records on
MAX_PIECES: Final = 64  # records, or pieces of more, that are put into a random order
MAX_RING_OCTETS: Final = 4096  # of all rings, unless one is longer
RESHUFFLED: Final = 1.0  # s; for so long the orders of an internal reply are the same ones
LCG: Final = (1664525, 1013904223, 0xFFFFFFFF)  # multiplier, increment, mask: Numerical Recipes' generator
LCG_SHIFT: Final = 12  # its lower bits take turns too regularly: A and AAAA asked in turns would always begin alike


@final
@mypyc_attr(acyclic=True)
class Orders:
    """A reply, without its ID, in many orders. wholes: in all there are; else it is made of one of some rings, drawn at random.

    octets: of all of them together.
    """

    __slots__ = ("_back", "_front", "_rings", "_shown", "octets", "wholes")

    def __init__(self, rendered: Rendered, seed: int) -> None:
        """seed: any number, from which the orders of many records are drawn."""
        self.wholes: tuple[bytes, ...] = ()
        self._rings: tuple[Ring, ...] = ()
        self._front: Final = rendered.front
        self._back: Final = rendered.back
        self._shown: Final = rendered.shown
        ring = Ring(rendered.ring, rendered.cuts)
        if len(rendered.cuts) <= FEW and rendered.shown == len(rendered.ring):
            orders = permutations(records_in(ring))
            self.wholes = tuple([rendered.front + b"".join(order) + rendered.back for order in orders])
        else:
            self._rings = tuple(shuffles(ring, seed))
        octets = len(rendered.front) + len(rendered.back)
        for whole in self.wholes:
            octets += len(whole)
        for drawn in self._rings:
            octets += len(drawn.octets)
        self.octets: Final = octets

    def draw(self, seed: int) -> None:
        """Have the orders that were drawn at random be others from now on."""
        if self._rings:
            self._rings = tuple(shuffles(self._rings[0], seed))

    def pick(self, turn: int) -> bytes:
        """The reply in one of the orders; any number will do."""
        wholes = self.wholes
        if wholes:
            return wholes[turn % len(wholes)]
        turn, which = divmod(turn, len(self._rings))
        ring = self._rings[which]
        octets = ring.octets
        cut = ring.cuts[turn % len(ring.cuts)]
        surplus = cut + self._shown - len(octets)
        if surplus <= 0:
            return self._front + octets[cut : cut + self._shown] + self._back
        return self._front + octets[cut:] + octets[:surplus] + self._back


@final
@mypyc_attr(acyclic=True)
class Home:
    """A reply of an internal name, right for one network until `ends` and while each of `grounds` holds.

    until: when its orders are drawn anew. octets: that it takes. verbatim: the query's octets under which it stands, too.
    """

    __slots__ = ("ends", "grounds", "octets", "orders", "until", "verbatim")

    def __init__(
        self, orders: Orders, grounds: tuple[Ground, ...], now: float, ends: float, verbatim: bytes, octets: int
    ) -> None:
        self.orders: Final = orders
        self.grounds: Final = grounds
        self.ends: Final = ends
        self.verbatim: Final = verbatim
        self.octets: Final = octets
        self.until = min(ends, now + RESHUFFLED)


@final
@mypyc_attr(acyclic=True)
class Ring:
    """Records in one order, and where each of them begins: they need not be of one length."""

    __slots__ = ("cuts", "octets")

    def __init__(self, octets: bytes, cuts: Sequence[int]) -> None:
        self.octets: Final = octets
        self.cuts: Final = cuts


def is_all_there(rendered: Rendered, answer: Answer) -> bool:
    """Can all that the reply may show, in all orders, be had from what is rendered?"""
    if rendered.cuts:
        return not rendered.is_truncated or rendered.shown < len(rendered.ring)
    for rrset in answer.answer:
        if len(rrset.rdatas) > 1:
            return False
    return not rendered.is_truncated


def records_in(ring: Ring) -> list[bytes]:
    """The records, which can be given in any order."""
    ends = [*ring.cuts[1:], len(ring.octets)]
    return [ring.octets[start:end] for start, end in zip(ring.cuts, ends, strict=False)]


def shuffles(ring: Ring, seed: int) -> list[Ring]:
    """The records in some random orders, as few as their octets allow, and one at least."""
    rings = []
    for _ in range(max(1, min(MAX_RINGS, MAX_RING_OCTETS // len(ring.octets)))):
        ring, seed = shuffle(ring, seed)
        rings.append(ring)
    return rings


def shuffle(ring: Ring, seed: int) -> tuple[Ring, int]:
    """The records in another order (Fisher and Yates), and the next seed.

    More than MAX_PIECES are shuffled in about so many pieces, which begin with other records each time.
    """
    multiplier, increment, mask = LCG
    cuts, octets = ring.cuts, ring.octets
    size = -(-len(cuts) // MAX_PIECES)
    starts = [*range((seed >> LCG_SHIFT) % size, len(cuts), size)]
    if starts[0]:
        starts.insert(0, 0)
    pieces = [*range(len(starts))]
    for last in range(len(pieces) - 1, 0, -1):
        seed = seed * multiplier + increment & mask
        pick = (seed >> LCG_SHIFT) % (last + 1)
        pieces[last], pieces[pick] = pieces[pick], pieces[last]
    starts.append(len(cuts))
    bounds = [*[cuts[start] for start in starts[:-1]], len(octets)]
    turned = b"".join([octets[bounds[piece] : bounds[piece + 1]] for piece in pieces])
    if isinstance(cuts, range):  # all are as long
        return Ring(turned, cuts), seed
    moved: list[int] = []
    at = 0
    for piece in pieces:
        shift = at - bounds[piece]
        moved += [cut + shift for cut in cuts[starts[piece] : starts[piece + 1]]]
        at = bounds[piece + 1] + shift
    return Ring(turned, tuple(moved)), seed
