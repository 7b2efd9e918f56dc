"""Trio turned by hand."""

import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import ExitStack
from typing import TypeVar

import pytest
import trio
from outcome import Value

from resolver.real_env_guest import AT_A_TIME, STEPS, Guest

T = TypeVar("T")
PATIENCE = 10.0  # s until a test is given up
SHORT = 0.05  # s


def turn_to_the_end(guest: Guest, between: Callable[[], None] = lambda: None) -> object:
    """What its program came to, turned by a host that has nothing else to do; `between` is called after each turn."""
    until = time.monotonic() + PATIENCE
    while guest.ended is None:
        now = time.monotonic()
        assert now < until, "it never ends"
        readable, _, _ = select.select([guest.descriptor], [], [], max(0.0, min(guest.next_at, until) - now))
        if readable:
            guest.note_events()
        if guest.wants_turn(time.monotonic()):
            guest.turn()
            between()
    return guest.ended.unwrap()


def run(main: Callable[[], Awaitable[T]]) -> object:
    return turn_to_the_end(Guest(main))


def test_what_the_program_comes_to_is_told() -> None:
    async def main() -> str:
        await trio.lowlevel.checkpoint()
        return "done"

    async def fail() -> None:
        raise ZeroDivisionError

    assert run(main) == "done"
    with pytest.raises(ZeroDivisionError):
        run(fail)


def test_a_fault_of_trios_own_ends_it() -> None:
    def fail() -> Generator[float, object, None]:
        yield 0.0
        raise trio.TrioInternalError

    guest = Guest(trio.lowlevel.checkpoint)
    turn_to_the_end(guest)
    guest.ended, guest._first, guest._run = None, Value([]), fail()
    next(guest._run)
    guest.turn()
    assert guest.ended is not None
    with pytest.raises(trio.TrioInternalError):
        guest.ended.unwrap()


def test_it_sleeps_as_long_as_it_is_told_and_in_no_thread() -> None:
    turns = list[int]()

    async def main() -> None:
        began = trio.current_time()
        await trio.sleep(SHORT)
        assert trio.current_time() - began >= SHORT

    threads = threading.active_count()
    turn_to_the_end(Guest(main), lambda: turns.append(threading.active_count()))
    assert set(turns) == {threads}
    assert len(turns) < 10  # it is let sleep


def test_the_host_wakes_a_task_by_what_it_does() -> None:
    happened = trio.Event()
    guest = Guest(happened.wait)
    while guest.next_at <= time.monotonic():
        guest.turn()
    assert not guest.wants_turn(time.monotonic())
    happened.set()
    assert guest.wants_turn(time.monotonic())
    turn_to_the_end(guest)


def test_another_thread_wakes_it() -> None:
    async def main() -> int:
        return await trio.to_thread.run_sync(trio.from_thread.run_sync, threading.get_ident)

    assert run(main) == threading.get_ident()


def test_of_what_has_come_in_it_is_given_a_few_at_a_time() -> None:
    """Else a turn goes on for as long as there is something to read on any of a peer's connections."""
    count, heard, in_a_turn = 3 * AT_A_TIME, list[bytes](), list[int]()

    async def read(stream: socket.socket) -> None:
        await trio.lowlevel.wait_readable(stream)
        heard.append(stream.recv(1))

    async def main() -> None:
        with ExitStack() as open_ones:
            pairs = [socket.socketpair() for _ in range(count)]
            for sock in (sock for pair in pairs for sock in pair):
                open_ones.enter_context(sock)
            async with trio.open_nursery() as nursery:
                for ours, _ in pairs:
                    nursery.start_soon(read, ours)
                for _ in range(2):
                    await trio.lowlevel.checkpoint()  # all of them wait then
                for _, theirs in pairs:
                    theirs.send(b"x")

    def note() -> None:
        in_a_turn.append(len(heard) - sum(in_a_turn))

    turn_to_the_end(Guest(main), note)
    assert sum(in_a_turn) == count
    assert max(in_a_turn) <= AT_A_TIME


def test_a_few_tasks_have_their_step_in_a_turn_and_all_of_them_in_turn() -> None:
    """Trio would let all go on: 32 connections of one client that have said more than is taken at once held the loop."""
    count, steps, in_a_turn = 5 * STEPS, Counter[int](), list[int]()

    async def go_on(number: int) -> None:
        for _ in range(20):
            steps[number] += 1
            most = max(steps.values())
            assert most - min(steps[other] for other in range(count)) <= 2 or most <= 2
            await trio.lowlevel.checkpoint()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for number in range(count):
                nursery.start_soon(go_on, number)

    def note() -> None:
        in_a_turn.append(steps.total() - sum(in_a_turn))

    turn_to_the_end(Guest(main), note)
    assert steps.total() == 20 * count
    assert max(in_a_turn) <= STEPS


def test_what_came_in_is_not_lost_where_there_was_no_memory_to_take_it() -> None:
    class Lacking:
        """An epoll that can say nothing the first time that something is there."""

        def __init__(self, epoll: select.epoll) -> None:
            self.lacks = True
            self._epoll = epoll

        def poll(self, seconds: float, most: int) -> list[tuple[int, int]]:
            if self.lacks and select.select([self._epoll], [], [], 0)[0]:
                self.lacks = False
                raise MemoryError
            return self._epoll.poll(seconds, most)

    async def main() -> None:
        ours, theirs = trio.socket.socketpair()
        with ours, theirs:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(ours.recv, 1)
                await trio.sleep(SHORT)
                await theirs.send(b"x")

    guest = Guest(main)
    epoll = guest._epoll = Lacking(guest._epoll)  # type: ignore[assignment]  # what is asked of one here
    with pytest.raises(MemoryError):
        turn_to_the_end(guest)
    assert guest.wants_turn(time.monotonic())
    turn_to_the_end(guest)
    assert not epoll.lacks
