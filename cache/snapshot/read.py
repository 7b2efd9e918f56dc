"""Reads a snapshot: checked as a whole before it is opened, then row by row, the best entries first.

Best is what was asked for most, and of that what has longest to live. Rows that nobody can use any more are passed over in
SQLite and never come here.
"""

import ipaddress
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Final, Self, TypeVar
from urllib.parse import quote

import apsw
import msgspec

from cache.rrset import Entry
from cache.snapshot.file import Defect, Unloadable, check
from cache.snapshot.moment import Moment
from cache.snapshot.rows import MAX_WALL, BadRow, SavedEntry, SavedServer, Terms, restored
from cache.snapshot.schema import TABLES, TABLES_BEFORE, Value

T = TypeVar("T")

PAGES_IN_MEMORY: Final = -8192  # kB
MAX_VALUE: Final = 1 << 20  # octets of one field; whatever is longer is not looked at
UNREADABLE: Final = (apsw.Error, UnicodeDecodeError)  # of SQLite, and of text that is none
MAX_SERVERS: Final = 20_000  # as many as cache.servers holds

# Columns go by their places, those of the fields in rows.py: not all of them have the same name in each version. The rowids are
# sorted and not the rows, so that little memory is enough; LIMIT has SQLite keep to their order, and CROSS JOIN to looking up
# each row in turn.
BEST_FIRST: Final = """\
SELECT e.* FROM (SELECT id AS best FROM entry
WHERE expires > :since AND (lease IS NULL OR lease > :now) ORDER BY hits DESC, expires DESC LIMIT -1)
CROSS JOIN entry e ON e.id = best"""
EVIDENCE: Final = "SELECT * FROM evidence WHERE entry = ? ORDER BY place"


class SnapshotReader:
    """A snapshot to be read. Raises Unloadable, from any method, for what no Cistern of this version could have written.

    moment: when its times were true. count: how many entries it says that it has. For one thread at a time.
    """

    def __init__(self, path: str) -> None:
        """Raises Unloadable, and OSError when there is no such file or it cannot be read."""
        check(path)
        try:
            # immutable: no lock, no journal, no write-ahead log that somebody may have put beside it
            self._connection = apsw.Connection(
                f"file:{quote(path)}?mode=ro&immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
            )
        except UNREADABLE as problem:
            raise Unloadable(Defect.DAMAGED, str(problem)) from problem
        try:
            self._prepare()
            self.moment, self.count = self._read_head()
        except Unloadable:
            self.close()
            raise
        self._rows: Iterator[tuple[int, SavedEntry]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, count: int) -> list[SavedEntry]:
        """The next `count` rows or fewer, the best first; [] at their end."""
        return [row for _, row in self._next(count, 0.0, MAX_WALL)]

    def restore(self, count: int, terms: Terms) -> list[tuple[Entry, int]] | None:
        """What the next `count` rows or fewer are, on these terms, with the lookups of their owners; None at their end."""
        rows = self._next(count, terms.now - terms.shift, terms.max_stale)
        return [(entry, row.hits) for number, row in rows if (entry := _restored(number, row, terms))] if rows else None

    def servers(self) -> list[SavedServer]:
        """What was known of servers."""
        try:
            rows = self._connection.execute("SELECT address, port, srtt, rttvar FROM server LIMIT ?", (MAX_SERVERS,))
            found = [_sound(row, SavedServer, "server", number) for number, row in enumerate(rows, start=1)]
        except UNREADABLE as problem:
            raise Unloadable(Defect.DAMAGED, str(problem)) from problem
        for number, server in enumerate(found, start=1):
            if not _is_address(server.address):
                raise Unloadable(Defect.BAD_ROW, f"table server, row {number}: {server.address!r} is no address")
        return found

    def close(self) -> None:
        """Let go of the file; a thread that was left alone with it does so when it comes back."""
        with suppress(apsw.ThreadingViolationError):
            self._connection.close(True)

    def _prepare(self) -> None:
        connection = self._connection
        try:
            connection.limit(apsw.SQLITE_LIMIT_LENGTH, MAX_VALUE)
            connection.pragma("cache_size", PAGES_IN_MEMORY)
            connection.pragma("mmap_size", 0)
            connection.pragma("temp_store", 2)  # memory: we have the right to one file, and not to others beside it
            connection.pragma("trusted_schema", False)
            connection.pragma("cell_size_check", True)
            found = {str(row[0]) for row in connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")}
        except UNREADABLE as problem:
            raise Unloadable(Defect.DAMAGED, str(problem)) from problem
        if found not in (set(TABLES), set(TABLES_BEFORE)):
            raise Unloadable(Defect.FOREIGN, "its tables are not those of a snapshot")

    def _read_head(self) -> tuple[Moment, int]:
        try:
            rows = self._connection.execute("SELECT wall, monotonic, boot, entries FROM snapshot LIMIT 2").fetchall()
        except UNREADABLE as problem:
            raise Unloadable(Defect.DAMAGED, str(problem)) from problem
        if len(rows) != 1:
            raise Unloadable(Defect.BAD_ROW, f"table snapshot has {len(rows)} rows")
        *moment, entries = rows[0]
        head = _sound((moment, entries), _Head, "snapshot", 1)
        return head.moment, head.entries

    def _next(self, count: int, now: float, max_stale: float) -> list[tuple[int, SavedEntry]]:
        """now: wall seconds on the clock of the file; rows that are of no use any more then are left out."""
        if self._rows is None:
            self._rows = self._entries(now, max_stale)
        try:
            return list(islice(self._rows, count))
        except UNREADABLE as problem:
            raise Unloadable(Defect.DAMAGED, str(problem)) from problem

    def _entries(self, now: float, max_stale: float) -> Iterator[tuple[int, SavedEntry]]:
        # apsw lets other threads run whenever SQLite looks for the next row
        for number, *values in self._connection.execute(BEST_FIRST, {"now": now, "since": now - max_stale}):
            evidence: list[list[Value]] = []
            if values[0] != "rrset":
                evidence = [rrset for _, _, *rrset in self._connection.execute(EVIDENCE, (number,))]
            yield number, _sound((*values, evidence), SavedEntry, "entry", number)


class _Head(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    moment: Moment
    entries: int


def _restored(number: int, row: SavedEntry, terms: Terms) -> Entry | None:
    try:
        return restored(row, terms)
    except BadRow as wrong:
        raise Unloadable(Defect.BAD_ROW, f"table entry, row {number}: {wrong}") from None


def _is_address(text: str) -> bool:
    try:
        return str(ipaddress.ip_address(text)) == text
    except ValueError:
        return False


def _sound(values: object, row: type[T], table: str, number: object) -> T:
    """The row that the values of a table make, each of the type and within the bounds that it has to be."""
    try:
        return msgspec.convert(values, row)
    except msgspec.ValidationError as wrong:
        raise Unloadable(Defect.BAD_ROW, f"table {table}, row {number}: {wrong}") from None
