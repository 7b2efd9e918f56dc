"""Keeps the cache over a restart: loaded in the background at the start, saved every few minutes and at the end.

The file is read and written in a thread; the event loop only gathers and takes in entries, a slice at a time.
"""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Final

import structlog
import trio

from cache.names import WireName, is_at_or_below
from cache.octets import NODE_OCTETS, octets_of
from cache.rrset import Entry
from cache.servers import Servers
from cache.snapshot import (
    NotSaved,
    SavedServer,
    SnapshotCounts,
    SnapshotReader,
    SnapshotWriter,
    Terms,
    Unloadable,
    set_aside,
)
from cache.store import RRsetCache
from internal_zones.database import Runner
from resolver.daemon.carry import FROM_THE_FUTURE, is_worth_saving, moment, saved_slice, terms
from resolver.env import Address, Env
from resolver.observe.boundary import Boundary
from resolver.options import Options

SAVE_EVERY: Final = 300.0  # s: so much is lost at most when the process is killed
LAST_SAVE: Final = 3.5  # s after the daemon is asked to end, of the 5 s that it has: some 500,000 entries
GATHERED: Final = 200  # owners: 0.1 ms of the loop, 1 ms of the thread
TAKEN: Final = 200  # entries: some 1 ms of the loop
READ: Final = 200  # rows: 2 ms of the thread, which then waits for the loop: it must not keep the loop from the GIL
MAX_FLUSHES: Final = 100  # remembered while a file is loaded; with more, what is left of the file is given up

log = structlog.get_logger()


class Flush:
    """What an operator had forgotten while a file was loaded: it must not come back out of the file."""

    __slots__ = ("name", "rtype", "subtree")

    def __init__(self, name: WireName, rtype: int | None, subtree: bool) -> None:
        self.name = name
        self.rtype = rtype
        self.subtree = subtree

    def concerns(self, entry: Entry) -> bool:
        """Would it have taken this entry away?"""
        is_there = is_at_or_below(entry.owner, self.name) if self.subtree else entry.owner == self.name
        return is_there and (self.rtype is None or entry.rtype in (self.rtype, None))


