"""`cistern state`: how the state database is, what it holds, and which names come of it."""

import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click
import msgspec
import trio

from internal_zones import (
    AppRow,
    ChangeRow,
    FaultRow,
    FileReport,
    MachineRow,
    StateFault,
    StateOptions,
    StateStatus,
    check_file,
)
from resolver.cli.arguments import CONFIG_FILE, for_programs, of_a_daemon
from resolver.cli.config_file import WrongConfig
from resolver.cli.daemon import ask, socket_path
from resolver.cli.json_rows import echo_row, echo_struct
from resolver.cli.tables import print_table, seconds
from resolver.options import ConfigError, load
from resolver.service.control_protocol import (
    MAX_NETWORK,
    AcceptedRow,
    NameRow,
    Request,
    StateAccept,
    StateApps,
    StateFaults,
    StateMachines,
    StateNames,
    StateOf,
    StateWatch,
)

T = TypeVar("T", bound=msgspec.Struct)

FAULT_HEADS = ("NETWORK", "APP", "UNIT", "TABLE", "ID", "COLUMN", "HOLDS", "WRONG")

of_a_network = click.option("--network", type=click.IntRange(0, MAX_NETWORK), help="Only this network.")


@click.group("state")
def command() -> None:
    """Look into the state database that internal names come from."""


@command.command("status")
@of_a_daemon
@for_programs
def status(socket: str | None, config: Path | None, as_json: bool) -> None:
    """How the database is, and each statement of the mapping."""
    for row in _rows(socket_path(socket, config), StateOf(), as_json, StateStatus):
        print_status(row)


def print_status(row: StateStatus) -> None:
    """Print what is wrong, the figures, each statement, and each feed of the subscription."""
    for line in _status_lines(row):
        click.echo(line)
    click.echo()
    told = row.slow | {name: f"failed: {said}" for name, said in row.failing.items()}
    print_table(("STATEMENT", "STATE"), [(name, told.get(name, said)) for name, said in row.statements.items()])
    if row.subscription:
        click.echo()
        print_table(("FEED", "STATE"), list(row.subscription.items()))


@command.command("apps")
@of_a_network
@of_a_daemon
@for_programs
def apps(network: int | None, socket: str | None, config: Path | None, as_json: bool) -> None:
    """The apps, with how many machines they have."""
    found = _rows(socket_path(socket, config), StateApps(network), as_json, AppRow)
    cells = [(str(row.network), row.app, str(row.deployed), str(row.started)) for row in found]
    _print(as_json, ("NETWORK", "APP", "DEPLOYED", "STARTED"), cells, {"NETWORK", "DEPLOYED", "STARTED"})


@command.command("machines")
@of_a_network
@click.option("--app", default="", help="Only this app.")
@of_a_daemon
@for_programs
def machines(network: int | None, app: str, socket: str | None, config: Path | None, as_json: bool) -> None:
    """The machines, started or not."""
    found = _rows(socket_path(socket, config), StateMachines(network, app), as_json, MachineRow)
    cells = [
        (
            str(row.network),
            row.app,
            row.id,
            "started" if row.is_started else "not started",
            row.region,
            row.host,
            row.address,
            " ".join(f"{key}={value}" for key, value in row.metadata.items()),
        )
        for row in found
    ]
    heads = ("NETWORK", "APP", "MACHINE", "STATE", "REGION", "HOST", "ADDRESS", "METADATA")
    _print(as_json, heads, cells, {"NETWORK"}, ("METADATA", "HOST", "REGION"))


@command.command("names")
@click.argument("app")
@of_a_network
@of_a_daemon
@for_programs
def names(app: str, network: int | None, socket: str | None, config: Path | None, as_json: bool) -> None:
    """Every name of APP, and what a client of its network is answered."""
    path = socket_path(socket, config)
    found = _rows(path, StateNames(app, network), as_json, NameRow)
    cells = [
        (str(row.network) if first else "", row.owner if first else "", row.type if first else "", record)
        for row in found
        for first, record in zip([True] + [False] * len(row.rdata), row.rdata or (row.rcode,), strict=False)
    ]
    _print(as_json, ("NETWORK", "NAME", "TYPE", "DATA"), cells, {"NETWORK"})
    if not found and not as_json:
        click.echo(_nobody_has(path, app, network), err=True)


@command.command("faults")
@of_a_network
@click.option("--app", default="", help="Only this app.")
@of_a_daemon
@for_programs
def faults(network: int | None, app: str, socket: str | None, config: Path | None, as_json: bool) -> None:
    """The rows that hold what they should not: all tables are read for it."""
    found = _rows(socket_path(socket, config), StateFaults(network, app), as_json, FaultRow)
    _print(as_json, FAULT_HEADS, _fault_cells(found), {"NETWORK"})


