"""Trio as the guest of another loop: when does it want a turn, and what is it given in it?

Trio's own way to be a guest has a thread wait for what comes in, which wants the interpreter's lock for each thing that happens.
Here the host waits for trio's epoll as for a socket, and gives trio's run its turns by hand. Trio takes a step with every task
that can go on before it looks up; here a few of them have theirs, and of what has come in it is given a few at a time: nobody
looks at the clients' socket meanwhile.
"""

import select
import time
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from types import MethodType
from typing import Final, Protocol, cast

import outcome
import trio

AT_A_TIME: Final = 4  # events given in one turn: each wakes a task, whose step takes up to 0.1 ms
STEPS: Final = 4  # of tasks in one turn that wait for nothing; the others have theirs in the next ones
AT_ONCE: Final = 0  # s that its epoll is waited for
NOW: Final = float("-inf")  # monotonic s

Came = list[tuple[int, int]]  # descriptors, and what of them


class _Events(Protocol):
    _epoll: select.epoll


class _Runner(Protocol):
    guest_tick_scheduled: bool
    io_manager: _Events
    runq: deque[object]
    main_task_outcome: outcome.Outcome[object] | None


class _State(Protocol):
    """What is touched of trio's run: trio promises none of it, a test looks for it."""

    runner: _Runner
    unrolled_run_gen: Generator[float, Came | None, None]  # is sent events, and says how many seconds it can sleep
    unrolled_run_next_send: outcome.Outcome[Came | None]

    def guest_tick(self) -> None:
        """What it would be turned by."""


class Guest:
    """One run of trio's. descriptor: readable when something has come in for it.

    next_at: monotonic seconds at which it wants a turn in any case. ended: what its program came to, once it is over.
    """

    def __init__(self, main: Callable[..., Awaitable[object]], *args: object) -> None:
        ticks: list[Callable[[], object]] = []
        # told nothing but that it has begun: what it would say later it says in the turns that it has by hand
        trio.lowlevel.start_guest_run(main, *args, run_sync_soon_threadsafe=ticks.append, done_callback=_ignore)
        state = cast(_State, cast(MethodType, ticks[0]).__self__)
        self.ended: outcome.Outcome[object] | None = None
        self.next_at = NOW
        self._run = state.unrolled_run_gen
        self._runner = state.runner
        self._epoll = state.runner.io_manager._epoll
        self._first: outcome.Outcome[Came | None] | None = state.unrolled_run_next_send
        self.descriptor = self._epoll.fileno()
        self._has_events = False
        self._held: deque[object] = deque()  # tasks that can go on, in later turns

    def note_events(self) -> None:
        """Its descriptor is readable."""
        self._has_events = True

    def wants_turn(self, now: float) -> bool:
        """Has something come in, is its time there, or has the host done what one of its tasks waited for? now: monotonic s."""
        return self._has_events or self.next_at <= now or self._runner.guest_tick_scheduled

    def turn(self) -> None:
        """Give it some of what has come in, and have go on whatever can."""
        runner = self._runner
        runner.guest_tick_scheduled = True  # who wakes a task in this turn need not call for one
        self.next_at = NOW  # what lacks memory here is done in the next turn
        self._hold()
        first, self._first = self._first, None
        events = self._epoll.poll(AT_ONCE, AT_A_TIME) if first is None else first.unwrap()
        self._has_events = False
        try:
            patience = self._run.send(events)
        except StopIteration:
            self.ended = runner.main_task_outcome
        except trio.TrioInternalError as fault:
            self.ended = outcome.Error(fault)
        else:
            runner.guest_tick_scheduled = False
            self.next_at = NOW if self._held else time.monotonic() + patience

    def _hold(self) -> None:
        """Leave it STEPS of the tasks that can go on, those first that have waited longest."""
        runq, held = self._runner.runq, self._held
        if not held and len(runq) <= STEPS:
            return
        while runq:
            held.append(runq[0])  # where there is no memory for this, it still stands there
            runq.popleft()
        while held and len(runq) < STEPS:
            runq.append(held[0])
            held.popleft()


def _ignore(ended: outcome.Outcome[object]) -> None:
    """Who turns it sees that it is over."""
