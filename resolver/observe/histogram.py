"""How long did things take? Counts per bucket of seconds, in plain integers."""

from bisect import bisect_left
from dataclasses import dataclass, field


@dataclass(slots=True)
class Histogram:
    """bounds: the buckets' upper bounds in seconds, rising; buckets: how many fell into each, the last has no bound."""

    bounds: tuple[float, ...]
    buckets: list[int] = field(init=False)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.buckets = [0] * (len(self.bounds) + 1)

    def note(self, seconds: float) -> None:
        self.buckets[bisect_left(self.bounds, seconds)] += 1
        self.seconds += seconds

    def note_at_once(self, count: int) -> None:
        """So many that took next to nothing: some microseconds each are not worth a clock reading."""
        self.buckets[0] += count
