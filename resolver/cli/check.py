"""`cistern check`: would the daemon start with this config, and be ready?"""

from pathlib import Path

import click

from resolver.cli.arguments import CONFIG_FILE, DEFAULT_CONFIG
from resolver.cli.config_file import WrongConfig, prepare_or_exit


@click.command("check")
@click.argument("file", type=CONFIG_FILE, default=DEFAULT_CONFIG)
def command(file: Path) -> None:
    """Say what is wrong in a config, by default that of this host.

    Prints ok, or FILE:LINE: KEY and what is expected there, for every problem (exit code 2): all that `serve` would refuse,
    in the files that the config names too, and statements that do not fit the state database, with which it would start and
    not be ready. What it would only remark goes to standard error.
    """
    from resolver.daemon import doubts, remarks
    from resolver.options import ConfigError, load

    prepare_or_exit(file)
    try:
        options = load(file, doubts)
    except ConfigError as error:
        raise WrongConfig(error) from None
    for remark in remarks(options):
        click.echo(f"remark: {remark}", err=True)
    click.echo("ok")
