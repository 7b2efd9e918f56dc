"""How the state database is read: one read-only connection, one SELECT at a time, in a thread of its own.

Only this module, `changes`, `opening` and `preparing` touch apsw, one thread at a time. The rules are Corrosion's (its
documentation and its restore):
- read-only twice over (open flags and query_only): a plain writer would corrupt replication;
- never a transaction that outlives one SELECT, or those of one look: a reader holds up WAL truncation and makes
  `corrosion restore` time out;
- no mmap: a restore truncates the file in place, and a mapped page beyond its end is a SIGBUS;
- never another open() of the path in this process: closing it would drop our POSIX locks.
"""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

import apsw
import trio

from internal_zones.changes import Changes, fetch
from internal_zones.clocks import Touches
from internal_zones.opening import NO_FILE, NO_STAMP, Wal, connect, connect_to_what_is_there, reads_of, stamp_of, wal_of
from internal_zones.plans import LARGE
from internal_zones.preparing import prepare
from internal_zones.rows import Row
from internal_zones.together import MachineKey, Question, count_of_each, counted_together, rows_of_each, together
from internal_zones.wal_origin import NOTHING_SEEN, foreign_by, see

if TYPE_CHECKING:
    import apsw.ext

T = TypeVar("T")

MAX_ROWS: Final = 20_000  # of one SELECT: some 60 ms in the thread that all other reads wait for
COUNTED: Final = ("apps", "instances")  # statements whose rows are counted, by network
LOOKS_TILL_REOPENING: Final = 40  # about a second: a bad page may be a cached one, but reopening makes all data due
_FOREIGN_WAL: Final = (
    "another file was put in its place, and -wal is still the former one's: both together are no database."
    " Stop Corrosion, remove -wal and -shm, start it again (or `cistern state accept`)"
)
_PAGES_ARE_WRONG = (apsw.CorruptError, apsw.NotADBError)


class Fault(StrEnum):
    """Why the state database could not be read."""

    MISSING = "missing"
    BUSY = "busy"
    CORRUPT = "corrupt"
    UNREADABLE = "unreadable"
    STATEMENT = "statement"
    TOO_MANY_ROWS = "too_many_rows"
    FOREIGN_WAL = "foreign_wal"


