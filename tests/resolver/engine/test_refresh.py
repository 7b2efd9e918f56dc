from collections.abc import Collection

import trio

from cache.answer import Question
from cache.names import from_text
from cache.rrtypes import A
from resolver.engine import Flights, Landing, Refresher, ResolveCounts
from resolver.engine.refresh import LIMITS, MAX_QUEUED, REST, SIDE_BY_SIDE
from resolver.errors import NoReachableAuthority, ResolutionFailure
from resolver.iterate import DEFAULT_LIMITS, Budget, Iteration
from tests.resolver.engine.turned import Turned, play


def question(number: int) -> Question:
    return Question(from_text(f"n{number}.example"), A)


async def run_refresher(
    due: list[Question], seconds: float, paused: Collection[Question] = (), every: float = 0.0
) -> tuple[list[Question], ResolveCounts]:
    """Note all of `due` at once, or again and again; returns what was fetched within `seconds` when a fetch takes one.

    paused: questions that failed a short while ago. Also returns the counts.
    """
    counts = ResolveCounts()
    fetched: list[Question] = []

    turned = Turned()

    async def fly(wanted: Question, budget: Budget, flight: Landing) -> Iteration | ResolutionFailure:
        fetched.append(wanted)
        await turned.mesh.sleep(1)
        return NoReachableAuthority("silent")

    refresher = Refresher(
        turned.mesh,
        Flights(turned.mesh, fly, counts),
        lambda limits: Budget(trio.current_time() + 5, limits),
        counts,
        is_paused=lambda question: question in paused,
    )

    def note_due() -> None:
        for wanted in due:
            refresher.note_due(wanted)

    end = trio.current_time() + seconds
    turned.do(note_due)
    while every and trio.current_time() + every <= end:
        await trio.sleep(every)
        turned.do(note_due)
    await trio.sleep_until(end)
    return fetched, counts


def simulate(
    due: list[Question], seconds: float, paused: Collection[Question] = (), every: float = 0.0
) -> tuple[list[Question], ResolveCounts]:
    results: list[tuple[list[Question], ResolveCounts]] = []

    async def main() -> None:
        results.append(await run_refresher(due, seconds, paused, every))

    play(main)
    return results[0]


def test_a_link_that_is_due_a_thousand_times_is_refreshed_once() -> None:
    fetched, counts = simulate([question(1)] * 1000, 2.5)
    assert fetched == [question(1)]
    assert counts.refreshes_failed == 1


def test_refreshes_at_a_time_are_bounded() -> None:
    fetched, _ = simulate([question(n) for n in range(100)], 0.5)
    assert len(fetched) == SIDE_BY_SIDE


def test_a_full_queue_drops_and_counts() -> None:
    _, counts = simulate([question(n) for n in range(MAX_QUEUED + 7)], 0.5)
    assert counts.refreshes_dropped == 7


def test_a_link_that_stays_due_is_refreshed_once_in_a_rest_however_often_it_is_hit() -> None:
    seconds = 3 * REST
    fetched, _ = simulate([question(1)], seconds, every=0.01)
    assert len(fetched) == 3, "each takes a second, and rests"


def test_a_question_that_failed_a_short_while_ago_is_not_refreshed() -> None:
    fetched, _ = simulate([question(1), question(2)], 2.0, paused=[question(1)])
    assert fetched == [question(2)]


def test_a_refresh_may_cost_less_than_a_clients_question() -> None:
    assert LIMITS.queries < DEFAULT_LIMITS.queries
    assert LIMITS.names < DEFAULT_LIMITS.names
    assert LIMITS.depth < DEFAULT_LIMITS.depth
