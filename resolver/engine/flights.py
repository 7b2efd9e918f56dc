"""Which questions are on their way upstream: one flight per question, however many wait for it.

Whoever waits may go away (a client that gave up, or that got stale data); the flight goes on and what it learns is kept.
Flights can wait for each other, for the address of a name server; a wait that would close a circle is refused at once instead
of at everybody's deadline (TsuNAME).
"""

from collections.abc import Awaitable, Callable
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Question
from resolver.engine.counts import ResolveCounts
from resolver.engine.mesh import Landing, Mesh
from resolver.engine.timers import NEVER
from resolver.errors import DeadlinePassed, InternalError, NoReachableAuthority, Overloaded, ResolutionFailure, again
from resolver.iterate.budget import Budget
from resolver.iterate.learn import Iteration

MAX_FLIGHTS: Final = 8192  # each holds a socket; admission bounds clients' questions, this bounds the sum of all

# Takes a question upstream, stores what was learned, and tells the outcome; also: the flight, which waits for what it needs.
Fly = Callable[[Question, Budget, Landing], Awaitable[Iteration | ResolutionFailure]]


@final
@mypyc_attr(free_list_len=1)
class Flight(Landing):
    """One question on its way. outcome: None until it has landed; that is at its deadline at the latest.

    glue_will_do: does whoever waits only want to know where a name server is, which a referral on the way may tell?
    """

    def __init__(self, question: Question, started: float, deadline: float, *, glue_will_do: bool = False) -> None:
        super().__init__()
        self.glue_will_do = glue_will_do
        self.question = question
        self.started = started
        self.deadline = deadline
        self.outcome: Iteration | ResolutionFailure | None = None

    def result(self) -> Iteration:
        """What it brought; raises its failure. Only once it is over."""
        outcome = self.outcome
        assert outcome is not None
        if isinstance(outcome, Iteration):
            return outcome
        raise again(outcome)

    def until(self, budget: Budget) -> float:
        """Until when who has this budget waits for it; NEVER where it ends in time by itself."""
        return budget.deadline if self.deadline > budget.deadline else NEVER


@final
class Flights:
    """The table of flights under way."""

    def __init__(self, mesh: Mesh, fly: Fly, counts: ResolveCounts, *, limit: int = MAX_FLIGHTS) -> None:
        self._mesh = mesh
        self._fly = fly
        self._counts = counts
        self._limit = limit
        self._under_way: dict[bytes, Flight] = {}  # by the key of its question

    def board(self, question: Question, budget: Budget, *, glue_will_do: bool = False) -> Flight:
        """The flight for `question`, begun now if there is none; raises Overloaded when the table is full.

        glue_will_do: for this one; nobody who wants what the zone itself says is given less.
        """
        flight = self._under_way.get(question.key)
        self._mesh.trace.boarded(budget, question, is_joined=flight is not None)
        if flight is not None:
            self._counts.flights_joined += 1
            flight.glue_will_do = flight.glue_will_do and glue_will_do
            return flight
        if len(self._under_way) >= self._limit:
            self._counts.flights_refused += 1
            raise Overloaded("too many questions in flight")
        flight = Flight(question, self._mesh.now, budget.deadline, glue_will_do=glue_will_do)
        self._under_way[question.key] = flight
        self._counts.flights += 1
        self._counts.flights_current += 1
        self._mesh.start(self._run(flight, budget), "flight")
        return flight

    async def lookup(
        self, question: Question, waiter: Landing | None, budget: Budget, *, glue_will_do: bool = False
    ) -> Iteration:
        """Wait for `question` on behalf of `waiter`; raises ResolutionFailure, also for a circle. glue_will_do: see `board`."""
        flight = self.board(question, budget, glue_will_do=glue_will_do)
        until = flight.until(budget)
        if waiter is None:
            has_landed = await self._mesh.landed(flight, until)
        elif flight.leads_to(waiter):
            self._counts.flight_cycles += 1
            raise NoReachableAuthority("name servers that need each other's addresses")
        else:
            has_landed = await self._mesh.landed_for(waiter, flight, until)
        if not has_landed:
            raise DeadlinePassed("no answer in time")
        return flight.result()

    async def _run(self, flight: Flight, budget: Budget) -> None:
        try:
            outcome = await self._fly(flight.question, budget, flight)
            flight.outcome = outcome if isinstance(outcome, Iteration) else again(outcome)
        except Exception as fault:  # one bad flight must not end the daemon, nor leave its waiters waiting
            self._mesh.report(f"flight {flight.question}", fault)
            flight.outcome = InternalError("an internal error")
        del self._under_way[flight.question.key]
        self._counts.flights_current -= 1
        flight.land()
