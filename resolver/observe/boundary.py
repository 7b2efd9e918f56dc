"""How far does a fault of this program reach? As far as the connection, the question or the loop that met it, and no further.

Each is counted by where it was met, and one a second is told with its traceback. A loop begins again after a pause. When
memory is what is missing, what is remembered is given up first.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog
import trio

from resolver.observe.fault_log import FaultLog

FIRST_PAUSE: Final = 0.05  # s until a loop that failed begins again; doubles with each further time
MAX_PAUSE: Final = 30.0  # s
WELL_AFTER: Final = 60.0  # s without a fault, after which the first pause counts again
SHED_EVERY: Final = 0.1  # s: so often at most is room made; what then still fails, fails

Shed = Callable[[], None]

log = structlog.get_logger()


@dataclass(slots=True)
class FaultCounts:
    """Counters of faults of this program; all of them must stay 0, but for those of a host without memory."""

    met: dict[str, int] = field(
        default_factory=dict, metadata={"help": "Faults of this program that ended what met them.", "label": "where"}
    )
    restarts: int = field(default=0, metadata={"help": "Loops begun again after a fault."})
    without_memory: int = field(default=0, metadata={"help": "Faults that were a lack of memory."})
    sheddings: int = field(
        default=0, metadata={"help": "Times connections and half of the cache were given up for want of memory."}
    )


class Boundary:
    """What stands between faults and everybody else."""

    def __init__(self, now: Callable[[], float], counts: FaultCounts, shed: Shed = lambda: None) -> None:
        """now: monotonic seconds. shed: gives up what is remembered and can be had again."""
        self.counts = counts
        self.shed = shed
        self._now = now
        self._log = FaultLog(now)
        self._shed_at = float("-inf")

    def note(self, where: str, fault: Exception, **keys: object) -> None:
        """A fault was met, and what met it is over. A lack of memory is not raised: who tells is in the midst of others' work."""
        try:
            self.counts.met[where] = self.counts.met.get(where, 0) + 1
            if lacks_memory(fault):
                self.counts.without_memory += 1
                self.make_room()
            self._log.note(f"{where}_fault", fault, **keys)
        except MemoryError:
            self.counts.without_memory += 1

    def make_room(self) -> None:
        """Give up what can be had again, if that was not done just now: memory is scarce."""
        now = self._now()
        if now < self._shed_at + SHED_EVERY:
            return
        self._shed_at = now
        self.counts.sheddings += 1
        try:
            self.shed()
        except MemoryError:
            with suppress(MemoryError):
                log.error("nothing_left_to_shed")

    async def run(self, where: str, work: Callable[..., Awaitable[object]], *args: object) -> None:
        """Do this; a fault ends it, and nothing else."""
        try:
            await work(*args)
        except Exception as fault:
            self.note(where, fault)

    def attempt(self, where: str, work: Callable[[], object]) -> None:
        """The same of what does not wait."""
        try:
            work()
        except Exception as fault:
            self.note(where, fault)

    async def keep(self, where: str, work: Callable[..., Awaitable[object]], *args: object) -> None:
        """Do this, and begin it again whenever a fault has ended it; returns when it returns."""
        pause = FIRST_PAUSE
        while True:
            began = self._now()
            try:
                await work(*args)
            except Exception as fault:
                self.note(where, fault)
            else:
                return
            if self._now() - began >= WELL_AFTER:
                pause = FIRST_PAUSE
            await trio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE)
            self.counts.restarts += 1

    def spawn_in(self, nursery: trio.Nursery, where: str) -> Callable[..., None]:
        """As the nursery's start_soon, for tasks whose faults end nobody else."""
        return lambda work, *args: nursery.start_soon(self.run, where, work, *args)


def lacks_memory(fault: BaseException) -> bool:
    """Is it a lack of memory, in a group perhaps?"""
    if isinstance(fault, BaseExceptionGroup):
        return any(map(lacks_memory, fault.exceptions))
    return isinstance(fault, MemoryError)
