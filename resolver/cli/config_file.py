"""The config that a command works from, or the end of the command with all that is wrong with it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from resolver.options import ConfigError, Options, load

if TYPE_CHECKING:
    from resolver.daemon import Prepared


class WrongConfig(click.ClickException):
    """Exit code 2, with a line for each problem."""

    exit_code = 2

    def __init__(self, error: ConfigError) -> None:
        super().__init__(str(error))
        self.error = error

    def show(self, file: object = None) -> None:
        """Each line as it is, FILE:LINE first, so that editors and people can go there."""
        click.echo(self.message, err=True)


def load_or_exit(path: Path) -> Options:
    """The options in `path`; raises WrongConfig."""
    try:
        return load(path)
    except ConfigError as error:
        raise WrongConfig(error) from None


def prepare_or_exit(path: Path) -> "Prepared":
    """The same with what the files say that the options name; raises WrongConfig."""
    from resolver.daemon import prepare

    try:
        return prepare(path)
    except ConfigError as error:
        raise WrongConfig(error) from None