class WarmStart:
    """The cache's file. ended: set when `keep` is done with it."""

    def __init__(
        self,
        env: Env,
        cache: RRsetCache,
        servers: Servers,
        options: Options,
        counts: SnapshotCounts,
        run: Runner,
        boundary: Boundary,
    ) -> None:
        """run: where the file is read and written. boundary: what faults end at; the next save comes all the same."""
        self.ended = trio.Event()
        self.failure = ""  # why the last save failed
        self._saved_at: float | None = None
        self.is_given_up = False  # another daemon has the cache, and writes the file from here on
        self._env = env
        self._cache = cache
        self._servers = servers
        self._options = options
        self._counts = counts
        self._run = run
        self._boundary = boundary
        self._path = options.cache.snapshot
        self._is_absent = False  # there was no file to load
        self._flushes: list[Flush] | None = None  # None: nothing is being loaded

    async def keep(self, ending: trio.Event, *, is_filled: bool = False) -> None:
        """Load, then save every SAVE_EVERY seconds, and once more when `ending` is set; LAST_SAVE later it is over.

        is_filled: the cache came from elsewhere, and is not loaded.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._limit, ending, nursery.cancel_scope)
                await self._load_and_save(ending, is_filled=is_filled)
                nursery.cancel_scope.cancel()
        finally:
            self.ended.set()

    def age(self, now: float) -> float | None:
        """Seconds since the file was written; None: not by this process."""
        return None if self._saved_at is None else now - self._saved_at

    def note_flush(self, name: WireName, rtype: int | None, subtree: bool) -> None:
        """Entries were forgotten at an operator's wish."""
        if self._flushes is not None:
            self._flushes.append(Flush(name, rtype, subtree))

    async def load(self, ending: trio.Event) -> None:
        """Load the file if there is one, or what can be had of it before `ending`."""
        self._flushes = []
        try:
            await self._load(ending)
        except FileNotFoundError:
            self._is_absent = True
            log.info("snapshot_absent", file=self._path)
        except OSError as problem:
            log.warning("snapshot_unreadable", file=self._path, reason=problem.strerror)
        except Unloadable as refused:
            await self._set_aside(refused)
        finally:
            self._flushes = None

    async def save(self) -> None:
        """Save the cache; when that fails, the file from before stays."""
        began = moment(self._env)
        try:
            writer = await self._run(partial(SnapshotWriter, self._path, began))
            try:
                entries = await self._write(writer, began.wall - began.monotonic)
                octets = await self._run(writer.finish)
            except NotSaved:
                await self._run(writer.discard)
                raise
        except NotSaved as problem:
            self._counts.not_saved += 1
            self.failure = str(problem)
            log.warning("snapshot_not_saved", file=self._path, reason=str(problem))
            return
        self._counts.saved += 1
        self._saved_at, self.failure = self._env.now(), ""
        seconds = round(self._env.now() - began.monotonic, 3)
        log.info("snapshot_saved", file=self._path, entries=entries, octets=octets, seconds=seconds)

    async def _limit(self, ending: trio.Event, whole: trio.CancelScope) -> None:
        await ending.wait()
        await trio.sleep(LAST_SAVE)
        log.warning("snapshot_given_up", file=self._path, reason=f"not saved within {LAST_SAVE} s of the end")
        whole.cancel()

    async def _load_and_save(self, ending: trio.Event, *, is_filled: bool) -> None:
        if not is_filled:
            await self._boundary.run("snapshot", self.load, ending)
        if ending.is_set() and not self._is_absent:
            return  # the end came while it was loaded: the file has more than the cache, and stays
        while True:
            with trio.move_on_after(SAVE_EVERY):
                await ending.wait()
            if self.is_given_up:
                return
            await self._boundary.run("snapshot", self.save)
            if ending.is_set():
                return  # if it came meanwhile, too: this was the last time

    async def _load(self, ending: trio.Event) -> None:
        began = moment(self._env)
        reader = await self._run(partial(SnapshotReader, self._path))
        try:
            on = terms(self._options, reader.moment, began)
            if on is None:
                log.warning("snapshot_not_loaded", file=self._path, reason=FROM_THE_FUTURE)
                return
            servers = await self._run(reader.servers)
            entries = await self._read(reader, on, ending)
        finally:
            reader.close()
        if entries is None:
            return
        taken = await self._take(entries, ending)
        await self._take_servers(servers)
        self._counts.loaded += taken
        self._counts.passed_over += reader.count - taken
        log.info(
            "snapshot_loaded",
            file=self._path,
            entries=taken,
            passed_over=reader.count - taken,
            age=round(on.now - on.shift - reader.moment.wall),
            seconds=round(self._env.now() - began.monotonic, 3),
        )

    async def _read(self, reader: SnapshotReader, on: Terms, ending: trio.Event) -> list[tuple[Entry, int]] | None:
        """All entries of the file that are of use and have room, before one of them is taken; None when the end comes."""
        room = self._cache.max_octets - self._cache.octets
        entries: list[tuple[Entry, int]] = []
        while room > 0:
            rows = await self._run(partial(_read_slice, reader, on))
            if rows is None:
                break
            if ending.is_set():
                return None
            found, octets = rows
            entries += found
            room -= octets
        return entries

    async def _take(self, entries: list[tuple[Entry, int]], ending: trio.Event) -> int:
        """Put them into the cache where they fit; how many did. Empties the list: what is freed at once takes its time."""
        taken = 0
        entries.reverse()
        while entries:
            now = self._env.now()
            for entry, hits in reversed(entries[-TAKEN:]):
                if self._flushes and any(flush.concerns(entry) for flush in self._flushes):
                    continue
                taken += self._cache.restore(entry, hits, now)
            del entries[-TAKEN:]
            if ending.is_set() or len(self._flushes or ()) > MAX_FLUSHES:
                break
            await trio.lowlevel.checkpoint()
        return taken

    async def _take_servers(self, rows: list[SavedServer]) -> None:
        for start in range(0, len(rows), TAKEN):
            for row in rows[start : start + TAKEN]:
                state = self._servers.of(Address(row.address, row.port))
                if not state.rttvar:
                    state.srtt, state.rttvar = row.srtt, row.rttvar
            await trio.lowlevel.checkpoint()

    async def _write(self, writer: SnapshotWriter, shift: float) -> int:
        """Every entry that is worth it, and the servers; how many entries there were."""
        count = 0
        nodes = self._cache.walk_nodes()
        while gathered := list(islice(nodes, GATHERED)):
            entries = [(entry, node.hits) for node in gathered for entry in node.entries if is_worth_saving(entry)]
            count += len(entries)
            await self._run(partial(writer.write, saved_slice(entries, shift)))
        servers = self._saved_servers()
        while rows := list(islice(servers, GATHERED)):
            await self._run(partial(writer.write_servers, rows))
        return count

    def _saved_servers(self) -> Iterator[SavedServer]:
        for (address, port), state in self._servers.walk():
            if state.rttvar:
                yield SavedServer(address, port, state.srtt, state.rttvar)

    async def _set_aside(self, refused: Unloadable) -> None:
        self._counts.refused += 1
        try:
            aside = await self._run(partial(set_aside, self._path))
        except OSError as problem:
            aside = f"not renamed: {problem.strerror}"
        log.error("snapshot_refused", file=self._path, why=refused.defect.value, reason=str(refused), renamed_to=aside)


def _read_slice(reader: SnapshotReader, on: Terms) -> tuple[list[tuple[Entry, int]], int] | None:
    """The next entries and the octets that they take; None at their end."""
    entries = reader.restore(READ, on)
    if entries is None:
        return None
    return entries, sum(NODE_OCTETS + octets_of(entry) for entry, _ in entries)
