from functools import partial

import pytest

from resolver.engine.timers import MIN_DEAD, NEVER, Timers


def nothing() -> None:
    """Nobody looks whether it rings."""


def ring(timers: Timers, now: float) -> int:
    """Call all that are due; how many?"""
    rung = 0
    while (callback := timers.take_due(now)) is not None:
        callback()
        rung += 1
    return rung


def test_the_earliest_rings_first_and_of_one_moment_the_one_set_first() -> None:
    timers, rung = Timers(), list[str]()
    for moment, name in ((2.0, "b"), (1.0, "a"), (2.0, "c"), (3.0, "d")):
        timers.at(moment, partial(rung.append, name))
    assert ring(timers, 2.0) == 3
    assert rung == ["a", "b", "c"]
    assert (len(timers), timers.next_at()) == (1, 3.0)


def test_nothing_rings_before_its_moment_or_twice() -> None:
    timers, rung = Timers(), list[str]()
    timer = timers.at(1.0, partial(rung.append, "a"))
    assert ring(timers, 0.999) == 0
    assert timer.is_set
    assert ring(timers, 1.0) == 1
    assert not timer.is_set
    assert ring(timers, 5.0) == 0
    assert timers.next_at() == NEVER


def test_what_is_called_off_does_not_ring() -> None:
    timers, rung = Timers(), list[str]()
    first, second = (timers.at(1.0, partial(rung.append, name)) for name in "ab")
    first.call_off()
    first.call_off()
    assert (first.is_set, second.is_set, len(timers)) == (False, True, 1)
    assert ring(timers, 1.0) == 1
    assert rung == ["b"]
    assert len(timers) == 0


def test_nobody_wakes_for_what_was_called_off() -> None:
    """Most are: a turn for each was more than a quarter of all."""
    timers = Timers()
    doomed = [timers.at(1.0, nothing), timers.at(2.0, nothing)]
    timers.at(3.0, nothing)
    last = timers.at(4.0, nothing)
    for timer in (*doomed, last):
        timer.call_off()
    assert (timers.next_at(), len(timers)) == (3.0, 1)
    assert ring(timers, 3.0) == 1
    assert (timers.next_at(), len(timers)) == (NEVER, 0)


def test_calling_off_what_has_rung_counts_for_nothing() -> None:
    timers = Timers()
    timer = timers.at(1.0, nothing)
    ring(timers, 1.0)
    timer.call_off()
    assert len(timers) == 0


def test_one_that_rings_may_set_or_call_off_others() -> None:
    timers, rung = Timers(), list[str]()
    doomed = timers.at(2.0, partial(rung.append, "doomed"))

    def first() -> None:
        doomed.call_off()
        timers.at(0.0, partial(rung.append, "past"))

    timers.at(1.0, first)
    assert ring(timers, 2.0) == 2
    assert rung == ["past"]


def test_the_dead_do_not_pile_up() -> None:
    """Most timers are called off: a reply that comes in time has no use for its own."""
    timers = Timers()
    timers.at(2000.0, nothing)
    for number in range(20 * MIN_DEAD):
        timers.at(1000.0 + number, nothing).call_off()
        assert len(timers._heap) <= MIN_DEAD + 1
    assert len(timers) == 1
    assert ring(timers, 1999.0) == 0
    assert ring(timers, 2000.0) == 1


@pytest.mark.parametrize("living", [0, 1, MIN_DEAD])
def test_who_lives_outlives_the_dead(living: int) -> None:
    timers, rung = Timers(), list[int]()
    for number in range(living):
        timers.at(float(number), partial(rung.append, number))
    for _ in range(6 * MIN_DEAD):
        timers.at(0.5, nothing).call_off()
    assert len(timers) == living
    assert ring(timers, float(living)) == living
    assert rung == list(range(living))
