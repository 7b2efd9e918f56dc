import trio
import trio.testing

from cache.answer import Question
from cache.names import from_text
from cache.rrtypes import A
from resolver.errors import NoReachableAuthority, ResolutionFailure
from resolver.iterate import Budget, Iteration
from resolver.resolve import Flights, Refresher, ResolveCounts
from resolver.resolve.refresh import CONSUMERS, MAX_QUEUED


def question(number: int) -> Question:
    return Question(from_text(f"n{number}.example"), A)


async def run_refresher(due: list[Question], seconds: float) -> tuple[list[Question], ResolveCounts]:
    """Note all of `due` at once; returns what was fetched within `seconds` when a fetch takes one, and the counts."""
    counts = ResolveCounts()
    fetched: list[Question] = []

    async def fly(wanted: Question, budget: Budget) -> Iteration | ResolutionFailure:
        fetched.append(wanted)
        await trio.sleep(1)
        return NoReachableAuthority("silent")

    async with trio.open_nursery() as nursery:
        flights = Flights(nursery, trio.current_time, fly, lambda question, fault: None, counts)
        refresher = Refresher(flights, lambda: Budget(trio.current_time() + 5), counts)
        for wanted in due:
            refresher.note_due(wanted)
        with trio.move_on_after(seconds):
            await refresher.run()
        nursery.cancel_scope.cancel()
    return fetched, counts


def simulate(due: list[Question], seconds: float) -> tuple[list[Question], ResolveCounts]:
    return trio.run(run_refresher, due, seconds, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_link_that_is_due_a_thousand_times_is_refreshed_once() -> None:
    fetched, counts = simulate([question(1)] * 1000, 2.5)
    assert fetched == [question(1)]
    assert counts.refreshes_failed == 1


def test_refreshes_at_a_time_are_bounded() -> None:
    fetched, _ = simulate([question(n) for n in range(100)], 0.5)
    assert len(fetched) == CONSUMERS


def test_a_full_queue_drops_and_counts() -> None:
    _, counts = simulate([question(n) for n in range(MAX_QUEUED + 7)], 0.5)
    assert counts.refreshes_dropped == 7
