"""May this question wait for its answer? Bounded in all and per client, so that no client uses up the others' share."""

from resolver.errors import Overloaded
from resolver.service.counts import ServiceCounts
from resolver.service.options import LimitOptions


class Admission:
    """The questions in flight, counted in all and by group (View.group)."""

    def __init__(self, limits: LimitOptions, counts: ServiceCounts) -> None:
        self._limits = limits
        self._counts = counts
        self._by_group: dict[str, int] = {}  # bounded by `in_flight`: a group without a question has no entry

    def admit(self, group: str) -> None:
        """Count one question more; raises Overloaded, and then nothing is counted as in flight."""
        counts = self._counts
        if counts.in_flight_current >= self._limits.in_flight:
            counts.overloaded += 1
            raise Overloaded("too many questions wait for an answer")
        of_group = self._by_group.get(group, 0)
        if of_group >= self._limits.in_flight_per_client:
            counts.overloaded_client += 1
            raise Overloaded("too many questions of this client wait for an answer")
        self._by_group[group] = of_group + 1
        counts.in_flight_current += 1
        counts.in_flight_peak = max(counts.in_flight_peak, counts.in_flight_current)

    def release(self, group: str) -> None:
        """An admitted question is done with."""
        self._counts.in_flight_current -= 1
        of_group = self._by_group[group] - 1
        if of_group:
            self._by_group[group] = of_group
        else:
            del self._by_group[group]
