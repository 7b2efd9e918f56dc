"""`cistern log`: what the running daemon logs, and for a while more of it."""

from pathlib import Path

import click
import msgspec

from resolver.cli.arguments import duration, for_programs, of_a_daemon
from resolver.cli.daemon import ask, socket_path
from resolver.cli.json_rows import echo_row
from resolver.cli.tables import seconds
from resolver.observe.query_log import Mode
from resolver.service.control_protocol import (
    MAX_LOGGED_FOR,
    MAX_NETWORK,
    LogLevel,
    LogQueries,
    LogRequest,
    LogRow,
    LogShow,
)

QUIETER = ("warning", "error")  # levels at which queries are not logged


def how_long(text: str) -> float:
    """Seconds until it ends by itself. Raises click.BadParameter."""
    seconds = duration(text)
    if not 1 <= seconds <= MAX_LOGGED_FOR:
        raise click.BadParameter(f"{text!r} is out of range: expected from 1s to 1d")
    return seconds


FOR = click.option(
    "--for", "lasting", type=how_long, metavar="TIME", default="10m", show_default=True, help="Until it ends by itself."
)


@click.group("log", invoke_without_command=True)
@of_a_daemon
@for_programs
@click.pass_context
def command(context: click.Context, socket: str | None, config: Path | None, as_json: bool) -> None:
    """Show what is logged now, or log more for a while; a reload or restart ends it, too.

    The log goes where the daemon's standard error goes: `journalctl -fu cistern` where systemd runs it.
    """
    if context.invoked_subcommand is None:
        _show(socket_path(socket, config), LogShow(), as_json)


@command.command("level")
@click.argument("level", type=click.Choice(["debug", "info", "warning", "error", "config"]))
@FOR
@of_a_daemon
@for_programs
def level(level: str, lasting: float, socket: str | None, config: Path | None, as_json: bool) -> None:
    """Log events of this level and above; `config`: as the config has it again."""
    wanted = "" if level == "config" else level
    _show(socket_path(socket, config), msgspec.convert({"level": wanted, "seconds": lasting}, LogLevel), as_json)


@command.command("queries")
@click.option("--off", is_flag=True, help="No more of them.")
@click.option("--all", "is_all", is_flag=True, help="Up to 1000 a second, not only some ten; so it is with --network.")
@click.option("--network", type=click.IntRange(0, MAX_NETWORK), metavar="N", help="All of this network's clients.")
@FOR
@of_a_daemon
@for_programs
def queries(
    off: bool,
    is_all: bool,
    network: int | None,
    lasting: float,
    socket: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Log clients' queries with their answers' RCODE and time: some ten a second, unless more is said.

    `unlogged` in a line counts those that were left out since the one before.
    """
    if off and (is_all or network is not None):
        raise click.UsageError("--off goes alone")
    mode: Mode = "off" if off else "all" if is_all or network is not None else "sampled"
    _show(socket_path(socket, config), LogQueries(mode, network, lasting), as_json)


def _show(path: str, request: LogRequest, as_json: bool) -> None:
    rows: list[bytes] = []
    ask(path, request, rows.append)
    if as_json:
        echo_row(rows[0])
        return
    for line in log_lines(msgspec.json.decode(rows[0], type=LogRow)):
        click.echo(line)


def log_lines(row: LogRow) -> list[str]:
    """What is logged, in words."""
    until = "" if row.level_for is None else f", for {seconds(row.level_for)} more; then as the config has it"
    lines = [f"level: {row.level}{until}"]
    if row.queries_for is None:
        return [*lines, "queries: not logged"]
    whose = "of all" if row.network is None else f"of network {row.network}"
    some = "some ten a second" if row.queries == "sampled" else "all, up to 1000 a second"
    lines.append(f"queries: {some} {whose}, for {seconds(row.queries_for)} more")
    if row.level in QUIETER:
        lines.append(f"but the level {row.level} hides them: `cistern log level info`")
    return lines
