"""`cistern top`: the daemon at one look, over and over: how much is asked, how well it is answered, and who is slow or loud."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
import trio
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from resolver.cli.arguments import for_programs, of_a_daemon
from resolver.cli.daemon import ask_each, socket_path
from resolver.cli.json_rows import echo_struct
from resolver.cli.tables import make_table, milliseconds, print_table, seconds
from resolver.cli.top_frame import Frame, Sample, frame_between
from resolver.policy.server_rows import ServerRow
from resolver.policy.zone_rows import ZoneRow
from resolver.service.control_protocol import (
    Busy,
    BusyRow,
    CheckRow,
    Checks,
    ServersWorst,
    StatRow,
    Stats,
    Status,
    StatusRow,
    ZonesWorst,
)

MOST: Final = 8  # servers, zones and machines that are shown
SERVER_HEADS: Final = ("SERVER", "RTT", "LOSS", "IN A ROW", "STATE")
SERVER_NUMBERS: Final = frozenset({"RTT", "LOSS", "IN A ROW"})
ZONE_HEADS: Final = ("ZONE", "WAITS", "IN ALL", "LONGEST", "FAILED")
ZONE_NUMBERS: Final = frozenset({"WAITS", "IN ALL", "LONGEST", "FAILED"})
MACHINE_HEADS: Final = ("MACHINE", "WAIT FOR THEIR TURN", "IN FLIGHT")
MACHINE_NUMBERS: Final = frozenset({"WAIT FOR THEIR TURN", "IN FLIGHT"})


@click.command("top")
@click.option("--once", is_flag=True, help="One look, after one interval, and no more.")
@click.option(
    "--interval", type=click.FloatRange(0.2, 3600), default=2.0, show_default=True, help="Seconds between two looks."
)
@of_a_daemon
@for_programs
def command(once: bool, interval: float, socket: str | None, config: Path | None, as_json: bool) -> None:
    """Show how much is asked and how well it is answered, which servers and zones are slow, and who floods; Ctrl-C ends it.

    Of a zone it shows the questions to its servers that took 0.1 s or more, or failed.
    Shares and times are of the last interval. `cistern cache top` has the names that are asked most.
    """
    path = socket_path(socket, config)
    with contextlib.suppress(KeyboardInterrupt):
        if as_json:
            for frame in frames(path, interval, once=once):
                echo_struct(frame)
        elif once or not sys.stdout.isatty():
            for frame in frames(path, interval, once=once):
                print_frame(frame)
        else:
            with Live(console=Console(highlight=False, markup=False), auto_refresh=False, screen=True) as live:
                for frame in frames(path, interval, once=False):
                    live.update(screen(frame, live.console.width), refresh=True)


def frames(path: str, interval: float, *, once: bool) -> Iterator[Frame]:
    """What went on between two looks, again and again or once."""
    before = look(path, interval)
    while True:
        trio.run(trio.sleep, interval)
        after = look(path, interval)
        yield frame_between(before, after)
        if once:
            return
        before = after


def look(path: str, within: float) -> Sample:
    """The daemon as it is now, its zones as they were within so many seconds. Raises DaemonFailure."""
    rows: list[bytes] = []
    ends: list[int] = []

    def requests() -> Iterator[Status | Stats | Checks | ServersWorst | ZonesWorst | Busy]:
        for request in (Status(), Stats(), Checks(), ServersWorst(MOST), ZonesWorst(MOST, within), Busy(MOST)):
            yield request
            ends.append(len(rows))

    ask_each(path, requests(), rows.append)
    status, stats, checks, servers, zones, _ = ends
    return Sample(
        status=msgspec.json.decode(rows[0], type=StatusRow),
        stats=[msgspec.json.decode(row, type=StatRow) for row in rows[status:stats]],
        checks=[msgspec.json.decode(row, type=CheckRow) for row in rows[stats:checks]],
        servers=[msgspec.json.decode(row, type=ServerRow) for row in rows[checks:servers]],
        zones=[msgspec.json.decode(row, type=ZoneRow) for row in rows[servers:zones]],
        busy=[msgspec.json.decode(row, type=BusyRow) for row in rows[zones:]],
    )


def _tables(frame: Frame) -> Iterator[tuple[Sequence[str], list[tuple[str, ...]], frozenset[str]]]:
    """Heads, cells, and which columns are numbers; of what there is something to say of."""
    if frame.servers:
        yield SERVER_HEADS, list(map(_server_cells, frame.servers)), SERVER_NUMBERS
    if frame.zones:
        yield ZONE_HEADS, list(map(_zone_cells, frame.zones)), ZONE_NUMBERS
    if frame.machines:
        yield MACHINE_HEADS, list(map(_machine_cells, frame.machines)), MACHINE_NUMBERS


def print_frame(frame: Frame) -> None:
    """Print it, for a pipe."""
    for line in frame_lines(frame):
        click.echo(line)
    for heads, cells, numbers in _tables(frame):
        click.echo()
        print_table(heads, cells, numbers=numbers)


def screen(frame: Frame, width: int) -> Group:
    """It as a screen of this width has it."""
    parts: list[Text | Table] = [Text("\n".join(frame_lines(frame)))]
    for heads, cells, numbers in _tables(frame):
        parts += [Text(), make_table(heads, cells, numbers=numbers, width=width)]
    return Group(*parts)


def frame_lines(frame: Frame) -> Iterator[str]:
    """What is no table."""
    well = "ready" if not frame.problems else f"not ready: {'; '.join(frame.problems)}"
    yield f"cistern {frame.version}, up {seconds(frame.uptime)}, {well}"
    yield from (f"remark: {remark}" for remark in frame.remarks)
    yield f"state database: {frame.state_database}"
    yield ""
    yield (
        f"clients  {frame.per_second:8.1f} queries/s  {_share(frame.hits)} from memory {_share(frame.stale)} stale "
        f"{_share(frame.servfail)} SERVFAIL"
    )
    yield f"         half within {_within(frame.p50)}, 99 % within {_within(frame.p99)}   {frame.in_flight:.0f} in flight"
    yield f"servers  {frame.sent_per_second:8.1f} queries/s  {_share(frame.lost)} without a reply in time"


def _share(share: float | None) -> str:
    return "     -" if share is None else f"{share:6.1%}"


def _within(value: float | None) -> str:
    return "-" if value is None else "over 10 s" if value == float("inf") else milliseconds(value)


def _server_cells(row: ServerRow) -> tuple[str, ...]:
    held = "" if row.held_for is None else f"held down for {seconds(row.held_for)}"
    return row.server, milliseconds(row.rtt), f"{row.loss:.0%}", str(row.timeouts), held


def _zone_cells(row: ZoneRow) -> tuple[str, ...]:
    return row.zone, str(row.waits), seconds(row.seconds), seconds(row.longest), str(row.failures)


def _machine_cells(row: BusyRow) -> tuple[str, ...]:
    return row.machine, str(row.waiting), str(row.in_flight)
