"""What is kept in memory: units, each one app in one network or one list of a network.

A change of the database starts a new generation. The units that it may have touched are due: not answered from until they are
read again, which happens when somebody asks (lazily). They stay as last good data for the time the database is unwell.
"""

from dataclasses import dataclass, field
from operator import is_not
from typing import Final

from cachetools import Cache, LRUCache

from cache.answer import Ground
from cache.names import WireName
from internal_zones.index import Labels
from internal_zones.nearest import Ranks
from internal_zones.outdating import EVERYTHING, Outdated
from internal_zones.readings import Kind, Reading, UnitKey
from internal_zones.records import Node

FOREVER: Final = float("inf")
MAX_EMPTY_UNITS: Final = 10_000  # apart, so that a flood of names that are not there evicts nothing that is


@dataclass(slots=True)
class Unit:
    """A reading kept. read_at: when it was handed to the thread. is_ahead: it may hold a commit that no
    look had seen then: a row in it that is new to the next look may have moved on between the two.

    ground: holds till the unit is touched, replaced or evicted; kind_ground: till all of its kind are touched, and no longer than
    somebody looks: what an answer of the unit rests on.

    known_at: None while the database holds it; when it last did, where rows of it cannot be read now.
    """

    key: UnitKey
    reading: Reading
    read_at: float
    is_ahead: bool = False
    known_at: float | None = None
    ground: Ground = field(default_factory=lambda: Ground(FOREVER))
    kind_ground: Ground = field(default_factory=lambda: Ground(FOREVER))
    # Names of the unit that were asked for, as records: derived, they die with it. Most units are asked by one name: a map for
    # each would take twice as much.
    _nodes: tuple[WireName, Node] | dict[WireName, Node] | None = field(default=None, init=False)
    _joint_nodes: dict[WireName, tuple[tuple["Unit", ...], Node]] | None = field(default=None, init=False)
    _ranks: dict[Labels, tuple["Unit", Ranks]] | None = field(default=None, init=False)  # of many machines only

    @property
    def was_asked(self) -> bool:
        """Has anybody asked for records of it since it was made?"""
        return self._nodes is not None or self._joint_nodes is not None or self._ranks is not None

    def node(self, name: WireName) -> Node | None:
        """What was kept of the name."""
        kept = self._nodes
        if isinstance(kept, dict):
            return kept.get(name)
        return kept[1] if kept is not None and kept[0] == name else None

    def keep_node(self, name: WireName, node: Node) -> None:
        """What stands at the name, as the unit alone says."""
        kept = self._nodes
        if isinstance(kept, dict):
            kept[name] = node
        elif kept is None or kept[0] == name:
            self._nodes = name, node
        else:
            self._nodes = {kept[0]: kept[1], name: node}

    def joint_node(self, name: WireName, units: tuple["Unit", ...]) -> Node | None:
        """What was kept of the name, if it rests on these very units."""
        made_of, node = self._joint_nodes.get(name, ((), None)) if self._joint_nodes is not None else ((), None)
        is_of_these = len(made_of) == len(units) and not any(map(is_not, made_of, units))
        return node if is_of_these else None

    def keep_joint_node(self, name: WireName, units: tuple["Unit", ...], node: Node) -> None:
        """What stands at the name, as this unit, the first of them, and the others say."""
        if self._joint_nodes is None:
            self._joint_nodes = {}
        self._joint_nodes[name] = units, node

    def ranks(self, subset: Labels, topology: "Unit") -> Ranks | None:
        """What was kept of how near the machines of a subset are, if it rests on this very topology."""
        made_of, ranks = self._ranks.get(subset, (None, None)) if self._ranks is not None else (None, None)
        return ranks if made_of is topology else None

    def keep_ranks(self, subset: Labels, topology: "Unit", ranks: Ranks) -> None:
        """How near the machines of a subset, one that there is, are by the topology."""
        if self._ranks is None:
            self._ranks = {}
        self._ranks[subset] = topology, ranks


class _Kept(LRUCache[UnitKey, Unit]):
    """Of units; what leaves it is no ground for any answer."""

    def popitem(self) -> tuple[UnitKey, Unit]:
        key, unit = super().popitem()
        unit.ground.holds = False
        return key, unit


class Units:
    """The bounded map of units, and until when they are known to be true.

    A unit is current while no change was seen since it was read and the next look at the database is not late: when nobody looks,
    nobody knows.
    """

    def __init__(self, max_rows: int, trusted_for: float) -> None:
        """trusted_for: seconds from a successful look, unless it is said that the next one comes later."""
        self._units = _Kept(max_rows, getsizeof=lambda unit: 1 + unit.reading.size)
        self._empty = _Kept(MAX_EMPTY_UNITS)
        self._trusted_for = trusted_for
        self._kinds = {kind: Ground(float("-inf")) for kind in Kind}
        self._ahead: set[UnitKey] = set()  # of this generation: no more than are read between two looks
        self.generation = 0
        self.looked_at = float("-inf")
        self._trusted_till = float("-inf")

    def get(self, key: UnitKey) -> Unit | None:
        """The unit, current or not."""
        return self._units.get(key) or self._empty.get(key)

    def peek(self, key: UnitKey) -> Unit | None:
        """The unit, if it holds rows; this is no use that keeps it from eviction. For whatever thread."""
        try:
            return Cache.__getitem__(self._units, key)
        except KeyError:
            return None

    def is_ahead(self, key: UnitKey) -> bool:
        """May what is kept of the unit hold a commit that the last look has not seen?"""
        return key in self._ahead

    def put(self, unit: Unit) -> None:
        """Keep the unit in the place of its predecessor. It was read after the last look that has been told (see Jobs.submit):
        nothing that any look told of has touched it since."""
        unit.kind_ground = self._kinds[unit.key.kind]
        replaced = self.get(unit.key)
        if replaced is not None and replaced is not unit:
            replaced.ground.holds = False
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
        self._trust(looked_at + self._trusted_for + quiet)

    def doubt(self, now: float) -> None:
        """A look failed: unless the next ones succeed, trust ends as soon as if nobody had looked since."""
        self._trust(min(self._trusted_till, now + self._trusted_for))

    def outdate(self, what: Outdated = EVERYTHING) -> None:
        """The database changed: these units have to be read again before they are current."""
        self.generation += 1
        for kind in what.kinds:
            self._kinds[kind].holds = False
            self._kinds[kind] = Ground(self._trusted_till)
        ahead = {key for key in self._ahead if key.kind in what.ahead}
        self._ahead.clear()
        for key in what.keys | ahead:
            for kept in (self._units, self._empty):
                if key in kept:
                    Cache.__getitem__(
                        kept, key
                    ).ground.holds = False  # a change is no use that keeps a unit from eviction

    def distrust(self, unit: Unit) -> None:
        """The unit has to be read again before it is current."""
        unit.ground.holds = False

    def kept_keys(self) -> list[UnitKey]:
        """Of all units, always in the same order."""
        return [*self._units, *self._empty]

    def is_untouched(self, unit: Unit) -> bool:
        """Has no look made it due?"""
        return unit.ground.holds and unit.kind_ground.holds

    def _trust(self, till: float) -> None:
        self._trusted_till = till
        for ground in self._kinds.values():
            ground.until = till

    @property
    def rows(self) -> int:
        """Rows of the database that are kept."""
        return int(self._units.currsize) - len(self._units)

    def __len__(self) -> int:
        return len(self._units) + len(self._empty)
