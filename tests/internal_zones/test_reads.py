"""The queue is bounded, the wait is bounded, and one read serves all who ask for the same; the rest is in test_faults."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
import trio
import trio.testing

from internal_zones.reads import MAX_TOGETHER
from tests.internal_zones.platform import State, app, machine, write_state
from tests.internal_zones.running import asking

T = TypeVar("T")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_state(tmp_path / "state.db", State(apps=[app(1, "web", 24)], machines=[machine("0001", 1, 24)]))
    return tmp_path / "state.db"


class SlowRunner:
    """Runs jobs inline, each after `delay` seconds of simulated time."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.jobs = 0

    async def __call__(self, job: Callable[[], T], /) -> T:
        await trio.sleep(self.delay)
        self.jobs += 1
        return job()


def test_a_read_goes_on_when_those_who_asked_have_gone(path: Path) -> None:
    async def main() -> None:
        run = SlowRunner()
        async with asking(path, run=run, poll=10) as asker:
            await trio.sleep(0.1)
            run.delay = 0.3
            assert await asker.texts("web.internal") == "SERVFAIL 23"
            await trio.sleep(0.1)
            assert asker.find("web.internal") is not None
            assert (asker.zones.counts.slow_reads, asker.zones.counts.reads) == (1, 1)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_cancelled_question_leaves_the_read_to_the_others(path: Path) -> None:
    async def main() -> None:
        run = SlowRunner()
        async with asking(path, run=run, poll=10) as asker:
            await trio.sleep(0.1)
            run.delay = 0.1
            async with trio.open_nursery() as nursery:
                with trio.move_on_after(0.05):
                    await asker.ask("web.internal")
                nursery.start_soon(asker.ask, "web.internal")
            assert (asker.zones.counts.joined_reads, asker.zones.counts.reads) == (1, 1)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_what_waits_is_read_together_by_few_jobs(path: Path) -> None:
    async def main() -> None:
        run = SlowRunner()
        async with asking(path, run=run, poll=100) as asker:
            await trio.sleep(0.1)
            jobs, run.delay = run.jobs, 0.01
            async with trio.open_nursery() as nursery:
                for number in range(1 + 2 * MAX_TOGETHER):
                    nursery.start_soon(asker.ask, f"app{number}.internal")
            assert asker.zones.counts.reads == 1 + 2 * MAX_TOGETHER
            assert asker.zones.counts.slow_reads == 0
            assert 3 <= run.jobs - jobs <= 4

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_questions_asked_before_the_first_look_wait_for_it(path: Path) -> None:
    async def main() -> None:
        run = SlowRunner()
        run.delay = 0.1
        async with asking(path, run=run) as asker:
            assert await asker.texts("web.internal") == ["fdaa:0:18:a:b:0:1:2"]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
