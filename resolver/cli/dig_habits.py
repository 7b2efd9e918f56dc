"""What fingers that know dig type, in the words of `cistern query`: @server, +short, -x, a type before the name."""

import ipaddress
from typing import Final

import click

PLUS: Final = {  # of dig(1): the option that does the same; "" for what is so anyway
    "short": "--short",
    "tcp": "--tcp",
    "vc": "--tcp",
    "dnssec": "--dnssec",
    "do": "--dnssec",
    "norecurse": "--no-recurse",
    "norec": "--no-recurse",
    "recurse": "",
    "notcp": "",
    "nodnssec": "",
    "edns": "",
    "all": "",
    "comments": "",
    "noshort": "",
}


def as_options(arguments: list[str]) -> list[str]:
    """`arguments` with dig's words put into ours, and a type that stands before the name behind it. Raises click.UsageError."""
    found: list[str] = []
    for argument in arguments:
        if argument.startswith("@") and len(argument) > 1:
            found += ["--server", argument[1:]]
        elif argument.startswith("+"):
            found += _plus(argument[1:])
        else:
            found.append(argument)
    return _type_last(found)


def reverse_name(address: str) -> str:
    """The name below in-addr.arpa or ip6.arpa that an address has. Raises click.BadParameter."""
    try:
        return ipaddress.ip_address(address).reverse_pointer + "."
    except ValueError:
        raise click.BadParameter(f"{address!r} is no IP address") from None


def _plus(word: str) -> list[str]:
    name = word.partition("=")[0]
    if name not in PLUS:
        raise click.UsageError(f"+{word} is not known here: expected one of {', '.join(f'+{known}' for known in PLUS)}")
    return [PLUS[name]] if PLUS[name] else []


def _type_last(arguments: list[str]) -> list[str]:
    """dig takes `AAAA www.example` as well; a name that is a type's, such as `mx`, stays where it is when it stands alone."""
    from resolver.wire.text import type_from_text

    places = [at for at, word in enumerate(arguments) if not word.startswith("-") and not _is_value(arguments, at)]
    if len(places) != 2:
        return arguments
    first, second = places
    try:
        type_from_text(arguments[first].upper())
    except ValueError:
        return arguments
    try:
        type_from_text(arguments[second].upper())
    except ValueError:
        swapped = list(arguments)
        swapped[first], swapped[second] = arguments[second], arguments[first]
        return swapped
    return arguments


def _is_value(arguments: list[str], at: int) -> bool:
    """Does this word belong to the option before it?"""
    return at > 0 and arguments[at - 1] in ("--server", "--config", "--type", "-t", "--reverse", "-x", "--port", "-p")
