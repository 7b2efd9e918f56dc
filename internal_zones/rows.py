"""Rows of the state database as typed values, and which rows are not there yet.

SQLite checks no types and replication sets a row's columns one by one, so every value is looked at before it is believed.
A row whose required columns still hold their schema defaults has only half arrived: it is skipped and counted, never
answered from.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network
from socket import AF_INET6, inet_pton  # noqa: TID251  # text to octets: there is no socket in it
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
MAX_LABEL = 63  # octets, RFC 1035 §2.3.4
MAX_BAD = 20  # rows of one reading that are told apart; all of them are counted
MAX_SHOWN = 80  # characters of an id
MAX_TEXTS = 4096  # of metadata that are remembered with what they say
MAX_SHARED = 512  # characters of such a text: with what they say they take 8 MB at most
SIX_PN = 0xFDAA  # the first 16 bits of every 6PN address
SEPARATORS = frozenset(",;= ")  # of the items of lists, and of their parts


Pairs = tuple[tuple[str, str], ...]  # of metadata: (key, value)


class LastKnown(msgspec.Struct, frozen=True, gc=False):
    """Metadata that cannot be read now. pairs: as they were when they could be; None: nobody knows."""

    pairs: Pairs | None = None


class Machine(msgspec.Struct, frozen=True, gc=False):
    """A deployed machine that is in the DNS. address: 16 octets; host: "" if not known.

    Of six fields, which take 64 octets; a seventh would take 16 more, of each machine of all networks that are asked for.
    """

    id: str
    region: str
    host: str
    address: bytes
    is_started: bool
    metadata: Pairs | LastKnown = ()

    @property
    def is_metadata_current(self) -> bool:
        """Can they be read now?"""
        return not isinstance(self.metadata, LastKnown)

    @property
    def pairs(self) -> Pairs | None:
        """Of its metadata, as they are or were; None: nobody knows."""
        return self.metadata.pairs if isinstance(self.metadata, LastKnown) else self.metadata


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


class BadRow(msgspec.Struct, frozen=True, gc=False):
    """A row that holds what it should not. table: the statement of the mapping; id: its first column.

    holds: the type of the column's value; wrong: what is the matter with it, in words.
    """

    table: str
    id: str
    column: str
    holds: str
    wrong: str


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """How many rows of one reading were not answered from, and why.

    unreadable: what is made of the others is less than the truth. unlistable: nobody can ask by such a name, so that nothing is
    missing. bad: the first MAX_BAD of both, and rows that are answered from though something of them is bad.
    """

    half_replicated: int = 0
    unreadable: int = 0
    unlistable: int = 0
    bad: tuple[BadRow, ...] = ()

    def __add__(self, other: "Skipped") -> "Skipped":
        return Skipped(
            self.half_replicated + other.half_replicated,
            self.unreadable + other.unreadable,
            self.unlistable + other.unlistable,
            (self.bad + other.bad)[:MAX_BAD],
        )


class Within:
    """The addresses that rows of a network may have: those under its own /48, and those of `others`."""

    __slots__ = ("network", "others", "own")

    def __init__(self, network: int, others: tuple[IPv6Network, ...] = ()) -> None:
        self.network, self.others = network, others
        self.own = (SIX_PN << 32 | network).to_bytes(6, "big")  # what their addresses begin with

    def holds(self, address: bytes) -> bool:
        """Is it one of them? address: 16 octets."""
        return address.startswith(self.own) or any(IPv6Address(address) in prefix for prefix in self.others)


class HalfReplicated(ValueError):
    """A required column still holds its schema default."""


class Unregistered(ValueError):
    """The machine is not in the DNS by its own wish (skip_dns), or it is destroyed."""


class Unreadable(ValueError):
    """A column holds no such value; the text says what is wrong with it, never the value."""

    def __init__(self, column: str, value: object, wrong: str) -> None:
        super().__init__(wrong)
        self.column, self.value = column, value


class Unlistable(Unreadable):
    """A name by which nobody can ask, or that would forge a list."""


def read_rows(table: str, rows: Iterable[Row], read: Callable[[Row], T]) -> tuple[tuple[T, ...], Skipped]:
    """The rows that can be answered from, in their order, and what is wrong with the others."""
    good: list[T] = []
    bad: list[BadRow] = []
    half_replicated = unreadable = unlistable = 0
    for row in rows:
        try:
            good.append(read(row))
        except HalfReplicated:
            half_replicated += 1
        except Unregistered:
            continue
        except Unreadable as found:
            is_unlistable = isinstance(found, Unlistable)
            unlistable += is_unlistable
            unreadable += not is_unlistable
            if len(bad) < MAX_BAD:
                bad.append(bad_row(table, row, found))
    return tuple(good), Skipped(half_replicated, unreadable, unlistable, tuple(bad))


def bad_row(table: str, row: Row, found: Unreadable) -> BadRow:
    """The row as operators are told of it."""
    return BadRow(table, str(row[0])[:MAX_SHOWN], found.column, _type_of(found.value), str(found))


def doubtful_metadata(table: str, rows: Iterable[Row]) -> tuple[BadRow, ...]:
    """The first MAX_BAD rows of machines whose metadata cannot be read, all else being well."""
    bad = []
    for row in rows:
        try:
            _metadata(row[5])
        except Unreadable as found:
            bad.append(bad_row(table, row, found))
    return tuple(bad[:MAX_BAD])


def machine(within: Within, row: Row) -> Machine:
    """A Machine from (id, region, host, address, state, metadata, skip_dns)."""
    name, region, host, address, state, metadata, skip_dns = row
    is_started = _is_started(state, skip_dns)
    said: Pairs | LastKnown
    try:
        said = _metadata(metadata)
    except Unreadable:
        said = LastKnown()
    return Machine(
        _label("id", name),
        intern(_label("region", region)),
        intern(host) if isinstance(host, str) else "",
        _address("address", address, within),
        is_started,
        said,
    )


def instance(within: Within, row: Row) -> Instance:
    """An Instance from (id, app, region, address, state, skip_dns)."""
    name, app, region, address, state, skip_dns = row
    is_started = _is_started(state, skip_dns)
    return Instance(
        _label("id", name),
        intern(_label("app", app)),
        intern(_label("region", region)),
        _address("address", address, within),
        is_started,
    )


def owner(row: Row) -> tuple[str, str]:
    """(machine id, app) from (id, app, region, state, skip_dns)."""
    name, app, region, state, skip_dns = row
    _is_started(state, skip_dns)
    _label("region", region)  # without it the machine is not there yet, under no name
    return _label("id", name), _label("app", app)


def peer(within: Within, row: Row) -> Peer:
    """A Peer from (name, address)."""
    name, address = row
    octets = _address("address", address, within)
    return Peer(_listable("name", name), octets)


def name(row: Row) -> str:
    """The name in a row of one column, as a label and in a list."""
    return _listable("name", row[0])


def number(row: Row) -> int:
    """The integer of a row of one column."""
    if not isinstance(row[0], int):
        raise Unreadable("network", row[0], "an integer is expected")
    return row[0]


def address(within: Within, row: Row) -> bytes:
    """The 16 octets of a row of one column."""
    return _address("address", row[0], within)


def check(row: Row) -> tuple[str, bool]:
    """(machine id, does it pass?) from (machine, status)."""
    machine_id, status = row
    return _text("machine", machine_id), _text("status", status) == PASSING


def service(row: Row) -> Service:
    """A Service from (machine, name, port)."""
    machine_id, service_name, port = row
    if port is None or port == 0:
        raise HalfReplicated
    if not isinstance(port, int) or not 0 < port <= MAX_PORT:
        raise Unreadable("port", port, "a port is expected")
    return Service(_text("machine", machine_id), intern(_text("name", service_name)), port)


def host(row: Row) -> Host:
    """A Host from (host, rtt, state). A host may be not measured yet, and of unknown state: it is then not down."""
    host_name, rtt, state = row
    round_trip = None if rtt is None else _number("rtt", rtt)
    return Host(intern(_text("host", host_name)), round_trip, state is not None and state != ALIVE)


def coordinates(row: Row) -> tuple[str, tuple[float, float]]:
    """(region, (latitude, longitude)) from (region, latitude, longitude)."""
    region, latitude, longitude = row
    if latitude is None or longitude is None:
        raise HalfReplicated
    return intern(_text("region", region)), (_number("latitude", latitude), _number("longitude", longitude))


def duplicates(machines: Iterable[Machine]) -> tuple[bytes, ...]:
    """Addresses that more than one machine has, which means a provisioning fault."""
    seen = Counter(found.address for found in machines)
    return tuple(sorted(octets for octets, count in seen.items() if count > 1))


def _is_started(state: object, skip_dns: object) -> bool:
    if state == STARTED and skip_dns.__class__ is int and not skip_dns:  # as most are
        return True
    if skip_dns is not None and not isinstance(skip_dns, int):
        raise Unreadable("skip_dns", skip_dns, "0 or 1 is expected")
    if skip_dns or state == DESTROYED:
        raise Unregistered
    return _text("state", state) == STARTED


def _text(column: str, value: object) -> str:
    if value is None or value == "":
        raise HalfReplicated
    if not isinstance(value, str):
        raise Unreadable(column, value, "text is expected")
    return value


def _label(column: str, value: object) -> str:
    """Text that can be a label of a name and an item of a list."""
    if isinstance(value, str) and value.isalnum() and value.isascii() and len(value) <= MAX_LABEL:  # as most are
        return value
    text = _text(column, value)
    wrong = _no_label(text)
    if wrong:
        raise Unreadable(column, value, wrong)
    return text


def _listable(column: str, value: object) -> str:
    """As _label, where nobody misses what has no such name: it cannot be asked for."""
    text = _text(column, value)
    wrong = _no_label(text)
    if wrong:
        raise Unlistable(column, value, wrong)
    return text


def _no_label(text: str) -> str:
    """Why the text is no label, or would end its item of a list; "": it is one."""
    if not text.isprintable() or not SEPARATORS.isdisjoint(text):
        return "a name without blanks, control characters and , ; = is expected"
    return "" if len(text.encode()) <= MAX_LABEL else f"a name of at most {MAX_LABEL} octets is expected"


def _number(column: str, value: object) -> float:
    if not isinstance(value, int | float):
        raise Unreadable(column, value, "a number is expected")
    return float(value)


def _address(column: str, value: object, within: Within) -> bytes:
    text, percent, _ = _text(column, value).partition("%")
    try:
        octets = inet_pton(AF_INET6, text)  # a fiftieth of what ipaddress takes
    except (OSError, ValueError) as wrong:
        raise Unreadable(column, value, "an IPv6 address is expected") from wrong
    if octets.startswith(within.own) and not percent:
        return octets
    if percent or not within.holds(octets):
        raise Unreadable(column, value, "an address under the network's own prefix is expected")
    return octets


_decode_object = msgspec.json.Decoder(dict[str, object]).decode


def _metadata(value: object) -> Pairs:
    """Metadata values are strings; any other value under a key is left out. An empty object is whole: most have none."""
    if not isinstance(value, str):
        raise Unreadable("metadata", value, "a JSON object is expected")
    return _metadata_of_many(value) if len(value) <= MAX_SHARED else _metadata_in(value)


def _metadata_in(value: str) -> Pairs:
    try:
        fields = _decode_object(value)
    except ValueError as wrong:  # msgspec's own, and that of text which has no octets
        raise Unreadable("metadata", value, "a JSON object is expected") from wrong
    return tuple((intern(key), intern(text)) for key, text in fields.items() if isinstance(text, str))


# Machines of one kind have the same text: it is read once, and what it says is one object.
_metadata_of_many = lru_cache(MAX_TEXTS)(_metadata_in)


def _type_of(value: object) -> str:
    """The type of a value as SQLite calls it."""
    match value:
        case None:
            return "NULL"
        case bool() | int():
            return "INTEGER"
        case float():
            return "REAL"
        case str():
            return "TEXT"
    return "BLOB"
