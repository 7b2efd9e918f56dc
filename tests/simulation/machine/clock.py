"""Virtual time: what happens when, and the turns of the engine between."""

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf

from resolver.engine import Mesh


class Clock:
    """Events in the order of their moments; those of one moment in the order in which they were set."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def at(self, moment: float, event: Callable[[], None]) -> None:
        """Have this happen then."""
        self._number += 1
        heappush(self._coming, (moment, self._number, event))

    def run(self, mesh: Mesh, until: float) -> None:
        """Let everything happen up to this moment, each event in a turn of its own."""
        coming, now = self._coming, self.now
        while True:
            comes_at, due_at = coming[0][0] if coming else inf, mesh.next_at()
            next_at = comes_at if comes_at < due_at else due_at
            if next_at > until:
                break
            if next_at > now:
                self.now = now = next_at
            mesh.turn(now, heappop(coming)[2] if comes_at <= now else None)
        self.now = until
        mesh.turn(until)
