"""How much is looked through to make what stands at a name: all of an app of many once, and then what the name stands for."""

import pytest

from cache.names import from_text
from internal_zones.apex import build_apexes
from internal_zones.effort import effort
from internal_zones.index import SCANNED
from internal_zones.lookup import locate
from internal_zones.nearest import Topology
from internal_zones.nodes import make
from internal_zones.readings import (
    AppData,
    AppsData,
    ChecksData,
    Data,
    FlycastData,
    InstancesData,
    Kind,
    OwnersData,
    PeersData,
    ServicesData,
    TooMany,
)
from internal_zones.rows import PROCESS_GROUP, Instance, Machine, Pairs, Peer, Service

NETWORK = 24
MANY = 4 * SCANNED
APEXES = build_apexes(2)


def machines(count: int, pairs: Pairs = ()) -> tuple[Machine, ...]:
    return tuple(Machine(f"m{n}", ("ams", "fra")[n % 2], "h", n.to_bytes(16), True, pairs) for n in range(count))


def platform(count: int, pairs: Pairs = ((PROCESS_GROUP, "web"),)) -> dict[Kind, Data]:
    """Each kind of unit, with so many rows."""
    these = machines(count, pairs)
    instances = tuple(Instance(one.id, "web", one.region, one.address, True) for one in these)
    return {
        Kind.APP: AppData(True, these),
        Kind.FLYCAST: FlycastData(True, tuple(one.address for one in these)),
        Kind.APPS: AppsData(tuple(one.id for one in these)),
        Kind.PEERS: PeersData(tuple(Peer(one.id, one.address) for one in these)),
        Kind.INSTANCES: InstancesData(instances),
        Kind.OWNERS: OwnersData((("m1", "web"),), ()),
        Kind.TOPOLOGY: Topology(),
        Kind.CHECKS: ChecksData(frozenset()),
        Kind.SERVICES: ServicesData(tuple(Service(one.id, "http", 80) for one in these)),
        Kind.STARTED: InstancesData(instances),
        Kind.PAGE: InstancesData(instances),
    }


def effort_for(name: str, units: dict[Kind, Data]) -> tuple[int, int]:
    """What the name takes, and what it takes once it was made."""
    qname = from_text(name)
    place = locate(NETWORK, qname, APEXES)
    data = [units[key.kind] for key in place.units]
    before = effort(place, data)
    make(place, qname, data, "ams")
    return before, effort(place, data)


ROWS = [
    ("web.internal.", MANY, MANY),
    ("global.web.internal.", MANY, MANY),
    ("vms.web.internal.", MANY, MANY),
    ("all.vms.web.internal.", MANY, MANY),
    ("regions.web.internal.", MANY, MANY),
    ("all.regions.web.internal.", MANY, MANY),
    ("healthy.web.internal.", MANY, MANY),
    ("m1.vm.web.internal.", MANY, 1),
    ("nobody.vm.web.internal.", MANY, 0),
    ("ams.web.internal.", MANY, MANY // 2),
    ("nowhere.web.internal.", MANY, 0),
    ("web.process.web.internal.", MANY, MANY),
    ("nobody.process.web.internal.", MANY, 0),
    ("web.fly_process_group.kv._metadata.web.internal.", MANY, MANY),
    ("fly_process_group.kv._metadata.web.internal.", MANY, MANY),
    ("nothing.kv._metadata.web.internal.", MANY, 0),
    ("top3.nearest.of.web.internal.", MANY, MANY),
    ("top3.nearest.of.ams.web.internal.", MANY, MANY // 2),
    ("top3.nearest.of.nowhere.web.internal.", MANY, 0),
    ("top3.nearest.of.nobody.process.web.internal.", MANY, 0),
    ("ams.of.web.internal.", 0, 0),
    ("of.ams.web.internal.", MANY, 0),
    ("vm.web.internal.", 0, 0),
    ("of.web.internal.", 0, 0),
    ("a.b.c.web.internal.", 0, 0),
    ("_http._tcp.web.internal.", MANY, MANY),
    ("_nothing._tcp.web.internal.", MANY, 0),
    ("web.flycast.", MANY, MANY),
    ("_apps.internal.", MANY, MANY),
    ("_peer.internal.", MANY, MANY),
    ("m1._peer.internal.", MANY, 0),
    ("nobody._peer.internal.", MANY, 0),
    ("_instances.internal.", MANY, MANY),
    ("all._instances.internal.", MANY, MANY),
    ("1.page._instances.internal.", MANY, MANY),
    ("0.8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa.", 2 * MANY, 0),
    ("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa.", 0, 0),
    ("_api.internal.", 0, 0),
]


@pytest.mark.parametrize(("name", "first", "later"), ROWS, ids=[row[0] for row in ROWS])
def test_an_index_is_made_by_looking_through_all_once(name: str, first: int, later: int) -> None:
    assert effort_for(name, platform(MANY)) == (first, later)


@pytest.mark.parametrize("name", [row[0] for row in ROWS])
def test_few_rows_are_no_effort(name: str) -> None:
    assert max(effort_for(name, platform(SCANNED // 2))) <= SCANNED


def test_many_metadata_of_few_machines_are_an_effort_once() -> None:
    pairs = tuple((f"key{number}", "value") for number in range(SCANNED))
    units = platform(8, pairs)
    assert effort_for("nobody.vm.web.internal.", units) == (8, 0)
    assert effort_for("nothing.kv._metadata.web.internal.", units) == (8 * SCANNED, 0)
    assert effort_for("web.internal.", units) == (8, 8)


def test_of_too_many_rows_nothing_is_made() -> None:
    place = locate(NETWORK, from_text("healthy.web.internal."), APEXES)
    assert effort(place, [TooMany(), ChecksData(frozenset()), Topology()]) == 0
