"""Which zones were waited for of late? The last questions to a zone's servers that were slow, or that failed."""

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple, final

from cache.names import WireName

MAX_WAITS: Final = 4096  # the last ones: what a busy host sees of slow zones in some seconds; some 400 octets each
SLOW: Final = 0.1  # s; what takes less nobody notices


class Wait(NamedTuple):
    """One question to the servers of one zone. ended: monotonic seconds; seconds: that it took; failed: is there no answer?"""

    zone: WireName
    ended: float
    seconds: float
    failed: bool


@final
class Waits:
    """One for the daemon; it outlives a reload."""

    def __init__(self) -> None:
        self._waits = deque[Wait](maxlen=MAX_WAITS)

    def note(self, zone: WireName, began: float, now: float, *, failed: bool) -> None:
        """A question to its servers is over; kept if it was slow or failed."""
        if now - began < SLOW and not failed:
            return
        self._waits.append(Wait(zone, now, now - began, failed))

    def since(self, moment: float) -> Iterator[Wait]:
        """Those that ended after `moment`, the last one first; of what comes between two steps nothing is told."""
        for wait in reversed(list(self._waits)):
            if wait.ended <= moment:
                return
            yield wait
