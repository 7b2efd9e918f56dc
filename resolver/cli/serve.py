"""`cistern serve`: the daemon itself, in the foreground."""

import signal
import sys
from pathlib import Path
from typing import Final

import click

import resolver.cli.plain_log  # noqa: F401  # before whatever logs
from resolver.cli.arguments import CONFIG_FILE, DEFAULT_CONFIG
from resolver.cli.config_file import prepare_or_exit

# Each ends a process that says nothing else; who sends one while the daemon starts means it no harm.
HARMLESS_SIGNALS: Final = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


@click.command("serve")
@click.option("--config", type=CONFIG_FILE, default=DEFAULT_CONFIG, show_default=True, help="The config file.")
@click.option("--replace", is_flag=True, help="Take the place of the daemon that runs, without losing a query.")
def command(config: Path, replace: bool) -> None:
    """Run the daemon until SIGTERM or Ctrl-C; at SIGHUP it reads its config anew.

    With --replace it takes the listening sockets and the cache of the daemon behind the same control socket, once it has seen
    that it can answer; that one ends then. If it cannot, the other goes on as if nothing had been (exit code 1).
    """
    for number in HARMLESS_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    prepared = prepare_or_exit(config)
    from resolver.daemon import run

    sys.exit(run(prepared, config, replace=replace))
