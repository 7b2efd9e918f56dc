"""Tables for people: aligned columns, bold heads on a terminal and plain text in a pipe."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

PIPE_WIDTH: Final = 100_000  # columns; a pipe has no edge at which to fold
PADDING: Final = 2  # columns between two
READABLE: Final = 47  # columns that a text needs to be read without an effort: an IPv6 address with a port, most names

NOTHING: Final = frozenset[str]()


def print_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: frozenset[str] = NOTHING,
    less: Sequence[str] = (),
) -> None:
    """Print `rows` under `heads`; the columns named in `numbers` are aligned to the right.

    less: the columns that a narrow terminal can do without, the least needed first. In a pipe a line is as long as it has to be,
    unless COLUMNS says otherwise.
    """
    has_edge = sys.stdout.isatty() or "COLUMNS" in os.environ
    console = Console(highlight=False, markup=False, width=None if has_edge else PIPE_WIDTH)
    with console.capture() as captured:
        console.print(make_table(heads, rows, numbers=numbers, less=less, width=console.width))
    for line in captured.get().splitlines():
        print(line.rstrip())


def make_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: frozenset[str] = NOTHING,
    less: Sequence[str] = (),
    width: int = PIPE_WIDTH,
) -> Table:
    """The table that print_table prints."""
    lines = list(rows)
    shown = _shown(heads, lines, less, width)
    table = Table(box=None, pad_edge=False, padding=(0, PADDING, 0, 0), header_style="bold")
    for at in shown:
        is_number = heads[at] in numbers
        # On a narrow terminal texts fold rather than lose their end: a name must be fit to be copied.
        table.add_column(heads[at], justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    for line in lines:
        table.add_row(*[line[at] for at in shown])
    return table


def _shown(heads: Sequence[str], rows: Sequence[Sequence[str]], less: Sequence[str], width: int) -> list[int]:
    """Which columns are shown: all that fit, and at least those without which the table says nothing."""
    needs = [
        min(READABLE, max([len(head), *(len(row[at]) for row in rows)])) + PADDING for at, head in enumerate(heads)
    ]
    shown = list(range(len(heads)))
    for head in less:
        if sum(needs[at] for at in shown) - PADDING <= width:
            break
        shown.remove(heads.index(head))
    return shown


def seconds(value: float | None) -> str:
    """`2 h 5 min`, `53 s`, `0.4 s`; "-" for no end."""
    if value is None:
        return "-"
    sign, rest = ("-" if value < 0 else ""), abs(value)
    if rest < 10:
        return f"{sign}{rest:.1f}s"
    whole = round(rest)
    for size, unit, lower, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            return f"{sign}{whole // size}{unit}{whole % size // lower:02d}{small}"
    return f"{sign}{whole}s"


def milliseconds(value: float | None) -> str:
    """`12.3ms`, `376ms`; "-" for what is not known."""
    if value is None:
        return "-"
    return f"{value * 1000:.0f}ms" if value >= 0.1 else f"{value * 1000:.1f}ms"


def octets(value: int) -> str:
    """`312`, `4.2k`, `1.5M`."""
    for size, unit in ((1 << 20, "M"), (1 << 10, "k")):
        if value >= size:
            return f"{value / size:.1f}{unit}"
    return str(value)
