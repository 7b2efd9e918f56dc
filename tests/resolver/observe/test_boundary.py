"""Faults and how far they reach."""

from itertools import pairwise

import pytest
import structlog
import trio
from trio.testing import MockClock

from resolver.observe.boundary import (
    FIRST_PAUSE,
    MAX_PAUSE,
    SHED_EVERY,
    WELL_AFTER,
    Boundary,
    FaultCounts,
    lacks_memory,
)
from tests.resolver.observe.bounded import new_boundary


async def stumble() -> None:
    raise ZeroDivisionError


def test_what_lacks_memory_to_tell_of_a_fault_is_counted_and_raises_nothing() -> None:
    def lack() -> None:
        raise MemoryError

    class Untold:
        def __repr__(self) -> str:
            raise MemoryError

    def render(logger: object, method: str, event: structlog.typing.EventDict) -> str:
        raise MemoryError

    before = structlog.get_config()
    structlog.configure(processors=[render])
    try:
        boundary = Boundary(lambda: 0.0, FaultCounts(), lack)
        boundary.note("query", ZeroDivisionError(), what=Untold())
        boundary.note("query", MemoryError())
    finally:
        structlog.configure(**before)
    assert boundary.counts.met == {"query": 2}
    assert boundary.counts.sheddings == 1
    assert boundary.counts.without_memory >= 2


def test_a_fault_ends_the_task_that_met_it_and_no_other() -> None:
    async def main() -> None:
        boundary = new_boundary()
        done = []

        async def work(name: str) -> None:
            await trio.sleep(1)
            done.append(name)

        with structlog.testing.capture_logs() as events:
            async with trio.open_nursery() as nursery:
                spawn = boundary.spawn_in(nursery, "upstream")
                spawn(stumble)
                spawn(work, "other")
        assert done == ["other"]
        assert boundary.counts.met == {"upstream": 1}
        assert [event["event"] for event in events] == ["upstream_fault"]

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_a_loop_that_fails_begins_again_after_ever_longer_pauses() -> None:
    async def main() -> None:
        boundary = new_boundary()
        begun: list[float] = []

        async def fail_at_once() -> None:
            begun.append(trio.current_time())
            if len(begun) < 14:
                raise ZeroDivisionError

        await boundary.keep("priming", fail_at_once)
        pauses = [later - earlier for earlier, later in pairwise(begun)]
        assert pauses[:4] == pytest.approx([FIRST_PAUSE * 2**n for n in range(4)])
        assert pauses[-1] == pytest.approx(MAX_PAUSE)
        assert (boundary.counts.met, boundary.counts.restarts) == ({"priming": 13}, 13)

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_a_loop_that_was_well_for_a_while_begins_again_at_once() -> None:
    async def main() -> None:
        boundary = new_boundary()
        begun: list[float] = []

        async def fail_late() -> None:
            begun.append(trio.current_time())
            if len(begun) < 8:
                await trio.sleep(WELL_AFTER)
                raise ZeroDivisionError

        await boundary.keep("watcher", fail_late)
        assert begun[-1] == pytest.approx(7 * (WELL_AFTER + FIRST_PAUSE))

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_without_memory_room_is_made_first_and_not_all_the_time() -> None:
    now = 100.0
    shed: list[float] = []
    boundary = Boundary(lambda: now, FaultCounts(), lambda: shed.append(now))
    boundary.note("query", ZeroDivisionError())
    assert not shed
    for _ in range(100):
        boundary.note("query", MemoryError())
    assert shed == [100.0]
    now += SHED_EVERY
    boundary.note("query", MemoryError())
    assert (len(shed), boundary.counts.sheddings, boundary.counts.without_memory) == (2, 2, 101)


def test_when_there_is_nothing_left_to_give_up_that_is_all() -> None:
    def fail() -> None:
        raise MemoryError

    Boundary(lambda: 0.0, FaultCounts(), fail).note("query", MemoryError())


def test_a_lack_of_memory_is_seen_in_a_group() -> None:
    assert lacks_memory(ExceptionGroup("", [ValueError(), ExceptionGroup("", [MemoryError()])]))
    assert not lacks_memory(ExceptionGroup("", [ValueError()]))


def test_the_end_of_the_daemon_is_no_fault() -> None:
    async def main() -> None:
        boundary = new_boundary()
        with trio.move_on_after(1) as scope:
            await boundary.keep("priming", trio.sleep_forever)
        assert scope.cancelled_caught
        assert boundary.counts.met == {}

    trio.run(main, clock=MockClock(autojump_threshold=0))
