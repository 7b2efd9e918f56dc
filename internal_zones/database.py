"""How the state database is read: one read-only connection, one SELECT at a time, in a thread of its own.

Only this module touches apsw and threads. The rules are Corrosion's (its documentation and its restore):
- read-only twice over (open flags and query_only): a plain writer would corrupt replication;
- never a transaction that outlives one SELECT: a reader holds up WAL truncation and makes `corrosion restore` time out;
- no mmap: a restore truncates the file in place, and a mapped page beyond its end is a SIGBUS;
- never another open() of the path in this process: closing it would drop our POSIX locks.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from itertools import islice
from typing import Final, NamedTuple, Protocol, TypeVar
from urllib.parse import quote

import apsw
import apsw.ext
import trio

from internal_zones.mapping import shape_problem
from internal_zones.rows import Row

T = TypeVar("T")

BUSY_TIMEOUT_MS: Final = (
    50  # readers of a WAL file wait for nobody but a restore, and that takes longer than any client
)
MAX_ROWS: Final = 20_000  # of one SELECT: some 60 ms in the thread that all other reads wait for
LOOKS_TILL_REOPENING: Final = 40  # about a second: a bad page may be a cached one, but reopening makes all data due
_PAGES_ARE_WRONG = (apsw.CorruptError, apsw.NotADBError)


class Fault(StrEnum):
    """Why the state database could not be read."""

    MISSING = "missing"
    BUSY = "busy"
    CORRUPT = "corrupt"
    UNREADABLE = "unreadable"
    STATEMENT = "statement"
    TOO_MANY_ROWS = "too_many_rows"


class StateFault(Exception):
    """The state database did not bear a reading; the text is for the operator, never for a client."""

    def __init__(self, fault: Fault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


class Sighting(NamedTuple):
    """What one look at the file saw. opening: how often it has been opened; problems: statement -> why it cannot be used."""

    device: int
    inode: int
    opening: int
    data_version: int
    schema_version: int
    problems: Mapping[str, str]


class Reader(Protocol):
    """What reading a unit needs of the database."""

    def select(self, name: str, parameters: Mapping[str, int | str]) -> list[Row]:
        """Every row of the mapping's statement `name`; raises StateFault."""


class StateFile:
    """The file and our connection to it. Synchronous; for one thread at a time."""

    def __init__(self, path: str, statements: Mapping[str, str]) -> None:
        self._path = path
        self._statements = statements
        self._connection: apsw.Connection | None = None
        self._seen = Sighting(0, 0, 0, 0, 0, {})
        self._must_prepare = False  # a statement that was prepared has failed since
        self._looks_left = 0  # till the connection is given up because a read failed; 0: none did

    def look(self) -> Sighting:
        """See whether the file is the same, and whether somebody committed to it; (re)opens it as needed.

        Raises StateFault. Statements are prepared anew when the schema changed, or when some could not be used before.
        """
        try:
            status = os.stat(self._path)
        except OSError as problem:
            self.close()
            fault = Fault.MISSING if isinstance(problem, FileNotFoundError) else Fault.UNREADABLE
            raise StateFault(fault, f"{self._path}: {problem.strerror}") from problem
        if (status.st_dev, status.st_ino) != (self._seen.device, self._seen.inode):
            self.close()
        if self._looks_left:
            self._looks_left -= 1
            if not self._looks_left:
                self.close()
        try:
            return self._look(status)
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
        if len(rows) > MAX_ROWS:
            raise StateFault(Fault.TOO_MANY_ROWS, f"{name} yields more than {MAX_ROWS} rows")
        return rows

    def close(self) -> None:
        """Let go of the file; the next look opens it again."""
        if self._connection is not None:
            self._connection.close(True)
            self._connection = None

    def _look(self, status: os.stat_result) -> Sighting:
        seen = self._seen
        opening = seen.opening
        if self._connection is None:
            self._connection = _open(self._path)
            opening += 1
        data_version = int(self._connection.pragma("data_version"))
        if (opening, data_version) == (seen.opening, seen.data_version) and not self._must_prepare:
            return seen
        schema_version = int(self._connection.pragma("schema_version"))
        problems = seen.problems
        if problems or self._must_prepare or (opening, schema_version) != (seen.opening, seen.schema_version):
            problems = self._prepare(self._connection)
            self._must_prepare = False
        self._seen = Sighting(status.st_dev, status.st_ino, opening, data_version, schema_version, problems)
        return self._seen

    def _prepare(self, connection: apsw.Connection) -> dict[str, str]:
        problems = {}
        for name, sql in self._statements.items():
            try:
                details = apsw.ext.query_info(connection, sql)
            except (apsw.SQLError, apsw.BindingsError) as problem:
                problems[name] = str(problem)
                continue
            columns = tuple(column for column, _ in details.description)
            wrong = shape_problem(name, columns, details.bindings_names)
            if not details.is_readonly or details.query_remaining:
                wrong = "is not one SELECT"
            if wrong:
                problems[name] = wrong
        return problems

    def _faulted(self, problem: apsw.Error, name: str = "") -> StateFault:
        """The fault that `problem` is. A failed look gives up the connection at once; a failed read of the statement `name`
        leaves it to the others for a while, because only some pages may be bad."""
        text = f"{name or self._path}: {problem}"
        if isinstance(problem, apsw.BusyError | apsw.LockedError):
            return StateFault(Fault.BUSY, text)
        if isinstance(problem, apsw.SQLError | apsw.SchemaChangeError) and name:
            self._must_prepare = True
            return StateFault(Fault.STATEMENT, text)
        if name:
            self._looks_left = self._looks_left or LOOKS_TILL_REOPENING
        else:
            self.close()
        return StateFault(Fault.CORRUPT if isinstance(problem, _PAGES_ARE_WRONG) else Fault.UNREADABLE, text)


def _open(path: str) -> apsw.Connection:
    connection = apsw.Connection(
        f"file:{quote(path)}?mode=ro", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, statementcachesize=32
    )
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        connection.pragma("query_only", True)
        connection.pragma("mmap_size", 0)
        connection.pragma("schema_version")  # the first read: a file that is no database is found out here
    except apsw.Error:
        connection.close(True)
        raise
    return connection


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
