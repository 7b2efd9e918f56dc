"""Who waits for whom, and whose turn is it? Coroutines without a clock or a socket, woken by what lands and by timers.

A turn begins with something from outside: datagrams, a moment that has come, a question. Whoever brings it reads the clock once,
hands over what there is, and everything that can go on goes on until the turn's end. Nothing here waits: a coroutine
that has to be woken is put down until what it waits for has landed.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Final, TypeVar, final

from mypy_extensions import mypyc_attr

from resolver.engine.timers import NEVER, Timers
from resolver.iterate.trace import Trace

T = TypeVar("T")
# steps of tasks in one turn; when more can go on, they do in the next one, after what has come in meanwhile
MAX_STEPS: Final = 64
MAX_DUE: Final = 16  # timers that ring in one turn; the others do in the next ones
# s for which none rings while more has come in than one turn reads: after a stall what came in time would be late
MAX_UNREAD: Final = 0.5
STEPPING: Final = 0.001  # s of one turn in which timers ring and steps begin, where there is a clock to see it by
LOOK_EVERY: Final = 4  # timers or steps, which have their turn in any case: between two looks at it
COMPUTING: Final = 0.001  # s of one turn in which signatures are checked; one is, however long it takes

Work = Coroutine[object, None, T]
Stopwatch = Callable[[str, Callable[[], None]], None]  # what is done, and the doing of it
Clock = Callable[[], float]
Report = Callable[[str, Exception], None]  # what was being done, and the fault of this program that it met


@final
class _Pause:
    """Awaited by a coroutine that will be woken."""

    def __await__(self) -> Generator[None, None, None]:
        yield


PAUSE: Final = _Pause()


class Landing:
    """Something under way that others wait for. waits_for: what it waits for itself, to see circles before they close."""

    def __init__(self) -> None:
        self.is_over = False
        self.waits_for: set[Landing] = set()
        self._waiting: list[Task] = []

    def land(self) -> None:
        """It is over: wake whoever waits for it."""
        self.is_over = True
        for task in self._waiting:
            task.wake()
        self._waiting.clear()

    def leads_to(self, goal: "Landing") -> bool:
        """Does it wait, directly or through others, for `goal`, or is it that? Each is looked at once."""
        seen = {self}
        todo = [self]
        while todo:
            at = todo.pop()
            if at is goal:
                return True
            if at.waits_for:
                new = at.waits_for - seen
                seen |= new
                todo.extend(new)
        return False

    def add_waiting(self, task: "Task") -> None:
        """Wake this task when it lands."""
        self._waiting.append(task)

    def drop_waiting(self, task: "Task") -> None:
        """It waits no longer."""
        if task in self._waiting:
            self._waiting.remove(task)


@final
@mypyc_attr(free_list_len=1)
class Task:
    """One coroutine on its way to its end; whoever has it run finds out there what came of it."""

    def __init__(self, mesh: "Mesh", work: Work[None], what: str) -> None:
        """what: it does, for the report of a fault."""
        self._mesh = mesh
        self._work = work
        self.what = what
        self._is_woken = False
        self._is_over = False
        # as an iterator: compiled, its next step takes a quarter of the instructions that `send` does
        self._run: Generator[object, None, None] | None = self._run_to_the_end().__await__()

    def wake(self) -> None:
        """Go on in this turn."""
        if not self._is_woken:
            self._is_woken = True
            self._mesh.note_woken(self)

    def step(self) -> None:
        """Run to the next pause, or to the end."""
        self._is_woken = False
        if self._run is None:
            return
        for _ in self._run:
            break
        if self._is_over:
            self._run = None

    def end(self) -> None:
        """Break it off where it waits."""
        run, self._run = self._run, None
        if run is not None:
            run.close()
            self._work.close()  # it may not have begun

    async def _run_to_the_end(self) -> None:
        try:
            await self._work
        except Exception as fault:  # one bad task must not end the daemon
            self._mesh.report(self.what, fault)
        self._is_over = True
        await PAUSE  # nobody wakes it: to return would raise StopIteration, which takes longer than all the rest


@final
class Mesh:
    """The tasks and timers of one daemon. now: monotonic seconds, as read when this turn began.

    trace: told of each step of what runs in it. has_unread: has more come in than this turn reads? Said by who reads.
    """

    def __init__(self, report: Report) -> None:
        self.now = 0.0
        self.timers = Timers()
        self.report = report
        self.trace: Final = Trace()
        self._woken: list[Task] = []  # a list: compiled, it takes no call
        self._at_end: list[Callable[[], None]] = []
        self._resting: deque[tuple[Task, float]] = deque()  # and how long each wants to compute
        self._computed = 0.0  # s of this turn that were granted
        self._current: Task | None = None
        self._is_turning = False
        self.has_unread = False
        self._unread_since = NEVER  # the first turn of those in a row in which more had come in than was read
        self.clock: Clock | None = None  # monotonic seconds; from who turns it in real time, where a step takes some
        self.stopwatch: Stopwatch | None = None  # does all that is done, for who looks for what takes long
        self.note_change: Callable[[], None] = _nobody  # told when there is something new to do, and a driver may sleep

    def turn(self, now: float, event: Callable[[], None] | None = None) -> None:
        """One turn: time is `now`, `event` has happened, and all that can go on does."""
        if self._is_turning:  # what happens in a turn is part of it
            if event is not None:
                event()
            return
        self._is_turning = True
        self.now = now
        try:
            if event is not None:
                self._call(event)
            self._wake_resting()
            began = 0.0 if self.clock is None else self.clock()
            self._ring(began)
            self._run_woken(began)
            at_end, self._at_end = self._at_end, []
            for callback in at_end:
                self._call(callback)
        finally:
            self._is_turning = False
        self.note_change()

    def next_at(self) -> float:
        """When the next turn is due, if nothing comes in before; NEVER: not before something does."""
        return self.now if self._woken or self._at_end or self._resting else self.timers.next_at()

    def at_end(self, callback: Callable[[], None]) -> None:
        """Have this called at the end of the turn: what is sent together leaves together."""
        self._at_end.append(callback)

    def start(self, work: Work[None], what: str) -> Task:
        """Have this done, beginning in this turn."""
        task = Task(self, work, what)
        task.wake()
        return task

    def note_woken(self, task: Task) -> None:
        """See Task.wake."""
        self._woken.append(task)
        if not self._is_turning:
            self.note_change()

    async def landed(self, landing: Landing, until: float = NEVER) -> bool:
        """Wait until it has landed, at most until this moment; has it landed?"""
        if landing.is_over:
            return True
        task = self._put_down(landing)
        if until == NEVER:
            await PAUSE
            return True
        timer = self.timers.at(until, task.wake)
        await PAUSE
        timer.call_off()
        landing.drop_waiting(task)
        return landing.is_over

    async def landed_for(self, waiter: Landing, landing: Landing, until: float = NEVER) -> bool:
        """The same on behalf of `waiter`; others see meanwhile who waits for whom."""
        if landing.is_over:
            return True
        waiter.waits_for.add(landing)
        try:
            if until != NEVER:
                return await self.landed(landing, until)
            self._put_down(landing)  # the usual case, without another coroutine
            await PAUSE
            return True
        finally:
            waiter.waits_for.discard(landing)

    def _put_down(self, landing: Landing) -> Task:
        """The task whose turn it is, to be woken when this has landed."""
        task = self._current
        assert task is not None, "only what the mesh runs can wait in it"
        landing.add_waiting(task)
        return task

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        task = self._current
        assert task is not None, "only what the mesh runs can wait in it"
        self.timers.at(self.now + seconds, task.wake)
        await PAUSE

    async def rest(self, seconds: float) -> None:
        """Wait until so long may be computed: in this turn if little was, or in a later one, when others have had theirs."""
        if not self._resting and self._may_compute(seconds):
            self._computed += seconds
            return
        task = self._current
        assert task is not None, "only what the mesh runs can wait in it"
        self._resting.append((task, seconds))
        await PAUSE

    def _may_compute(self, seconds: float) -> bool:
        return not self._computed or self._computed + seconds <= COMPUTING

    def _wake_resting(self) -> None:
        """A new turn: whoever waits may compute in it, the first ones first."""
        self._computed = 0.0
        while self._resting and self._may_compute(self._resting[0][1]):
            task, seconds = self._resting.popleft()
            self._computed += seconds
            task.wake()

    def _ring(self, began: float) -> None:
        """Call what is due, unless what is to be read first may be what it waits for."""
        if not self.has_unread:
            self._unread_since = NEVER
        elif self._unread_since == NEVER:
            self._unread_since = self.now
        if self.has_unread and self.now - self._unread_since < MAX_UNREAD:
            return
        for place in range(MAX_DUE):
            due = None if self._is_late(place, began) else self.timers.take_due(self.now)
            if due is None:
                break
            self._call(due)

    def _run_woken(self, began: float) -> None:
        woken, done = self._woken, 0
        try:
            while done < len(woken) and done < MAX_STEPS and not self._is_late(done, began):  # one step may wake others
                self._current = task = woken[done]
                done += 1
                if self.stopwatch is None:
                    task.step()
                else:
                    self.stopwatch(task.what, task.step)
        finally:
            self._current = None
            if done == len(woken):
                woken.clear()
            else:
                del woken[:done]

    def _is_late(self, place: int, began: float) -> bool:
        """After so many of them: is there no time left for more of what began then, timers and steps together?"""
        if self.clock is None or place % LOOK_EVERY or not place:
            return False
        return self.clock() - began >= STEPPING

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            if self.stopwatch is None:
                callback()
            else:
                self.stopwatch(_name_of(callback), callback)
        except Exception as fault:  # one bad event must not end the daemon
            self.report("event", fault)


def _name_of(callback: Callable[[], None]) -> str:
    """What a timer or an event does, for people: the method that a partial is of, too."""
    called: object = callback
    while (inner := getattr(called, "func", None)) is not None:
        called = inner
    return getattr(called, "__qualname__", "") or type(called).__name__


def _nobody() -> None:
    """Nobody drives it yet."""
