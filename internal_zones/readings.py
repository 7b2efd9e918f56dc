"""What is read together: a unit, which is one app in one network, or one list of a network.

Each unit is a few indexed SELECTs and becomes one frozen value; nothing is read that nobody asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import partial
from ipaddress import IPv6Network
from typing import Final, NamedTuple, TypeVar

from msgspec import structs

from internal_zones import rows
from internal_zones.database import Fault, Reader, StateFault
from internal_zones.index import Addresses, ByName, Subsets, subsets_of
from internal_zones.nearest import Topology
from internal_zones.rows import BadRow, Instance, LastKnown, Machine, Peer, Row, Service, Skipped, Within

T = TypeVar("T")

NONE_SKIPPED: Final = Skipped()
PAGE_SIZE: Final = 500  # instances: some 80 octets each
MAX_STARTED: Final = 2_000  # in a list: an instance takes 37 octets at least, and 65,000 fit into a message
UNLISTED_PEERS: Final = "interactive-"  # in no list, and no name stands for them
OWN_NAMES: Final = frozenset(
    ("ns", "_api", "_apps", "_peer", "_instances")
)  # directly below internal.; they win over apps
NOBODY: Final = 0  # the network of what belongs to no network, and of rows whose network has not arrived yet


class Kind(IntEnum):
    """What a unit holds."""

    APP = 1
    FLYCAST = 2
    APPS = 3
    PEERS = 4
    INSTANCES = 5
    OWNERS = 6
    TOPOLOGY = 7
    CHECKS = 8
    SERVICES = 9
    STARTED = 10
    PAGE = 11


class UnitKey(NamedTuple):
    """name: the app's, lower-case; the address as text for OWNERS; the number of a PAGE; "" for what is about neither."""

    kind: Kind
    network: int
    name: str = ""


TOPOLOGY: Final = UnitKey(Kind.TOPOLOGY, NOBODY)


@dataclass(frozen=True, slots=True)
class AppData:
    """Machines of an app that are in the DNS, started or not. exists: whether the network has such an app."""

    exists: bool
    machines: tuple[Machine, ...]
    subsets: Subsets | None = field(default=None, init=False, compare=False, repr=False)  # None: they are few

    def __post_init__(self) -> None:
        object.__setattr__(self, "subsets", subsets_of(self.machines))


@dataclass(frozen=True, slots=True)
class FlycastData:
    """Flycast addresses allocated in this network. exists: whether the app itself, or an address of it, is here."""

    exists: bool
    addresses: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AppsData:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeersData:
    peers: tuple[Peer, ...]
    by_name: ByName[Peer] = field(init=False, compare=False, repr=False)
    nibbles: Addresses = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        listed = tuple(peer for peer in self.peers if not peer.name.startswith(UNLISTED_PEERS))
        object.__setattr__(self, "by_name", ByName(listed))
        object.__setattr__(self, "nibbles", Addresses(self.peers))


@dataclass(frozen=True, slots=True)
class InstancesData:
    """Machines of a network, by id. is_whole: there are no more. is_there: whether the page has any row, readable or not."""

    instances: tuple[Instance, ...]
    is_whole: bool = True
    is_there: bool = True
    nibbles: Addresses = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nibbles", Addresses(self.instances))


@dataclass(frozen=True, slots=True)
class OwnersData:
    """Who has one address: machines as (id, app), and names of peers."""

    machines: tuple[tuple[str, str], ...]
    peers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChecksData:
    """Machines of the app with a check that does not pass, by id."""

    failing: frozenset[str]


@dataclass(frozen=True, slots=True)
class ServicesData:
    services: tuple[Service, ...]
    by_name: ByName[Service] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", ByName(self.services))


@dataclass(frozen=True, slots=True)
class TooMany:
    """There are more rows than are read at once (database.MAX_ROWS): kept, so that nobody reads them again and again in vain."""


@dataclass(frozen=True, slots=True)
class Unknowable:
    """Rows of the unit cannot be read, and nothing is known of it from before: what is made of the others would be less than the
    truth. Kept, so that nobody reads them again and again in vain.
    """


