"""Where are records made of many rows? In a thread beside the loop, each once for all who wait for them.

It reads nothing: what is made is a function of readings that are in memory, and no disk holds it up.
"""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Generic, Never, TypeVar, final

from outcome import Outcome

from internal_zones.jobs import Jobs, Turns

T = TypeVar("T")


class NotMade(Exception):
    """Something went wrong in the thread."""


class Flight(Generic[T]):
    """Something that is made. keep: called with it; waiting: who waits."""

    __slots__ = ("keep", "make", "waiting")

    def __init__(
        self, make: Callable[[], T], keep: Callable[[T], None], then: Callable[[Callable[[], T]], None]
    ) -> None:
        self.make, self.keep = make, keep
        self.waiting = [then]


@final
class Making(Generic[T]):
    """One job of the thread after the other. As many wait as there are questions that may (service.admission)."""

    def __init__(self, jobs: Jobs, turns: Turns, now: Callable[[], float]) -> None:
        self._jobs, self._turns, self._now = jobs, turns, now
        self._flights: dict[Hashable, Flight[T]] = {}  # the oldest first, which is under way

    def have(
        self,
        what: Hashable,
        make: Callable[[], T],
        keep: Callable[[T], None],
        then: Callable[[Callable[[], T]], None],
    ) -> None:
        """Have `then` called in a later turn with what gives `what`, once it was made, and `keep` called with it.

        What gives it raises NotMade where making it has failed.
        """
        if what in self._flights:
            self._flights[what].waiting.append(then)
            return
        self._flights[what] = Flight(make, keep, then)
        if len(self._flights) == 1:
            self._begin()

    def _begin(self) -> None:
        """Have the oldest made."""
        what, flight = next(iter(self._flights.items()))
        self._jobs.submit(flight.make, partial(self._end, what))

    def _end(self, what: Hashable, outcome: Outcome[T]) -> None:
        flight = self._flights.pop(what)
        give: Callable[[], T]
        try:
            found = outcome.unwrap()
            flight.keep(found)
            give = partial(_same, found)
        except Exception as fault:  # raised where it is wanted
            give = partial(_fail, repr(fault))
        for then in flight.waiting:  # each by itself, and no more in one turn than fit
            self._turns.at(self._now(), partial(then, give))
        if self._flights:
            self._begin()


def _same(found: T) -> T:
    return found


def _fail(why: str) -> Never:
    raise NotMade(why)
