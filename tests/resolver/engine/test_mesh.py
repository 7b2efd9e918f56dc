from functools import partial
from itertools import pairwise

import pytest

from resolver.engine import Landing, Mesh
from resolver.engine.mesh import COMPUTING, LOOK_EVERY, MAX_DUE, MAX_STEPS, MAX_UNREAD, STEPPING
from resolver.engine.timers import NEVER
from tests.resolver.engine.turned import at_once, raise_fault


class Noted:
    """A mesh, what its tasks note, and what it reports."""

    def __init__(self) -> None:
        self.steps: list[object] = []
        self.faults: list[tuple[str, Exception]] = []
        self.mesh = Mesh(lambda doing, fault: self.faults.append((doing, fault)))

    def note(self, what: object) -> None:
        self.steps.append(what)

    async def wait_for(self, landing: Landing, name: str, until: float = NEVER) -> None:
        self.note((name, await self.mesh.landed(landing, until), self.mesh.now))

    async def fail(self) -> None:
        raise ZeroDivisionError


def test_a_task_begins_in_this_turn_or_in_the_next() -> None:
    noted = Noted()

    async def work() -> None:
        noted.note(noted.mesh.now)

    noted.mesh.start(work(), "work")
    assert noted.steps == []
    assert noted.mesh.next_at() == noted.mesh.now
    noted.mesh.turn(5.0, lambda: _started(noted.mesh, work()))
    assert noted.steps == [5.0, 5.0]
    assert noted.mesh.next_at() == NEVER


def _started(mesh: Mesh, work: object) -> None:
    mesh.start(work, "work")  # type: ignore[arg-type]  # a coroutine


def test_who_waits_goes_on_in_the_turn_in_which_it_lands() -> None:
    noted, landing = Noted(), Landing()
    for name in "ab":
        noted.mesh.start(noted.wait_for(landing, name), name)
    noted.mesh.turn(1.0)
    assert noted.steps == []
    noted.mesh.turn(2.0, landing.land)
    assert noted.steps == [("a", True, 2.0), ("b", True, 2.0)]


def test_what_is_over_is_not_waited_for() -> None:
    noted, landing = Noted(), Landing()
    landing.land()
    noted.mesh.start(noted.wait_for(landing, "a"), "a")
    noted.mesh.turn(1.0)
    assert noted.steps == [("a", True, 1.0)]


def test_a_wait_with_a_deadline_ends_there_and_others_go_on_waiting() -> None:
    noted, landing = Noted(), Landing()
    noted.mesh.start(noted.wait_for(landing, "brief", 3.0), "brief")
    noted.mesh.start(noted.wait_for(landing, "long"), "long")
    noted.mesh.turn(1.0)
    assert noted.mesh.next_at() == 3.0
    noted.mesh.turn(2.9)
    assert noted.steps == []
    noted.mesh.turn(3.0)
    assert noted.steps == [("brief", False, 3.0)]
    noted.mesh.turn(4.0, landing.land)
    assert noted.steps[1:] == [("long", True, 4.0)]
    assert noted.faults == []


def test_others_see_for_whom_is_waited_as_long_as_it_is() -> None:
    noted, landing, waiter = Noted(), Landing(), Landing()

    async def wait() -> None:
        noted.note(await noted.mesh.landed_for(waiter, landing, 3.0))

    noted.mesh.start(wait(), "a")
    noted.mesh.turn(1.0)
    assert waiter.leads_to(landing)
    noted.mesh.turn(3.0)
    assert noted.steps == [False]
    assert not waiter.leads_to(landing)


def test_what_lands_before_the_deadline_calls_it_off() -> None:
    noted, landing = Noted(), Landing()
    noted.mesh.start(noted.wait_for(landing, "a", 3.0), "a")
    noted.mesh.turn(1.0)
    noted.mesh.turn(2.0, landing.land)
    assert noted.steps == [("a", True, 2.0)]
    assert len(noted.mesh.timers) == 0
    noted.mesh.turn(4.0)
    assert noted.steps == [("a", True, 2.0)]