class StateFault(Exception):
    """The state database did not bear a reading; the text is for the operator, never for a client."""

    def __init__(self, fault: Fault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


class Sighting(NamedTuple):
    """What one look at the file saw. opening: how often it has been opened.

    problems: statement -> why it cannot be used; slow: statement -> which index it lacks; reads: statement -> its tables.
    is_immutable: opened without the WAL's index, which could not be made: only another size or time of the file tells of changes.
    touches: what differs from the last look; None: anything may. unclocked: why touches cannot be known; "": they can.
    machines: rows of machines that were touched, by the network, the app and the id that were chosen.
    """

    device: int
    inode: int
    opening: int
    data_version: int
    schema_version: int
    problems: Mapping[str, str] = {}
    slow: Mapping[str, str] = {}
    reads: Mapping[str, frozenset[str]] = {}
    touches: Touches | None = None
    unclocked: str = ""
    is_immutable: bool = False
    machines: Mapping[MachineKey, Sequence[Row]] = {}

    @property
    def identity(self) -> tuple[int, ...]:
        """Two sightings with the same one saw the same data."""
        return self[:5]


# Which of the machines that were touched are to be read: (touches, tables that each statement reads) -> those.
Choose = Callable[[Touches, Mapping[str, frozenset[str]]], Sequence[MachineKey]]


def choose_none(touches: Touches, reads: Mapping[str, frozenset[str]]) -> Sequence[MachineKey]:
    """The Choose of those who read none."""
    return ()


class Reader(Protocol):
    """What reading a unit needs of the database."""

    def select(self, name: str, parameters: Mapping[str, int | str]) -> Sequence[Row]:
        """Every row of the mapping's statement `name`; raises StateFault."""


class ReaderOfMany(Reader, Protocol):
    """What reading units together needs of it."""

    def select_each(self, name: str, questions: Sequence[Question]) -> Sequence[Sequence[Row]] | None:
        """The same for each of the questions; None: it has to be selected one by one. Raises StateFault if it is locked."""


class StateFile:
    """The file and our connection to it. Synchronous; for one thread at a time."""

    def __init__(self, path: str, statements: Mapping[str, str], large: int = LARGE) -> None:
        """large: rows of a table that a statement may look through without a word."""
        self._path = path
        self._large = large
        self._statements = statements
        self._together = {name: said for name, sql in statements.items() if (said := together(name, sql))}
        self._counting = {name: counted_together(name, statements[name]) for name in COUNTED if name in statements}
        self._connection: apsw.Connection | None = None
        self._seen = Sighting(0, 0, 0, 0, 0)
        self._changes = Changes(statements)
        self.failing: dict[str, str] = {}  # statement -> why its last read failed, although it could be prepared
        self._must_prepare = False  # a statement that was prepared has failed since
        self._wal = NO_FILE  # the -wal beside the file that is open, as it was last seen
        self._foreign_wal = NO_FILE  # one that was left behind by another file; nothing is read while it is there
        self._accepted_wal = NO_FILE  # one that is not asked any more whose it is
        self._stamp = NO_STAMP  # of the file when it was last seen
        self._headers = NOTHING_SEEN  # of the file that is open and its -wal
        self._looks_left = 0  # till the connection is given up because a read failed; 0: none did

    def look(self, choose: Choose = choose_none) -> Sighting:
        """See whether the file is the same, and whether somebody committed to it; (re)opens it as needed.

        Raises StateFault. Statements are prepared anew when the schema changed, or when some could not be used before.
        choose: whose rows are read, in the snapshot in which they were found touched.
        """
        try:
            status = os.stat(self._path)
        except OSError as problem:
            self.close()
            fault = Fault.MISSING if isinstance(problem, FileNotFoundError) else Fault.UNREADABLE
            raise StateFault(fault, f"{self._path}: {problem.strerror}") from problem
        wal = wal_of(self._path)
        if (status.st_dev, status.st_ino) != (self._seen.device, self._seen.inode):
            self.close()
            self._headers = NOTHING_SEEN
            if wal.octets and wal.is_same_file(self._wal):
                self._foreign_wal = wal
        if self._foreign_wal.inode:
            if wal.octets and wal.is_same_file(self._foreign_wal):
                raise StateFault(Fault.FOREIGN_WAL, f"{self._path}: {_FOREIGN_WAL}")
            self._foreign_wal = NO_FILE
        if self._seen.is_immutable and (wal.octets or stamp_of(status) != self._stamp):
            self.close()
        if self._looks_left:
            self._looks_left -= 1
            if not self._looks_left:
                self.close()
        try:
            seen = self._look(status, wal, choose)
            self._wal = wal
            return seen
        except apsw.Error as problem:
            raise self._faulted(problem) from problem

    def select(self, name: str, parameters: Mapping[str, int | str]) -> list[Row]:
        """Every row of the statement `name`. The read transaction has ended when this returns or raises StateFault."""
        if name in self._seen.problems:
            raise StateFault(Fault.STATEMENT, f"{name}: {self._seen.problems[name]}")
        if self._connection is None:
            raise StateFault(Fault.MISSING, f"{self._path} is not open")
        try:
            cursor = self._connection.execute(self._statements[name], parameters)
            try:
                rows = list(islice(cursor, MAX_ROWS + 1))
            finally:
                cursor.close()
        except apsw.Error as problem:
            raise self._faulted(problem, name) from problem
        except UnicodeDecodeError as problem:
            raise StateFault(Fault.CORRUPT, f"{name}: {problem}") from problem
        self.failing.pop(name, None)
        if len(rows) > MAX_ROWS:
            raise StateFault(Fault.TOO_MANY_ROWS, f"{name} yields more than {MAX_ROWS} rows")
        return rows

    def select_each(self, name: str, questions: Sequence[Question]) -> Sequence[Sequence[Row]] | None:
        """Every row of the statement `name` for each question, by one step of SQLite's; raises StateFault if it is locked.

        None: it has to be selected one by one, which also tells what is wrong.
        """
        sql = self._together.get(name)
        if sql is None or self._connection is None or name in self._seen.problems:
            return None
        try:
            return rows_of_each(partial(fetch, self._connection), sql, questions, MAX_ROWS)
        except (apsw.BusyError, apsw.LockedError) as problem:
            raise self._faulted(problem, name) from problem
        except (apsw.Error, UnicodeDecodeError):
            return None

    def count_each(self, name: str, questions: Sequence[Question]) -> list[int]:
        """How many rows the statement `name` yields for each of the questions, MAX_ROWS + 1 at most, by one step of SQLite's;
        raises StateFault."""
        sql = self._counting.get(name)
        if not sql or name in self._seen.problems or self._connection is None:
            raise StateFault(Fault.STATEMENT, f"{name} cannot be used")
        try:
            return count_of_each(partial(fetch, self._connection), sql, questions, MAX_ROWS)
        except apsw.Error as problem:
            raise self._faulted(problem, name) from problem

    def is_ahead(self) -> bool:
        """May what was just read hold a commit that no look has seen?"""
        try:
            return self._connection is None or self._connection.pragma("data_version") != self._seen.data_version
        except apsw.Error:
            return True

    def accept(self) -> None:
        """Take the -wal that another file left behind for this one's."""
        self._foreign_wal = self._wal = NO_FILE
        self._accepted_wal, self._headers = wal_of(self._path), NOTHING_SEEN

    def close(self) -> None:
        """Let go of the file; the next look opens it again."""
        if self._connection is not None:
            self._connection.close(True)
            self._connection = None

    def _look(self, status: os.stat_result, wal: Wal, choose: Choose) -> Sighting:
        seen = self._seen
        opening = seen.opening
        if self._connection is None:
            self._connection, is_immutable = self._opened(wal)
            self._stamp = stamp_of(status)
            seen = seen._replace(is_immutable=is_immutable)
            opening += 1
        elif self._stamp != stamp_of(status):
            if self._was_overwritten(self._connection, wal):
                self.close()
                return self._look(status, wal, choose)
            self._stamp = stamp_of(status)
        data_version = int(self._connection.pragma("data_version"))
        if (opening, data_version) == (seen.opening, seen.data_version) and not self._must_prepare:
            return seen
        self._note_wal(self._connection)
        schema_version = int(self._connection.pragma("schema_version"))
        sighting = seen._replace(device=status.st_dev, inode=status.st_ino, opening=opening)
        is_same = (opening, schema_version) == (seen.opening, seen.schema_version)
        if seen.problems or self._must_prepare or not is_same:
            sighting = self._prepare(self._connection, sighting)
        reads = sighting.reads
        change = self._changes.since_last(self._connection, data_version, lambda touches: choose(touches, reads))
        self._seen = sighting._replace(
            data_version=change.data_version,
            schema_version=schema_version,
            touches=change.touches,
            machines=change.machines,
        )
        self._must_prepare = False
        return self._seen

    def _opened(self, wal: Wal) -> tuple[apsw.Connection, bool]:
        """A connection that may be read from, and whether it takes the file for immutable."""
        connection = connect(self._path)
        try:
            self._ask_whose(connection, wal)
        except StateFault:
            connection.close(True)
            raise
        return connect_to_what_is_there(connection, self._path)

    def _was_overwritten(self, connection: apsw.Connection, wal: Wal) -> bool:
        """Somebody wrote to the file itself: was it anything but a commit, or the copying back of the -wal? Then the pages that
        SQLite keeps are another file's."""
        if wal.octets:
            try:
                self._ask_whose(connection, wal)
            except StateFault:
                self.close()
                raise
            return False
        return int(connection.pragma("data_version")) == self._seen.data_version

    def _ask_whose(self, connection: apsw.Connection, wal: Wal) -> None:
        """Raise StateFault if the -wal is known to be another file's."""
        with reads_of(connection, self._path) as (file, octets_of_wal):
            seen = see(file, octets_of_wal)
            is_asked = wal.octets and not wal.is_same_file(self._accepted_wal)
            said = foreign_by(file, octets_of_wal, self._headers) if is_asked else ""
        if said:
            raise StateFault(Fault.FOREIGN_WAL, f"{self._path}: {_FOREIGN_WAL}; {said}")
        if seen.file:
            self._headers = seen

    def _note_wal(self, connection: apsw.Connection) -> None:
        """While nobody has written to the file itself its -wal is its own, perhaps one that has begun anew."""
        with reads_of(connection, self._path) as (file, octets_of_wal):
            seen = see(file, octets_of_wal)
        if seen.file == self._headers.file:  # else somebody has, since this look began: the next one asks
            self._headers = seen

    def _prepare(self, connection: apsw.Connection, sighting: Sighting) -> Sighting:
        """The sighting with what its statements are now."""
        prepared = prepare(connection, self._statements, self._large)
        self._changes.begin(prepared.clocks)
        for name in prepared.problems:
            self.failing.pop(name, None)  # told as a problem now
        return sighting._replace(
            problems=prepared.problems, slow=prepared.slow, reads=prepared.reads, unclocked=prepared.unclocked
        )

    def _faulted(self, problem: apsw.Error, name: str = "") -> StateFault:
        """The fault that `problem` is. A failed look gives up the connection at once; a failed read of the statement `name`
        leaves it to the others for a while, because only some pages may be bad."""
        text = f"{name or self._path}: {problem}"
        if isinstance(problem, apsw.BusyError | apsw.LockedError):
            return StateFault(Fault.BUSY, text)
        if isinstance(problem, apsw.SQLError | apsw.SchemaChangeError) and name:
            self._must_prepare = True
            self.failing[name] = str(problem)
            return StateFault(Fault.STATEMENT, text)
        if name:
            self._looks_left = self._looks_left or LOOKS_TILL_REOPENING
        else:
            self.close()
        return StateFault(Fault.CORRUPT if isinstance(problem, _PAGES_ARE_WRONG) else Fault.UNREADABLE, text)


class Runner(Protocol):
    """Runs a blocking function somewhere and waits for what it returns or raises."""

    def __call__(self, job: Callable[[], T], /) -> Awaitable[T]: ...


def own_thread() -> Runner:
    """A Runner with one thread: jobs run one after another, in the order they came.

    A waiter that is cancelled leaves its job behind, so that a disk that hangs cannot hold up the daemon's end.
    """
    limiter = trio.CapacityLimiter(1)

    async def run(job: Callable[[], T], /) -> T:
        return await trio.to_thread.run_sync(job, limiter=limiter, abandon_on_cancel=True)

    return run


async def inline(job: Callable[[], T], /) -> T:
    """A Runner without a thread, for simulated time: the clock stands still while the job runs."""
    await trio.lowlevel.checkpoint()
    return job()
