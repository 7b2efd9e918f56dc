"""How long does one call take, and how is that told?"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

ROUNDS: Final = 9  # the best of them counts: whatever else runs here only ever adds time
SECONDS_A_ROUND: Final = 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing. ours, other: microseconds a call; other: None when there is nothing to compare with.

    floor: how many times faster than the other it has to be; ceiling: microseconds that it may take.
    """

    name: str
    ours: float
    other: float | None = None
    other_name: str = ""
    floor: float | None = None
    ceiling: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if self.other is None else self.other / self.ours

    @property
    def wanted(self) -> str:
        parts = [] if self.floor is None else [f">= {self.floor:g}x"]
        if self.ceiling is not None:
            parts.append(f"<= {self.ceiling:g} µs")
        return ", ".join(parts)

    @property
    def is_reached(self) -> bool:
        is_fast_enough = self.floor is None or (self.ratio is not None and self.ratio >= self.floor)
        return is_fast_enough and (self.ceiling is None or self.ours <= self.ceiling)


def best_of(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Microseconds that `call` takes in the best of `rounds`."""
    calls = _calls_a_round(call)
    return min(_seconds_for(call, calls) for _ in range(rounds)) / calls * 1e6


def best_of_each(*calls: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, ...]:
    """As best_of for several, in turns, so that a busy moment of the machine hits them alike."""
    counts = [_calls_a_round(call) for call in calls]
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for number, (call, count) in enumerate(zip(calls, counts, strict=True)):
            best[number] = min(best[number], _seconds_for(call, count) / count * 1e6)
    return tuple(best)


def _calls_a_round(call: Callable[[], object]) -> int:
    calls = 1
    while (spent := _seconds_for(call, calls)) < SECONDS_A_ROUND / 10:
        calls *= 4
    return max(1, round(calls * SECONDS_A_ROUND / spent))


def _seconds_for(call: Callable[[], object], calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - began
