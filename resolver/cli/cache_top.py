"""`cistern cache top`: the names that are asked most, over and over."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from cache.top import TopFrame
from resolver.cli.arguments import for_programs, of_a_daemon
from resolver.cli.daemon import ask, socket_path
from resolver.cli.json_rows import echo_row
from resolver.cli.tables import make_table, octets, print_table
from resolver.service.control_protocol import MAX_TOP, MAX_TOP_INTERVAL, MIN_TOP_INTERVAL, CacheTop

HEADS: Final = ("NAME", "PER SECOND", "HITS", "ENTRIES", "SIZE")
NUMBERS: Final = frozenset({"PER SECOND", "HITS", "ENTRIES", "SIZE"})
LESS: Final = ("ENTRIES", "SIZE")


@click.command("top")
@click.option("--once", is_flag=True, help="One table, and no more.")
@click.option(
    "--interval",
    type=click.FloatRange(MIN_TOP_INTERVAL, MAX_TOP_INTERVAL),
    default=2.0,
    show_default=True,
    help="Seconds between two tables.",
)
@click.option("--limit", type=click.IntRange(1, MAX_TOP), default=20, show_default=True, help="At most so many rows.")
@of_a_daemon
@for_programs
def command(once: bool, interval: float, limit: int, socket: str | None, config: Path | None, as_json: bool) -> None:
    """Show which cached names are looked up most just now; Ctrl-C ends it.

    Look-ups of a name are those for clients and those that a resolution makes for itself. Names of the platform
    (`.internal`) are not in the cache.
    """
    path, request = socket_path(socket, config), CacheTop(limit, interval, 1 if once else 0)
    with contextlib.suppress(KeyboardInterrupt):
        if as_json:
            ask(path, request, echo_row)
        elif once or not sys.stdout.isatty():
            ask(path, request, print_frame)
        else:
            with Live(console=Console(highlight=False, markup=False), auto_refresh=False, screen=True) as live:
                ask(path, request, updating(live))


def updating(live: Live) -> Callable[[bytes], None]:
    """What shows each frame in the place of the one before."""

    def take(row: bytes) -> None:
        frame = msgspec.json.decode(row, type=TopFrame)
        table = make_table(HEADS, cells(frame), numbers=NUMBERS, less=LESS, width=live.console.width)
        live.update(Group(Text(summary(frame)), Text(), table), refresh=True)

    return take


def print_frame(row: bytes) -> None:
    """Print a TopFrame, given as JSON."""
    frame = msgspec.json.decode(row, type=TopFrame)
    click.echo(summary(frame))
    if frame.rows:
        click.echo()
        print_table(HEADS, cells(frame), numbers=NUMBERS, less=LESS)


def summary(frame: TopFrame) -> str:
    """The frame in one line."""
    asked = f"{frame.owners_asked} of {frame.owners} names"
    return f"{frame.per_second:.1f} look-ups a second of {asked}, in {frame.seconds:.1f} s"


def cells(frame: TopFrame) -> list[tuple[str, ...]]:
    """The rows of its table."""
    return [
        (row.owner, f"{row.per_second:.1f}", str(row.hits), str(row.entries), octets(row.octets)) for row in frame.rows
    ]
