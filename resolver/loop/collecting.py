"""When does the garbage collector look, and at how much? In small pieces, at the end of a turn.

Reference counts free nearly everything; what is left is a few cycles in a thousand questions waited for. The collector looks at
all that has begun since it last looked and still lives, garbage or not: some 80 objects of each question under way, besides
what the cache has taken. CPython would have it look when there are so many objects more than before, from which it takes those
that ended: where as much ends as begins it waits until there are ten thousand young ones, and nobody is answered for 2 ms.
"""

import gc
from collections.abc import Callable
from typing import Final, final

from resolver.engine.counts import ResolveCounts
from resolver.upstream.counts import UpstreamCounts

# With many questions under way, which live as long as a server takes: after so many packets to servers. 0.05 ms each; the 20
# that are under way to servers nearby, 20,000 a second, would cost 6 % more so
MANY: Final = 128
PACKETS: Final = 8
# With fewer: after so many objects more than before, most of them the cache's; with hardly any under way those are all
OBJECTS: Final = 4_000
FEW: Final = 8
FEW_OBJECTS: Final = 1_000
# What has lived through one look is looked at again after so many of those, or packets, and times as many as are under way: it
# is these above all, 2 to 3 ms where they are 250
MIDDLE_LOOKS: Final = 5
MIDDLE_PACKETS: Final = 20_000
MIDDLE_TIMES: Final = 20
OLD: Final = 20_000  # of these looks after which all is looked at: the oldest are hardly ever garbage
# CPython's own, for what a single turn may make, and a program that has no turns
THRESHOLDS: Final = (100_000, 5, OLD)
YOUNG, MIDDLE, OLDEST = 0, 1, 2  # generations; a look at one is at those before it as well


@final
class Collecting:
    """One for the daemon."""

    def __init__(
        self,
        resolve: ResolveCounts,
        upstream: UpstreamCounts,
        collect: Callable[[int], object] = gc.collect,
        count: Callable[[], tuple[int, int, int]] = gc.get_count,
    ) -> None:
        """collect: looks at a generation. count: first, how many objects there are more than at the last look."""
        self._resolve = resolve
        self._upstream = upstream
        self._collect = collect
        self._count = count
        self._looked_at = 0  # packets when it last looked
        self._middle_at = 0  # and when it last looked at the middle generation
        self._looks = 0  # because of objects, since then
        self._middle_looks = 0

    def begin(self) -> None:
        """Look at nothing that is there already, the program itself, and from now on when told to."""
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)

    def look(self) -> None:
        """Called at the end of each turn."""
        packets, under_way = self._upstream.sent, self._resolve.flights_current
        if self._count()[0] >= (OBJECTS if under_way > FEW else FEW_OBJECTS):
            self._looks += 1
        elif under_way <= MANY or packets - self._looked_at < PACKETS:
            return
        self._looked_at = packets
        middle_packets = max(MIDDLE_PACKETS, MIDDLE_TIMES * under_way)
        if self._looks <= MIDDLE_LOOKS and packets - self._middle_at < middle_packets:
            self._collect(YOUNG)
            return
        self._middle_at, self._looks = packets, 0
        self._middle_looks += 1
        self._collect(MIDDLE if self._middle_looks % OLD else OLDEST)
