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
from internal_zones.jobs import Jobs
from internal_zones.mending import Mending
from internal_zones.outdating import outdated
from internal_zones.units import Units

MAX_PAUSE: Final = 1.0  # seconds between looks while the database is unwell
LEAST_PAUSE: Final = 0.005  # seconds between looks, however often somebody tells of changes
PAUSES: Final = 10  # times as long as a look is the pause after it while there is something to see
LONGEST_PAUSE: Final = 0.012  # s, however long it was: with 25, commits were seen up to 40 ms later (p99)
QUIET: Final = 1.0  # seconds between looks while the kernel tells of changes: a net, as notices may be lost
# Seconds after the last notice at which is looked again: a notice comes with a write, and the commit is there a little later.
AFTER: Final = (0.001, 0.01, 0.03, 0.1)
LISTEN_AGAIN: Final = 5.0  # seconds after nobody could tell


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
        self._file, self._jobs, self._units = file, jobs, units
        self._mending = mending
        self._now, self._poll = now, poll
        self._counts, self._warn = counts, warn
        self._failures = 0
        self._hurried = trio.Event()  # somebody wants the next look at once
        self._is_told = False  # because somebody says that there is something to see
        self.begun = self.confirmed = 0  # the number of the last look, of the last successful one
        self._ended = trio.Event()
        self._awaited_by: list[Callable[[], None]] = []  # told of the end of the next look
        self.sighting: Sighting | None = None
        self.fault: StateFault | None = None

    async def watch(self) -> Never:
        """Look for ever; survives every fault of the database."""
        while True:
            is_early, self._is_told = self._is_told, False
            self._hurried = trio.Event()  # what is told from here on, the look may be too early to see
            self._counts.hurried_looks += is_early
            changes = self._counts.changes
            await self.look()
            self._counts.early_changes += is_early and self._counts.changes > changes
            await self._rest()

    def hurry(self) -> None:
        """Have the next look come at once; after a failed one it comes when it would have come."""
        self._is_told = True
        self._hurried.set()

    async def next_look(self) -> None:
        """Have a look come soon, and wait for the end of the first successful one that begins from here on."""
        wanted = self.begun + 1
        while self.confirmed < wanted:
            self._hurried.set()
            await self._ended.wait()

    def after_next(self, then: Callable[[], None]) -> None:
        """Have a look come soon, and `then` called in the turn in which the next one is told, whether it succeeds or not: it saw
        all that a job told before this call has read."""
        self._awaited_by.append(then)
        self._hurried.set()

    async def listen(self, path: str) -> Never:
        """Have the kernel tell of what happens to the file, for ever; where it cannot, looks come as often as without it."""
        while True:
            try:
                notices = self._watch_file(path)
                try:
                    self.untold = None
                    if self.confirmed:  # the last look is only good for as long as one is where nobody tells
                        self._hurried.set()
                    while True:
                        await notices.wait()
                        self._counts.notices += 1
                        self._noticed_at = self._now()
                        self._hurried.set()
                        await self._ended.wait()  # whatever happens till then, one look sees it
                finally:
                    notices.close()
            except OSError as problem:
                if self.untold is None or not self.untold:
                    self._warn("state_database_polled", reason=str(problem))
                self.untold = str(problem)
                self._hurried.set()  # whoever rests for long must not any more
            await trio.sleep(LISTEN_AGAIN)

    async def _rest(self) -> None:
        if self._failures:
            await trio.sleep(pause(self._failures, self._poll))
            return
        soonest = self._now() + min(self._gap, self._poll)
        while not self._hurried.is_set() and (left := max(self._next_look(), soonest) - self._now()) > 0:
            with trio.move_on_after(left):
                await self._hurried.wait()
        await trio.sleep(max(0.0, soonest - self._now()))

    def _next_look(self) -> float:
        """When the next look is due, unless somebody wants it at once. While all is quiet at whole seconds, as all that ticks:
        a daemon that nobody asks wakes once for all of it."""
        if self.untold is not None:
            return self._looked_at + self._poll
        if self._noticed_at > self._looked_at:
            return self._now()
        again = (self._noticed_at + seconds for seconds in AFTER)
        return min(
            (moment for moment in again if moment > self._looked_at), default=(self._looked_at // QUIET + 1) * QUIET
        )

    async def look(self) -> None:
        """Look once, and act on what was seen."""
        started = self._looked_at = self._now()
        self.begun += 1
        is_over = trio.Event()
        look = partial(self._file.look, self._mending.wanted)
        self._jobs.submit(look, partial(self._note, self.begun, started, is_over))
        await is_over.wait()

    def _note(self, number: int, started: float, is_over: trio.Event, outcome: Outcome[Sighting]) -> None:
        """A look is over. In the turn that it is told in: what is read after it must not be kept before."""
        try:
            sighting = outcome.unwrap()
        except StateFault as fault:
            self._note_fault(fault)
        else:
            self._note_sighting(sighting, started)
            self.confirmed = number
            self._gap = min(max(LEAST_PAUSE, PAUSES * (self._now() - started)), LONGEST_PAUSE)
        finally:
            is_over.set()
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
        self.fault = fault
        self._units.doubt(self._now())

    def _note_sighting(self, sighting: Sighting, started: float) -> None:
        before, self.sighting = self.sighting, sighting
        if has_changed(before, sighting):
            self._counts.changes += 1
            self._counts.sweeping_changes += sighting.touches is None
            if before is not None:
                self._suspect(gone_in(sighting.touches))
            what = outdated(sighting.touches, sighting.reads)
            mended = self._mending.mended(sighting, what, started)
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
