"""Links that are asked for and about to expire, fetched again before they do: a consumer with a bounded queue.

It never stands in the answering path: whoever answers only names the question. What refreshes may cost is bounded by the
queue, by how many run at a time, by a budget smaller than a client's, and for each question by a rest.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, final

from cache.answer import Question
from resolver.engine.counts import ResolveCounts
from resolver.engine.flights import Flights
from resolver.engine.mesh import Mesh
from resolver.errors import ResolutionFailure
from resolver.iterate.budget import Budget, BudgetLimits

MAX_QUEUED: Final = 1000  # names due for refresh; when more are due, the rest simply expire
SIDE_BY_SIDE: Final = 8  # refreshes at a time
REST: Final = 5.0  # s after a refresh: whatever came of it, hits do not begin the next one at once
MAX_RESTING: Final = 10_000  # questions; more rest for less long
# half a client's packets, and a quarter of its name servers: nobody waits for it
LIMITS: Final = BudgetLimits(queries=100, names=16, referrals=32, depth=4)


@final
class Refresher:
    """The queue of due questions."""

    def __init__(
        self,
        mesh: Mesh,
        flights: Flights,
        budget: Callable[[BudgetLimits], Budget],
        counts: ResolveCounts,
        *,
        is_paused: Callable[[Question], bool],
    ) -> None:
        """budget: makes the budget of one refresh. is_paused: did the question fail so lately that it is left alone?"""
        self._mesh = mesh
        self._flights = flights
        self._budget = budget
        self._counts = counts
        self._is_paused = is_paused
        self._waiting: deque[Question] = deque()
        self._queued: set[Question] = set()  # those waiting, and those under way
        self._resting: dict[Question, float] = {}  # until when; the one that rests longest first
        self._running = 0

    def note_due(self, question: Question) -> None:
        """Queue a refresh of this one link unless it waits or rests; drops and counts when full."""
        if question in self._queued or self._rests(question) or self._is_paused(question):
            return
        if len(self._waiting) >= MAX_QUEUED:
            self._counts.refreshes_dropped += 1
            return
        self._queued.add(question)
        self._waiting.append(question)
        if self._running < SIDE_BY_SIDE:
            self._running += 1
            self._mesh.start(self._work(), "refresh")

    async def _work(self) -> None:
        """Refresh one after the other until none is due."""
        try:
            while self._waiting:
                await self._refresh(self._waiting.popleft())
        finally:
            self._running -= 1

    async def _refresh(self, question: Question) -> None:
        try:
            await self._flights.lookup(question, None, self._budget(LIMITS))
            self._counts.refreshes += 1
        except ResolutionFailure:
            self._counts.refreshes_failed += 1
        finally:
            self._queued.discard(question)
            self._rest(question)

    def _rest(self, question: Question) -> None:
        if len(self._resting) >= MAX_RESTING:
            del self._resting[next(iter(self._resting))]
        self._resting[question] = self._mesh.now + REST

    def _rests(self, question: Question) -> bool:
        until = self._resting.get(question)
        if until is None:
            return False
        if self._mesh.now < until:
            return True
        del self._resting[question]
        return False
