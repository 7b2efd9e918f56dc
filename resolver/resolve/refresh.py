"""Links that are asked for and about to expire, fetched again before they do: a consumer with a bounded queue.

It never stands in the answering path: whoever answers only names the question. What refreshes may cost is bounded by the
queue, by the number of consumers, by a budget smaller than a client's, and for each question by a rest.
"""

from collections.abc import Callable
from typing import Final

import trio
from cachetools import TTLCache

from cache.answer import Question
from resolver.errors import ResolutionFailure
from resolver.iterate import Budget, BudgetLimits
from resolver.resolve.counts import ResolveCounts
from resolver.resolve.flights import Flights

MAX_QUEUED: Final = 1000  # names due for refresh; when more are due, the rest simply expire
CONSUMERS: Final = 8  # refreshes at a time
REST: Final = 5.0  # s after a refresh: whatever came of it, hits do not begin the next one at once
MAX_RESTING: Final = 10_000  # questions; more rest for less long
LIMITS: Final = BudgetLimits(queries=100, names=16, referrals=32, depth=4)  # half a client's: nobody waits for it


class Refresher:
    """The queue of due questions and the tasks that work it off."""

    def __init__(
        self,
        flights: Flights,
        budget: Callable[[BudgetLimits], Budget],
        counts: ResolveCounts,
        *,
        now: Callable[[], float],
        is_paused: Callable[[Question], bool],
    ) -> None:
        """budget: makes the budget of one refresh. is_paused: did the question fail so lately that it is left alone?"""
        self._flights = flights
        self._budget = budget
        self._counts = counts
        self._is_paused = is_paused
        self._queued: set[Question] = set()
        self._resting: TTLCache[Question, None] = TTLCache(MAX_RESTING, REST, timer=now)
        self._send, self._receive = trio.open_memory_channel[Question](MAX_QUEUED)

    def note_due(self, question: Question) -> None:
        """Queue a refresh of this one link unless it waits or rests; never waits, drops and counts when full."""
        if question in self._queued or question in self._resting or self._is_paused(question):
            return
        try:
            self._send.send_nowait(question)
        except trio.WouldBlock:
            self._counts.refreshes_dropped += 1
            return
        self._queued.add(question)

    async def run(self) -> None:
        """Work until cancelled."""
        async with trio.open_nursery() as nursery:
            for _ in range(CONSUMERS):
                nursery.start_soon(self._consume)

    async def _consume(self) -> None:
        while True:
            question = await self._receive.receive()
            try:
                await self._flights.lookup(question, None, self._budget(LIMITS))
                self._counts.refreshes += 1
            except ResolutionFailure:
                self._counts.refreshes_failed += 1
            finally:
                self._queued.discard(question)
                self._resting[question] = None
