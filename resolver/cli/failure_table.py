"""Remembered failures as a table: what is left alone, for how long still, and why."""

from typing import Final

import msgspec

from cache.inspection import FailureRow
from resolver.cli.tables import print_table, seconds

HEADS: Final = ("NAME", "TYPE", "NOT ASKED", "FOR", "OF", "ATTEMPTS", "WHY")
NUMBERS: Final = frozenset({"FOR", "OF", "ATTEMPTS"})
LESS: Final = ("OF", "ATTEMPTS")


class FailureTable:
    """Collects failures, of which there are some ten thousand at most, and prints them, the next to be tried first."""

    def __init__(self) -> None:
        self.count = 0
        self._rows: list[FailureRow] = []

    def add(self, row: bytes) -> None:
        """One more, as JSON."""
        self.count += 1
        self._rows.append(msgspec.json.decode(row, type=FailureRow))

    def print_rest(self) -> None:
        """Print all of them; nothing if there are none."""
        if self._rows:
            print_table(HEADS, map(_cells, sorted(self._rows, key=lambda row: row.left)), numbers=NUMBERS, less=LESS)
            self._rows.clear()


def _cells(row: FailureRow) -> tuple[str, ...]:
    return (
        row.owner,
        row.type,
        row.server or "anybody",
        seconds(row.left),
        seconds(row.pause),
        "" if row.attempts is None else str(row.attempts),
        "" if row.info_code is None else f"EDE {row.info_code}" + (f" ({row.text})" if row.text else ""),
    )
