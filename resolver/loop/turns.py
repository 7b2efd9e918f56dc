"""The loop's turns for those who know no mesh: internal zones, and the thread that reads for them."""

from collections.abc import Callable
from functools import partial
from typing import final

from resolver.engine import Mesh
from resolver.engine.timers import Timer


@final
class MeshTurns:
    """internal_zones.jobs.Turns."""

    def __init__(self, mesh: Mesh, now: Callable[[], float], post: Callable[[Callable[[], object]], None]) -> None:
        """post: has something done soon in the loop's thread, from whatever thread (Env.post)."""
        self._mesh = mesh
        self._now = now
        self._post = post

    def turn(self, event: Callable[[], None], /) -> None:
        self._mesh.turn(self._now(), event)

    def post(self, event: Callable[[], None], /) -> None:
        self._post(partial(self.turn, event))

    def at(self, moment: float, event: Callable[[], None], /) -> Timer:
        timer = self._mesh.timers.at(moment, event)
        self._mesh.note_change()
        return timer

    def at_end(self, event: Callable[[], None], /) -> None:
        self._mesh.at_end(event)
        self._mesh.note_change()
