"""Where is the state database read? In one thread of its own, job by job; what comes of a job is told in a turn of the loop.

For what answers questions no task waits, and trio takes no turn: such a job costs two wake-ups, of the thread and of the loop.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Event, Thread
from typing import Final, Never, Protocol, TypeVar

import trio
from outcome import Error, Outcome, Value, capture

from internal_zones.database import Runner

T = TypeVar("T")

MAX_WAITING: Final = 8  # jobs: looks and reads have one at a time, and one may be left over from before
MAX_OF_RUNNER: Final = (
    16  # jobs in the thread's line whose waiters may have gone: while a disk hangs others wait outside it
)
LACKING: Final = 0.01  # s until what lacked memory is done once more

Work = Callable[[], None]


class Alarm(Protocol):
    """Something that will happen at a moment."""

    def call_off(self) -> None:
        """It will not; once it has happened this does nothing."""


class Turns(Protocol):
    """The turns of the loop, in which all answers are made (resolver.loop has them)."""

    def turn(self, event: Callable[[], None], /) -> None:
        """It happens now."""

    def post(self, event: Callable[[], None], /) -> None:
        """It happens soon; called from whatever thread."""

    def at(self, moment: float, event: Callable[[], None], /) -> Alarm:
        """It happens then, in monotonic seconds."""

    def at_end(self, event: Callable[[], None], /) -> None:
        """It happens at the end of this turn, or of the next one where there is none."""


class Jobs(Protocol):
    """Does jobs elsewhere."""

    def submit(self, job: Callable[[], T], then: Callable[[Outcome[T]], None], /) -> None:
        """Have `then` called, in a later turn, with what came of the job.

        Jobs are done one by one and told in the same order: one that is told after a look and before the next look read the file
        after the former.
        """

    async def serve(self) -> Never:
        """Do the jobs, until cancelled."""


def _start_thread(work: Work) -> None:
    Thread(target=work, name="state database", daemon=True).start()


class NobodyWaits(Exception):
    """Who wanted the job has gone."""


class OwnThread:
    """Jobs in one thread, in the order they came; a Runner, too.

    Nobody waits for the thread: a disk that hangs cannot hold up the daemon's end. Where there is no room for it on this host, or
    no memory to tell what came of a job, that is all that is lost: the next job tries again.
    """

    def __init__(self, turns: Turns, start: Callable[[Work], None] = _start_thread) -> None:
        """start: has this done in a thread of its own."""
        self._turns = turns
        self._start = start
        self._todo: SimpleQueue[Callable[[], Work] | None] = SimpleQueue()
        self._is_running = False
        self._places = trio.Semaphore(MAX_OF_RUNNER)
        self._is_over = _over()  # set once the thread before has ended, which may be in a job that hangs

    def submit(self, job: Callable[[], T], then: Callable[[Outcome[T]], None], /) -> None:
        if not self._is_running:
            try:
                self._is_over = self._begin_after(self._is_over)
            except (RuntimeError, MemoryError) as lack:  # it cannot be started
                self._turns.at_end(partial(then, Error(lack)))
                return
            self._is_running = True
        self._todo.put(partial(self._do, job, then))

    def _begin_after(self, before: Event) -> Event:
        """Begin a thread that works once the one before has ended: two at a time would share one connection."""
        is_over = Event()
        self._start(partial(_work, self._todo, before, is_over))
        return is_over

    async def serve(self) -> Never:
        try:
            await trio.sleep_forever()
        finally:
            self._todo.put(None)
            self._todo, self._is_running = SimpleQueue(), False

    async def __call__(self, job: Callable[[], T], /) -> T:
        done = trio.Event()
        found: list[Outcome[T]] = []
        is_wanted = True

        def if_wanted() -> T:
            if not is_wanted:
                raise NobodyWaits
            return job()

        def then(outcome: Outcome[T]) -> None:
            self._places.release()
            found.append(outcome)
            done.set()

        await self._places.acquire()
        self.submit(if_wanted, then)
        try:
            await done.wait()
        finally:
            is_wanted = False  # who was cancelled leaves no work behind
        return found[0].unwrap()

    def _do(self, job: Callable[[], T], then: Callable[[Outcome[T]], None]) -> Work:
        """Do the job; what tells of it."""
        return partial(self._turns.post, partial(then, capture(job)))


class InTrio:
    """Jobs done by a Runner, for simulated time."""

    def __init__(self, run: Runner, turns: Turns) -> None:
        self._run, self._turns = run, turns
        self._todo, self._next = trio.open_memory_channel[Callable[[], Awaitable[None]]](MAX_WAITING)

    def submit(self, job: Callable[[], T], then: Callable[[Outcome[T]], None], /) -> None:
        self._todo.send_nowait(partial(self._do, job, then))

    async def serve(self) -> Never:
        while True:
            do = await self._next.receive()
            await do()

    async def _do(self, job: Callable[[], T], then: Callable[[Outcome[T]], None]) -> None:
        outcome: Outcome[T]
        try:
            outcome = Value(await self._run(job))
        except Exception as fault:  # raised where it is told
            outcome = Error(fault)
        self._turns.turn(partial(then, outcome))


def _over() -> Event:
    over = Event()
    over.set()
    return over


def _work(todo: SimpleQueue[Callable[[], Work] | None], before: Event, is_over: Event) -> None:
    """Do what there is to do, until there is nothing more, or nobody to be told."""
    before.wait()
    never = Event()
    try:
        with suppress(OSError):
            while (do := todo.get()) is not None:
                tell = _patiently(do, never)
                _patiently(tell, never)  # alone, however often: a look sees each change once
    finally:
        is_over.set()


def _patiently(work: Callable[[], T], never: Event) -> T:
    """What it returns, once there is memory for it."""
    while True:
        try:
            return work()
        except MemoryError:
            with suppress(MemoryError):
                never.wait(LACKING)
