"""How long did things take, or how many did each need? Counts per bucket, in plain integers."""

from dataclasses import dataclass, field


@dataclass
class Histogram:
    """bounds: the buckets' upper bounds, rising; buckets: how many fell into each, the last has no bound.

    What is counted, seconds unless the metadata of the field says another `unit`, is summed up in `total`.
    """

    bounds: tuple[float, ...]
    buckets: list[int] = field(init=False)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.buckets = [0] * (len(self.bounds) + 1)

    def note(self, value: float) -> None:
        buckets, place = self.buckets, self._bucket_of(value)
        buckets[place] = buckets[place] + 1  # compiled, the short form adds objects, which takes three times as long
        self.total += value

    def note_each(self, value: float, count: int) -> None:
        """So many that took as long each: what is answered in one batch is ready at one time."""
        self.buckets[self._bucket_of(value)] += count
        self.total += value * count

    def _bucket_of(self, value: float) -> int:
        """By halving, once it is not the first; compiled, this takes no call."""
        bounds = self.bounds
        if value <= bounds[0]:
            return 0
        low, high = 1, len(bounds)
        while low < high:
            middle = (low + high) >> 1
            if value <= bounds[middle]:
                high = middle
            else:
                low = middle + 1
        return low
