"""May this query begin now? Yes, while there is time in this turn of the loop; else it waits until it is its client's turn.

As long as a turn is enough for all that came in, nobody's share is looked at, and nobody is refused. When it is not, what
waits is taken by fair shares (shares.py), whatever it is: what costs time is not only what has to be asked for.

A machine of which more than a batch waits floods, and so does one that says as much over a TCP connection without a wait. What it
has sent is begun in what time is left, and while others ask, too, only in a quarter of that: in a loop that is never idle every
query waits, and on a busy host such a loop waits for the CPU itself.
"""

from typing import Final

from cache.form import IS_COMPILED
from resolver.engine import Mesh
from resolver.engine.timers import Timer
from resolver.service.counts import ServiceCounts
from resolver.service.shares import Begin, Shares

TURN: Final = (
    0.001  # s of one turn of the loop in which queries may begin: half of what a turn may take (design.md §5.8)
)
# s of it that a question takes to begin whose answer has to be waited for. Four of them were all that began in a turn while it
# was 0.3 compiled, too: a turn with ten costs a fifth less for each, as whoever is sent to is woken once
BEGIN: Final = 0.0001 if IS_COMPILED else 0.0003
MISS: Final = 0.001  # s that it takes in all, interpreted; compiled half of that
LEAST: Final = 0.000005  # s that anything takes: for a clock that does not show it
SOON: Final = 0.000001  # s until the next turn, which looks at the sockets first
FLOOD: Final = 64  # places that a machine which does not flood may wait in: as many as the kernel hands over at once
PAUSE: Final = 3.0  # times what was begun for those who flood took, in which nothing is begun for them
ALONE: Final = 1.0  # s without a query of others after which who floods has all the time there is


class Entrance:
    """One for the daemon: UDP and TCP have the same turns."""

    def __init__(self, mesh: Mesh, counts: ServiceCounts) -> None:
        """mesh: in whose turns queries come."""
        self._mesh = mesh
        self._counts = counts
        self._calm = Shares()
        self._floods = Shares()
        self._turn = float("-inf")  # when that turn began in which
        self._spent = 0.0  # s were spent, or promised to questions that have begun
        self._last_calm = float("-inf")  # when somebody asked who does not flood, while somebody flooded
        self._floods_from = 0.0  # when what floods may go on
        self._alarm: Timer | None = None
        self._alarm_at = float("inf")

    @property
    def is_open(self) -> bool:
        """May a query begin at once, of whoever does not flood?"""
        return not self._calm.waiting and self._spent_now() < TURN

    @property
    def is_flooded(self) -> bool:
        """Does anybody flood?"""
        return self._floods.waiting > 0

    def is_calm(self, client: bytes) -> bool:
        """Does this client not flood, while others do?"""
        if self._floods.has_waiting(client):
            return False
        self._last_calm = self._mesh.now
        return True

    def note(self, seconds: float) -> None:
        """So much time of this turn was taken."""
        self._spent = self._spent_now() + max(seconds, LEAST)

    def put(self, client: bytes, begin: Begin, octets: int) -> bool:
        """Have it begin when it is this client's turn; False: it has no place left to wait in. octets: that it holds on to."""
        if self._floods.has_waiting(client) or self._calm.places_of(client) >= FLOOD:
            return self.put_flood(client, begin, octets)
        if not self._calm.put(client, begin, octets):
            return False
        self._note_put_off(self._mesh.now + SOON)
        return True

    def put_flood(self, client: bytes, begin: Begin, octets: int, took: float = 0.0) -> bool:
        """The same of who floods. took: seconds that what it brought before has had without a wait, and without this."""
        if not self._floods.put(client, begin, octets):
            return False
        self._share_flood(client, took)
        self._note_put_off(max(self._floods_from, self._mesh.now + SOON))
        return True

    def charge(self, client: bytes, seconds: float) -> None:
        """The same of something that this client brought."""
        self.note(seconds)
        self._share(client, max(seconds, LEAST))

    def charge_miss(self, client: bytes) -> None:
        """And what this client brought goes on: in this turn, and in those to come."""
        self.note(BEGIN)
        self._share(client, MISS)

    def _share(self, client: bytes, took: float) -> None:
        self._calm.charge(client, took)
        self._share_flood(client, took)

    def _share_flood(self, client: bytes, took: float) -> None:
        if self._floods.charge(client, took) and self._mesh.now < self._last_calm + ALONE:
            self._floods_from = max(self._floods_from, self._mesh.now) + took * (1.0 + PAUSE)

    def _note_put_off(self, until: float) -> None:
        self._wake(until)
        self._counts.put_off += 1
        self._counts.put_off_current += 1

    def floods(self, client: bytes) -> bool:
        """Does more than a batch of this machine's wait already?"""
        return self._floods.has_waiting(client)

    def waiting(self) -> dict[bytes, int]:
        """How many queries of each machine (View.machine) wait for its turn."""
        waiting = self._calm.waiting_by_machine()
        for machine, count in self._floods.waiting_by_machine().items():  # who floods has its first ones among the calm
            waiting[machine] = waiting.get(machine, 0) + count
        return waiting

    def _spent_now(self) -> float:
        began = self._mesh.now
        if began != self._turn:
            self._turn = began
            self._spent = 0.0
        return self._spent

    def _wake(self, at: float) -> None:
        """Have a turn then, at the latest."""
        if at < self._alarm_at:
            alarm = self._mesh.timers.at(at, self._serve)
            if self._alarm is not None:
                self._alarm.call_off()
            self._alarm, self._alarm_at = alarm, at
            self._mesh.note_change()

    def _serve(self) -> None:
        """Begin as much as there is time for; a fault of what begins keeps nobody else from having a turn."""
        self._alarm, self._alarm_at = None, float("inf")
        try:
            self._begin_some(self._mesh.now)
        finally:
            if self._calm.waiting:
                self._wake(self._mesh.now + SOON)
            elif self._floods.waiting:
                self._wake(max(self._floods_from, self._mesh.now + SOON))

    def _begin_some(self, now: float) -> None:
        while self._spent_now() < TURN and (begin := self._calm.take()) is not None:
            self._counts.put_off_current -= 1
            begin()
        while self._floods_from <= now and (begin := self._floods.take()) is not None:
            self._counts.put_off_current -= 1
            begin()
            if self._spent_now() >= TURN:
                break
