"""What takes long is made by one job after the other, once for all who wait, and kept before any of them goes on."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from outcome import Outcome, capture

from internal_zones.making import Making, NotMade

T = TypeVar("T")


class Later:
    """Jobs that are done when a test says so."""

    def __init__(self) -> None:
        self.todo: list[Callable[[], None]] = []

    def submit(self, job: Callable[[], T], then: Callable[[Outcome[T]], None], /) -> None:
        self.todo.append(lambda: then(capture(job)))

    async def serve(self) -> None:
        """Nobody has to."""

    def do_one(self) -> None:
        self.todo.pop(0)()


class Turns:
    """Turns that come when a test says so."""

    def __init__(self) -> None:
        self.events: list[Callable[[], None]] = []

    def at(self, moment: float, event: Callable[[], None], /) -> "Turns":
        self.events.append(event)
        return self

    def call_off(self) -> None:
        """No test does."""

    def turn(self, event: Callable[[], None], /) -> None:
        event()

    post = at_end = turn

    def take(self) -> None:
        events, self.events = self.events, []
        for event in events:
            event()


class World:
    """What was made, kept and given, in its order."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.jobs, self.turns = Later(), Turns()
        self.making: Making[int] = Making(self.jobs, self.turns, lambda: 0.0)  # type: ignore[arg-type]  # never cancelled

    def have(self, what: str, who: str, value: int = 1) -> None:
        def make() -> int:
            self.said.append(f"make {what}")
            return 1 // value

        def give(get: Callable[[], int]) -> None:
            try:
                self.said.append(f"{who} {get()}")
            except NotMade as fault:
                self.said.append(f"{who} {fault}")

        self.making.have(what, make, lambda found: self.said.append(f"keep {found}"), give)


@pytest.fixture
def world() -> World:
    return World()


def test_it_is_made_once_for_all_who_wait_and_kept_first(world: World) -> None:
    world.have("a", "ann")
    world.have("a", "bob")
    assert (world.said, len(world.jobs.todo)) == ([], 1)
    world.jobs.do_one()
    assert world.said == ["make a", "keep 1"]
    assert len(world.turns.events) == 2  # each goes on by itself
    world.turns.take()
    assert world.said == ["make a", "keep 1", "ann 1", "bob 1"]


def test_one_job_follows_the_other(world: World) -> None:
    for what in ("a", "b", "c"):
        world.have(what, "ann")
    for _ in range(3):
        assert len(world.jobs.todo) == 1
        world.jobs.do_one()
    world.have("a", "bob")  # what was made is no concern of the line's any more
    world.jobs.do_one()
    assert [said for said in world.said if said.startswith("make")] == ["make a", "make b", "make c", "make a"]
    assert not world.jobs.todo


def test_who_waits_for_what_fails_is_told_and_others_go_on(world: World) -> None:
    world.have("a", "ann", value=0)
    world.have("a", "bob", value=0)
    world.have("b", "cid")
    world.jobs.do_one()
    world.jobs.do_one()
    world.turns.take()
    fault = "ZeroDivisionError('integer division or modulo by zero')"
    assert world.said == ["make a", "make b", "keep 1", f"ann {fault}", f"bob {fault}", "cid 1"]
