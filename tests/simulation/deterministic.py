"""Runs trio so that a seed decides everything: the clock is a MockClock, and the order of tasks follows from the seed."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import trio
from trio._core import _run as scheduler
from trio.testing import MockClock

T = TypeVar("T")


def run(main: Callable[[], Awaitable[T]], seed: int = 0) -> T:
    """trio.run, in no real time and the same way each time."""
    with _scheduling_by(seed):
        return trio.run(main, clock=MockClock(autojump_threshold=0))


@contextmanager
def _scheduling_by(seed: int) -> Iterator[None]:
    """Trio shuffles the tasks that are ready; its hook for Hypothesis makes that follow from a generator of its own."""
    was, state = scheduler._ALLOW_DETERMINISTIC_SCHEDULING, scheduler._r.getstate()
    scheduler._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]  # Final, but made to be set by tests
    scheduler._r.seed(seed)
    try:
        yield
    finally:
        scheduler._ALLOW_DETERMINISTIC_SCHEDULING = was  # type: ignore[misc]  # as above
        scheduler._r.setstate(state)
