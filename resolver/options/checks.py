"""What a value must be beyond its type: addresses, prefixes, zones and paths that are what they say."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from cache.names import from_text
from resolver.env import address_from_text
from resolver.options.places import Key
from resolver.options.problems import Fault
from resolver.options.schema import Options

MAX_SOCKET_PATH: Final = 107  # octets of sockaddr_un.sun_path without its closing zero (unix(7))


def fault_of_value(key: Key, value: object) -> str:
    """What is wrong with one well-typed value; "" when it is sound."""
    names = tuple(part for part in key if isinstance(part, str))
    if names[:1] == ("networks",):
        return _each(_check_prefix)(names[1])
    check = CHECKS.get(names)
    return check(value) if check else ""


def faults_of_whole(options: Options) -> Iterator[Fault]:
    """What is wrong between options, each of which is sound; their paths hold for any working directory."""
    yield from _missing_file(("recursion", "root_hints"), options.recursion.root_hints)
    if options.dnssec.validate:
        yield from _missing_file(("dnssec", "trust_anchors"), options.dnssec.trust_anchors)
    if len(options.control.socket.encode()) > MAX_SOCKET_PATH:
        yield Fault(
            ("control", "socket"),
            f"expected a path of at most {MAX_SOCKET_PATH} octets, the kernel's limit: {options.control.socket}",
        )
    if not options.recursion.ipv4 and not options.recursion.ipv6:
        yield Fault(("recursion", "ipv4"), "expected ipv4 or ipv6 to be true: no server could be asked")
    yield from _crossed_bounds("min_ttl", options.cache.min_ttl, "max_ttl", options.cache.max_ttl)
    yield from _crossed_bounds(
        "min_negative_ttl", options.cache.min_negative_ttl, "max_negative_ttl", options.cache.max_negative_ttl
    )
    yield from _repeated_zones(options)


def _missing_file(key: Key, path: str) -> Iterator[Fault]:
    if not Path(path).is_file():
        yield Fault(key, f"expected a file; there is none at {path}")


def _crossed_bounds(low_name: str, low: int, high_name: str, high: int) -> Iterator[Fault]:
    if low > high:
        yield Fault(("cache", low_name), f"expected at most {high_name}, which is {high}, not {low}")


def _repeated_zones(options: Options) -> Iterator[Fault]:
    """One zone, one way to ask for it."""
    written = [("forward", index, zone.zone) for index, zone in enumerate(options.forward)]
    written += [("stub", index, zone.zone) for index, zone in enumerate(options.stub)]
    seen: dict[bytes, str] = {}
    for table, index, zone in written:
        earlier = seen.setdefault(from_text(zone), f"{table}[{index}]")
        if earlier != f"{table}[{index}]":
            yield Fault((table, index, "zone"), f"expected each zone once: {zone} already stands in {earlier}")


def _each(check: Callable[[str], object]) -> Callable[[object], str]:
    """A check of one text, or of every text of an array, made of a parser that raises ValueError."""

    def fault(value: object) -> str:
        for text in value if isinstance(value, tuple | list) else (value,):
            try:
                check(str(text))
            except ValueError as error:
                return str(error)
        return ""

    return fault


def _check_address(text: str) -> None:
    try:
        address_from_text(text)
    except ValueError as error:
        raise ValueError(f"expected an address and a port: {error}") from None


def _check_address_or_off(text: str) -> None:
    if text:
        _check_address(text)


def _check_prefix(text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"expected a prefix such as 192.0.2.0/24: {error}") from None


def _check_zone(text: str) -> None:
    try:
        from_text(text)
    except ValueError as error:
        raise ValueError(f"expected the name of a zone: {error}") from None


CHECKS: Final[Mapping[Key, Callable[[object], str]]] = {
    ("listen", "addresses"): _each(_check_address),
    ("state", "subscription", "api"): _each(_check_address_or_off),
    ("recursion", "do_not_query"): _each(_check_prefix),
    ("forward", "zone"): _each(_check_zone),
    ("forward", "servers"): _each(_check_address),
    ("stub", "zone"): _each(_check_zone),
    ("stub", "servers"): _each(_check_address),
    ("stale", "prefer_positive"): _each(_check_zone),
    ("dnssec", "negative_trust_anchors"): _each(_check_zone),
    ("metrics", "listen"): _each(_check_address_or_off),
}
