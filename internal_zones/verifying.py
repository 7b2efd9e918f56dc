"""Is what is kept what the database holds? Every unit is read again in the background, whatever the looks have told.

A net under the watching of changes, for what nobody has thought of: a unit that was found wrong is mended, counted and told
with both versions. The counter stays 0 as long as the looks tell of every change.

How a difference is known to be one, and no commit that nobody has looked at yet: the unit is read, then the next look is
waited for. A unit that no look made due up to one that began after that reading was true while it was being read.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from ipaddress import IPv6Address
from typing import Final, NamedTuple, Never

import trio

from internal_zones.bad_rows import BadRows
from internal_zones.batches import Ahead, read_each
from internal_zones.census import Census
from internal_zones.counts import InternalCounts
from internal_zones.database import Reader, ReaderOfMany, Runner, StateFault
from internal_zones.readings import AppData, Read, Reading, UnitKey, with_last_known_metadata
from internal_zones.rows import owner, read_rows
from internal_zones.units import Unit, Units
from internal_zones.watcher import Warn

ROUND: Final = (
    140.0  # seconds in which every unit is read once: what came after its beginning is met within 5 minutes too
)
MAX_SHARE: Final = 0.02  # of a core, however many units there are: a round takes longer then
AT_ONCE: Final = 8  # units of one job of the thread: a client's read waits for it
IDLE: Final = 10.0  # seconds between two looks for something to do
MAX_TOLD: Final = 10_000  # addresses that several apps have
SIX_PN: Final = b"\xfd\xaa"  # the network follows
SHOWN: Final = 300  # characters of each version in the log


class Shared(NamedTuple):
    """An address that machines of several apps have: a provisioning fault. apps: those of other networks with the network."""

    network: int
    address: str
    apps: tuple[str, ...]


class Compared(NamedTuple):
    """What is found of a unit, and whether it is what is kept of it."""

    found: Reading
    is_same: bool


class Verifier:
    """Reads all units again and again, in the same order each time."""

    def __init__(
        self,
        file: ReaderOfMany,
        run: Runner,
        units: Units,
        *,
        now: Callable[[], float],
        read: Read,
        bad_rows: BadRows,
        census: Census,
        looked: Callable[[], Awaitable[None]],
        counts: InternalCounts,
        warn: Warn,
    ) -> None:
        """looked: waits for the end of a look that begins after the call."""
        self._file, self._run, self._units = file, run, units
        self._now, self._looked = now, looked
        self._read, self._bad_rows, self._census = read, bad_rows, census
        self._counts, self._warn = counts, warn
        self._told: set[Shared] = set()

    async def verify(self) -> Never:
        """Go round for ever."""
        while True:
            keys = self._units.kept_keys()
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
        began, readings = self._now(), {key: unit.reading for key, unit in before.items()}
        outcomes, shared = await self._run(lambda: self._read_now(readings))
        for owners in shared:
            self._tell_shared(owners)
        spent = self._now() - began
        await self._looked()
        for (key, unit), outcome in zip(before.items(), outcomes, strict=False):
            if self._units.get(key) is not unit or not self._units.is_untouched(unit):
                continue
            if isinstance(outcome, StateFault):
                continue
            self._counts.verified += 1
            if self._census.is_doubted(key.network):
                continue
            is_doubtful = self._bad_rows.are_new_in(key, outcome.found.skipped)
            if is_doubtful != (unit.known_at is not None) or not (is_doubtful or outcome.is_same):
                self._tell(key, unit, outcome.found)
                self._units.distrust(unit)
        return spent

    def _read_now(self, before: Mapping[UnitKey, Reading]) -> tuple[list[Compared | StateFault], list[Shared]]:
        """What becomes of the readings, and addresses of them that machines of several apps have. Runs in the thread."""
        keys = list(before)
        outcomes = read_each(self._read, self._file, keys)
        held = dict.fromkeys(
            (key.network, machine.address)
            for key, outcome in zip(keys, outcomes, strict=False)
            if isinstance(outcome, Reading) and isinstance(outcome.data, AppData)
            for machine in outcome.data.machines
        )
        compared = [
            outcome if isinstance(outcome, StateFault) else _compared(reading, outcome)
            for reading, outcome in zip(before.values(), outcomes, strict=False)
        ]
        return compared, shared(self._file, held)

    def _tell_shared(self, shared: Shared) -> None:
        if shared not in self._told and len(self._told) < MAX_TOLD:
            self._told.add(shared)
            self._counts.duplicate_addresses += 1
            self._warn("duplicate_address", network=shared.network, app=", ".join(shared.apps), address=shared.address)

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


def _compared(kept: Reading, outcome: Reading) -> Compared:
    found = with_last_known_metadata(kept, outcome)
    return Compared(found, found.data == kept.data)


def shared(reader: ReaderOfMany, held: Collection[tuple[int, bytes]]) -> list[Shared]:
    """Those of the addresses, each of a machine of the network, that machines of several apps have. Runs in the thread."""
    asked = ((it, address) for network, address in held for it in (network, *_named_by(network, address)))
    try:
        ahead = Ahead(
            reader, {"machine_at": dict.fromkeys((it, "", str(IPv6Address(address))) for it, address in asked)}
        )
    except StateFault:  # it is locked
        return []
    owners = ((network, address, _owners(ahead, network, address)) for network, address in held)
    return [Shared(network, str(IPv6Address(address)), apps) for network, address, apps in owners if len(apps) > 1]


def _named_by(network: int, address: bytes) -> tuple[int, ...]:
    """The other network that the address names; (): there is none, but the options allow it."""
    named = int.from_bytes(address[2:6])
    return (named,) if address.startswith(SIX_PN) and named != network else ()


def _owners(reader: Reader, network: int, address: bytes) -> tuple[str, ...]:
    """The apps that have a machine with that address, of the network or of the one that it names; (): nobody knows."""
    found = set(_owners_in(reader, network, address))
    for named in _named_by(network, address):
        found.update(f"{app} of network {named}" for app in _owners_in(reader, named, address))
    return tuple(sorted(found))


def _owners_in(reader: Reader, network: int, address: bytes) -> list[str]:
    where: dict[str, int | str] = {"network": network, "app": "", "address": str(IPv6Address(address))}
    try:
        return [app for _, app in read_rows("machine_at", reader.select("machine_at", where), owner)[0]]
    except StateFault:
        return []


def rest(spent: float, done: int, of_all: int) -> float:
    """Seconds to wait after reading so many units in `spent` seconds."""
    return max(ROUND * done / of_all, spent / MAX_SHARE) - spent
