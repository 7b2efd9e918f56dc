"""May this question wait for its answer? Bounded in all, per network and per machine: nobody uses up the others' share.

While there is time everybody is served: what a machine may bring a second is bounded when half of all places are taken, or when
queries come faster than they are answered, as those whose answers are cached wait behind them. How many wait for one at a time
always is: replies must not be hoarded for whoever wants them all at once (DNSBomb, CVE-2024-33655).

Who is refused is told so. Who is refused more often than a rate floods, and is told without being read: at some rate even to
read what is refused takes more than this process has, and then its neighbours' queries are lost in a full socket.
"""

from typing import Final, TypeVar

from resolver.errors import Overloaded
from resolver.policy.views import View, machine_of
from resolver.service.counts import ServiceCounts
from resolver.service.options import LimitOptions
from resolver.service.pace import Pace

Key = TypeVar("Key")

NETWORK_SHARE: Final = 4  # times one machine's rate: that of all machines of a network together

CONTENDED: Final = 2  # one of so many places taken: from then on shares bind
BUSY_BATCH: Final = 16  # queries that came while others were answered: some 5 ms of misses
BUSY_FOR: Final = 0.1  # s after that during which queries count as coming faster than they are answered

SHUT_OUT_FOR: Final = 0.002  # s: short, so that what a machine may ask meanwhile comes in no bursts
FLOODS_FOR: Final = 1.0  # s after it was shut out, during which
FLOOD_COST: Final = 8  # times its share is what each question of a machine takes: work, too, is its neighbours' time
MAX_SHUT_OUT: Final = 16384  # machines at a time; more must be made-up addresses, and are refused one by one


class Admission:
    """The questions in flight, counted in all, by group (View.group) and by machine; and how fast the latter two bring more.

    last_shut_until: monotonic seconds; from then on nobody is shut out.
    """

    def __init__(self, limits: LimitOptions, counts: ServiceCounts) -> None:
        self._counts = counts
        # bounded by `in_flight`: who has no question in flight has no entry
        self._by_group: dict[str, int] = {}
        self._by_machine: dict[bytes, int] = {}
        self._shut_until: dict[bytes, float] = {}
        self.last_shut_until = 0.0
        self._busy_until = float("-inf")
        self.adopt(limits)

    def adopt(self, limits: LimitOptions) -> None:
        """Go by these limits from now on; what is in flight stays counted."""
        self._limits = limits
        self._pace_of_machines = Pace(limits.waiting_rate_per_address)
        self._pace_of_groups = Pace(NETWORK_SHARE * limits.waiting_rate_per_address)
        self._pace_of_refusals = Pace(limits.waiting_rate_per_address)

    def admit(self, view: View, now: float) -> None:
        """Count one question more; raises Overloaded, and then nothing is counted as in flight."""
        limits, counts = self._limits, self._counts
        group, machine = view.group, view.machine
        if counts.in_flight_current >= limits.in_flight:
            counts.overloaded += 1
            raise Overloaded("too many questions wait for an answer")
        of_group, of_machine = self._by_group.get(group, 0), self._by_machine.get(machine, 0)
        if of_group >= limits.in_flight_per_client or of_machine >= limits.in_flight_per_address:
            counts.overloaded_client += 1
            self._note_refusal(machine, now)
            raise Overloaded("too many questions of this client wait for an answer")
        if not self._is_contended(now):
            self._count(group, machine)
            return
        if not (self._pace_of_machines.has_left(machine, now) and self._pace_of_groups.has_left(group, now)):
            counts.overpaced += 1
            self._note_refusal(machine, now)
            raise Overloaded("too many new questions of this client a second")
        self._pace_of_machines.take(machine, now, FLOOD_COST if self._floods(machine, now) else 1)
        self._pace_of_groups.take(group, now)
        self._count(group, machine)

    def note_batch(self, queries: int, now: float) -> None:
        """So many queries waited when the socket was looked at."""
        if queries >= BUSY_BATCH:
            self._busy_until = now + BUSY_FOR

    def _is_contended(self, now: float) -> bool:
        """Is there somebody whose share has to be kept for him?"""
        if self._counts.in_flight_current >= self._limits.in_flight // CONTENDED:
            return True
        return now < self._busy_until

    def _count(self, group: str, machine: bytes) -> None:
        counts = self._counts
        self._by_group[group] = self._by_group.get(group, 0) + 1
        self._by_machine[machine] = self._by_machine.get(machine, 0) + 1
        counts.in_flight_current += 1
        counts.in_flight_peak = max(counts.in_flight_peak, counts.in_flight_current)

    def is_shut_out(self, client: bytes, now: float) -> bool:
        """Has this client just been refused too often? Then what it sends over UDP need not be read for a moment."""
        return now < self._shut_until.get(machine_of(client), 0.0)

    def _floods(self, machine: bytes, now: float) -> bool:
        return bool(self._shut_until) and now < self._shut_until.get(machine, 0.0) + FLOODS_FOR

    def _note_refusal(self, machine: bytes, now: float) -> None:
        if self._pace_of_refusals.has_left(machine, now):
            self._pace_of_refusals.take(machine, now)
            return
        if now >= self.last_shut_until + FLOODS_FOR:  # all of them are over
            self._shut_until.clear()
        if len(self._shut_until) < MAX_SHUT_OUT:
            self._shut_until[machine] = self.last_shut_until = now + SHUT_OUT_FOR

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
