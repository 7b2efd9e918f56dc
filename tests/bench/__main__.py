"""Every bench_*.py beside this file as one table; exits 1 when something is slower than wanted: `make bench`."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.bench.measure import Row

WIDTH: Final = 120  # columns; a table that is piped into a file is not squeezed into 80


def main() -> int:
    measured = list(rows())
    Console(width=WIDTH).print(table_of(measured))
    return 0 if all(row.is_reached for row in measured) else 1


def rows() -> Iterator[Row]:
    for file in sorted(Path(__file__).parent.glob("bench_*.py")):
        yield from importlib.import_module(f"tests.bench.{file.stem}").rows()


def table_of(measured: list[Row]) -> Table:
    table = Table("what", title="microseconds a call, the best of some rounds in this run")
    for heading in ("ours", "other", "ratio", "wanted"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("ok?", justify="center")
    for row in measured:
        table.add_row(
            row.name,
            f"{row.ours:.2f}",
            "" if row.other is None else f"{row.other_name} {row.other:.2f}",
            "" if row.ratio is None else f"{row.ratio:.1f}x",
            row.wanted,
            "[green]yes[/]" if row.is_reached else "[red]no[/]",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
