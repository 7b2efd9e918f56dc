"""What programs get with `--json`: one object a line, in one vocabulary, with the number of the schema that it follows.

owner, type, ttl, rdata, rank, security, server (an address), name_server (a name), network and zone mean the same wherever
they stand; `cistern schema COMMAND` prints the JSON Schema of a command's lines. What goes wrong is an object, too, on the
standard error stream.
"""

from typing import Final

import click
import msgspec

SCHEMA: Final = 2  # changes when a key goes, or means something else; not when one comes
HEAD: Final = b'{"schema":%d' % SCHEMA


class ErrorRow(msgspec.Struct, frozen=True):
    """Why there are no (more) lines. exit_code: of the command."""

    error: str
    exit_code: int


def echo_row(row: bytes) -> None:
    """Print an object that is JSON already."""
    click.echo(HEAD + (b"}" if row == b"{}" else b"," + row[1:]))


def echo_struct(row: object) -> None:
    """Print what becomes a JSON object."""
    echo_row(msgspec.json.encode(row))


def echo_error(error: click.ClickException) -> None:
    """Tell a program why it failed."""
    row = msgspec.json.encode(ErrorRow(error.format_message(), error.exit_code))
    click.echo(HEAD + b"," + row[1:], err=True)