def test_what_lands_at_the_deadline_has_landed() -> None:
    noted, landing = Noted(), Landing()
    noted.mesh.start(noted.wait_for(landing, "a", 3.0), "a")
    noted.mesh.turn(1.0)
    noted.mesh.turn(3.0, landing.land)
    assert noted.steps == [("a", True, 3.0)]


def test_a_deadline_that_is_past_ends_the_wait_in_the_next_turn() -> None:
    noted = Noted()
    noted.mesh.start(noted.wait_for(Landing(), "a", 0.5), "a")
    noted.mesh.turn(1.0)
    assert noted.mesh.next_at() <= 1.0
    noted.mesh.turn(1.0)
    assert noted.steps == [("a", False, 1.0)]


def test_sleep_lasts_as_long_as_it_says() -> None:
    noted = Noted()

    async def work() -> None:
        await noted.mesh.sleep(2.0)
        noted.note(noted.mesh.now)

    noted.mesh.turn(1.0, lambda: _started(noted.mesh, work()))
    assert noted.mesh.next_at() == 3.0
    noted.mesh.turn(2.9)
    noted.mesh.turn(3.1)
    assert noted.steps == [3.1]


def test_only_what_the_mesh_runs_can_wait_in_it() -> None:
    mesh = Mesh(raise_fault)
    for wait in (mesh.landed(Landing()), mesh.sleep(1.0)):
        with pytest.raises(AssertionError, match="only what the mesh runs"):
            wait.send(None)


def test_a_tasks_fault_is_reported_and_ends_nothing_else() -> None:
    noted, landing = Noted(), Landing()

    async def fail_later() -> None:
        await noted.mesh.landed(landing)
        raise ZeroDivisionError

    noted.mesh.start(fail_later(), "failing later")
    noted.mesh.start(noted.fail(), "failing")
    noted.mesh.start(noted.wait_for(landing, "a"), "a")
    noted.mesh.turn(1.0)
    noted.mesh.turn(2.0, landing.land)
    assert [(doing, type(fault)) for doing, fault in noted.faults] == [
        ("failing", ZeroDivisionError),
        ("failing later", ZeroDivisionError),
    ]
    assert noted.steps == [("a", True, 2.0)]


def test_the_fault_of_an_event_a_timer_or_what_comes_at_the_end_is_reported_and_ends_nothing_else() -> None:
    noted = Noted()

    def fail() -> None:
        raise ZeroDivisionError

    mesh = noted.mesh
    mesh.timers.at(1.0, fail)
    mesh.timers.at(1.0, lambda: noted.note("timer"))
    mesh.at_end(fail)
    mesh.at_end(lambda: noted.note("end"))
    mesh.turn(1.0, fail)
    assert noted.steps == ["timer", "end"]
    assert [doing for doing, _ in noted.faults] == ["event"] * 3
    mesh.turn(2.0, lambda: noted.note("next"))
    assert noted.steps[-1] == "next"


def test_the_event_comes_before_timers_timers_before_tasks_and_the_end_last() -> None:
    noted = Noted()

    async def work() -> None:
        noted.note("task")

    def event() -> None:
        noted.note("event")
        noted.mesh.at_end(lambda: noted.note("end"))
        noted.mesh.start(work(), "work")

    noted.mesh.timers.at(1.0, lambda: noted.note("timer"))
    noted.mesh.turn(1.0, event)
    assert noted.steps == ["event", "timer", "task", "end"]


def test_what_happens_in_a_turn_is_part_of_it() -> None:
    """A reply that comes at once, say: the clock is not read again, and nobody goes on in the middle of another's step."""
    noted, landing = Noted(), Landing()

    async def work() -> None:
        noted.note("begins")
        noted.mesh.turn(99.0, landing.land)
        noted.note(("goes on", noted.mesh.now))

    noted.mesh.start(noted.wait_for(landing, "a"), "a")
    noted.mesh.start(work(), "work")
    noted.mesh.turn(1.0)
    assert noted.steps == ["begins", ("goes on", 1.0), ("a", True, 1.0)]


