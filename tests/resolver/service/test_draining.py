"""How a server ends."""

import trio
from trio.testing import MockClock

from resolver.service.draining import DRAIN_SECONDS, open_draining_nursery


def ended_after(task_seconds: float, drain_at: float = 1.0) -> float:
    """When a server with one task that takes so long has ended."""

    async def main() -> float:
        draining = trio.Event()

        async def server() -> None:
            async with open_draining_nursery(draining) as working:
                working.start_soon(trio.sleep, task_seconds)
                await trio.sleep_forever()

        begin = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server)
            await trio.sleep(drain_at)
            draining.set()
        return trio.current_time() - begin

    return trio.run(main, clock=MockClock(autojump_threshold=0))


def test_nothing_is_waited_for_when_nothing_is_under_way() -> None:
    assert ended_after(task_seconds=0.5) == 1.0


def test_what_is_under_way_is_finished() -> None:
    assert ended_after(task_seconds=2.5) == 2.5


def test_what_takes_too_long_is_broken_off() -> None:
    assert ended_after(task_seconds=100.0) == 1.0 + DRAIN_SECONDS


def test_a_body_that_ends_by_itself_waits_for_its_tasks() -> None:
    async def main() -> float:
        async with open_draining_nursery(trio.Event()) as working:
            working.start_soon(trio.sleep, 7.0)
        return trio.current_time()

    assert trio.run(main, clock=MockClock(autojump_threshold=0)) == 7.0
