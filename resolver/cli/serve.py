"""`cistern serve`: the daemon itself, in the foreground."""

import sys
from pathlib import Path

import click

from resolver.cli.arguments import CONFIG_FILE, DEFAULT_CONFIG
from resolver.cli.config_file import prepare_or_exit


@click.command("serve")
@click.option("--config", type=CONFIG_FILE, default=DEFAULT_CONFIG, show_default=True, help="The config file.")
def command(config: Path) -> None:
    """Run the daemon until SIGTERM or Ctrl-C; at SIGHUP it reads its config anew."""
    prepared = prepare_or_exit(config)
    from resolver.daemon import run

    sys.exit(run(prepared, config))