def test_the_steps_of_one_turn_are_bounded_and_the_rest_is_due_at_once() -> None:
    noted = Noted()

    async def work(number: int) -> None:
        noted.note(number)

    for number in range(MAX_STEPS + 3):
        noted.mesh.start(work(number), "work")
    noted.mesh.turn(1.0)
    assert noted.steps == list(range(MAX_STEPS))
    assert noted.mesh.next_at() == 1.0
    noted.mesh.turn(1.5)
    assert noted.steps == list(range(MAX_STEPS + 3))
    assert noted.mesh.next_at() == NEVER


def test_what_a_step_did_is_not_done_again_though_its_fault_could_not_be_told() -> None:
    """Without memory even to report may fail; who had their step, and wait, were woken again with nothing landed."""
    noted, landing = Noted(), Landing()

    def report(doing: str, fault: Exception) -> None:
        raise MemoryError

    noted.mesh.report = report
    noted.mesh.start(noted.wait_for(landing, "waits"), "waits")
    noted.mesh.start(noted.fail(), "fails")
    noted.mesh.start(noted.wait_for(landing, "later"), "later")
    with pytest.raises(MemoryError):
        noted.mesh.turn(1.0)
    noted.mesh.turn(2.0)
    assert noted.steps == []
    noted.mesh.turn(3.0, landing.land)
    assert noted.steps == [("waits", True, 3.0), ("later", True, 3.0)]


def with_timers(noted: Noted, count: int) -> Mesh:
    """A mesh in which so many timers are due."""
    for number in range(count):
        noted.mesh.timers.at(0.5, partial(noted.note, number))
    return noted.mesh


def test_the_timers_of_one_turn_are_bounded_and_the_rest_is_due_at_once() -> None:
    noted = Noted()
    mesh = with_timers(noted, MAX_DUE + 3)
    mesh.turn(1.0)
    assert noted.steps == list(range(MAX_DUE))
    assert mesh.next_at() <= 1.0
    mesh.turn(1.5)
    assert noted.steps == list(range(MAX_DUE + 3))
    assert mesh.next_at() == NEVER


@pytest.mark.parametrize("part", [1.0, 0.5, 0.2])
def test_steps_that_take_long_are_fewer_in_a_turn(part: float) -> None:
    """A step of a flight may take 0.1 ms, a timer's as much: 64 and 16 of them, counted only, made turns of 6 ms."""
    noted = Noted()
    clock = noted.mesh.clock = Hand()

    async def work() -> None:
        noted.note("step")
        clock.now += part * STEPPING

    def ring() -> None:
        noted.note("timer")
        clock.now += part * STEPPING

    for _ in range(MAX_STEPS):
        noted.mesh.start(work(), "work")
        noted.mesh.timers.at(0.5, ring)
    noted.mesh.turn(1.0)
    most = 1 / part + LOOK_EVERY
    assert noted.steps.count("timer") <= most
    assert LOOK_EVERY <= noted.steps.count("step") <= most
    for _ in range(MAX_STEPS):
        noted.mesh.turn(1.0)
    assert (noted.steps.count("timer"), noted.steps.count("step")) == (MAX_STEPS, MAX_STEPS)


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_after_a_stall_what_has_come_in_is_read_before_it_is_late() -> None:
    noted = Noted()
    mesh = with_timers(noted, 1)
    mesh.has_unread = True
    mesh.turn(5.0, lambda: noted.note("replies"))
    mesh.turn(5.1)  # of something else
    assert noted.steps == ["replies"]
    mesh.has_unread = False
    mesh.turn(5.2, lambda: noted.note("the last replies"))
    assert noted.steps == ["replies", "the last replies", 0]


def test_who_always_has_more_to_read_does_not_hold_up_the_timers_for_long() -> None:
    noted = Noted()
    mesh = with_timers(noted, MAX_DUE + 1)
    mesh.has_unread = True
    for at in (1.0, 1.0 + MAX_UNREAD / 2):
        mesh.turn(at)
    assert noted.steps == []
    for at in (1.0, 1.1):
        mesh.turn(at + MAX_UNREAD)
    assert len(noted.steps) == MAX_DUE + 1


