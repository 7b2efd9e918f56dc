"""How long does the event loop not look up? Each of its turns is measured: in a long one nobody is answered."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog
import trio

LONG: Final = 0.002  # s: no turn may take longer because of what one peer sent
WINDOW: Final = 60.0  # s for which the longest turn is remembered at least, and twice that at most

log = structlog.get_logger()


@dataclass(slots=True)
class LoopCounts:
    """What observe/ counts of the event loop."""

    long_turns: int = field(default=0, metadata={"help": "Turns of the event loop that took over 2 ms."})
    longest_turn: float = field(
        default=0.0, metadata={"help": "Seconds of its longest turn in the last minute or two.", "kind": "gauge"}
    )


class Turns:
    """Measures turns."""

    def __init__(self, counts: LoopCounts) -> None:
        self._counts = counts
        self._window_ends = 0.0
        self._longest = self._longest_before = 0.0

    def note(self, began: float, ended: float) -> None:
        """A turn took from here to there, in monotonic seconds, and did not wait meanwhile."""
        took = ended - began
        if took > LONG:
            self._counts.long_turns += 1
        if ended >= self._window_ends:
            self._longest_before, self._longest = self._longest, 0.0
            self._window_ends = ended + WINDOW
            self._counts.longest_turn = self._longest_before
        if took > self._longest:
            self._longest = took
            self._counts.longest_turn = max(took, self._longest_before)


class Holders(trio.abc.Instrument):
    """Logs what held the loop for long: for who looks for it, as each step costs a microsecond.

    As an instrument of trio's it sees trio's tasks; `watch` is for the engine's.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._began = 0.0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """A step begins."""
        self._began = self._now()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """It ends."""
        self._tell(task.name, self._began)

    def watch(self, what: str, do: Callable[[], None]) -> None:
        """Do it, and tell if that took long."""
        began = self._now()
        try:
            do()
        finally:
            self._tell(what, began)

    def _tell(self, what: str, began: float) -> None:
        took = self._now() - began
        if took > LONG:
            log.debug("loop_held", by=what, milliseconds=round(1000 * took, 1))
