"""How is the file opened, and what stands beside it? Read-only twice over, without mmap, and never while its -wal is doubted."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple
from urllib.parse import quote

import apsw

from internal_zones.wal_origin import ReadAt

BUSY_TIMEOUT_MS: Final = (
    50  # readers of a WAL file wait for nobody but a restore, and that takes longer than any client
)
STATEMENT_CACHE: Final = 100  # the mapping's, one for each clock table, and some pragmas
_NO_INDEX: Final = (
    "there is a -wal, but its index -shm is not there or cannot be opened, and cannot be made: let the daemon's user read and"
    " write -shm (as Corrosion's group), or write to the folder"
)


class Wal(NamedTuple):
    """A file's -wal: which file it is, and how large."""

    device: int
    inode: int
    octets: int

    def is_same_file(self, other: "Wal") -> bool:
        return self[:2] == other[:2]


NO_FILE: Final = Wal(0, 0, 0)
NO_STAMP: Final = (0, 0, 0)


def wal_of(path: str) -> Wal:
    try:
        status = os.stat(f"{path}-wal")
    except OSError:
        return NO_FILE
    return Wal(status.st_dev, status.st_ino, status.st_size)


def stamp_of(status: os.stat_result) -> tuple[int, int, int]:
    """What differs when a file was written to, as far as it can be seen without reading it."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def connect(path: str, more: str = "") -> apsw.Connection:
    """A connection through which nothing was read yet: no -wal was taken for the file's. Raises apsw.CantOpenError."""
    with suppress(OSError):  # SQLite says what is wrong
        if not stat.S_ISREG(os.stat(path).st_mode):  # a FIFO would be waited for, as long as nobody writes to it
            raise apsw.CantOpenError("no regular file")
    connection = apsw.Connection(
        f"file:{quote(path)}?mode=ro{more}",
        flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
        statementcachesize=STATEMENT_CACHE,
    )
    # Else a SQLite with STAT4 plans a statement anew for each value that it is given: half of what a read takes. The plan is the
    # one that was looked at when the statement was prepared.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    return connection


def connect_to_what_is_there(connection: apsw.Connection, path: str) -> tuple[apsw.Connection, bool]:
    """The connection, or another one, once it was read from, and whether that takes the file for immutable.

    To read a file in WAL mode SQLite makes -wal and -shm beside it, which it may not where the folder cannot be written. Without
    a -wal all that was committed is in the file itself, and can be read as long as nobody writes to it: nobody does, or there
    were a -wal.
    """
    try:
        return _read_from(connection), False
    except (apsw.ReadOnlyError, apsw.CantOpenError) as problem:
        if isinstance(problem, apsw.CantOpenError) and not os.access(path, os.R_OK):
            raise
        if wal_of(path).octets:
            raise apsw.CantOpenError(_NO_INDEX) from problem
    return _read_from(connect(path, "&immutable=1")), True


@contextmanager
def reads_of(connection: apsw.Connection, path: str) -> Iterator[tuple[ReadAt, ReadAt]]:
    """What reads the file itself, through its connection, and its -wal, which SQLite never locks: it may be opened and closed."""

    def of_file(offset: int, octets: int) -> bytes:
        is_whole, found = connection.read("main", 0, offset, octets)
        return found if is_whole else b""

    try:
        wal = os.open(f"{path}-wal", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield of_file, lambda offset, octets: b""
        return
    try:
        yield of_file, lambda offset, octets: os.pread(wal, octets, offset)
    finally:
        os.close(wal)


def _read_from(connection: apsw.Connection) -> apsw.Connection:
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        connection.pragma("query_only", True)
        connection.pragma("mmap_size", 0)
        connection.pragma("schema_version")  # the first read: a file that is no database is found out here
    except apsw.Error:
        connection.close(True)
        raise
    return connection
