"""Is what is kept what the database holds? Every unit is read again in the background, whatever the looks have told.

A net under the watching of changes, for what nobody has thought of: a unit that was found wrong is mended, counted and told
with both versions. The counter stays 0 as long as the looks tell of every change.

How a difference is known to be one, and no commit that nobody has looked at yet: the unit is read, then the next look is
waited for. A unit that no look made due up to one that began after that reading was true while it was being read.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Never

import trio

from internal_zones.bad_rows import BadRows
from internal_zones.counts import InternalCounts
from internal_zones.database import Runner, StateFault, StateFile
from internal_zones.readings import Read, Reading, UnitKey, with_last_known_metadata
from internal_zones.reads import read_each
from internal_zones.units import Unit, Units
from internal_zones.watcher import Warn

ROUND: Final = (
    140.0  # seconds in which every unit is read once: what came after its beginning is met within 5 minutes too
)
MAX_SHARE: Final = 0.02  # of a core, however many units there are: a round takes longer then
AT_ONCE: Final = 8  # units of one job of the thread: a client's read waits for it
IDLE: Final = 10.0  # seconds between two looks for something to do
SHOWN: Final = 300  # characters of each version in the log


class Verifier:
    """Reads all units again and again, the one longest not read first."""

    def __init__(
        self,
        file: StateFile,
        run: Runner,
        units: Units,
        *,
        now: Callable[[], float],
        read: Read,
        bad_rows: BadRows,
        looked: Callable[[], Awaitable[None]],
        counts: InternalCounts,
        warn: Warn,
    ) -> None:
        """looked: waits for the end of a look that begins after the call."""
        self._file, self._run, self._units = file, run, units
        self._now, self._looked = now, looked
        self._read, self._bad_rows = read, bad_rows
        self._counts, self._warn = counts, warn

    async def verify(self) -> Never:
        """Go round for ever."""
        while True:
            keys = self._units.oldest()
            if not keys:
                await trio.sleep(IDLE)
            for at in range(0, len(keys), AT_ONCE):
                together = keys[at : at + AT_ONCE]
                spent = await self.compare(together)
                await trio.sleep(rest(spent, len(together), len(keys)))

    async def compare(self, keys: Sequence[UnitKey]) -> float:
        """Read these again, and mend those that differ though no look made them due; the seconds that the reading took."""
        before = {key: unit for key in keys if (unit := self._units.get(key)) and self._units.is_untouched(unit)}
        if not before:
            return 0.0
        began, wanted = self._now(), list(before)
        outcomes = await self._run(lambda: read_each(self._read, self._file, wanted))
        spent = self._now() - began
        await self._looked()
        for (key, unit), outcome in zip(before.items(), outcomes, strict=False):
            if self._units.get(key) is not unit or not self._units.is_untouched(unit):
                continue
            if isinstance(outcome, StateFault):
                continue
            self._counts.verified += 1
            found = with_last_known_metadata(unit.reading, outcome)
            is_doubtful = self._bad_rows.are_new_in(key, outcome.skipped)
            if is_doubtful != (unit.known_at is not None) or not (is_doubtful or found.data == unit.reading.data):
                self._tell(key, unit, found)
                self._units.distrust(unit)
        return spent

    def _tell(self, key: UnitKey, unit: Unit, found: Reading) -> None:
        self._counts.found_wrong += 1
        self._warn(
            "state_unit_found_wrong",
            unit=key.kind.name.lower(),
            network=key.network,
            app=key.name,
            kept=repr(unit.reading.data)[:SHOWN],
            database=repr(found.data)[:SHOWN],
        )


def rest(spent: float, done: int, of_all: int) -> float:
    """Seconds to wait after reading so many units in `spent` seconds."""
    return max(ROUND * done / of_all, spent / MAX_SHARE) - spent
