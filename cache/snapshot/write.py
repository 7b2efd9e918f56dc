"""Writes a snapshot beside its place and then puts it there: until `finish` returns, the file from before is untouched."""

import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import version
from typing import BinaryIO, Final, Self
from urllib.parse import quote

import apsw

from cache.snapshot.file import APPLICATION_ID, FILE_MODE, VERSION, keep_what_is_no_file, seal
from cache.snapshot.moment import Moment
from cache.snapshot.rows import SavedEntry, SavedServer
from cache.snapshot.schema import CODES, TABLES, Value

SUFFIX: Final = ".saving"  # of the file that is written; what a killed process left of it goes at the next time
PAGES_IN_MEMORY: Final = -4096  # kB: the rows go to the file as they come

INSERT_ENTRY: Final = f"INSERT INTO entry VALUES ({', '.join('?' * 14)})"
INSERT_EVIDENCE: Final = f"INSERT INTO evidence VALUES ({', '.join('?' * 13)})"


class NotSaved(Exception):
    """The snapshot could not be written; the text says why. The file from before is as it was."""


class SnapshotWriter:
    """A snapshot that is being written. Use as a context: one that is left without `finish` leaves nothing behind.

    Every method raises NotSaved. For one thread at a time.
    """

    def __init__(self, path: str, moment: Moment) -> None:
        """moment: the times of the rows are true at it."""
        self._path = path
        self._moment = moment
        self._written = path + SUFFIX
        self._entries = 0
        self._connection: apsw.Connection | None = None
        self._file: BinaryIO | None = None
        try:
            self._file = _create(self._written)
            self._connection = _begin(self._written)
        except (apsw.Error, OSError) as problem:
            self.discard()
            raise _not_saved(problem) from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def write(self, rows: Iterable[SavedEntry]) -> None:
        """Add entries."""
        connection = self._open()
        evidence: list[tuple[Value, ...]] = []
        try:
            connection.executemany(INSERT_ENTRY, (self._bindings(row, evidence) for row in rows))
            if evidence:
                connection.executemany(INSERT_EVIDENCE, evidence)
        except apsw.Error as problem:
            raise _not_saved(problem) from problem

    def write_servers(self, rows: Iterable[SavedServer]) -> None:
        """Add what is known of servers."""
        try:
            bindings = ((row.address, row.port, row.srtt, row.rttvar) for row in rows)
            self._open().executemany("INSERT INTO server VALUES (?, ?, ?, ?)", bindings)
        except apsw.Error as problem:
            raise _not_saved(problem) from problem

    def finish(self) -> int:
        """Put what was written in its place; how many octets it has."""
        moment = self._moment
        connection, file = self._open(), self._file
        assert file is not None
        try:
            program = f"cistern {version('cistern-dns')}"
            values = (program, moment.wall, moment.monotonic, moment.boot, self._entries)
            connection.execute("INSERT INTO snapshot VALUES (?, ?, ?, ?, ?)", values)
            connection.execute("COMMIT")
            connection.close()
            octets = seal(file)
            keep_what_is_no_file(self._path)
            os.replace(self._written, self._path)
            _sync_folder(self._path)
        except (apsw.Error, OSError) as problem:
            raise _not_saved(problem) from problem
        self._connection = self._file = None
        file.close()
        return octets

    def discard(self) -> None:
        """Give up what is not finished."""
        if self._connection is not None:
            with suppress(apsw.Error):  # an open transaction that the disk has no room for: it is not wanted any more
                self._connection.close(True)
        if self._file is not None:
            with suppress(OSError):
                os.unlink(self._written)
            with suppress(OSError):
                self._file.close()
        self._connection = self._file = None

    def _bindings(self, row: SavedEntry, evidence: list[tuple[Value, ...]]) -> tuple[Value, ...]:
        self._entries += 1
        for place, part in enumerate(row.evidence):
            evidence.append(
                (
                    self._entries, place, part.owner, part.type, part.ttl, part.received, part.expires, part.lease,
                    int(part.rank), int(part.security), part.source, part.records, part.signatures,
                )
            )  # fmt: skip
        return (
            self._entries, row.kind, row.owner, row.type, row.ttl, row.received, row.expires, row.lease, int(row.rank),
            int(row.security), row.source, row.hits, row.records, row.signatures,
        )  # fmt: skip

    def _open(self) -> apsw.Connection:
        assert self._connection is not None, "a snapshot that is finished takes no more rows"
        return self._connection


def _create(path: str) -> BinaryIO:
    """A new file at `path`, locked as long as it is open. What a process left there that is no more is taken away."""
    with suppress(FileNotFoundError), open(path, "rb") as left_over:
        _lock(left_over)
        os.unlink(path)
    # ours alone from the first octet on; a link that somebody put here is not followed
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "r+b")
    _lock(file)
    return file


def _lock(file: BinaryIO) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        raise OSError(problem.errno, "another process is saving there", file.name) from problem


def _begin(path: str) -> apsw.Connection:
    """The tables of a snapshot at `path`, in the one transaction that writes it."""
    connection = apsw.Connection(f"file:{quote(path)}?mode=rw", flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI)
    try:
        # No journal and no waiting for the disk: a file that is not finished is thrown away, and `seal` waits once.
        for name, value in (
            ("journal_mode", "OFF"),
            ("synchronous", "OFF"),
            ("locking_mode", "EXCLUSIVE"),
            ("cache_size", PAGES_IN_MEMORY),
            ("application_id", APPLICATION_ID),
            ("user_version", VERSION),
        ):
            connection.pragma(name, value)
        connection.execute("BEGIN")
        for statement in TABLES:
            connection.execute(statement)
        connection.executemany("INSERT INTO code VALUES (?, ?, ?)", CODES)
    except apsw.Error:
        connection.close(True)
        raise
    return connection


def _sync_folder(path: str) -> None:
    """Have the name on the disk, too."""
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _not_saved(problem: Exception) -> NotSaved:
    if isinstance(problem, OSError):
        return NotSaved(f"{problem.filename or 'the file'}: {problem.strerror}")
    return NotSaved(str(problem))
