"""What becomes of a unit of which few rows were touched? Where these are machines, they are read in the place of the whole app.

A row costs a small part of what its app does. A look reads the rows that it has found touched, in the same snapshot: what a
unit held before the look and these rows are together what a whole reading would find. They are put together in the thread that
looks: of 10,000 machines that takes 2 ms. Where it cannot be told the unit is due, and is read whole when it is asked for:
- a row was touched that is no machine's, or everything of its kind is due;
- nobody has asked for the unit since it was made: what is not asked for costs nothing;
- any of its rows, as they were or are, holds what it should not, has half arrived or shares its address;
- its network may have lost so much that it is counted first.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from ipaddress import IPv6Network
from typing import Final, NamedTuple

from internal_zones import rows
from internal_zones.clocks import Touches
from internal_zones.database import Sighting
from internal_zones.outdating import Outdated, outdated, unit_of
from internal_zones.readings import NONE_SKIPPED, AppData, Kind, Reading, UnitKey
from internal_zones.rows import Machine, Row, Within
from internal_zones.together import MachineKey
from internal_zones.units import Unit, Units

MAX_MACHINES: Final = 200  # of one look, some 20 µs each, for which it is told later; the units of more are due


class Mended(NamedTuple):
    """What becomes of a unit. before: as it was; reading: with the rows that a look has read."""

    before: Unit
    reading: Reading


class Mending:
    """Mends the units in memory with the rows of machines that a look has read."""

    def __init__(self, units: Units, is_sure: Callable[[int], bool], prefixes: Iterable[str]) -> None:
        """is_sure: is what is read of the network to be believed? prefixes: of addresses that rows may have beside its own."""
        self._units, self._is_sure = units, is_sure
        self._prefixes = tuple(map(IPv6Network, prefixes))
        self._seen: Sighting | None = None  # whose machines are read already: a look that sees no change gives it again

    def wanted(self, touches: Touches, reads: Mapping[str, frozenset[str]]) -> Sequence[MachineKey]:
        """The machines whose rows the look should read. Runs in the thread, which may not see what was just put."""
        return machines_of(touches, reads, self._is_asked)

    def readings(self, sighting: Sighting) -> Sequence[Mended]:
        """What becomes of the units by what the look has read. Runs in the thread."""
        if sighting is self._seen:
            return ()
        self._seen = sighting
        touched: dict[UnitKey, dict[str, Sequence[Row]]] = {}
        for (network, app, machine), found in sighting.machines.items():
            touched.setdefault(UnitKey(Kind.APP, network, app), {})[machine] = found
        readings = []
        for key, machines in touched.items():
            before = self._units.peek(key)
            if before is None:
                continue
            reading = mended(before.reading, Within(key.network, self._prefixes), machines)
            if reading is not None:
                readings.append(Mended(before, reading))
        return readings

    def units(self, readings: Iterable[Mended], what: Outdated, looked_at: float) -> list[Unit]:
        """The units as they are at the look. To be called before what is due is so, and after it was told what has gone."""
        units = []
        for before, reading in readings:
            key = before.key
            is_there = self._units.peek(key) is before and self._is_sound(before)
            if is_there and not (Kind.APP in what.ahead and self._units.is_ahead(key)):
                units.append(Unit(key, reading, looked_at))
        return units

    def _is_asked(self, key: UnitKey) -> bool:
        unit = self._units.peek(key)
        return unit is not None and unit.was_asked and self._is_sound(unit)

    def _is_sound(self, unit: Unit) -> bool:
        return unit.known_at is None and self._is_sure(unit.key.network) and self._units.is_untouched(unit)


def machines_of(
    touches: Touches, reads: Mapping[str, frozenset[str]], is_asked: Callable[[UnitKey], bool]
) -> list[MachineKey]:
    """The machines that were touched, of apps that are asked for and of which nothing else was."""
    what = outdated(touches, reads)
    if Kind.APP in what.kinds:
        return []
    found: dict[UnitKey, set[str]] = {}
    for (_, network, app), of_rows in touches.machines.items():
        key = unit_of(Kind.APP, network, app)
        if key in what.keys:
            found.setdefault(key, set()).update(of_rows)
    wanted: list[MachineKey] = []
    for key, machines in found.items():
        if "" not in machines and len(wanted) + len(machines) <= MAX_MACHINES and is_asked(key):
            wanted += ((key.network, key.name, machine) for machine in machines)
    return wanted


def mended(before: Reading, within: Within, touched: Mapping[str, Sequence[Row]]) -> Reading | None:
    """The reading with these machines as their rows say, all that there are; None: it has to be read whole."""
    app = before.data
    if not isinstance(app, AppData) or not app.exists or before.skipped != NONE_SKIPPED or before.duplicates:
        return None
    machines = list(app.machines)
    ids = [it.id for it in machines]  # in order: readings sorts them
    if len(set(ids)) < len(ids):
        return None
    for name, selected in touched.items():
        found, skipped = rows.read_rows("machines", selected, partial(rows.machine, within))
        if skipped != NONE_SKIPPED or len(found) > 1 or not all(_is_whole(it, name) for it in found):
            return None
        start, end = bisect_left(ids, name), bisect_right(ids, name)
        machines[start:end] = found
        ids[start:end] = [name] * len(found)
    if len({it.address for it in machines}) < len(machines):
        return None
    return Reading(AppData(True, tuple(machines)), len(machines))


def _is_whole(machine: Machine, name: str) -> bool:
    """Is it the machine that was asked for, all of it?"""
    return machine.id == name and machine.is_metadata_current
