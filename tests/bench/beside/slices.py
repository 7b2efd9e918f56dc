"""What did a victim wait at two servers that were measured in turns, a slice of time each: how many times the other's is ours?

A slice has its own p99, and the middle one of them counts: what else the machine did in one or two of them does not.
"""

from collections.abc import Sequence
from random import Random
from statistics import median
from typing import Final, NamedTuple

from tests.bench.latency.figures import percentile

DRAWS: Final = 1000
ENDS: Final = (0.05, 0.95)
SEED: Final = 1

Slice = list[float | None]  # seconds that each question took; None: no reply


class Ratio(NamedTuple):
    """low and high: between which it is in nine of ten drawings of as many slices out of these."""

    value: float
    low: float
    high: float

    def settles(self, wanted: float) -> bool:
        """Is it clear on which side of this it is?"""
        return self.high <= wanted or self.low > wanted


def middle(slices: Sequence[Slice], share: float) -> float:
    """The middle one of the slices' percentiles, of what was answered; some must be in each."""
    return median(percentile(sorted(took for took in one if took is not None), share) for one in slices)


def of_all(slices: Sequence[Slice], share: float) -> float:
    """The percentile of all slices together."""
    return percentile(sorted(took for one in slices for took in one if took is not None), share)


def lost(slices: Sequence[Slice]) -> int:
    """How many questions were not answered."""
    return sum(took is None for one in slices for took in one)


def ratio(ours: Sequence[Slice], theirs: Sequence[Slice], share: float) -> Ratio:
    """Of the middle ones. Slices are drawn, not questions: those of one slice met the same."""
    rng = Random(SEED)
    mine, other = ([middle([one], share) for one in slices] for slices in (ours, theirs))
    drawn = sorted(
        median(rng.choices(mine, k=len(mine))) / median(rng.choices(other, k=len(other))) for _ in range(DRAWS)
    )
    low, high = (percentile(drawn, end) for end in ENDS)
    return Ratio(median(mine) / median(other), low, high)