Data = (
    TooMany
    | Unknowable
    | AppData
    | FlycastData
    | AppsData
    | PeersData
    | InstancesData
    | OwnersData
    | Topology
    | ChecksData
    | ServicesData
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading of a unit gave. size: rows it holds; duplicates: addresses that two of its machines have."""

    data: Data
    size: int
    skipped: Skipped = NONE_SKIPPED
    duplicates: tuple[bytes, ...] = ()


class NoRows:
    """The Reader of a network that is none."""

    def select(self, name: str, parameters: Mapping[str, int | str]) -> list[Row]:
        return []


Read = Callable[[Reader, UnitKey], Reading]


def read(reader: Reader, key: UnitKey, prefixes: tuple[IPv6Network, ...] = ()) -> Reading:
    """Read one unit, a few indexed SELECTs; raises StateFault. Runs in the database thread.

    prefixes: of addresses that rows may have beside those of their network.
    """
    try:
        return _read(reader, key, Within(key.network, prefixes))
    except StateFault as problem:
        if problem.fault is not Fault.TOO_MANY_ROWS:
            raise
        return Reading(TooMany(), 0)


def with_last_known_metadata(before: Reading | None, reading: Reading) -> Reading:
    """The reading with the metadata of before for each machine whose metadata cannot be read now."""
    if before is None or not isinstance(before.data, AppData) or not isinstance(reading.data, AppData):
        return reading
    if not reading.skipped.bad:  # whose metadata cannot be read is there
        return reading
    known = {machine.id: machine.pairs for machine in before.data.machines}
    machines = tuple(
        it if it.is_metadata_current else structs.replace(it, metadata=LastKnown(known.get(it.id)))
        for it in reading.data.machines
    )
    return replace(reading, data=AppData(reading.data.exists, machines))


def _read(reader: Reader, key: UnitKey, within: Within) -> Reading:
    if key.network == NOBODY and key.kind is not Kind.TOPOLOGY:
        reader = NoRows()
    where: dict[str, int | str] = {"network": key.network, "app": key.name, "address": key.name}
    match key.kind:
        case Kind.APP:
            return _read_app(reader, where, within)
        case Kind.FLYCAST:
            addresses, skipped = _select(reader, "flycast", where, partial(rows.address, within))
            exists = bool(addresses) or bool(reader.select("app", where))
            return Reading(FlycastData(exists, addresses), len(addresses), skipped)
        case Kind.APPS:
            names, skipped = _select(reader, "apps", where, rows.name)
            skipped += Skipped(bad=tuple(_shadowed(name) for name in names if name.lower() in OWN_NAMES))
            return Reading(AppsData(tuple(sorted(set(names)))), len(names), skipped)
        case Kind.PEERS:
            peers, skipped = _select(reader, "peers", where, partial(rows.peer, within))
            return Reading(PeersData(tuple(sorted(peers, key=lambda peer: peer.name))), len(peers), skipped)
        case Kind.INSTANCES:
            return _read_deployed(reader, where, within)
        case Kind.STARTED:
            return _read_started(reader, within, MAX_STARTED, 0)
        case Kind.PAGE:
            return _read_started(reader, within, PAGE_SIZE, (int(key.name) - 1) * PAGE_SIZE)
        case Kind.OWNERS:
            machines, skipped_machines = _select(reader, "machine_at", where, rows.owner)
            names, skipped = _select(reader, "peer_at", where, rows.name)
            listed = tuple(name for name in names if not name.startswith(UNLISTED_PEERS))
            return Reading(OwnersData(machines, listed), len(machines) + len(names), skipped_machines + skipped)
        case Kind.TOPOLOGY:
            return _read_topology(reader)
        case Kind.CHECKS:
            checks, skipped = _select(reader, "checks", where, rows.check)
            return Reading(ChecksData(frozenset(it for it, passes in checks if not passes)), len(checks), skipped)
        case Kind.SERVICES:
            services, skipped = _select(reader, "services", where, rows.service)
            return Reading(ServicesData(services), len(services), skipped)


def _select(
    reader: Reader, name: str, where: Mapping[str, int | str], read_row: Callable[[Row], T]
) -> tuple[tuple[T, ...], Skipped]:
    return rows.read_rows(name, reader.select(name, where), read_row)


def _shadowed(name: str) -> BadRow:
    return BadRow("apps", name, "name", "TEXT", "a name of our own stands in its place: nobody can ask for this app")


def _read_app(reader: Reader, where: Mapping[str, int | str], within: Within) -> Reading:
    exists = bool(reader.select("app", where))
    if not exists:
        return Reading(AppData(exists, ()), 0)
    selected = reader.select("machines", where)
    machines, skipped = rows.read_rows("machines", selected, partial(rows.machine, within))
    ordered = tuple(sorted(machines, key=lambda machine: machine.id))
    doubtful = {machine.id for machine in ordered if not machine.is_metadata_current}
    if doubtful:
        skipped += Skipped(bad=rows.doubtful_metadata("machines", (row for row in selected if row[0] in doubtful)))
    return Reading(AppData(exists, ordered), len(ordered), skipped, rows.duplicates(ordered))


def _read_deployed(reader: Reader, where: Mapping[str, int | str], within: Within) -> Reading:
    """A network with more machines than are read at once has a list that fits no message."""
    try:
        found, skipped = _select(reader, "instances", where, partial(rows.instance, within))
    except StateFault as problem:
        if problem.fault is not Fault.TOO_MANY_ROWS:
            raise
        return Reading(InstancesData((), is_whole=False), 0)
    return Reading(InstancesData(tuple(sorted(found, key=lambda row: row.id))), len(found), skipped)


def _read_started(reader: Reader, within: Within, limit: int, offset: int) -> Reading:
    """Started machines of a network, `limit` rows from `offset`."""
    selected = reader.select("page", {"network": within.network, "limit": limit, "offset": offset})
    found, skipped = rows.read_rows("page", selected, partial(rows.instance, within))
    data = InstancesData(found, is_whole=len(selected) < limit, is_there=bool(selected) or not offset)
    return Reading(data, len(found), skipped)


def _read_topology(reader: Reader) -> Reading:
    """Either half may be missing: the order of nearest machines then rests on the other."""
    hosts, hosts_skipped = rows.read_rows("hosts", _optional(reader, "hosts"), rows.host)
    placed, regions_skipped = rows.read_rows("regions", _optional(reader, "regions"), rows.coordinates)
    topology = Topology(
        {host.name: host.round_trip for host in hosts if host.round_trip is not None},
        dict(placed),
        frozenset(host.name for host in hosts if host.is_down),
    )
    skipped = (
        hosts_skipped + regions_skipped
    )  # of these rests an order, no record: what cannot be read leaves nothing out
    unread = Skipped(skipped.half_replicated, 0, skipped.unreadable, skipped.bad)
    return Reading(topology, len(hosts) + len(placed), unread)


def _optional(reader: Reader, name: str) -> Sequence[Row]:
    try:
        return reader.select(name, {})
    except StateFault as problem:
        if problem.fault in (Fault.STATEMENT, Fault.TOO_MANY_ROWS):
            return []
        raise
