"""May this question wait for its answer? Bounded in all, per network and per machine: nobody uses up the others' share.

What one machine may have waiting is never more than what others can still have, in all and of its network's share: so whoever
takes all the places there are leaves as many free (dynamic thresholds, as shares.py). And replies must not be hoarded for whoever
wants them all at once (DNSBomb, CVE-2024-33655). Who is refused is told so.
"""

from typing import Final, TypeVar

from resolver.errors import Overloaded
from resolver.policy.views import View
from resolver.service.counts import ServiceCounts
from resolver.service.options import LimitOptions

Key = TypeVar("Key")

FEW: Final = 8  # that every machine may have waiting, as long as there is one place


class Admission:
    """The questions in flight, counted in all, by group (View.group) and by machine."""

    def __init__(self, limits: LimitOptions, counts: ServiceCounts) -> None:
        self._counts = counts
        # bounded by `in_flight`: who has no question in flight has no entry
        self._by_group: dict[str, int] = {}
        self._by_machine: dict[bytes, int] = {}
        self.adopt(limits)

    def adopt(self, limits: LimitOptions) -> None:
        """Go by these limits from now on; what is in flight stays counted."""
        self._most = limits.in_flight
        self._most_of_group = limits.in_flight_per_client
        self._most_of_machine = limits.in_flight_per_address

    def admit(self, view: View) -> None:
        """Count one question more; raises Overloaded, and then nothing is counted as in flight."""
        counts = self._counts
        group, machine = view.group, view.machine
        free = self._most - counts.in_flight_current
        if free <= 0:
            counts.overloaded += 1
            raise Overloaded("too many questions wait for an answer")
        of_group, of_machine = self._by_group.get(group, 0), self._by_machine.get(machine, 0)
        free_of_group = self._most_of_group - of_group
        most = min(self._most_of_machine, max(FEW, min(free, free_of_group)))
        if free_of_group <= 0 or of_machine >= most:
            counts.overloaded_client += 1
            raise Overloaded("too many questions of this client wait for an answer")
        self._by_group[group] = of_group + 1
        self._by_machine[machine] = of_machine + 1
        counts.in_flight_current += 1
        counts.in_flight_peak = max(counts.in_flight_peak, counts.in_flight_current)

    def in_flight(self) -> dict[bytes, int]:
        """How many questions of each machine (View.machine) are in flight; none where there are none."""
        return dict(self._by_machine)

    def release(self, view: View) -> None:
        """An admitted question is done with."""
        self._counts.in_flight_current -= 1
        _count_down(self._by_group, view.group)
        _count_down(self._by_machine, view.machine)


def _count_down(counted: dict[Key, int], key: Key) -> None:
    left = counted[key] - 1
    if left:
        counted[key] = left
    else:
        del counted[key]
