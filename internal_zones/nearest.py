"""Which of an app's machines are nearest: by measured round-trip time, then by distance, then by a stable hash.

A host's round-trip time is Corrosion's (`__corro_members.rtt_min`); where it is not known, the great-circle distance between
the regions stands in; where that is not known either, a hash of (client, machine) at least keeps a client with its machine.
The region this host stands in counts as 0 for both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from math import asin, cos, inf, radians, sin, sqrt

from internal_zones.rows import Machine

EARTH_RADIUS_KM = 6371.0
HERE = (0.0, 0.0)  # the remoteness of this host's own region

Coordinates = tuple[float, float]  # latitude, longitude in degrees


@dataclass(frozen=True, slots=True)
class Topology:
    """What is known of hosts and regions. round_trips: ms by host; places: by region; down: hosts known not to be alive."""

    round_trips: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, Coordinates] = field(default_factory=dict)
    down: frozenset[str] = frozenset()


def order(machines: Iterable[Machine], topology: Topology, region: str, client: bytes, count: int) -> list[Machine]:
    """The `count` machines nearest to a host in `region`, nearest first; equal ones by the hash. region: "" when not known.

    Hashes are the dear part (1 µs each): those of machines that are too far away to be named are not computed.
    """
    distances: dict[str, float] = {}
    alike: dict[tuple[float, float], list[Machine]] = {}
    for machine in machines:
        alike.setdefault(_remoteness(machine, topology, region, distances), []).append(machine)
    ordered: list[Machine] = []
    for remoteness in sorted(alike):
        ordered += sorted(alike[remoteness], key=lambda machine: _hash(client, machine))
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


def _hash(client: bytes, machine: Machine) -> bytes:
    return blake2b(machine.id.encode(), digest_size=8, key=client[:64]).digest()
