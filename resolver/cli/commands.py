"""Which commands there are. Each stands in its own module, imported only when it is the one that runs.

`cistern serve` has to be up at once on a host that is booting; tables and presentation text are not its business.
"""

import importlib
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from cache.form import FORM

COMMANDS: Final = {  # command -> the module of its function `command`
    "serve": "resolver.cli.serve",
    "demo": "resolver.cli.demo",
    "reload": "resolver.cli.reload",
    "check": "resolver.cli.check",
    "doctor": "resolver.cli.doctor",
    "config": "resolver.cli.config",
    "log": "resolver.cli.log",
    "query": "resolver.cli.query",
    "cache": "resolver.cli.cache",
    "explain": "resolver.cli.explain",
    "schema": "resolver.cli.schema",
    "servers": "resolver.cli.servers",
    "trust": "resolver.cli.trust",
    "state": "resolver.cli.state",
    "stats": "resolver.cli.stats",
    "top": "resolver.cli.top",
}


class LazyGroup(click.Group):
    """A group that knows its commands' names, and imports a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[name]).command
        assert isinstance(command, click.Command)
        return command

    def main(  # type: ignore[override]  # of its arguments those that are used here; the others go by name
        self, args: Sequence[str] | None = None, *, standalone_mode: bool = True, **rest: Any
    ) -> Any:  # as click has it
        """As click does, but that who wants JSON is told in JSON what is wrong."""
        words = sys.argv[1:] if args is None else list(args)
        if not standalone_mode or "--json" not in words:
            return super().main(args=words, standalone_mode=standalone_mode, **rest)
        try:
            code = super().main(args=words, standalone_mode=False, **rest)
        except click.ClickException as error:
            from resolver.cli.json_rows import echo_error

            echo_error(error)
            sys.exit(error.exit_code)
        except click.Abort:
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="cistern-dns", prog_name="cistern", message=f"%(prog)s %(version)s ({FORM})")
def main() -> None:
    """The DNS resolver of one host.

    Exit codes: 0 done, 1 it failed (no daemon there, say), 2 the command line or the config is wrong.
    """
