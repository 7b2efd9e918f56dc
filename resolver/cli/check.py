"""`cistern check`: would the daemon start with this config?"""

from pathlib import Path

import click

from resolver.cli.arguments import CONFIG_FILE
from resolver.cli.config_file import load_or_exit


@click.command("check")
@click.argument("file", type=CONFIG_FILE)
def command(file: Path) -> None:
    """Say what is wrong in a config.

    Prints ok, or FILE:LINE: KEY and what is expected there, for every problem (exit code 2).
    """
    load_or_exit(file)
    click.echo("ok")
