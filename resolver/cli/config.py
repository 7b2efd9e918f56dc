"""`cistern config`: every option there is, and how the running daemon's differ from the file's."""

from pathlib import Path

import click
import msgspec

from resolver.cli.arguments import CONFIG_FILE, DEFAULT_CONFIG, for_programs
from resolver.cli.config_file import load_or_exit
from resolver.cli.daemon import ask
from resolver.cli.json_rows import echo_struct
from resolver.options import Difference, Options, differences
from resolver.service.control_protocol import ConfigRow, ConfigShow


@click.group("config", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Print every option with its default, or compare."""
    from resolver.options import reference

    if context.invoked_subcommand is None:
        click.echo(reference(), nl=False)


@command.command("diff")
@click.argument("file", type=CONFIG_FILE, default=DEFAULT_CONFIG)
@click.option("--socket", metavar="PATH", help="The daemon's control socket, if it is not the one of FILE.")
@for_programs
def diff(file: Path, socket: str | None, as_json: bool) -> None:
    """What would change if the daemon went by FILE: each option, its running value and that of the file."""
    wanted = load_or_exit(file)
    rows: list[bytes] = []
    ask(socket or wanted.control.socket, ConfigShow(), rows.append)
    running = msgspec.json.decode(msgspec.json.decode(rows[0], type=ConfigRow).options, type=Options)
    for difference in differences(running, wanted):
        if as_json:
            echo_struct(difference)
        else:
            click.echo(diff_text(difference))


@command.command("from-unbound")
@click.argument("file", type=CONFIG_FILE)
def from_unbound(file: Path) -> None:
    """Print the config that says what an unbound.conf does, and as comments what has no counterpart."""
    from resolver.cli.from_unbound import as_toml, read

    try:
        taken = read(file)
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{file} cannot be read: {error}") from None
    click.echo(as_toml(taken, str(file)), nl=False)
    left, anyway = len(taken.left), len(taken.anyway)
    said = f"{left} option{' has' if left == 1 else 's have'} no counterpart, {anyway} need none"
    click.echo(f"{said}; `cistern check` looks at the result", err=True)


def diff_text(difference: Difference) -> str:
    """The difference on three lines, as diff(1) has them."""
    note = "  (after a restart only)" if difference.needs_restart else ""
    running, wanted = (bytes(value).decode() for value in (difference.running, difference.wanted))
    return f"{difference.key}{note}\n- {running}\n+ {wanted}"
