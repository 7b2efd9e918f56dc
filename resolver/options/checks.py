"""What a value must be beyond its type: addresses, prefixes, zones and paths that are what they say."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from cache.names import from_text
from cache.options import CacheOptions
from internal_zones.options import OWN_ZONES
from resolver.env import Address, address_from_text, source_ports
from resolver.options.places import Key
from resolver.options.problems import BadKey
from resolver.options.schema import Options

# octets of sockaddr_un.sun_path without its closing zero (unix(7)), and without the ".4194304" of a daemon that takes over
MAX_SOCKET_PATH: Final = 107 - 8


def fault_of_value(key: Key, value: object) -> str:
    """What is wrong with one well-typed value; "" when it is sound."""
    if isinstance(value, str) and "\0" in value:
        return "expected a text without NUL, which no path, name or address has"
    names = tuple(part for part in key if isinstance(part, str))
    if names[:1] == ("networks",):
        return _each(_check_prefix)(names[1])
    check = CHECKS.get(names)
    return check(value) if check else ""


def bad_keys_of_whole(options: Options) -> Iterator[BadKey]:
    """What is wrong between options, each of which is sound; their paths hold for any working directory."""
    yield from _missing_file(("recursion", "root_hints"), options.recursion.root_hints)
    if options.dnssec.validate:
        yield from _missing_file(("dnssec", "trust_anchors"), options.dnssec.trust_anchors)
    yield from _other_in_place_of_a_file(("state", "database"), options.state.database)
    yield from _other_in_place_of_a_file(("cache", "snapshot"), options.cache.snapshot)
    yield from _no_folder_for_a_file(("cache", "snapshot"), options.cache.snapshot)
    yield from _other_in_place_of_a_file(("dnssec", "trust_file"), options.dnssec.trust_file)
    yield from _no_folder_for_a_file(("dnssec", "trust_file"), options.dnssec.trust_file)
    yield from _other_in_place_of_a_file(("dnstap", "file"), options.dnstap.file)
    yield from _no_folder_for_a_file(("dnstap", "file"), options.dnstap.file)
    yield from _socket(("control", "socket"), options.control.socket)
    yield from _socket(("dnstap", "socket"), options.dnstap.socket)
    yield from _repeated_addresses(options)
    if not options.recursion.ipv4 and not options.recursion.ipv6:
        yield BadKey(("recursion", "ipv4"), "expected ipv4 or ipv6 to be true: no server could be asked")
    for table, lower, higher in ORDERED:
        yield from _crossed_bounds(options, table, lower, higher)
    yield from _repeated_zones(options)
    yield from _repeated_servers(options)


# table, and two options of it of which the first must not be larger than the second
ORDERED: Final = (
    ("cache", "min_ttl", "max_ttl"),
    ("cache", "min_negative_ttl", "max_negative_ttl"),
    ("failures", "first_pause", "max_pause"),
    ("limits", "in_flight_per_client", "in_flight"),
    ("limits", "in_flight_per_address", "in_flight_per_client"),
    ("limits", "tcp_connections_per_client", "tcp_connections"),
)


def _missing_file(key: Key, path: str) -> Iterator[BadKey]:
    if path and not Path(path).is_file():
        yield BadKey(key, f"expected a file; there is none at {path}")


def _other_in_place_of_a_file(key: Key, path: str) -> Iterator[BadKey]:
    """A device would be renamed to make room for a file of ours, and a FIFO would keep whoever opens it waiting for ever."""
    if path and Path(path).exists() and not Path(path).is_file():
        what = "a folder" if Path(path).is_dir() else "none"
        yield BadKey(key, f"expected a file; {path} is {what}")


def _no_folder_for_a_file(key: Key, path: str) -> Iterator[BadKey]:
    """Only where the operator wrote the path: the packaged default's folder comes with the package."""
    if path and path != CacheOptions().snapshot and not Path(path).parent.is_dir():
        yield BadKey(key, f"expected a file in a folder that exists; {Path(path).parent} does not")


def _socket(key: Key, path: str) -> Iterator[BadKey]:
    if not path:
        return
    if len(path.encode()) > MAX_SOCKET_PATH:
        yield BadKey(key, f"expected a path of at most {MAX_SOCKET_PATH} octets, because of the kernel's limit: {path}")
    elif Path(path).exists() and not Path(path).is_socket():
        what = "a folder" if Path(path).is_dir() else "a file that is no socket"
        yield BadKey(key, f"expected a path for the socket; {path} is {what}")


