"""`cistern stats`: every counter of the daemon, and how it is."""

from pathlib import Path

import click
import msgspec

from resolver.cli.arguments import for_programs, of_a_daemon
from resolver.cli.daemon import ask, socket_path
from resolver.service.control_protocol import StatRow, Stats, Status, StatusRow


@click.command("stats")
@of_a_daemon
@for_programs
def command(socket: str | None, config: Path | None, as_json: bool) -> None:
    """Show how the daemon is, and every counter."""
    path = socket_path(socket, config)
    if as_json:
        ask(path, Stats(), click.echo)
        return
    status: list[bytes] = []
    rows: list[bytes] = []
    ask(path, Status(), status.append)
    ask(path, Stats(), rows.append)
    print_stats(status, rows)


def print_stats(status: list[bytes], rows: list[bytes]) -> None:
    """Print StatusRows and StatRows, given as JSON."""
    from resolver.cli.tables import print_table, seconds

    for row in status:
        daemon = msgspec.json.decode(row, type=StatusRow)
        click.echo(
            f"cistern {daemon.version}, up {seconds(daemon.uptime)}, on {', '.join(daemon.listening) or 'nothing'}"
        )
        for problem in daemon.problems:
            click.echo(f"problem: {problem}")
        for remark in daemon.remarks:
            click.echo(f"remark: {remark}")
    click.echo()
    counters = [msgspec.json.decode(row, type=StatRow) for row in rows]
    cells = [
        (f"{stat.name}{{{stat.label}}}" if stat.label else stat.name, _number(stat.value), stat.help)
        for stat in counters
    ]
    print_table(("COUNTER", "VALUE", "MEANING"), cells, numbers=frozenset({"VALUE"}))


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"
