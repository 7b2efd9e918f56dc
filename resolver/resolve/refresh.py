"""Links that are asked for and about to expire, fetched again before they do: a consumer with a bounded queue.

It never stands in the answering path: whoever answers only names the question. What a refresh may cost is bounded by the
queue, by the number of consumers and by a budget smaller than a client's.
"""

from collections.abc import Callable

import trio

from cache.answer import Question
from resolver.errors import ResolutionFailure
from resolver.iterate import Budget
from resolver.resolve.counts import ResolveCounts
from resolver.resolve.flights import Flights

MAX_QUEUED = 1000  # names due for refresh; when more are due, the rest simply expire
CONSUMERS = 8  # refreshes at a time


class Refresher:
    """The queue of due questions and the tasks that work it off."""

    def __init__(self, flights: Flights, budget: Callable[[], Budget], counts: ResolveCounts) -> None:
        """budget: makes the budget of one refresh."""
        self._flights = flights
        self._budget = budget
        self._counts = counts
        self._queued: set[Question] = set()
        self._send, self._receive = trio.open_memory_channel[Question](MAX_QUEUED)

    def note_due(self, question: Question) -> None:
        """Queue a refresh of this one link unless it waits already; never waits, drops and counts when full."""
        if question in self._queued:
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
                await self._flights.lookup(question, None, self._budget())
                self._counts.refreshes += 1
            except ResolutionFailure:
                self._counts.refreshes_failed += 1
            finally:
                self._queued.discard(question)
