"""`cistern reload`: has the running daemon go by its config file as it is now."""

import sys
from pathlib import Path

import click
import msgspec

from resolver.cli.arguments import for_programs, of_a_daemon
from resolver.cli.daemon import ask, socket_path
from resolver.cli.json_rows import echo_row
from resolver.service.control_protocol import Reload, ReloadRow

EXIT_REFUSED = 2  # as for any wrong config


@click.command("reload")
@of_a_daemon
@for_programs
def command(socket: str | None, config: Path | None, as_json: bool) -> None:
    """Have the daemon read its config anew, as SIGHUP does.

    All of it is taken at once, or nothing, and then it is said what is wrong (exit code 2). The cache is kept, and what is in
    flight ends under the config that it began with. Options that need a restart are named.
    """
    rows: list[bytes] = []
    ask(socket_path(socket, config), Reload(), rows.append)
    row = msgspec.json.decode(rows[0], type=ReloadRow)
    if as_json:
        echo_row(rows[0])
    else:
        print_reload(row)
    if row.problems:
        sys.exit(EXIT_REFUSED)


def print_reload(row: ReloadRow) -> None:
    """Print what came of a reload; what is wrong goes to stderr."""
    for problem in row.problems:
        click.echo(problem, err=True)
    if row.problems:
        click.echo("nothing was changed", err=True)
        return
    click.echo(f"reloaded, changed: {', '.join(row.changed) or 'nothing'}")
    if row.needs_restart:
        click.echo(f"after a restart only: {', '.join(row.needs_restart)}")
