"""How long does the event loop not look up? Each of its turns is measured: in a long one nobody is answered."""

from dataclasses import dataclass, field
from typing import Final, final

LONG: Final = 0.002  # s: no turn may take longer because of what one peer sent
WINDOW: Final = 60.0  # s for which the longest turn is remembered at least, and twice that at most


@dataclass(slots=True)
class LoopCounts:
    """What observe/ counts of the event loop."""

    long_turns: int = field(default=0, metadata={"help": "Turns of the event loop that took over 2 ms."})
    longest_turn: float = field(
        default=0.0, metadata={"help": "Seconds of its longest turn in the last minute or two.", "kind": "gauge"}
    )


@final
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