def _repeated_addresses(options: Options) -> Iterator[BadKey]:
    """One address, one listener: port 0 is another port each time."""
    seen: set[Address] = set()
    for text in options.listen.addresses:
        address = address_from_text(text)
        if address.port and address in seen:
            yield BadKey(("listen", "addresses"), f"expected each address once: {text} stands there twice")
        seen.add(address)
    metrics = options.metrics.listen
    if metrics and address_from_text(metrics).port and address_from_text(metrics) in seen:
        yield BadKey(("metrics", "listen"), f"expected another address: DNS over TCP is served at {metrics}")


def _crossed_bounds(options: Options, table: str, lower: str, higher: str) -> Iterator[BadKey]:
    low, high = (getattr(getattr(options, table), name) for name in (lower, higher))
    if low > high:
        yield BadKey((table, lower), f"expected at most {higher}, which is {high}, not {low}")


def _repeated_zones(options: Options) -> Iterator[BadKey]:
    """One zone, one way to ask for it."""
    written = [("forward", index, zone.zone) for index, zone in enumerate(options.forward)]
    written += [("stub", index, zone.zone) for index, zone in enumerate(options.stub)]
    seen: dict[bytes, str] = {}
    for table, index, zone in written:
        if from_text(zone) in map(from_text, OWN_ZONES):
            fault = f"expected a zone below {zone}, which is this platform's own and answered from state.database"
            yield BadKey((table, index, "zone"), fault)
        earlier = seen.setdefault(from_text(zone), f"{table}[{index}]")
        if earlier != f"{table}[{index}]":
            yield BadKey((table, index, "zone"), f"expected each zone once: {zone} already stands in {earlier}")


def _repeated_servers(options: Options) -> Iterator[BadKey]:
    """One server, one way to ask it."""
    seen: set[str] = set()
    for index, one in enumerate(options.server):
        address = str(ipaddress.ip_address(one.address))
        if address in seen:
            yield BadKey(("server", index, "address"), f"expected each server once: {one.address} already stands there")
        seen.add(address)


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
    scheme, is_url, _ = text.partition("://")
    if is_url:
        raise ValueError(f"expected an address and a port: {scheme}:// in {text!r} is not supported, only plain DNS")
    if "%" in text:
        raise ValueError(f"expected an address and a port: no zone id such as the one after % in {text!r}")
    try:
        address_from_text(text)
    except ValueError as error:
        raise ValueError(f"expected an address and a port: {error}") from None


def _check_address_or_off(text: str) -> None:
    if text:
        _check_address(text)


def _check_api_or_off(text: str) -> None:
    if "://" in text:
        raise ValueError(f"expected an address and a port, without {text.partition('://')[0]}:// and path: {text!r}")
    _check_address_or_off(text)


def _check_prefix(text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"expected a prefix such as 192.0.2.0/24: {error}") from None


def _check_ip(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"expected an IP address, without a port: {text!r}") from None


def _check_zone(text: str) -> None:
    try:
        from_text(text)
    except ValueError as error:
        raise ValueError(f"expected the name of a zone: {error}") from None


def _ports_fault(value: object) -> str:
    try:
        source_ports(map(str, value) if isinstance(value, tuple | list) else (), "")
    except ValueError as error:
        return str(error)
    return ""


CHECKS: Final[Mapping[Key, Callable[[object], str]]] = {
    ("listen", "addresses"): _each(_check_address),
    ("state", "subscription", "api"): _each(_check_api_or_off),
    ("recursion", "do_not_query"): _each(_check_prefix),
    ("recursion", "avoid_ports"): _ports_fault,
    ("answer", "private_prefixes"): _each(_check_prefix),
    ("answer", "private_zones"): _each(_check_zone),
    ("forward", "zone"): _each(_check_zone),
    ("forward", "servers"): _each(_check_address),
    ("stub", "zone"): _each(_check_zone),
    ("stub", "servers"): _each(_check_address),
    ("server", "address"): _each(_check_ip),
    ("local", "zones"): _each(_check_zone),
    ("stale", "prefer_positive"): _each(_check_zone),
    ("dnssec", "negative_trust_anchors"): _each(_check_zone),
    ("metrics", "listen"): _each(_check_address_or_off),
}
