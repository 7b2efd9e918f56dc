"""How a unit comes into memory: one read per unit in flight, a bounded queue to the database thread, a bounded wait.

A client waits for at most `max_wait`; the read itself goes on, so that the next client finds what it brought.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv6Address
from typing import Final, Never

import trio

from internal_zones.bad_rows import BadRows
from internal_zones.census import Census, Count
from internal_zones.counts import InternalCounts, bump
from internal_zones.database import Fault, Reader, Runner, StateFault, StateFile
from internal_zones.readings import NOBODY, Read, Reading, TooMany, UnitKey, Unknowable, with_last_known_metadata
from internal_zones.units import Unit, Units
from internal_zones.watcher import Warn, Watcher

# Units read by one job of the thread: a job costs some 150 µs of CPU beside its 50 µs of reading. A look waits for it.
MAX_TOGETHER: Final = 8
COUNT_EVERY: Final = 120.0  # seconds: what networks have is known well enough by then
COUNT_TICK: Final = 1.0  # seconds till a network that is new in memory is counted
DOUBTED: Final = "doubted"  # the fault of a unit whose network has lost too much at once
UNREADABLE_ROWS: Final = "unreadable_rows"  # the fault of a unit some of whose rows cannot be read


def read_each(read: Read, reader: Reader, keys: Sequence[UnitKey]) -> list[Reading | StateFault]:
    """The reading of each unit, or why there is none; fewer than keys when the database is locked. Runs in its thread."""
    outcomes: list[Reading | StateFault] = []
    for key in keys:
        try:
            outcomes.append(read(reader, key))
        except StateFault as fault:
            outcomes.append(fault)
            if fault.fault is Fault.BUSY:
                break  # each of the others would wait for the lock too
    return outcomes


def count_each(file: StateFile, networks: Sequence[int]) -> dict[int, Count]:
    """The rows of each network that can be counted. Runs in the thread."""
    found = {}
    for network in networks:
        where: dict[str, int | str] = {"network": network, "app": "", "address": ""}
        with suppress(StateFault):
            found[network] = Count(file.count("apps", where), file.count("instances", where))
    return found


class Flight:
    """A read under way. is_late: somebody has waited for it in vain.

    unit: what it brought; None: nothing, the database did not bear it."""

    __slots__ = ("is_late", "landed", "unit")

    def __init__(self) -> None:
        self.landed = trio.Event()
        self.is_late = False
        self.unit: Unit | None = None


class Reads:
    """The queue of reads and those waiting for them."""

    def __init__(
        self,
        file: StateFile,
        run: Runner,
        units: Units,
        watcher: Watcher,
        *,
        now: Callable[[], float],
        queue: int,
        max_wait: float,
        read: Read,
        bad_rows: BadRows,
        census: Census,
        counts: InternalCounts,
        warn: Warn,
    ) -> None:
        self._file, self._run = file, run
        self._units, self._watcher = units, watcher
        self._now, self._max_wait = now, max_wait
        self._counts, self._warn = counts, warn
        self._read_unit, self._bad_rows, self._census = read, bad_rows, census
        self._running_since: float | None = None
        self._new_networks: set[int] = set()  # read of since the last tick, and not counted then
        self._newest_networks: set[int] = set()  # those of them that nobody has tried to count yet
        self._flights: dict[UnitKey, Flight] = {}  # no larger than the queue and the read under way
        self._ask, self._asked = trio.open_memory_channel[UnitKey](queue)

    async def bring(self, key: UnitKey) -> Unit | None:
        """The unit as it is now in the database; None: it cannot be known within `max_wait`."""
        unit = self._units.get(key)
        if unit is not None and self._units.is_current(unit, self._now()):
            return unit
        flight = self._join(key)
        if flight is None or flight.is_late:
            return None  # who comes later need not wait in vain, too
        with trio.move_on_after(self._max_wait) as scope:
            await flight.landed.wait()
        if scope.cancelled_caught:
            self._counts.slow_reads += 1
            flight.is_late = not flight.landed.is_set()
        return flight.unit

    async def serve(self) -> Never:
        """Read what is asked for, one unit after another, for ever; what waits already goes to the thread together."""
        while True:
            keys = [await self._asked.receive(), *self._waiting_keys()]
            try:
                await self._read(keys)
            finally:
                for key in keys:
                    self._flights.pop(key).landed.set()
            if not self._flights:
                await self._count_at_once()

    @property
    def waiting(self) -> int:
        """Reads asked for and not done."""
        return len(self._flights)

    @property
    def running_for(self) -> float:
        """Seconds that the read under way has taken; 0: there is none."""
        return 0.0 if self._running_since is None else self._now() - self._running_since

    async def count(self) -> Never:
        """Count every network of which something is kept, now and again; end what has been doubted for long enough."""
        while True:
            networks = sorted({key.network for key in self._units.kept_keys()} - {NOBODY})
            for at in range(0, len(networks), MAX_TOGETHER):
                await self._count(networks[at : at + MAX_TOGETHER])
            await self._rest_till(self._now() + COUNT_EVERY)

    async def _rest_till(self, moment: float) -> None:
        while (left := moment - self._now()) > 0:
            await trio.sleep(min(left, COUNT_TICK - self._now() % COUNT_TICK))  # at whole seconds, as all that ticks
            if self._census.end(self._now()):
                self._units.outdate()
            networks = self._census.uncounted(self._new_networks)
            self._new_networks.clear()
            for at in range(0, len(networks), MAX_TOGETHER):
                await self._count(networks[at : at + MAX_TOGETHER])

    async def _count_at_once(self) -> None:
        """Count the networks that are new in memory while nobody waits, if the count is true as of the last look."""
        networks = self._census.uncounted(self._newest_networks)[:MAX_TOGETHER]
        self._newest_networks.clear()  # one attempt each: while others commit all the time, the next tick is soon enough
        if not networks or self._watcher.fault is not None:
            return
        suspicions, gone = self._census.suspicions, self._census.gone
        counted, is_ahead = await self._run(lambda: (count_each(self._file, networks), self._file.is_ahead()))
        for network, found in counted.items():
            if not is_ahead and self._census.suspicions == suspicions:
                self._census.judge(network, found, self._now(), gone)

    async def _count(self, networks: Sequence[int]) -> None:
        """Count networks that nobody suspects; a change that came meanwhile makes the count worth nothing."""
        if not networks or self._watcher.fault is not None:
            return
        suspicions, gone = self._census.suspicions, self._census.gone
        counted = await self._run(lambda: count_each(self._file, networks))
        await self._watcher.next_look()
        for network, found in counted.items() if self._census.suspicions == suspicions else ():
            self._census.judge(network, found, self._now(), gone)

    def _join(self, key: UnitKey) -> Flight | None:
        """The read of `key` in flight, or a new one; None: none can be had now."""
        if self._watcher.fault is not None:
            return None  # a read would fail too, and only after a wait; the watcher finds out when it is over
        flight = self._flights.get(key)
        if flight is not None:
            self._counts.joined_reads += 1
            return flight
        try:
            self._ask.send_nowait(key)
        except trio.WouldBlock:
            self._counts.full_queue += 1
            return None
        flight = self._flights[key] = Flight()
        return flight

    def _waiting_keys(self) -> Iterator[UnitKey]:
        for _ in range(MAX_TOGETHER - 1):
            try:
                yield self._asked.receive_nowait()
            except trio.WouldBlock:
                return

    async def _read(self, keys: Sequence[UnitKey]) -> None:
        if self._watcher.fault is not None:
            return  # found out since these were queued: the queue must not be a line of timeouts
        generation, started = self._units.generation, self._now()  # what is committed from here on may be missed
        gone = self._census.gone
        suspects = self._census.to_count(key.network for key in keys)
        self._running_since = started
        try:
            counted, outcomes, is_ahead = await self._run(lambda: self._read_now(suspects, keys))
        finally:
            self._running_since = None
        for network, found in counted.items():
            self._census.judge(network, found, self._now(), gone)
        for network in self._census.uncounted(key.network for key in keys if key.network != NOBODY):
            if network not in self._new_networks:
                self._new_networks.add(network)
                self._newest_networks.add(network)
        for key, outcome in zip(keys, outcomes, strict=False):
            if isinstance(outcome, StateFault):
                bump(self._counts.failed_reads, outcome.fault)
                continue
            before = self._units.get(key)
            self._note(key, outcome, before)
            unit = Unit(key, outcome, generation, started, is_ahead=is_ahead)
            if self._bad_rows.are_new_in(key, outcome.skipped):
                bump(self._counts.failed_reads, UNREADABLE_ROWS)
                unit = self._in_doubt(unit, before)
            elif self._census.is_doubted(key.network):
                bump(self._counts.failed_reads, DOUBTED)
                unit = self._in_doubt(unit, before)
            elif before is not None:
                unit.reading = with_last_known_metadata(before.reading, outcome)
            self._units.put(unit)
            self._flights[key].unit = unit

    def _read_now(
        self, suspects: Sequence[int], keys: Sequence[UnitKey]
    ) -> tuple[dict[int, Count], list[Reading | StateFault], bool]:
        """What the job of the thread brings: the counts of suspects, the readings, and whether they are ahead of the looks."""
        counted = count_each(self._file, suspects)
        return counted, read_each(self._read_unit, self._file, keys), self._file.is_ahead()

    def _in_doubt(self, unit: Unit, before: Unit | None) -> Unit:
        """The unit with what was last read of it whole: what is made of the rows that can be read is less than the truth."""
        if before is None or isinstance(before.reading.data, Unknowable):
            unit.reading, unit.known_at = Reading(Unknowable(), 0), float("-inf")
        else:
            unit.reading, unit.known_at = before.reading, self._units.known_at(before)
        return unit

    def _note(self, key: UnitKey, reading: Reading, before: Unit | None) -> None:
        self._counts.reads += 1
        self._counts.half_replicated_rows += reading.skipped.half_replicated
        self._counts.unreadable_rows += reading.skipped.unreadable + reading.skipped.unlistable
        self._bad_rows.note(key, reading.skipped)
        if isinstance(reading.data, TooMany) and not (before and isinstance(before.reading.data, TooMany)):
            self._warn("state_unit_too_large", unit=key.kind.name.lower(), network=key.network, app=key.name)
        for address in set(reading.duplicates).difference(before.reading.duplicates if before else ()):
            self._counts.duplicate_addresses += 1
            self._warn("duplicate_address", network=key.network, app=key.name, address=str(IPv6Address(address)))
