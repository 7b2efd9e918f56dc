"""A config file's text, turned into Options or into all that is wrong with it."""

import os
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from resolver.options.checks import bad_keys_of_whole
from resolver.options.places import key_text, line_of, places
from resolver.options.problems import BadKey, ConfigError, Problem
from resolver.options.schema import Options
from resolver.options.sift import sift

MAX_CONFIG_OCTETS: Final = 1 << 20  # a thousand times a large config: whatever is bigger is some other file
PLACE_IN_MESSAGE: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")  # tomllib says it in no other way


# Options of before that have nothing left to say: a config that has them goes on, so that an upgrade needs nobody's hand.
RETIRED: Final[tuple[tuple[str, str], ...]] = (("limits", "waiting_rate_per_address"),)
BOM: Final = b"\xef\xbb\xbf"

Examine = Callable[[Options], Iterable[BadKey]]


def _find_nothing(options: Options) -> Iterable[BadKey]:
    """The Examine of those who need no more than sound options."""
    return ()


def load(path: Path, examine: Examine = _find_nothing) -> Options:
    """The options in the file at `path`. examine: finds what else is wrong with them. Raises ConfigError."""
    try:
        if Path(os.path.realpath(path)).is_fifo():  # it would be waited for; not so a shell's pipe, which has no name
            raise _unreadable(path, "expected a file: this is a FIFO")
        with path.open("rb") as file:
            octets = file.read(MAX_CONFIG_OCTETS + 1)
        if len(octets) > MAX_CONFIG_OCTETS:
            raise _unreadable(path, f"expected at most {MAX_CONFIG_OCTETS} octets")
        if octets.startswith(BOM):
            raise _unreadable(path, "expected UTF-8 without a byte order mark: TOML knows none")
        return parse(octets.decode(), path, examine)
    except OSError as error:
        raise _unreadable(path, f"expected a file that can be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"expected UTF-8: octet {error.start} is none") from None


def parse(text: str, path: Path, examine: Examine = _find_nothing) -> Options:
    """The options in `text`, with relative paths taken from the folder of `path`. examine: see load. Raises ConfigError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax_problem(str(path), str(error), text)]) from None
    for of, name in RETIRED:
        above = table.get(of)
        if isinstance(above, dict):
            above.pop(name, None)
    faults = list(sift(table, Options))
    if faults:
        raise _located(faults, text, path)
    options = _anchored(msgspec.convert(table, Options), path.absolute().parent)
    faults = list(bad_keys_of_whole(options)) or list(examine(options))
    if faults:
        raise _located(faults, text, path)
    return options


def _anchored(options: Options, folder: Path) -> Options:
    """The options with every relative path made absolute: it is meant from the config file, not from where we run."""

    def anchor(path: str) -> str:
        return str(folder / path) if path else ""  # "" switches off

    change = msgspec.structs.replace
    subscription = options.state.subscription
    return change(
        options,
        recursion=change(options.recursion, root_hints=anchor(options.recursion.root_hints)),
        dnssec=change(
            options.dnssec,
            trust_anchors=anchor(options.dnssec.trust_anchors),
            trust_file=anchor(options.dnssec.trust_file),
        ),
        state=change(
            options.state,
            database=anchor(options.state.database),
            subscription=change(subscription, token_file=anchor(subscription.token_file)),
        ),
        cache=change(options.cache, snapshot=anchor(options.cache.snapshot)),
        control=change(options.control, socket=anchor(options.control.socket)),
        dnstap=change(options.dnstap, socket=anchor(options.dnstap.socket), file=anchor(options.dnstap.file)),
    )


def _located(faults: Iterable[BadKey], text: str, path: Path) -> ConfigError:
    lines = places(text)
    return ConfigError(
        [Problem(str(path), line_of(fault.key, lines), key_text(fault.key), fault.wrong) for fault in faults]
    )


def _syntax_problem(file: str, message: str, text: str) -> Problem:
    place = PLACE_IN_MESSAGE.search(message)
    if place is None:  # «at end of document»
        return Problem(file, len(text.splitlines()), "", f"expected TOML: {message}")
    line, column = place.groups()
    return Problem(file, int(line), "", f"expected TOML: column {column}: {message[: place.start()]}")


def _unreadable(path: Path, wrong: str) -> ConfigError:
    return ConfigError([Problem(str(path), None, "", wrong)])
