"""Has the state database changed, and is it well? Looks when the kernel tells that somebody wrote to it, and every second; where
nobody tells, every 25 ms. Whatever any other source of news says, nothing is believed but what a look sees.

`PRAGMA data_version` tells of another process's commit, also of one inside a restore in place; the inode tells of a file
put in the other's place. A fault is looked at again with growing pauses, and is over as soon as a look succeeds.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Never, Protocol

import trio
from outcome import Outcome

from internal_zones.clocks import MANY_GONE, Commit, Touches
from internal_zones.counts import InternalCounts, bump
from internal_zones.database import Sighting, StateFault, StateFile
from internal_zones.jobs import Alarm, Jobs, Turns
from internal_zones.mending import Mended, Mending
from internal_zones.outdating import outdated
from internal_zones.units import Units

MAX_PAUSE: Final = 1.0  # seconds between looks while the database is unwell
LEAST_PAUSE: Final = 0.001  # seconds between looks, however often somebody tells of changes
PAUSES: Final = 8  # times as long as a look, with its wait for the thread, is the pause after it
LONGEST_PAUSE: Final = 0.012  # s, however long it was: with 25, commits were seen up to 40 ms later (p99)
QUIET: Final = 1.0  # seconds between looks while the kernel tells of changes: a net, as notices may be lost
# Seconds after the last notice at which is looked again: a notice comes with a write, and the commit is there a little later.
AFTER: Final = (0.001, 0.01, 0.03, 0.1)
LISTEN_AGAIN: Final = 5.0  # seconds after nobody could tell


Seen = tuple[Sighting, Sequence[Mended]]


class Warn(Protocol):
    """Tells the operator of an event; structlog's `warning` is one."""

    def __call__(self, event: str, /, **fields: str | int) -> object: ...


class FileNotices(Protocol):
    """Tells when something happens to the file; resolver.env has the same."""

    async def wait(self) -> None:
        """Return when something has happened since the last call; raises OSError when nobody tells any more."""

    def close(self) -> None: ...


WatchFile = Callable[[str], FileNotices]


def nobody_tells(path: str) -> FileNotices:
    """The WatchFile of those who have none."""
    raise OSError(0, "nobody was asked to tell", path)


