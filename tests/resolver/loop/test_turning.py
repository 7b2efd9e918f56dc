"""A mesh is turned when something is due, and otherwise nobody is woken."""

from collections.abc import Awaitable, Callable

import trio
from trio.testing import wait_all_tasks_blocked

from resolver.engine import Mesh
from resolver.engine.mesh import MAX_STEPS
from resolver.loop import turn_in_trio
from tests.resolver.engine.turned import play, raise_fault

NEVER = float("inf")


class Alarms:
    """Something turned (resolver.env.Turned) that is due at these moments. turns: when it was turned."""

    def __init__(self, *due: float) -> None:
        self.due = sorted(due)
        self.turns: list[float] = []
        self.note_change: Callable[[], None] = lambda: None
        self.clock: Callable[[], float] | None = None
        self.has_unread = False

    def turn(self, now: float, event: Callable[[], None] | None = None) -> None:
        self.turns.append(now)
        self.due = [moment for moment in self.due if moment > now]
        self.note_change()

    def next_at(self) -> float:
        return self.due[0] if self.due else NEVER

    def add(self, moment: float) -> None:
        self.due = sorted([*self.due, moment])
        self.note_change()


def turning(alarms: Alarms, test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(turn_in_trio, alarms, trio.current_time)
            await test()
            nursery.cancel_scope.cancel()

    play(main)


def test_it_is_turned_at_the_beginning_and_whenever_something_is_due() -> None:
    alarms = Alarms(1.0, 2.5, 2.5)

    async def test() -> None:
        await trio.sleep(100.0)

    turning(alarms, test)
    assert alarms.turns == [0.0, 1.0, 2.5]


def test_what_is_due_earlier_than_was_known_wakes_it() -> None:
    alarms = Alarms(10.0)

    async def test() -> None:
        await trio.sleep(1.0)
        alarms.add(2.0)
        await trio.sleep(5.0)

    turning(alarms, test)
    assert 2.0 in alarms.turns
    assert alarms.turns[-1] == 2.0


def test_what_is_due_now_is_done_now() -> None:
    alarms = Alarms()

    async def test() -> None:
        await trio.sleep(1.0)
        alarms.add(1.0)
        await wait_all_tasks_blocked()
        assert alarms.turns == [0.0, 1.0]

    turning(alarms, test)


def test_what_is_due_later_wakes_nobody() -> None:
    alarms = Alarms(5.0)

    async def test() -> None:
        await trio.sleep(1.0)
        alarms.add(6.0)
        alarms.add(7.0)
        await trio.sleep(1.0)

    turning(alarms, test)
    assert alarms.turns == [0.0]


def test_turns_that_others_bring_are_no_reason_to_turn_once_more() -> None:
    alarms = Alarms(5.0)

    async def test() -> None:
        await trio.sleep(1.0)
        alarms.turn(1.0)
        await trio.sleep(1.0)

    turning(alarms, test)
    assert alarms.turns == [0.0, 1.0]


def test_more_than_one_turns_work_leaves_trio_its_own_turns() -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("mesh")

    async def trios() -> None:
        while done.count("mesh") < 5 * MAX_STEPS:
            done.append("trio")
            await trio.lowlevel.checkpoint()

    async def main() -> None:
        mesh = Mesh(raise_fault)
        for _ in range(5 * MAX_STEPS):
            mesh.start(work(), "work")
        async with trio.open_nursery() as nursery:
            await nursery.start(turn_in_trio, mesh, trio.current_time)
            nursery.start_soon(trios)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        assert done.count("mesh") == 5 * MAX_STEPS
        last = len(done) - done[::-1].index("mesh")
        assert "trio" in done[:last], "begun after the first turn, it had its own before the last"

    play(main)
