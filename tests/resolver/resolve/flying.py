"""What tests of flights share: a nursery under a clock that jumps, and faults that are not swallowed."""

from collections.abc import Awaitable, Callable

import trio
import trio.testing

from cache.answer import Answer, Question


def in_a_nursery(test: Callable[[trio.Nursery], Awaitable[None]]) -> None:
    """Run the test; the flights that are left at its end are cancelled."""

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            await test(nursery)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def raise_fault(question: Question, fault: Exception) -> None:
    """What a Flights reports to: a fault of ours fails the test."""
    raise fault


def codes(answer: Answer) -> list[int]:
    """The INFO-CODEs of its Extended DNS Errors."""
    return [error.code for error in answer.errors]
