"""What is kept in memory: units, each one app in one network or one list of a network, with the generation it was read at.

A change of the database starts a new generation. The units that it may have touched are due: not answered from until they are
read again, which happens when somebody asks (lazily). They stay as last good data for the time the database is unwell.
"""

from dataclasses import dataclass, field
from typing import Final

from cachetools import Cache, LRUCache

from cache.names import WireName
from internal_zones.outdating import EVERYTHING, Outdated
from internal_zones.readings import Kind, Reading, UnitKey
from internal_zones.records import Node

MAX_EMPTY_UNITS: Final = 10_000  # apart, so that a flood of names that are not there evicts nothing that is


@dataclass(slots=True)
class Unit:
    """A reading kept. generation: when its reading began. is_due: it was touched since. is_ahead: it may hold a commit that no
    look had seen then: a row in it that is new to the next look may have moved on between the two.

    known_at: None while the database holds it; when it last did, where rows of it cannot be read now.
    nodes: names of the unit that were asked for, as records; they are derived and die with it. joint_nodes: those that rest on
    other units too, with all the units that they were made of.
    """

    key: UnitKey
    reading: Reading
    generation: int
    read_at: float
    is_due: bool = False
    is_ahead: bool = False
    known_at: float | None = None
    nodes: dict[WireName, Node] = field(default_factory=dict)
    joint_nodes: dict[WireName, tuple[tuple["Unit", ...], Node]] = field(default_factory=dict)


class Units:
    """The bounded map of units, and until when they are known to be true.

    A unit is current while no change was seen since it was read and the next look at the database is not late: when nobody looks,
    nobody knows.
    """

    def __init__(self, max_rows: int, trusted_for: float) -> None:
        """trusted_for: seconds from a successful look, unless it is said that the next one comes later."""
        self._units: LRUCache[UnitKey, Unit] = LRUCache(max_rows, getsizeof=lambda unit: 1 + unit.reading.size)
        self._empty: LRUCache[UnitKey, Unit] = LRUCache(MAX_EMPTY_UNITS)
        self._trusted_for = trusted_for
        self._swept = dict.fromkeys(Kind, 0)  # the generation at which every unit of a kind was due
        self._ahead: set[UnitKey] = set()  # of this generation: no more than are read between two looks
        self.generation = 0
        self.looked_at = float("-inf")
        self._trusted_till = float("-inf")

    def get(self, key: UnitKey) -> Unit | None:
        """The unit, current or not."""
        return self._units.get(key) or self._empty.get(key)

    def put(self, unit: Unit) -> None:
        """Keep the unit in the place of its predecessor. What changed while it was being read may have touched it."""
        unit.is_due = unit.generation != self.generation
        kept, other = (self._units, self._empty) if unit.reading.size else (self._empty, self._units)
        kept[unit.key] = unit
        other.pop(unit.key, None)
        if unit.is_ahead:
            self._ahead.add(unit.key)

    def is_current(self, unit: Unit, now: float) -> bool:
        """May the unit be answered from without a word?"""
        return self.is_untouched(unit) and self.is_trusted(now)

    def is_trusted(self, now: float) -> bool:
        """Was the database looked at lately?"""
        return now <= self._trusted_till

    def known_at(self, unit: Unit) -> float:
        """When the unit was last known to be true: the age of stale data counts from here."""
        if unit.known_at is not None:
            return unit.known_at
        return max(self.looked_at, unit.read_at) if self.is_untouched(unit) else unit.read_at

    def confirm(self, looked_at: float, quiet: float = 0.0) -> None:
        """The database was looked at; nothing but what `outdate` was called for has changed. quiet: seconds more than usual till
        the next look, as somebody tells if there is anything to see."""
        self.looked_at = looked_at
        self._trusted_till = looked_at + self._trusted_for + quiet

    def doubt(self, now: float) -> None:
        """A look failed: unless the next ones succeed, trust ends as soon as if nobody had looked since."""
        self._trusted_till = min(self._trusted_till, now + self._trusted_for)

    def outdate(self, what: Outdated = EVERYTHING) -> None:
        """The database changed: these units have to be read again before they are current."""
        self.generation += 1
        self._swept.update(dict.fromkeys(what.kinds, self.generation))
        ahead = {key for key in self._ahead if key.kind in what.ahead}
        self._ahead.clear()
        for key in what.keys | ahead:
            for kept in (self._units, self._empty):
                if key in kept:
                    Cache.__getitem__(kept, key).is_due = True  # a change is no use that keeps a unit from eviction

    def distrust(self, unit: Unit) -> None:
        """The unit has to be read again before it is current."""
        unit.is_due = True

    def oldest(self) -> list[UnitKey]:
        """The keys of all that is kept, what was read longest ago first."""
        kept = (Cache.__getitem__(units, key) for units in (self._units, self._empty) for key in units)
        return [unit.key for unit in sorted(kept, key=lambda unit: unit.read_at)]

    def is_untouched(self, unit: Unit) -> bool:
        """Has no look made it due?"""
        return not unit.is_due and unit.generation >= self._swept[unit.key.kind]

    @property
    def rows(self) -> int:
        """Rows of the database that are kept."""
        return int(self._units.currsize) - len(self._units)

    def __len__(self) -> int:
        return len(self._units) + len(self._empty)
