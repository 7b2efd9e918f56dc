"""Which of an app's machines are nearest: by measured round-trip time, then by distance, then by a stable hash.

A host's round-trip time is Corrosion's (`__corro_members.rtt_min`); where it is not known, the great-circle distance between
the regions stands in; where that is not known either, a hash of (client, machine) at least keeps a client with its machine.
The region this host stands in counts as 0 for both.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from math import asin, cos, inf, radians, sin, sqrt
from typing import Final
from zlib import crc32

from internal_zones.index import PLACES, in_order
from internal_zones.rows import Machine

EARTH_RADIUS_KM = 6371.0
HERE = (0.0, 0.0)  # the remoteness of this host's own region
MAX_HASHED: Final = 32  # machines, for one answer

Ranks = Sequence[list[Machine]]

Coordinates = tuple[float, float]  # latitude, longitude in degrees


@dataclass(frozen=True, slots=True)
class Topology:
    """What is known of hosts and regions. round_trips: ms by host; places: by region; down: hosts known not to be alive."""

    round_trips: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, Coordinates] = field(default_factory=dict)
    down: frozenset[str] = frozenset()


def ranked(machines: Iterable[Machine], topology: Topology, region: str) -> Ranks:
    """The started machines, those that are as near together, nearest first. region: this host's; "" when not known.

    Of machines that share an address there is the first. Those of one rank stand in an order that nothing but their ids decides.
    """
    distances: dict[str, float] = {}
    alike: dict[tuple[float, float], list[Machine]] = {}
    for machine in machines:
        if machine.is_started:
            alike.setdefault(_remoteness(machine, topology, region, distances), []).append(machine)
    seen: set[bytes] = set()
    ranks = []
    for remoteness in sorted(alike):
        rank = {machine.address: machine for machine in reversed(alike[remoteness]) if machine.address not in seen}
        seen.update(rank)
        ranks.append(in_order(rank.values(), _place))
    return ranks


def order(ranks: Ranks, client: bytes, count: int) -> list[Machine]:
    """The `count` nearest machines, nearest first; of equal ones another one is the first for each client, and stays so.

    That is decided by a hash of client and machine, which takes 1 µs, for MAX_HASHED machines: where more are alike, for those
    that follow the client's place among them; all others stand as they follow.
    """
    ordered: list[Machine] = []
    hashes = MAX_HASHED
    place = crc32(client) % PLACES
    for rank in ranks:
        start = bisect_left(rank, place, key=_place) if len(rank) > hashes else 0
        most = max(count, hashes)
        around = rank[start : start + most]
        if start:
            around += rank[: min(start, most - len(around))]
        ordered += sorted(around[:hashes], key=lambda machine: _hash(client, machine))
        ordered += around[hashes:]
        hashes = max(0, hashes - len(rank))
        if len(ordered) >= count:
            break
    return ordered[:count]


def reason(machine: Machine, topology: Topology, region: str) -> str:
    """What decides the place of the machine in the order, for people."""
    if region and machine.region == region:
        return f"in this host's region {region}"
    if machine.host in topology.round_trips:
        return f"{topology.round_trips[machine.host]:g} ms to {machine.host}"
    far = distance(topology, region, machine.region)
    return f"{far:.0f} km to {machine.region}" if far < inf else "not measured: a hash of client and machine"


def is_measured(machines: Iterable[Machine], topology: Topology, region: str) -> bool:
    """Does anything but the hash decide the order?"""
    return any(
        (region and machine.region == region)
        or machine.host in topology.round_trips
        or distance(topology, region, machine.region) < inf
        for machine in machines
    )


def distance(topology: Topology, here: str, there: str) -> float:
    """Kilometres between two regions along a great circle; infinite when one of them is not known."""
    start, end = topology.places.get(here), topology.places.get(there)
    return great_circle(start, end) if start and end else inf


def great_circle(start: Coordinates, end: Coordinates) -> float:
    """Kilometres between two places (haversine formula)."""
    south, north = radians(start[0]), radians(end[0])
    eastward = radians(end[1] - start[1])
    chord = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(eastward / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


def _remoteness(machine: Machine, topology: Topology, region: str, distances: dict[str, float]) -> tuple[float, float]:
    """What decides before the hash. distances: those computed already, by region."""
    there = machine.region
    if region and there == region:
        return HERE
    if there not in distances:
        distances[there] = distance(topology, region, there)
    return topology.round_trips.get(machine.host, inf), distances[there]


def _place(machine: Machine) -> int:
    """Where it stands among those that are as near."""
    return crc32(machine.id.encode()) % PLACES


def _hash(client: bytes, machine: Machine) -> bytes:
    return blake2b(machine.id.encode(), digest_size=8, key=client[:64]).digest()
