"""The one loop: poll over the listeners and the epoll of the sockets to servers, and trio as its guest for all that is rare.

A turn of the engine costs one poll, one epoll_wait where servers have said something, and one reading of the clock, whatever
has come in; trio takes a turn only when something of its own has happened: a stream, a file, a command (real_env_guest.py).
"""

import errno
import os
import select
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar, cast

import trio

from resolver.env import Turned
from resolver.real_env_guest import Guest
from resolver.real_env_memory import Reserve

T = TypeVar("T")

MAX_EVENTS: Final = (
    16  # taken in one turn; those behind them are the next turn's: a reply of a server takes 0.1 ms or more
)
EPOLLIN: Final = select.EPOLLIN
MILLISECONDS: Final = 1000  # a second
LONGEST_SLEEP: Final = 3600.0  # s; poll counts in 32-bit milliseconds
AT_ONCE: Final = 0  # s
CLOSED: Final = -1
COUNTER: Final = 8  # octets of an eventfd's counter
LOOK_EVERY: Final = 8  # turns of trio's between two looks at the memory that there is: the margin is enough for them
LACKING: Final = 0.01  # s after which another thread looks whether there is memory now


class Loop:
    """Runs a program of trio's and turns what it is given, in one thread."""

    def __init__(self) -> None:
        """Nothing is opened before `run`: who only asks a question needs no loop."""
        self._handlers: dict[int, Callable[[], None]] = {}  # by descriptor
        self._soon: deque[Callable[[], object]] = deque()  # from other threads
        self._leaving: deque[Callable[[], None]] = deque()  # what is sent when this turn is over
        self._turned: Turned | None = None
        self._bell = CLOSED
        self.reserve = Reserve()  # looked at before trio has its turns
        self._unlooked = 0  # of these
        self.tidy: Callable[[], object] = _nothing  # called at the end of each turn, when all of it has been sent
        self.note_turn: Callable[[float, float], None] = _ignore  # told when each turn began and ended

    def run(self, main: Callable[..., Awaitable[T]], *args: object) -> T:
        """What `main` returns; raises what it raises."""
        self._epoll = select.epoll()
        # Those that are looked at in every turn, however many others there are, and the epoll of these. It is no epoll: a socket
        # in one tells it of each datagram that has left, and a listener sends a reply for each that has come.
        self._first = select.poll()
        self._first.register(self._epoll, select.POLLIN)
        self._others = self._epoll.fileno(), select.POLLIN  # how it says that something has happened to one of them
        self._firsts = set[int]()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.watch(self._bell, self._answer_bell)
        guest = Guest(main, *args)
        self.watch(guest.descriptor, guest.note_events)
        try:
            while guest.ended is None:
                self._turn_or_lack(guest)
        finally:
            self.forget(guest.descriptor)
            self._epoll.close()
            bell, self._bell = self._bell, CLOSED
            os.close(bell)
        return cast(T, guest.ended.unwrap())

    async def drive(self, turned: Turned, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Turn it, beside trio, until cancelled."""
        turned.clock = time.monotonic
        turned.note_change = _nothing  # the loop looks at it before it sleeps
        self._turned = turned
        task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            self._turned = None

    def watch(self, fd: int, handler: Callable[[], None], *, is_first: bool = False) -> None:
        """Call the handler in each turn in which the descriptor is readable, or has an error.

        is_first: in every one; others wait for theirs when more are readable than one turn takes.
        """
        self._handlers[fd] = handler
        if is_first:
            self._first.register(fd, select.POLLIN)
            self._firsts.add(fd)
        else:
            self._epoll.register(fd, EPOLLIN)

    def forget(self, fd: int, *, is_closing: bool = True) -> None:
        """Watch it no longer. is_closing: it will be closed now, and the kernel forgets it by itself."""
        if self._handlers.pop(fd, None) is None:
            return
        if fd in self._firsts:
            self._first.unregister(fd)
            self._firsts.remove(fd)
        elif not is_closing:
            self._epoll.unregister(fd)

    def send_at_end(self, send: Callable[[], None]) -> None:
        """Have this called when all else of this turn is done. Who is sent to is woken once then, where several questions are
        for him, and not once for each: to wake another process costs as much as to send."""
        self._leaving.append(send)

    def tell(self, event: Callable[[], None]) -> None:
        """This has happened: a turn of what is driven, between those that something from outside begins."""
        if self._turned is not None:
            self._turned.turn(time.monotonic(), event)
        else:
            event()

    def _turn_or_lack(self, guest: Guest) -> None:
        """A turn; what it lacks memory for is done in a later one."""
        try:
            self._turn(guest)
        except MemoryError:
            self.reserve.look()

    def _turn(self, guest: Guest) -> None:
        events = self._first.poll(self._patience(guest) * MILLISECONDS)
        is_full = False
        if self._others in events:
            others = self._epoll.poll(AT_ONCE, MAX_EVENTS)
            is_full = len(others) == MAX_EVENTS
            events += others
        now = time.monotonic()
        if self._turned is not None:
            self._turned.has_unread = is_full
            self._turned.turn(now, partial(self._handle, events))
        else:
            self._handle(events)
        self._let_leave()
        if guest.wants_turn(now):
            if self._unlooked % LOOK_EVERY == 0:
                self.reserve.look()
            self._unlooked += 1
            guest.turn()
        for _ in range(len(self._soon)):
            self._soon.popleft()()
        self._let_leave()
        self.tidy()
        self.note_turn(now, time.monotonic())

    def _let_leave(self) -> None:
        for _ in range(len(self._leaving)):
            self._leaving.popleft()()

    def _patience(self, guest: Guest) -> float:
        """Seconds that there is nothing to do, as far as is known."""
        if self._soon or self._leaving:
            return 0.0
        next_at = guest.next_at if self._turned is None else min(guest.next_at, self._turned.next_at())
        return min(max(0.0, next_at - time.monotonic()), LONGEST_SLEEP)

    def _handle(self, events: list[tuple[int, int]]) -> None:
        handlers = self._handlers
        for fd, _ in events:
            handler = handlers.get(fd)
            if handler is not None:  # else closed since, by what came before it in this turn
                handler()

    def post(self, callback: Callable[[], object]) -> None:
        """Have this called soon; from another thread, which waits where there is no memory to say so.

        Raises OSError once nothing runs any more.
        """
        while True:
            if self._bell == CLOSED:
                raise OSError(errno.EBADF, "nothing runs any more")
            try:
                self._soon.append(callback)
            except MemoryError:
                time.sleep(LACKING)
            else:
                break
        os.eventfd_write(self._bell, 1)

    def _answer_bell(self) -> None:
        os.eventfd_read(self._bell)


def _ignore(began: float, ended: float) -> None:
    """Nobody measures turns."""


def _nothing() -> None:
    """There is nobody to wake, and nothing to tidy."""
