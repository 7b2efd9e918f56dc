"""Arguments and options that several commands share, checked before anything is asked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from cache.names import BadName, from_text, to_text

DEFAULT_CONFIG: Final = Path("/etc/cistern/cistern.toml")
UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}  # s
CONFIG_FILE: Final = click.Path(dir_okay=False, path_type=Path)

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take a function of any arguments


def name(text: str) -> str:
    """A domain name in canonical text: lower case, with the final dot. Raises click.BadParameter."""
    try:
        return to_text(from_text(text))
    except BadName as error:
        raise click.BadParameter(str(error)) from None


def rrtype(text: str) -> str:
    """An RR type's mnemonic, in upper case. Raises click.BadParameter."""
    from resolver.wire.text import type_from_text, type_to_text

    try:
        return type_to_text(type_from_text(text.upper()))
    except ValueError:
        raise click.BadParameter(f"{text!r} is no RR type: expected a mnemonic such as AAAA, or TYPE65280") from None


def duration(text: str) -> float:
    """The seconds that `90`, `90s`, `10m`, `2h` or `1d` are. Raises click.BadParameter."""
    number, unit = (text, "") if text[-1:].isdecimal() else (text[:-1], text[-1:])
    if not (number.isascii() and number.isdecimal()) or unit not in UNITS:
        raise click.BadParameter(f"{text!r} is no time: expected 30s, 10m, 2h or 1d")
    return float(int(number) * UNITS[unit])


def for_programs(function: F) -> F:
    """--json."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object per line, for programs.")(function)


def of_a_daemon(function: F) -> F:
    """--socket and --config, which say whose control socket is meant (see resolver.cli.daemon.socket_path)."""
    function = click.option(
        "--config", type=CONFIG_FILE, help=f"The daemon's config, for its control socket.  [default: {DEFAULT_CONFIG}]"
    )(function)
    return click.option("--socket", metavar="PATH", help="The daemon's control socket itself.")(function)