def test_two_who_wake_each_other_for_ever_do_not_keep_the_turn() -> None:
    noted = Noted()

    async def work() -> None:
        while True:
            noted.mesh.timers.at(0.0, lambda: None)
            landing = Landing()
            noted.mesh.start(land(landing), "land")
            await noted.mesh.landed(landing)
            noted.note("again")

    async def land(landing: Landing) -> None:
        landing.land()

    noted.mesh.start(work(), "work")
    noted.mesh.turn(1.0)
    assert 0 < len(noted.steps) <= MAX_STEPS
    assert noted.mesh.next_at() <= 1.0


def test_a_task_that_is_woken_twice_goes_on_once() -> None:
    noted, landing = Noted(), Landing()
    task = noted.mesh.start(noted.wait_for(landing, "a"), "a")
    noted.mesh.turn(1.0)

    def event() -> None:
        landing.land()
        task.wake()

    noted.mesh.turn(2.0, event)
    assert noted.steps == [("a", True, 2.0)]
    assert noted.faults == []


def test_who_drives_it_is_told_of_what_is_new() -> None:
    noted, told = Noted(), list[float]()
    mesh = noted.mesh
    mesh.note_change = lambda: told.append(mesh.next_at())
    mesh.start(noted.fail(), "work")
    assert told == [0.0], "it has something to do, and nobody turns it"
    mesh.turn(1.0, lambda: _set(mesh, 7.0))
    assert told == [0.0, 7.0], "once for all that is new in a turn"


def _set(mesh: Mesh, moment: float) -> None:
    mesh.timers.at(moment, lambda: None)


def test_leads_to_looks_through_others_and_survives_circles() -> None:
    one, two, three = (Landing() for _ in range(3))
    one.waits_for.add(two)
    two.waits_for |= {one, three}
    assert one.leads_to(three)
    assert not three.leads_to(one)


def test_whatever_it_is_leads_to_itself() -> None:
    one = Landing()
    assert one.leads_to(one)


def test_leads_to_looks_at_each_once() -> None:
    """Many that wait for the same: paths double with each layer, and what there is to look at does not."""
    layers = [[Landing(), Landing()] for _ in range(60)]
    for above, below in pairwise(layers):
        for one in above:
            one.waits_for |= set(below)
    assert not layers[0][0].leads_to(Landing())
    assert layers[0][0].leads_to(layers[-1][1])


def test_what_has_to_wait_for_nothing_is_done_at_once() -> None:
    async def work() -> int:
        return 7

    assert at_once(Mesh(raise_fault), work()) == 7


def test_who_computes_lets_others_have_their_turn() -> None:
    """32 signatures that take 0.7 ms each: one a turn, and whatever comes in meanwhile is done between."""
    noted = Noted()

    async def compute() -> None:
        for number in range(32):
            await noted.mesh.rest(0.0007)
            noted.note(number)

    noted.mesh.start(compute(), "signatures")
    for turn in range(32):
        noted.mesh.turn(noted.mesh.next_at(), partial(noted.note, f"turn {turn}"))
    assert noted.steps[1::2] == list(range(32))
    assert noted.mesh.next_at() == NEVER


def test_what_takes_little_is_computed_in_one_turn_and_the_first_who_waits_goes_on_first() -> None:
    noted = Noted()

    async def compute(name: str) -> None:
        for number in range(8):
            await noted.mesh.rest(COMPUTING / 5)
            noted.note((name, number))

    noted.mesh.start(compute("a"), "signatures")
    noted.mesh.start(compute("b"), "signatures")
    counted = []
    while noted.mesh.next_at() < NEVER:
        before = len(noted.steps)
        noted.mesh.turn(noted.mesh.next_at())
        counted.append(len(noted.steps) - before)
    assert max(counted) == 5
    assert len(noted.steps) == 16
    assert noted.steps.index(("b", 0)) < 10, "in the second turn"


def test_what_takes_longer_than_a_turn_may_is_computed_all_the_same() -> None:
    noted = Noted()

    async def compute() -> None:
        await noted.mesh.rest(10 * COMPUTING)
        noted.note("done")

    noted.mesh.start(compute(), "signature")
    noted.mesh.turn(1.0)
    assert noted.steps == ["done"]
