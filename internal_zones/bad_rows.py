"""Which rows of what was read hold what they should not? Told once for each kind of fault, and remarked till it is over.

What an operator has accepted (`cistern state accept`) is a fault still, and doubtful no longer: the other rows are answered from.
"""

from collections import Counter
from typing import Final, NamedTuple

from cachetools import LRUCache

from internal_zones.readings import UnitKey
from internal_zones.rows import BadRow, Skipped
from internal_zones.watcher import Warn

MAX_UNITS: Final = 1_000  # whose bad rows are remembered: more is one and the same fault, over and over


class Sort(NamedTuple):
    """What is alike in bad rows: told once."""

    table: str
    column: str
    holds: str
    wrong: str


class BadRows:
    """The bad rows of each unit, as they were when it was last read, and how many of them are accepted."""

    def __init__(self, warn: Warn) -> None:
        self._warn = warn
        self._units: LRUCache[UnitKey, Skipped] = LRUCache(MAX_UNITS)
        self._accepted: dict[UnitKey, int] = {}  # rows of the unit that are left out
        self._told: set[Sort] = set()

    def note(self, key: UnitKey, skipped: Skipped) -> None:
        """A unit was read; tells of each sort of fault that was not there before."""
        if not skipped.bad:
            if self._units.pop(key, None) is not None:
                self._told &= self.sorts.keys()  # what is over is told again when it comes back
            return
        self._units[key] = skipped
        for row in skipped.bad:
            sort = _sort(row)
            if sort not in self._told:
                self._told.add(sort)
                self._warn(
                    "state_row_bad",
                    table=row.table,
                    id=row.id,
                    column=row.column,
                    holds=row.holds,
                    wrong=row.wrong,
                    network=key.network,
                    app=key.name,
                )

    def are_new_in(self, key: UnitKey, skipped: Skipped) -> bool:
        """Are rows unreadable that nobody has accepted? What is made of the others would be less than the truth."""
        return skipped.unreadable > self._accepted.get(key, 0)

    def are_known_in(self, network: int) -> bool:
        """Is any row of the network unreadable, as far as was read? An address that nobody has may be that row's."""
        return any(skipped.unreadable and key.network == network for key, skipped in self._units.items())

    def accept(self) -> list[UnitKey]:
        """Take the bad rows that are known for what they are; the units that have to be read again."""
        self._accepted = {key: skipped.unreadable for key, skipped in self._units.items()}
        return list(self._units)

    @property
    def rows(self) -> list[tuple[UnitKey, BadRow]]:
        """The bad rows that are known."""
        return [(key, row) for key, skipped in self._units.items() for row in skipped.bad]

    @property
    def sorts(self) -> Counter[Sort]:
        """How many rows there are of each sort; of a unit with very many the first count."""
        return Counter(_sort(row) for _, row in self.rows)


def _sort(row: BadRow) -> Sort:
    return Sort(row.table, row.column, row.holds, row.wrong)
