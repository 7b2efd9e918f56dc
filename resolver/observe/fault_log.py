"""Which faults of this program are logged? Each is counted, and one a second is told with its traceback.

What anyone can bring about with a query must not fill a disk, nor take the loop's time for tracebacks.
"""

from collections.abc import Callable
from typing import Final

import structlog

PAUSE: Final = 1.0  # s between two faults that are logged

log = structlog.get_logger()


class FaultLog:
    """The log of faults."""

    def __init__(self, now: Callable[[], float]) -> None:
        """now: monotonic seconds."""
        self._now = now
        self._quiet_until = float("-inf")
        self._unlogged = 0

    def note(self, event: str, fault: Exception, **keys: object) -> None:
        """Log `fault` with its traceback, unless another was logged a moment ago; it then counts among the next one's."""
        now = self._now()
        if now < self._quiet_until:
            self._unlogged += 1
            return
        log.error(event, unlogged=self._unlogged, exc_info=fault, **keys)
        self._quiet_until = now + PAUSE
        self._unlogged = 0
