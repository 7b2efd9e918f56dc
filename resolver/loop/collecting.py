"""When does the garbage collector look, and at how much? At the end of a turn of the loop, at what the last few have made.

Reference counts free nearly everything; what strangers can have done leaves no cycles of ours behind (tests/garbage.py). A look
takes as long as there is to look at, garbage or not: some 60 to 80 objects of each question under way, and 60,000 of the program
itself. So what has lived through one look is frozen. That takes no time, however much it is; reference counts free it there as
well, and no look is at it any more: each takes a small part of the time that it took to make what it is at.

What is lost is a cycle that became garbage after it was frozen. It stays until all is looked at, in 20 ms, or 190 ms with 4,096
questions under way: once the process takes more memory than was said to be enough, and not oftener than after 65,536 looks.
If it was not garbage that took the memory, that is not done again before it takes twice as much.
"""

import gc
from collections.abc import Callable
from typing import Final, Protocol, final

from resolver.engine.counts import ResolveCounts

# Objects more than there were at the last look: what is less is no reason for one while few questions are under way. Most of
# them end before there are so many, and are not looked at
MADE: Final = 1_000
# With more, which live as long as a server takes, as many objects go as come, and their number says nothing
FEW: Final = 64
BEGUN: Final = 8  # questions since the last look: with more than a few under way it is their number that says when
LOOKS: Final = 65_536  # after which is seen how much memory there is: under a flood of new names in half a minute
BESIDE: Final = 128 << 20  # octets beside the cache's that are enough: no load of bench-hostile takes as many
SOME: Final = 1_000  # objects: fewer are not what takes the memory
# Objects after which CPython looks unasked, where one turn or another thread makes so many; and never at what lived through that
THRESHOLDS: Final = (10_000, 1_000_000)
YOUNG: Final = 0  # the generation


class Collector(Protocol):
    """The module gc."""

    def collect(self, generation: int = 2) -> int:
        """Look at this generation and at those before it; how many objects were garbage."""

    def get_count(self) -> tuple[int, int, int]:
        """How many objects there are more than at the last look; and looks, of two other kinds."""

    def freeze(self) -> None:
        """Look no more at what there is now."""

    def unfreeze(self) -> None:
        """It is of the oldest generation again."""

    def set_threshold(self, young: int, middle: int, /) -> None:
        """Look unasked when there are so many objects more than at the last look; at older ones after so many of these looks."""


@final
class Collecting:
    """One for the daemon."""

    def __init__(
        self, resolve: ResolveCounts, memory: Callable[[], int], enough: int, collector: Collector = gc
    ) -> None:
        """memory: octets that the process has now. enough: octets up to which garbage may stay."""
        self._resolve = resolve
        self._memory = memory
        self._enough = enough
        self._collector = collector
        self._looks = 0
        self._begun = 0  # questions, until the last of these

    def begin(self) -> None:
        """Look at nothing that is there already, the program itself, and from now on when told to."""
        self._collector.freeze()
        self._collector.set_threshold(*THRESHOLDS)

    def look(self) -> None:
        """Called at the end of each turn."""
        begun = self._resolve.flights - self._begun
        is_little = begun < BEGUN or self._resolve.flights_current <= FEW
        if is_little and self._collector.get_count()[0] < MADE:
            return
        self._begun += begun
        self._looks += 1
        if self._looks % LOOKS or self._memory() <= self._enough:
            self._collector.collect(YOUNG)
        else:
            self._look_at_all()
        self._collector.freeze()

    def _look_at_all(self) -> None:
        self._collector.unfreeze()
        if self._collector.collect() < SOME:
            self._enough = 2 * self._memory()
