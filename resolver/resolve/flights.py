"""Which questions are on their way upstream: one flight per question, however many wait for it.

A flight lives in the daemon's nursery. Whoever waits may go away (a client that gave up, or that got stale data);
the flight goes on and what it learns is kept. Flights can wait for each other, for the address of a name server; a wait
that would close a circle is refused at once instead of at everybody's deadline (TsuNAME).
"""

from collections.abc import Awaitable, Callable

import trio

from cache.answer import Question
from resolver.errors import InternalError, NoReachableAuthority, Overloaded, ResolutionFailure
from resolver.iterate import Budget, Iteration
from resolver.iterate.trace import Missing
from resolver.resolve.counts import ResolveCounts

MAX_FLIGHTS = 8192  # each holds a task and a socket; admission bounds clients' questions, this bounds the sum of all


class Flight:
    """One question on its way. outcome: None until it has landed; that is at its deadline at the latest."""

    __slots__ = ("deadline", "done", "outcome", "question", "started", "waits_for")

    def __init__(self, question: Question, started: float, deadline: float) -> None:
        self.question = question
        self.started = started
        self.deadline = deadline
        self.done = trio.Event()
        self.outcome: Iteration | ResolutionFailure | None = None
        self.waits_for: set[Flight] = set()

    def result(self) -> Iteration:
        """What it brought; raises its failure. Only after `done`."""
        assert self.outcome is not None
        if isinstance(self.outcome, ResolutionFailure):
            # a fresh traceback for each waiter, not one that grows by everybody's frames
            raise self.outcome.with_traceback(None)
        return self.outcome


class Flights:
    """The table of flights under way."""

    def __init__(
        self,
        nursery: trio.Nursery,
        now: Callable[[], float],
        fly: Callable[[Question, Budget], Awaitable[Iteration | ResolutionFailure]],
        report: Callable[[Question, Exception], None],
        counts: ResolveCounts,
        *,
        limit: int = MAX_FLIGHTS,
    ) -> None:
        """fly: takes a question upstream, stores what was learned, and tells the outcome. report: logs a fault of ours."""
        self._nursery = nursery
        self._now = now
        self._fly = fly
        self._report = report
        self._counts = counts
        self._limit = limit
        self._under_way: dict[Question, Flight] = {}

    def board(self, question: Question, budget: Budget) -> Flight:
        """The flight for `question`, begun now if there is none; raises Overloaded when the table is full."""
        flight = self._under_way.get(question)
        if budget.watch is not None:
            budget.tell(Missing(question, is_joined=flight is not None))
        if flight is not None:
            self._counts.flights_joined += 1
            return flight
        if len(self._under_way) >= self._limit:
            self._counts.flights_refused += 1
            raise Overloaded("too many questions in flight")
        flight = self._under_way[question] = Flight(question, self._now(), budget.deadline)
        self._counts.flights += 1
        self._counts.flights_current += 1
        self._nursery.start_soon(self._run, flight, budget)
        return flight

    async def lookup(self, question: Question, waiting: Question | None, budget: Budget) -> Iteration:
        """Wait for `question` on behalf of the flight of `waiting`; raises ResolutionFailure, also for a circle."""
        flight = self.board(question, budget)
        waiter = self._under_way.get(waiting) if waiting is not None else None
        if waiter is None:
            await flight.done.wait()
            return flight.result()
        if leads_to(flight, waiter):
            self._counts.flight_cycles += 1
            raise NoReachableAuthority("name servers that need each other's addresses")
        waiter.waits_for.add(flight)
        try:
            await flight.done.wait()
        finally:
            waiter.waits_for.discard(flight)
        return flight.result()

    async def _run(self, flight: Flight, budget: Budget) -> None:
        try:
            flight.outcome = await self._fly(flight.question, budget)
        except Exception as fault:  # one bad flight must not end the daemon, nor leave its waiters waiting
            self._report(flight.question, fault)
            flight.outcome = InternalError("an internal error")
        finally:
            if flight.outcome is None:  # cancelled: the daemon is stopping
                flight.outcome = NoReachableAuthority("the resolver is stopping")
            del self._under_way[flight.question]
            self._counts.flights_current -= 1
            flight.done.set()


def leads_to(flight: Flight, goal: Flight) -> bool:
    """Does `flight` wait, directly or through others, for `goal`? Each flight is looked at once."""
    seen = {flight}
    todo = [flight]
    while todo:
        at = todo.pop()
        if at is goal:
            return True
        new = at.waits_for - seen
        seen |= new
        todo.extend(new)
    return False