@command.command("accept")
@of_a_daemon
@for_programs
def accept(socket: str | None, config: Path | None, as_json: bool) -> None:
    """Take what is doubtful of the database for the truth: bad rows are left out, what is gone is gone.

    Names that were answered from the last good data are answered from what can be read. It is forgotten at the next start.
    """
    for row in _rows(socket_path(socket, config), StateAccept(), as_json, AcceptedRow):
        click.echo(f"accepted; {row.units} units are read again")


@command.command("watch")
@of_a_network
@click.option("--app", default="", help="Only this app.")
@of_a_daemon
@for_programs
def watch(network: int | None, app: str, socket: str | None, config: Path | None, as_json: bool) -> None:
    """Show each change as it becomes visible, and how long ago it was committed; Ctrl-C ends it.

    The delay is that of replication as a whole, by the clock of the host that committed. What a row says of that was deleted or
    moved cannot be told: it is shown without an app, whatever is watched.
    """
    with contextlib.suppress(KeyboardInterrupt):
        ask(socket_path(socket, config), StateWatch(network, app), echo_row if as_json else _print_change)


def _print_change(line: bytes) -> None:
    row = msgspec.json.decode(line, type=ChangeRow)
    delay = "?" if row.delay is None else f"{row.delay * 1000:.0f} ms"
    whose = "gone or moved" if row.network is None else f"network {row.network} {row.app or '-'}"
    click.echo(f"{delay:>9}  {row.table}  {whose}  by {row.site}")


@command.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--config", type=CONFIG_FILE, help="Whose mapping is meant.  [default: that of conf/state-schema.sql]")
@for_programs
def check(file: str, config: Path | None, as_json: bool) -> None:
    """Would FILE serve? Without a daemon: each statement, the indexes that it lacks, and every bad row.

    For a schema that is to be rolled out. Exit code 1 when a name could not be answered or would be in doubt.
    """
    try:
        report = trio.run(check_file, msgspec.structs.replace(_state_options(config), database=file))
    except StateFault as fault:
        raise click.ClickException(str(fault)) from None
    if as_json:
        echo_struct(report)
    else:
        _print_report(report)
    if not report.would_serve:
        sys.exit(1)


def _state_options(config: Path | None) -> StateOptions:
    if config is None:
        return StateOptions()
    try:
        return load(config).state
    except ConfigError as error:
        raise WrongConfig(error) from None


def _print_report(report: FileReport) -> None:
    print_table(
        ("STATEMENT", "STATE"), [(name, report.slow.get(name, said)) for name, said in report.statements.items()]
    )
    click.echo()
    click.echo(f"changes would be told apart by clock tables: {'yes' if report.clocks == 'ready' else report.clocks}")
    if report.unread:
        click.echo(f"not all rows could be looked at: {report.unread}")
    if report.faults:
        click.echo()
        print_table(FAULT_HEADS, _fault_cells(report.faults), numbers=frozenset({"NETWORK"}))
    click.echo("it would serve" if report.would_serve else "it would not serve all names")


def _fault_cells(found: Sequence[FaultRow]) -> list[tuple[str, ...]]:
    return [(str(row.network), row.app, row.unit, row.table, row.id, row.column, row.holds, row.wrong) for row in found]


def _nobody_has(path: str, app: str, network: int | None) -> str:
    """Why there are no names: who has an app of that name, if the network that was asked about has not."""
    if network is not None:
        others = sorted({row.network for row in _rows(path, StateNames(app), False, NameRow)})
        if others:
            shown = ", ".join(map(str, others))
            return f"network {network} has no app {app}; {'these have' if others[1:] else 'this one has'}: {shown}"
    return f"no network has an app {app}"


def _rows(path: str, request: Request, as_json: bool, kind: type[T]) -> list[T]:
    """The rows; none of them when they are for programs, who get them as they come."""
    found: list[T] = []
    take: Callable[[bytes], None] = (
        echo_row if as_json else lambda row: found.append(msgspec.json.decode(row, type=kind))
    )
    ask(path, request, take)
    return found


def _print(
    as_json: bool, heads: Sequence[str], cells: Sequence[Sequence[str]], numbers: set[str], less: Sequence[str] = ()
) -> None:
    if not as_json:
        print_table(heads, cells, numbers=frozenset(numbers), less=less)


def _status_lines(row: StateStatus) -> list[str]:
    seen = "never" if row.looked_ago is None else f"{seconds(row.looked_ago)} ago"
    lines = [f"{row.database}: {row.state}, last seen well {seen}"]
    if row.fault:
        lines.append(f"fault: {row.fault}")
    if row.inode:
        versions = f"data version {row.data_version}, schema version {row.schema_version}"
        lines.append(f"device {row.device}, inode {row.inode}, {versions}, {row.generation} changes seen")
    lines.append(f"changes told apart by clock tables: {'yes' if row.clocks == 'ready' else row.clocks}")
    lines.append(f"told of changes by {row.told_by}")
    lines.append(f"in memory: {row.units} units of {row.rows} rows; {row.waiting_reads} reads waiting")
    return lines
