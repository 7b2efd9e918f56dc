"""Rows of the state database as typed values, and which rows are not there yet.

SQLite checks no types and replication sets a row's columns one by one, so every value is looked at before it is believed.
A row whose required columns still hold their schema defaults has only half arrived: it is skipped and counted, never
answered from.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from ipaddress import AddressValueError, IPv6Address
from sys import intern
from typing import TypeVar

import msgspec

Row = tuple[object, ...]
T = TypeVar("T")

PROCESS_GROUP = "fly_process_group"  # the metadata key that names a machine's process group
STARTED = "started"
DESTROYED = "destroyed"
PASSING = "passing"
ALIVE = "Alive"
MAX_PORT = 65535


class Machine(msgspec.Struct, frozen=True, gc=False):
    """A deployed machine that is in the DNS. address: 16 octets; metadata: (key, value) pairs; host: "" if not known."""

    id: str
    region: str
    host: str
    address: bytes
    is_started: bool
    metadata: tuple[tuple[str, str], ...] = ()


class Instance(msgspec.Struct, frozen=True, gc=False):
    """A deployed machine as `_instances` lists it."""

    id: str
    app: str
    region: str
    address: bytes
    is_started: bool


class Service(msgspec.Struct, frozen=True, gc=False):
    """A port that a machine serves over TCP, by the name of its service."""

    machine: str
    name: str
    port: int


class Host(msgspec.Struct, frozen=True, gc=False):
    """A host as this one sees it. round_trip: milliseconds, None: not measured. is_down: known to be anything but alive."""

    name: str
    round_trip: float | None
    is_down: bool


class Peer(msgspec.Struct, frozen=True, gc=False):
    """A WireGuard peer."""

    name: str
    address: bytes


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """How many rows of one reading were not answered from, and why."""

    half_replicated: int = 0
    unreadable: int = 0

    def __add__(self, other: "Skipped") -> "Skipped":
        return Skipped(self.half_replicated + other.half_replicated, self.unreadable + other.unreadable)


class HalfReplicated(ValueError):
    """A required column still holds its schema default."""


class Unregistered(ValueError):
    """The machine is not in the DNS by its own wish (skip_dns), or it is destroyed."""


def read_rows(rows: Iterable[Row], read: Callable[[Row], T]) -> tuple[tuple[T, ...], Skipped]:
    """The rows that can be answered from, in their order, and how many cannot."""
    good: list[T] = []
    half_replicated = unreadable = 0
    for row in rows:
        try:
            good.append(read(row))
        except HalfReplicated:
            half_replicated += 1
        except Unregistered:
            continue
        except ValueError:
            unreadable += 1
    return tuple(good), Skipped(half_replicated, unreadable)


def machine(row: Row) -> Machine:
    """A Machine from (id, region, host, address, state, metadata, skip_dns)."""
    name, region, host, address, state, metadata, skip_dns = row
    is_started = _is_started(state, skip_dns)
    return Machine(
        id=_text(name),
        region=intern(_text(region)),
        host=intern(host) if isinstance(host, str) else "",
        address=_address(address),
        is_started=is_started,
        metadata=_metadata(metadata),
    )


def instance(row: Row) -> Instance:
    """An Instance from (id, app, region, address, state, skip_dns)."""
    name, app, region, address, state, skip_dns = row
    is_started = _is_started(state, skip_dns)
    return Instance(_text(name), intern(_text(app)), intern(_text(region)), _address(address), is_started)


def owner(row: Row) -> tuple[str, str]:
    """(machine id, app) from (id, app, region, state, skip_dns)."""
    name, app, region, state, skip_dns = row
    _is_started(state, skip_dns)
    _text(region)  # without it the machine is not there yet, under no name
    return _text(name), _text(app)


def peer(row: Row) -> Peer:
    """A Peer from (name, address)."""
    name, address = row
    return Peer(_text(name), _address(address))


def name(row: Row) -> str:
    """The text of a row of one column."""
    return _text(row[0])


def number(row: Row) -> int:
    """The integer of a row of one column."""
    if not isinstance(row[0], int):
        raise ValueError("an integer is expected")
    return row[0]


def address(row: Row) -> bytes:
    """The 16 octets of a row of one column."""
    return _address(row[0])


def check(row: Row) -> tuple[str, bool]:
    """(machine id, does it pass?) from (machine, status)."""
    machine_id, status = row
    return _text(machine_id), _text(status) == PASSING


def service(row: Row) -> Service:
    """A Service from (machine, name, port)."""
    machine_id, service_name, port = row
    if port is None or port == 0:
        raise HalfReplicated
    if not isinstance(port, int) or not 0 < port <= MAX_PORT:
        raise ValueError("a port is expected")
    return Service(_text(machine_id), intern(_text(service_name)), port)


def host(row: Row) -> Host:
    """A Host from (host, rtt, state). A host may be not measured yet, and of unknown state: it is then not down."""
    host_name, rtt, state = row
    round_trip = None if rtt is None else _number(rtt)
    return Host(intern(_text(host_name)), round_trip, state is not None and state != ALIVE)


def coordinates(row: Row) -> tuple[str, tuple[float, float]]:
    """(region, (latitude, longitude)) from (region, latitude, longitude)."""
    region, latitude, longitude = row
    if latitude is None or longitude is None:
        raise HalfReplicated
    return intern(_text(region)), (_number(latitude), _number(longitude))


def duplicates(machines: Iterable[Machine]) -> tuple[bytes, ...]:
    """Addresses that more than one machine has, which means a provisioning fault."""
    seen = Counter(found.address for found in machines)
    return tuple(sorted(octets for octets, count in seen.items() if count > 1))


def _is_started(state: object, skip_dns: object) -> bool:
    if skip_dns or state == DESTROYED:
        raise Unregistered
    return _text(state) == STARTED


def _text(value: object) -> str:
    if value is None or value == "":
        raise HalfReplicated
    if not isinstance(value, str):
        raise ValueError("text is expected")
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise ValueError("a number is expected")
    return float(value)


def _address(value: object) -> bytes:
    try:
        return IPv6Address(_text(value)).packed
    except AddressValueError as wrong:
        raise ValueError("an IPv6 address is expected") from wrong


_decode_object = msgspec.json.Decoder(dict[str, object]).decode


def _metadata(value: object) -> tuple[tuple[str, str], ...]:
    """Metadata values are strings; any other value under a key is left out. An empty object is whole: most have none."""
    if not isinstance(value, str):
        raise ValueError("a JSON object is expected")
    try:
        fields = _decode_object(value)
    except msgspec.DecodeError as wrong:  # a ValueError of msgspec's own family
        raise ValueError("a JSON object is expected") from wrong
    return tuple((intern(key), intern(text)) for key, text in fields.items() if isinstance(text, str))
