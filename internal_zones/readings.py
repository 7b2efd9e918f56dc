"""What is read together: a unit, which is one app in one network, or one list of a network.

Each unit is a few indexed SELECTs and becomes one frozen value; nothing is read that nobody asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from internal_zones import rows
from internal_zones.database import Fault, Reader, StateFault
from internal_zones.nearest import Topology
from internal_zones.rows import Instance, Machine, Peer, Row, Service, Skipped

NONE_SKIPPED: Final = Skipped()
PAGE_SIZE: Final = 500  # instances: some 80 octets each
MAX_STARTED: Final = 2_000  # in a list: an instance takes 37 octets at least, and 65,000 fit into a message
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


@dataclass(frozen=True, slots=True)
class InstancesData:
    """Machines of a network, by id. is_whole: there are no more. is_there: whether the page has any row, readable or not."""

    instances: tuple[Instance, ...]
    is_whole: bool = True
    is_there: bool = True


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


@dataclass(frozen=True, slots=True)
class TooMany:
    """There are more rows than are read at once (database.MAX_ROWS): kept, so that nobody reads them again and again in vain."""


Data = (
    TooMany
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


def read(reader: Reader, key: UnitKey) -> Reading:
    """Read one unit, a few indexed SELECTs; raises StateFault. Runs in the database thread."""
    try:
        return _read(reader, key)
    except StateFault as problem:
        if problem.fault is not Fault.TOO_MANY_ROWS:
            raise
        return Reading(TooMany(), 0)


def _read(reader: Reader, key: UnitKey) -> Reading:
    if key.network == NOBODY and key.kind is not Kind.TOPOLOGY:
        reader = NoRows()
    where: dict[str, int | str] = {"network": key.network, "app": key.name, "address": key.name}
    match key.kind:
        case Kind.APP:
            return _read_app(reader, where)
        case Kind.FLYCAST:
            addresses, skipped = rows.read_rows(reader.select("flycast", where), rows.address)
            exists = bool(addresses) or bool(reader.select("app", where))
            return Reading(FlycastData(exists, addresses), len(addresses), skipped)
        case Kind.APPS:
            names, skipped = rows.read_rows(reader.select("apps", where), rows.name)
            return Reading(AppsData(tuple(sorted(set(names)))), len(names), skipped)
        case Kind.PEERS:
            peers, skipped = rows.read_rows(reader.select("peers", where), rows.peer)
            return Reading(PeersData(tuple(sorted(peers, key=lambda peer: peer.name))), len(peers), skipped)
        case Kind.INSTANCES:
            return _read_deployed(reader, where)
        case Kind.STARTED:
            return _read_started(reader, key.network, MAX_STARTED, 0)
        case Kind.PAGE:
            return _read_started(reader, key.network, PAGE_SIZE, (int(key.name) - 1) * PAGE_SIZE)
        case Kind.OWNERS:
            machines, skipped_machines = rows.read_rows(reader.select("machine_at", where), rows.owner)
            names, skipped = rows.read_rows(reader.select("peer_at", where), rows.name)
            return Reading(OwnersData(machines, names), len(machines) + len(names), skipped_machines + skipped)
        case Kind.TOPOLOGY:
            return _read_topology(reader)
        case Kind.CHECKS:
            checks, skipped = rows.read_rows(reader.select("checks", where), rows.check)
            return Reading(ChecksData(frozenset(it for it, passes in checks if not passes)), len(checks), skipped)
        case Kind.SERVICES:
            services, skipped = rows.read_rows(reader.select("services", where), rows.service)
            return Reading(ServicesData(services), len(services), skipped)


def _read_app(reader: Reader, where: dict[str, int | str]) -> Reading:
    exists = bool(reader.select("app", where))
    if not exists:
        return Reading(AppData(exists, ()), 0)
    machines, skipped = rows.read_rows(reader.select("machines", where), rows.machine)
    ordered = tuple(sorted(machines, key=lambda machine: machine.id))
    return Reading(AppData(exists, ordered), len(ordered), skipped, rows.duplicates(ordered))


def _read_deployed(reader: Reader, where: dict[str, int | str]) -> Reading:
    """A network with more machines than are read at once has a list that fits no message."""
    try:
        found, skipped = rows.read_rows(reader.select("instances", where), rows.instance)
    except StateFault as problem:
        if problem.fault is not Fault.TOO_MANY_ROWS:
            raise
        return Reading(InstancesData((), is_whole=False), 0)
    return Reading(InstancesData(tuple(sorted(found, key=lambda row: row.id))), len(found), skipped)


def _read_started(reader: Reader, network: int, limit: int, offset: int) -> Reading:
    """Started machines of a network, `limit` rows from `offset`."""
    selected = reader.select("page", {"network": network, "limit": limit, "offset": offset})
    found, skipped = rows.read_rows(selected, rows.instance)
    data = InstancesData(found, is_whole=len(selected) < limit, is_there=bool(selected) or not offset)
    return Reading(data, len(found), skipped)


def _read_topology(reader: Reader) -> Reading:
    """Either half may be missing: the order of nearest machines then rests on the other."""
    hosts, hosts_skipped = rows.read_rows(_optional(reader, "hosts"), rows.host)
    placed, regions_skipped = rows.read_rows(_optional(reader, "regions"), rows.coordinates)
    topology = Topology(
        {host.name: host.round_trip for host in hosts if host.round_trip is not None},
        dict(placed),
        frozenset(host.name for host in hosts if host.is_down),
    )
    return Reading(topology, len(hosts) + len(placed), hosts_skipped + regions_skipped)


def _optional(reader: Reader, name: str) -> list[Row]:
    try:
        return reader.select(name, {})
    except StateFault as problem:
        if problem.fault in (Fault.STATEMENT, Fault.TOO_MANY_ROWS):
            return []
        raise
