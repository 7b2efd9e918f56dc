"""Who held the event loop for long? For who looks for it."""

from collections.abc import Callable

import structlog
import trio

from resolver.observe.turns import LONG

log = structlog.get_logger()


class Holders(trio.abc.Instrument):
    """Logs what held the loop for long; each step costs a microsecond for that.

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
