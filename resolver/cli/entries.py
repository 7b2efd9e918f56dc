"""Cache entries as a table: one line per record and per proof, the rest of the entry beside its first."""

from collections.abc import Iterator
from typing import Final

import msgspec

from cache.inspection import EntryRow
from resolver.cli.tables import octets, print_table, seconds

ROWS_PER_TABLE: Final = 1000  # entries; a column's width is known when its rows are, and nobody waits for a million
HEADS: Final = ("NAME", "TYPE", "STATE", "LEFT", "TTL", "RANK", "SECURITY", "HITS", "SIZE", "SERVER", "DATA")
NUMBERS: Final = frozenset({"LEFT", "TTL", "HITS", "SIZE"})
LESS: Final = ("SIZE", "HITS", "TTL", "RANK", "SERVER", "SECURITY")


class EntryTable:
    """Collects entries and prints them table by table."""

    def __init__(self) -> None:
        self.count = 0
        self._pending: list[EntryRow] = []

    def add(self, row: bytes) -> None:
        """One more entry, as JSON."""
        self.count += 1
        self._pending.append(msgspec.json.decode(row, type=EntryRow))
        if len(self._pending) == ROWS_PER_TABLE:
            self.print_rest()

    def print_rest(self) -> None:
        """Print what was added since the last table."""
        if self._pending:
            print_table(HEADS, [line for entry in self._pending for line in _lines(entry)], numbers=NUMBERS, less=LESS)
            self._pending.clear()


def _lines(entry: EntryRow) -> Iterator[tuple[str, ...]]:
    first, *others = (*entry.rdata, *(f"proven by {one}" for one in entry.proof)) or ("",)
    yield (
        entry.owner,
        entry.type,
        entry.state,
        seconds(entry.ttl_left),
        str(entry.ttl),
        entry.rank,
        entry.security,
        str(entry.hits),
        octets(entry.octets),
        entry.server,
        first,
    )
    for other in others:
        yield (*[""] * (len(HEADS) - 1), other)
