"""Jobs go to one thread, in their order; what comes of them is told in turns of the loop."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest
import trio
import trio.testing
from outcome import Error, Outcome

from internal_zones.jobs import MAX_OF_RUNNER, InTrio, OwnThread
from resolver.engine import Mesh
from resolver.loop import MeshTurns
from tests.resolver.engine.turned import raise_fault

T = TypeVar("T")

NAME = "state database"


class Told:
    """The outcomes of jobs, and whether each was told in a turn of the loop's own thread."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self.is_all = trio.Event()
        self._here = threading.get_ident()

    def take(self, outcome: Outcome[int]) -> None:
        assert threading.get_ident() == self._here
        try:
            self.values.append(outcome.unwrap())
        except ZeroDivisionError:
            self.values.append("fault")
        if len(self.values) == 3:
            self.is_all.set()


def thread(post: Callable[[Callable[[], object]], None]) -> OwnThread:
    return OwnThread(MeshTurns(Mesh(raise_fault), trio.current_time, post))


def running() -> int:
    return sum(one.name == NAME for one in threading.enumerate())


async def no_more_than(before: int) -> None:
    with trio.fail_after(10):
        while running() > before:  # noqa: ASYNC110  # threads tell nobody that they end
            await trio.sleep(0.001)


def test_jobs_are_done_in_their_order_and_told_in_the_loops_thread() -> None:
    async def main() -> None:
        before = running()
        jobs, told = thread(trio.lowlevel.current_trio_token().run_sync_soon), Told()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(jobs.serve)
            for job in (lambda: 1, lambda: 1 // 0, lambda: 3):
                jobs.submit(job, told.take)
            await told.is_all.wait()
            assert told.values == [1, "fault", 3]
            nursery.cancel_scope.cancel()
        await no_more_than(before)

    trio.run(main)


def test_so_they_are_in_simulated_time_however_long_each_takes() -> None:
    async def main() -> None:
        delays, done = iter((0.3, 0.2, 0.1)), list[int]()

        async def run(job: Callable[[], T], /) -> T:
            await trio.sleep(next(delays))
            return job()

        mesh, told = Mesh(raise_fault), Told()

        def job(number: int) -> int:
            done.append(number)
            return number + len(told.values)

        jobs = InTrio(run, MeshTurns(mesh, trio.current_time, trio.lowlevel.current_trio_token().run_sync_soon))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(jobs.serve)
            for number in (1, 2, 3):
                jobs.submit(partial(job, number), told.take)
            await told.is_all.wait()
            nursery.cancel_scope.cancel()
        assert done == [1, 2, 3]
        assert told.values == [1, 3, 5], "each was told before the next was done"

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_it_is_a_runner_whose_thread_ends_with_it_and_begins_again() -> None:
    async def main() -> None:
        jobs, before = thread(trio.lowlevel.current_trio_token().run_sync_soon), running()
        for _ in range(2):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(jobs.serve)
                assert await jobs(lambda: threading.current_thread().name) == NAME
                with pytest.raises(ZeroDivisionError):
                    await jobs(lambda: 1 // 0)
                assert running() == before + 1
                nursery.cancel_scope.cancel()
            await no_more_than(before)

    trio.run(main)


def test_where_no_thread_can_be_started_the_job_has_failed_and_the_next_one_tries_again() -> None:
    started: list[Callable[[], None]] = []

    def start(work: Callable[[], None]) -> None:
        started.append(work)
        if len(started) == 1:
            raise RuntimeError("can't start new thread")

    def post(event: Callable[[], object]) -> None:
        raise AssertionError("nothing was done in another thread")

    failed: list[Outcome[int]] = []
    mesh = Mesh(raise_fault)
    jobs = OwnThread(MeshTurns(mesh, lambda: 0.0, post), start)
    jobs.submit(lambda: 1, failed.append)
    mesh.turn(0.0)
    assert isinstance(failed[0], Error)
    jobs.submit(lambda: 2, failed.append)
    jobs.submit(lambda: 3, failed.append)
    assert len(started) == 2


def test_what_there_is_no_memory_to_tell_is_told_later_and_done_once() -> None:
    """A look that was done twice had told of what it saw the second time only."""
    lacks = [OSError("nothing runs any more"), None, MemoryError(), MemoryError()]
    told = threading.Event()

    def post(event: Callable[[], object]) -> None:
        lack = lacks.pop()
        if lack is not None:
            raise lack
        told.set()

    before = running()
    jobs = thread(post)
    done = list[int]()
    jobs.submit(lambda: done.append(1), lambda outcome: None)
    assert told.wait(10)
    assert done == [1]
    assert running() == before + 1, "and it goes on"
    jobs.submit(lambda: 2, lambda outcome: None)
    trio.run(no_more_than, before)


def test_a_job_whose_waiter_has_gone_is_not_done() -> None:
    async def main() -> None:
        jobs, gate, done = thread(trio.lowlevel.current_trio_token().run_sync_soon), threading.Event(), []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(jobs.serve)
            with trio.move_on_after(0.01):
                await jobs(gate.wait)
            with trio.move_on_after(0.01):
                await jobs(lambda: done.append("gone"))
            gate.set()
            await jobs(lambda: done.append("there"))
            nursery.cancel_scope.cancel()
        assert done == ["there"]

    trio.run(main)


def test_those_whose_waiters_have_gone_fill_no_memory_while_a_disk_hangs() -> None:
    async def main() -> None:
        jobs, gate = thread(trio.lowlevel.current_trio_token().run_sync_soon), threading.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(jobs.serve)
            jobs.submit(gate.wait, lambda outcome: None)
            for _ in range(2 * MAX_OF_RUNNER):
                with trio.move_on_after(0.001):
                    await jobs(lambda: None)
            assert jobs._todo.qsize() <= MAX_OF_RUNNER + 1
            gate.set()
            assert await jobs(lambda: "there") == "there"
            nursery.cancel_scope.cancel()

    trio.run(main)


def test_no_two_threads_work_at_a_time_though_the_first_one_hangs() -> None:
    async def main() -> None:
        jobs, gate, done = thread(trio.lowlevel.current_trio_token().run_sync_soon), threading.Event(), []
        for job in (gate.wait, lambda: done.append(2)):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(jobs.serve)
                await trio.testing.wait_all_tasks_blocked()
                jobs.submit(job, lambda outcome: None)
                await trio.sleep(0.02)
                nursery.cancel_scope.cancel()
        assert not done
        gate.set()
        with trio.fail_after(10):
            while not done:  # noqa: ASYNC110  # threads tell nobody
                await trio.sleep(0.001)

    trio.run(main)


def test_a_thread_that_nobody_listens_to_any_more_ends() -> None:
    def post(event: Callable[[], object]) -> None:
        raise OSError("nothing runs any more")

    before = running()
    thread(post).submit(lambda: 1, lambda outcome: None)
    until = time.monotonic() + 10
    while running() > before and time.monotonic() < until:
        time.sleep(0.001)
    assert running() == before
