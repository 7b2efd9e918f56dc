"""The queue is bounded, the wait is bounded, and one read serves all who ask for the same; the rest is in test_faults."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
import trio
import trio.testing

from internal_zones.readings import Kind, UnitKey
from internal_zones.reads import IN_TIME, MAX_TOGETHER
from internal_zones.units import Unit
from tests.internal_zones.breaking import OTHER, execute, move
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


def test_an_alarm_looks_at_nobody_who_has_waited_in_vain_already(path: Path) -> None:
    async def main() -> None:
        run = SlowRunner()
        async with asking(path, run=run, poll=10, max_wait=0.25) as asker:
            await trio.sleep(0.1)
            run.delay, reads, told = 2.0, asker.zones._reads, list[float]()
            for number in range(3):
                key = UnitKey(Kind.APP, 24, f"app{number}")
                reads.bring(key, lambda unit: told.append(round(trio.current_time() - 0.1, 9)))
                await trio.sleep(0.05)
            assert len(reads._in_time) == 3
            await trio.sleep(0.21)
            assert (told, len(reads._in_time), len(reads._flights)) == ([0.25, 0.3, 0.35], 0, 3)
            await trio.sleep(5)
            assert not reads._flights

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_who_waits_is_told_though_another_one_fails_at_it(path: Path) -> None:
    async def main() -> None:
        faults: list[Exception] = []
        async with asking(path, run=SlowRunner(), poll=10, report=faults.append) as asker:
            await trio.sleep(0.1)
            key, told = UnitKey(Kind.APP, 24, "web"), list[Unit | None]()

            def fail(unit: Unit | None) -> None:
                raise ZeroDivisionError

            asker.zones._reads.bring(key, fail)
            asker.zones._reads.bring(key, told.append)
            await trio.sleep(0.1)
            assert len(told) == 1
            assert [type(fault) for fault in faults] == [ZeroDivisionError]
            assert not asker.zones._reads._flights

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_the_line_is_no_longer_than_what_is_read_in_time(path: Path) -> None:
    """A longer one was read for nobody: its clients had gone on with last good data, and commits were seen seconds late."""

    async def main() -> None:
        run = SlowRunner()
        async with asking(path, run=run, poll=100, max_wait=0.25) as asker:
            await trio.sleep(0.1)
            run.delay = 0.1  # for a job of MAX_TOGETHER
            async with trio.open_nursery() as nursery:
                for number in range(2 * MAX_TOGETHER):
                    nursery.start_soon(asker.ask, f"app{number}.internal")
                await trio.sleep(0.11)
                for number in range(3 * MAX_TOGETHER):
                    nursery.start_soon(asker.ask, f"more{number}.internal")
                await trio.testing.wait_all_tasks_blocked()
                assert len(asker.zones._reads._waiting) == int(MAX_TOGETHER * 0.25 * IN_TIME / 0.1)
                assert asker.zones.counts.full_queue
            run.delay = 0.0
            await trio.sleep(1)
            async with trio.open_nursery() as nursery:  # what was slow once is not for ever
                for number in range(4 * MAX_TOGETHER):
                    nursery.start_soon(asker.ask, f"later{number}.internal")
                await trio.testing.wait_all_tasks_blocked()
                full = asker.zones.counts.full_queue
            assert asker.zones.counts.full_queue == full

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


def test_what_is_read_after_a_look_is_not_due_by_what_that_look_saw(path: Path) -> None:
    """Though it was asked for before the look was told of: jobs are done and told in one order."""

    async def main() -> None:
        run = SlowRunner()
        async with asking(path, run=run, poll=10, max_wait=10) as asker:
            await trio.sleep(0.1)
            assert await asker.texts("web.internal") != [OTHER]
            move(path, OTHER)
            run.delay = 0.1
            asker.zones._watcher.hurry()
            await trio.sleep(0.05)  # the look is under way
            asker.zones._units.outdate()
            assert await asker.texts("web.internal") == [OTHER]
            assert asker.zones.counts.changes == 2
            assert asker.find("web.internal") is not None

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_unit_that_lost_much_waits_for_the_look_in_no_job(path: Path) -> None:
    async def main() -> None:
        run = SlowRunner()
        async with asking(path, run=run, poll=10, max_wait=10) as asker:
            await trio.sleep(0.1)
            await asker.ask("web.internal")
            await trio.sleep(2)  # its network is counted
            run.delay = 0.002
            asker.zones._watcher.hurry()
            await trio.sleep(0.003)  # for ten times as long as that look took there will be no other
            asker.zones._units.outdate()
            execute(path, "DELETE FROM machines")
            jobs, hurried = run.jobs, asker.zones.counts.hurried_looks
            answer = await asker.ask("web.internal")
            assert (run.jobs - jobs, asker.zones.counts.hurried_looks - hurried) == (3, 0), "a read, a look, a read"
            assert answer.is_stale

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def move_away(path: Path) -> None:
    path.rename(path.with_suffix(".away"))


def test_a_unit_that_waits_for_a_look_is_waited_for_in_vain_where_it_fails(path: Path) -> None:
    async def main() -> None:
        run = SlowRunner()
        async with asking(path, run=run, poll=10, max_wait=10) as asker:
            await trio.sleep(0.1)
            await asker.ask("web.internal")
            await trio.sleep(2)  # its network is counted
            run.delay = 0.002
            asker.zones._watcher.hurry()
            await trio.sleep(0.003)
            asker.zones._units.outdate()
            execute(path, "DELETE FROM machines")
            told: list[Unit | None] = []
            reads = asker.zones._reads
            reads.bring(UnitKey(Kind.APP, 24, "web"), told.append)
            await trio.sleep(0.004)
            assert reads._unseen
            move_away(path)
            await trio.sleep(0.2)
            assert told == [None]
            assert not reads._flights
            assert not reads._judged

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_questions_asked_before_the_first_look_wait_for_it(path: Path) -> None:
    async def main() -> None:
        run = SlowRunner()
        run.delay = 0.1
        async with asking(path, run=run) as asker:
            assert await asker.texts("web.internal") == ["fdaa:0:18:a:b:0:1:2"]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