class Watcher:
    """Keeps `units` informed; holds what is known of the file. sighting: the last good look; fault: why the last one failed."""

    def __init__(
        self,
        file: StateFile,
        jobs: Jobs,
        turns: Turns,
        units: Units,
        mending: Mending,
        *,
        now: Callable[[], float],
        poll: float,
        counts: InternalCounts,
        warn: Warn,
        suspect: Callable[[int | None], None] = lambda gone: None,
        watch_file: WatchFile = nobody_tells,
        note_news: Callable[[Sequence[Commit]], None] = lambda commits: None,
    ) -> None:
        """suspect: called with how many rows a change took away, before a unit is read after it; None: nobody knows.

        note_news: called with the commits that have become visible.
        """
        self._suspect, self._watch_file, self._note_news = suspect, watch_file, note_news
        self._noticed_at = self._looked_at = float("-inf")
        self._gap = LEAST_PAUSE
        self.untold: str | None = ""  # why nobody tells of changes; None: the kernel does
        self._file, self._jobs, self._turns, self._units = file, jobs, turns, units
        self._mending = mending
        self._now, self._poll = now, poll
        self._counts, self._warn = counts, warn
        self._failures = 0
        self._is_watching = False
        self._alarm: Alarm | None = None  # rings when the next look is due; None: one is under way
        self._is_wanted = False  # somebody wants the next look at once
        self._is_told = False  # because somebody says that there is something to see
        self.begun = self.confirmed = 0  # the number of the last look, of the last successful one
        self._ended = trio.Event()
        self._ended_at = float("-inf")
        self._is_busy = False  # the last look saw another change than that there is a database
        self._calm = trio.Event()  # the end of the next look that sees none
        self._awaited_by: list[Callable[[], None]] = []  # told of the end of the next look
        self.sighting: Sighting | None = None
        self.fault: StateFault | None = None

    async def watch(self) -> Never:
        """Look for ever; survives every fault of the database."""
        self._is_watching = True
        self._begin()
        try:
            await trio.sleep_forever()
        finally:
            self._is_watching = False
            if self._alarm is not None:
                self._alarm.call_off()

    def hurry(self) -> None:
        """Have the next look come at once; after a failed one it comes when it would have come."""
        self._is_told = True
        self._want_look()

    async def next_look(self) -> None:
        """Have a look come soon, and wait for the end of the first successful one that begins from here on."""
        wanted = self.begun + 1
        while self.confirmed < wanted:
            self._want_look()
            await self._ended.wait()

    def after_next(self, then: Callable[[], None]) -> None:
        """Have a look come soon, and `then` called in the turn in which the next one is told, whether it succeeds or not: it saw
        all that a job told before this call has read."""
        self._awaited_by.append(then)
        self._want_look()

    async def listen(self, path: str) -> Never:
        """Have the kernel tell of what happens to the file, for ever; where it cannot, looks come as often as without it."""
        while True:
            try:
                notices = self._watch_file(path)
                try:
                    self.untold = None
                    if self.confirmed:  # the last look is only good for as long as one is where nobody tells
                        self._want_look()
                    while True:
                        await notices.wait()
                        self._counts.notices += 1
                        self._noticed_at = self._now()
                        self._want_look()
                        await self._calm.wait()  # whatever happens till then, a look sees it
                finally:
                    notices.close()
            except OSError as problem:
                if self.untold is None or not self.untold:
                    self._warn("state_database_polled", reason=str(problem))
                self.untold = str(problem)
                self._want_look()  # whoever rests for long must not any more
            await trio.sleep(LISTEN_AGAIN)

    async def look(self) -> None:
        """Look once, and act on what was seen."""
        is_over = trio.Event()
        self._look(is_over.set)
        await is_over.wait()

    def _want_look(self) -> None:
        """The next look is not to wait for longer than it must."""
        self._is_wanted = True
        if self._alarm is not None:
            self._rest()

    def _rest(self) -> None:
        """Have the next look come when it is due, as far as is known now."""
        if self._alarm is not None:
            self._alarm.call_off()
        if self._is_watching:
            self._alarm = self._turns.at(self._next_look(), self._begin)

    def _next_look(self) -> float:
        """When the next look is due."""
        if self._failures:
            return self._ended_at + pause(self._failures, self._poll)
        soonest = self._ended_at + min(self._gap, self._poll)
        return soonest if self._is_wanted else max(soonest, self._next_unwanted_look())

    def _next_unwanted_look(self) -> float:
        """When it is, if nobody wants it. While all is quiet at whole seconds, as all that ticks: a daemon that nobody asks wakes
        once for all of it."""
        if self.untold is not None:
            return self._looked_at + self._poll
        if self._noticed_at > self._looked_at or self._is_busy:
            return self._ended_at
        again = (self._noticed_at + seconds for seconds in AFTER)
        return min(
            (moment for moment in again if moment > self._looked_at), default=(self._looked_at // QUIET + 1) * QUIET
        )

    def _begin(self) -> None:
        """Look, and rest when it is over."""
        self._alarm = None
        is_early, self._is_told = self._is_told, False
        self._is_wanted = False  # what is told from here on, the look may be too early to see
        self._counts.hurried_looks += is_early
        changes = self._counts.changes

        def end() -> None:
            self._counts.early_changes += is_early and self._counts.changes > changes
            self._rest()

        try:
            self._look(end)
        except Exception:  # nothing ends the watching
            self._alarm = self._turns.at(self._now() + MAX_PAUSE, self._begin)
            raise

    def _look(self, then: Callable[[], None]) -> None:
        """Have a look done, and `then` called in the turn in which it is told."""
        started = self._looked_at = self._now()
        self.begun += 1
        self._jobs.submit(self._look_now, partial(self._note, self.begun, started, then))

    def _look_now(self) -> Seen:
        """The job of the thread."""
        sighting = self._file.look(self._mending.wanted)
        return sighting, self._mending.readings(sighting)

    def _note(self, number: int, started: float, then: Callable[[], None], outcome: Outcome[Seen]) -> None:
        """A look is over. In the turn that it is told in: what is read after it must not be kept before."""
        self._is_busy = False
        try:
            sighting, mended = outcome.unwrap()
        except StateFault as fault:
            self._note_fault(fault)
        else:
            self._note_sighting(sighting, mended, started)
            self.confirmed = number
            self._gap = min(max(LEAST_PAUSE, PAUSES * (self._now() - started)), LONGEST_PAUSE)
        finally:
            self._ended_at = self._now()
            then()
        if not self._is_busy:
            self._calm.set()
            self._calm = trio.Event()
        self._ended.set()
        self._ended = trio.Event()
        awaited_by, self._awaited_by = self._awaited_by, []
        for then in awaited_by:
            then()

    def _note_fault(self, fault: StateFault) -> None:
        bump(self._counts.failed_looks, fault.fault)
        if self.fault is None or self.fault.fault is not fault.fault:
            self._warn("state_database_unwell", fault=fault.fault.value, reason=str(fault))
        self._failures += 1
        self.fault = fault.with_traceback(None)  # which holds the frames that hold it: for the collector alone to find
        self._units.doubt(self._now())

    def _note_sighting(self, sighting: Sighting, readings: Sequence[Mended], started: float) -> None:
        before, self.sighting = self.sighting, sighting
        if has_changed(before, sighting):
            self._counts.changes += 1
            self._counts.sweeping_changes += sighting.touches is None
            self._is_busy = before is not None
            if before is not None:
                self._suspect(gone_in(sighting.touches))
            what = outdated(sighting.touches, sighting.reads)
            mended = self._mending.units(readings, what, started)
            self._units.outdate(what)
            for unit in mended:
                self._units.put(unit)
            self._counts.mended += len(mended)
            if sighting.touches is not None:
                self._note_news(sighting.touches.commits)
        self._units.confirm(started, QUIET if self.untold is None else 0.0)
        if before is None or before.opening != sighting.opening:
            self._counts.openings += 1
        for name, reason in sighting.problems.items():
            if before is None or before.problems.get(name) != reason:
                self._warn("state_statement_unusable", statement=name, reason=reason)
        for name, reason in sighting.slow.items():
            if before is None or before.slow.get(name) != reason:
                self._warn("state_statement_slow", statement=name, reason=reason)
        if self.fault is not None:
            self._warn("state_database_well_again", fault=self.fault.fault.value)
        self.fault = None
        self._failures = 0


def gone_in(touches: Touches | None) -> int | None:
    """How many rows are there no more, or elsewhere; None: nobody can tell, or so many that it may be no customer's doing."""
    return None if touches is None or touches.gone >= MANY_GONE else touches.gone


def has_changed(before: Sighting | None, after: Sighting) -> bool:
    """May any row be another than at the last look? data_versions of two openings cannot be compared."""
    return before is None or before.identity != after.identity


def pause(failures: int, poll: float) -> float:
    """Seconds till the next look, after so many failed ones in a row."""
    return max(poll, min(MAX_PAUSE, poll * 2 ** min(failures, 16))) if failures else poll
