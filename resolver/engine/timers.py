"""What has to happen at which moment? A heap of callbacks; what was called off is passed over when its moment comes."""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final, final

from mypy_extensions import mypyc_attr

NEVER: Final = float("inf")
# a reply that comes in time calls its timer off, and most do: the heap is made anew once so many in it are dead, and most of it
MIN_DEAD: Final = 4096


@final
@mypyc_attr(free_list_len=1)
class Timer:
    """A callback that is due at a moment, unless it is called off before."""

    __slots__ = ("_callback", "_timers")

    def __init__(self, timers: "Timers", callback: Callable[[], None]) -> None:
        self._timers = timers
        self._callback: Callable[[], None] | None = callback

    @property
    def is_set(self) -> bool:
        """Will it ring?"""
        return self._callback is not None

    def call_off(self) -> None:
        """It will not ring; if it has rung already, this does nothing."""
        if self._callback is not None:
            self._callback = None
            self._timers.note_called_off()

    def take(self) -> Callable[[], None] | None:
        """What is to be called now, this once; None: it was called off."""
        callback, self._callback = self._callback, None
        return callback


@final
class Timers:
    """All timers, in monotonic seconds. Bounded by what sets them: each exchange, zone query and wait has one at a time."""

    __slots__ = ("_dead", "_heap", "_number")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._number = 0  # of the timer set last: among those of one moment the first one set rings first
        self._dead = 0  # of those in the heap

    def __len__(self) -> int:
        """Those that will ring."""
        return len(self._heap) - self._dead

    def at(self, moment: float, callback: Callable[[], None]) -> Timer:
        """Have this called then; in the next turn if that is past."""
        timer = Timer(self, callback)
        self._number += 1
        heappush(self._heap, (moment, self._number, timer))
        return timer

    def next_at(self) -> float:
        """When the next one rings; NEVER if none does. Nobody need wake for one that was called off."""
        while self._heap and not self._heap[0][2].is_set:
            heappop(self._heap)
            self._dead -= 1
        return self._heap[0][0] if self._heap else NEVER

    def take_due(self, now: float) -> Callable[[], None] | None:
        """The next callback that is due, the earliest first; None when there is none."""
        while self._heap and self._heap[0][0] <= now:
            callback = heappop(self._heap)[2].take()
            if callback is not None:
                return callback
            self._dead -= 1
        return None

    def note_called_off(self) -> None:
        """One in the heap will not ring."""
        self._dead += 1
        if self._dead >= MIN_DEAD and self._dead > len(self) * 4:
            self._heap = [one for one in self._heap if one[2].is_set]
            heapify(self._heap)
            self._dead = 0
