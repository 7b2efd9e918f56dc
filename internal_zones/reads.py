"""How a unit comes into memory: one read per unit in flight, a bounded queue to the database thread, a bounded wait.

A client waits for at most `max_wait`; the read itself goes on, so that the next client finds what it brought.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from ipaddress import IPv6Address
from itertools import islice, takewhile
from typing import Final, NamedTuple, Never

import trio
from outcome import Outcome

from internal_zones.bad_rows import BadRows
from internal_zones.batches import count_each, read_each
from internal_zones.census import Census, Count
from internal_zones.counts import InternalCounts, bump
from internal_zones.database import Runner, StateFault, StateFile
from internal_zones.jobs import Jobs, Turns
from internal_zones.readings import NOBODY, Read, Reading, TooMany, UnitKey, Unknowable, with_last_known_metadata
from internal_zones.units import Unit, Units
from internal_zones.watcher import Warn, Watcher

IN_TIME: Final = 0.5  # of max_wait, in which what waits is to be read: the look of each batch takes its time, too
MAX_TOGETHER: Final = 32  # units read by one job of the thread: a look waits for it
COUNT_EVERY: Final = 120.0  # seconds: what networks have is known well enough by then
COUNT_TICK: Final = 1.0  # seconds till a network that is new in memory is counted
DOUBTED: Final = "doubted"  # the fault of a unit whose network has lost too much at once
UNREADABLE_ROWS: Final = "unreadable_rows"  # the fault of a unit some of whose rows cannot be read


Take = Callable[[Unit | None], None]


class Flight:
    """A read that is waited for. began: when, in monotonic seconds; takers: who waits."""

    __slots__ = ("began", "takers")

    def __init__(self, began: float) -> None:
        self.began = began
        self.takers: list[Take] = []


class Gathering:
    """Units that one question waits for."""

    __slots__ = ("_missing", "_then", "_units")

    def __init__(self, count: int, then: Callable[[Sequence[Unit | None]], None]) -> None:
        """then: called with all of them; None in the place of one that could not be had."""
        self._units: list[Unit | None] = [None] * count
        self._missing, self._then = count, then

    def put(self, place: int, unit: Unit | None) -> None:
        self._units[place] = unit
        self._missing -= 1
        if not self._missing:
            self._then(self._units)


class Found(NamedTuple):
    """What a job of the thread brings: the counts of suspects, the readings, and whether they are ahead of the looks."""

    counted: dict[int, Count]
    outcomes: list[Reading | StateFault]
    is_ahead: bool


class Batch(NamedTuple):
    """What is read by one job. suspects: networks that it tries to count first. began: when it was handed over."""

    keys: Sequence[UnitKey]
    suspects: Sequence[int]
    began: float


class Reads:
    """The queue of reads and those waiting for them."""

    def __init__(
        self,
        file: StateFile,
        run: Runner,
        jobs: Jobs,
        turns: Turns,
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
        self._file, self._run, self._jobs, self._turns = file, run, jobs, turns
        self._units, self._watcher = units, watcher
        self._now, self._max_wait = now, max_wait
        self._counts, self._warn = counts, warn
        self._read_unit, self._bad_rows, self._census = read, bad_rows, census
        self._running_since: float | None = None  # when the job under way was handed over
        self._took = 0.0  # s from handing the last job over to its end; 0: nothing waits
        self._unseen: list[UnitKey] = []  # flights whose unit has lost much: they wait for the next look
        self._judged: set[UnitKey] = set()  # flights that have waited for one
        self._new_networks: set[int] = set()  # read of since the last tick, and not counted then
        self._newest_networks: set[int] = set()  # those of them that nobody has tried to count yet
        self._flights: dict[UnitKey, Flight] = {}  # the oldest first; no larger than the queue and the read under way
        self._in_time: dict[UnitKey, Flight] = {}  # those that nobody has waited for in vain, the oldest first
        self._queue = queue
        self._waiting: deque[UnitKey] = deque()
        self._is_serving = False
        self._is_handing_over = False  # at the end of this turn
        self._has_alarm = False

    def bring(self, key: UnitKey, take: Take) -> None:
        """Have `take` called with the unit as it is now in the database, perhaps at once; None: it cannot be known within
        `max_wait`."""
        unit = self._units.get(key)
        if unit is not None and self._units.is_current(unit, self._now()):
            take(unit)
            return
        flight = self._join(key)
        if flight is None or key not in self._in_time:
            take(None)  # who comes later need not wait in vain, too
            return
        flight.takers.append(take)

    def bring_each(self, keys: Sequence[UnitKey], then: Callable[[Sequence[Unit | None]], None]) -> None:
        """The same for all that a question needs."""
        if not keys:
            then(())
            return
        gathering = Gathering(len(keys), then)
        for place, key in enumerate(keys):
            self.bring(key, partial(gathering.put, place))

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> Never:
        """Have what is asked for read, for ever; what waits already goes to the thread together."""
        self._is_serving, self._running_since = True, None
        self._turns.turn(self._hand_over)
        task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            self._is_serving = False

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

    def _count_at_once(self) -> None:
        """Count the networks that are new in memory while nobody waits, if the count is true as of the last look."""
        networks = self._census.uncounted(self._newest_networks)[:MAX_TOGETHER]
        self._newest_networks.clear()  # one attempt each: while others commit all the time, the next tick is soon enough
        if not networks or self._watcher.fault is not None:
            return
        suspicions = self._census.suspicions

        def counted(outcome: Outcome[tuple[dict[int, Count], bool]]) -> None:
            self._running_since = None
            found, is_ahead = outcome.unwrap()
            for network, count in found.items():
                if not is_ahead and self._census.suspicions == suspicions:
                    self._census.judge(network, count, self._now(), self._census.gone)
            self._hand_over()

        self._jobs.submit(lambda: (count_each(self._file, networks), self._file.is_ahead()), counted)
        self._running_since = self._now()

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
        if len(self._waiting) >= self._places():
            self._counts.full_queue += 1
            return None
        self._waiting.append(key)
        flight = self._flights[key] = self._in_time[key] = Flight(self._now())
        if not self._has_alarm:
            self._ring_at(flight.began + self._max_wait)
        if not self._is_handing_over:
            self._turns.at_end(self._hand_over)
            self._is_handing_over = True
        return flight

    def _places(self) -> int:
        """How many units may wait: no more than are read while the last of them is waited for, as far as the last job tells.

        A longer line is read for nobody: its clients have gone on with last good data, and it stands before who comes later.
        """
        if not self._took:
            return self._queue
        return min(self._queue, max(MAX_TOGETHER, int(MAX_TOGETHER * self._max_wait * IN_TIME / self._took)))

    def _ring_at(self, moment: float) -> None:
        self._turns.at(moment, self._note_late)
        self._has_alarm = True

    def _note_late(self) -> None:
        """Whoever has waited for `max_wait` waits no longer; the reads go on."""
        self._has_alarm = False
        now = self._now()
        for key, flight in list(takewhile(lambda it: it[1].began + self._max_wait <= now, self._in_time.items())):
            del self._in_time[key]
            self._counts.slow_reads += len(flight.takers)
            self._tell(flight, None)
        if first := next(iter(self._in_time.values()), None):
            self._ring_at(first.began + self._max_wait)

    def _hand_over(self) -> None:
        """Have the thread read what waits, if it is free."""
        self._is_handing_over = False
        if self._running_since is not None or not self._is_serving:
            return
        if not self._waiting:
            self._took = 0.0
            self._count_at_once()
            return
        if self._watcher.fault is not None:  # found out since these were queued: no line of timeouts
            keys = list(self._waiting)
            self._waiting.clear()
            self._land(keys, {})
            return
        keys = list(islice(self._waiting, MAX_TOGETHER))
        began = self._now()
        suspects = self._census.to_count(key.network for key in keys)
        batch = Batch(keys, suspects, began)
        self._jobs.submit(partial(self._read_now, suspects, keys), partial(self._end, batch))
        self._running_since = began  # now that nothing can fail any more
        for _ in keys:
            self._waiting.popleft()

    def _end(self, batch: Batch, found: Outcome[Found]) -> None:
        """A job is done: keep what it brought, have the next one begun, and tell who waits."""
        self._running_since = None
        self._took = self._now() - batch.began
        brought: dict[UnitKey, Unit] = {}
        try:
            self._keep(batch, found.unwrap(), brought)
        finally:
            again = {*self._waiting, *self._unseen}
            self._land([key for key in batch.keys if key not in again], brought)
            self._hand_over()

    def _land(self, keys: Sequence[UnitKey], brought: Mapping[UnitKey, Unit]) -> None:
        for key in keys:
            self._judged.discard(key)
            self._in_time.pop(key, None)
            flight = self._flights.pop(key, None)
            if flight is not None:
                self._tell(flight, brought.get(key))

    def _tell(self, flight: Flight, unit: Unit | None) -> None:
        """Have all go on who wait, each by itself, and no more in one turn than fit. None: it cannot be known now."""
        takers, flight.takers = flight.takers, []
        for take in takers:
            self._turns.at(self._now(), partial(take, unit))

    def _keep(self, batch: Batch, found: Found, brought: dict[UnitKey, Unit]) -> None:
        for network, count in found.counted.items():
            self._census.judge(network, count, self._now(), self._census.gone)
        for network in self._census.uncounted(key.network for key in batch.keys if key.network != NOBODY):
            if network not in self._new_networks:
                self._new_networks.add(network)
                self._newest_networks.add(network)
        for key, outcome in zip(batch.keys, found.outcomes, strict=False):
            if isinstance(outcome, StateFault):
                bump(self._counts.failed_reads, outcome.fault)
                continue
            # since it was handed over: it is counted first, once; where that fails, a read is better than none
            if self._census.is_uncounted_suspect(key.network) and key.network not in batch.suspects:
                self._waiting.append(key)
                continue
            before = self._units.get(key)
            if found.is_ahead and self._is_unseen(key, outcome, before):
                self._await_look(key)
                continue
            self._note(key, outcome, before)
            unit = Unit(key, outcome, batch.began, is_ahead=found.is_ahead)
            if self._bad_rows.are_new_in(key, outcome.skipped):
                bump(self._counts.failed_reads, UNREADABLE_ROWS)
                unit = self._in_doubt(unit, before)
            elif self._census.is_doubted(key.network):
                bump(self._counts.failed_reads, DOUBTED)
                unit = self._in_doubt(unit, before)
            elif before is not None:
                unit.reading = with_last_known_metadata(before.reading, outcome)
            self._units.put(unit)
            brought[key] = unit

    def _is_unseen(self, key: UnitKey, reading: Reading, before: Unit | None) -> bool:
        """Is much of the unit gone, by a change that no look has seen and judged?"""
        if before is None or key in self._judged:
            return False
        return self._census.is_little(before.reading.size, reading.size)

    def _await_look(self, key: UnitKey) -> None:
        """The unit is read again once a look has seen what was read: it would be the last good data afterwards."""
        if not self._unseen:
            self._watcher.after_next(self._read_unseen)
        self._unseen.append(key)

    def _read_unseen(self) -> None:
        self._judged.update(self._unseen)
        self._waiting.extend(self._unseen)
        self._unseen.clear()
        self._hand_over()

    def _read_now(self, suspects: Sequence[int], keys: Sequence[UnitKey]) -> Found:
        """What the job of the thread brings."""
        counted = count_each(self._file, suspects)
        return Found(counted, read_each(self._read_unit, self._file, keys), self._file.is_ahead())

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
