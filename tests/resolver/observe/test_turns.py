"""Turns of the event loop."""

import pytest

from resolver.observe.turns import LONG, WINDOW, LoopCounts, Turns


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def take(turns: Turns, clock: Clock, seconds: float) -> None:
    began = clock.now
    clock.now += seconds
    turns.note(began, clock.now)


def test_long_turns_are_counted_and_the_longest_is_remembered_for_a_while() -> None:
    clock, counts = Clock(), LoopCounts()
    turns = Turns(counts)
    for seconds in (0.001, LONG + 0.003, 0.0005):
        take(turns, clock, seconds)
    assert counts.long_turns == 1
    assert counts.longest_turn == pytest.approx(LONG + 0.003)
    clock.now += WINDOW
    take(turns, clock, 0.001)
    assert counts.longest_turn == pytest.approx(LONG + 0.003)
    clock.now += WINDOW
    take(turns, clock, 0.0005)
    assert counts.longest_turn == pytest.approx(0.001)
