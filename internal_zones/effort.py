"""How many rows are looked through to make what stands at a name? Those of one reading, where no index of them was made yet."""

from collections.abc import Sequence

from internal_zones.index import Labels
from internal_zones.lookup import Place
from internal_zones.nearest import Topology
from internal_zones.readings import (
    AppData,
    AppsData,
    ChecksData,
    Data,
    FlycastData,
    InstancesData,
    PeersData,
    ServicesData,
)
from internal_zones.records import subset


def effort(place: Place, data: Sequence[Data]) -> int:
    """The rows, if nothing is kept of the name. data: what the units of its place hold."""
    match data:
        case [AppData() as app]:
            return _of_app(app, place.labels)
        case [AppData() as app, ServicesData() as services]:
            called = services.by_name
            return called.unread or (len(app.machines) if called.of(place.labels[0][1:]) else 0)
        case [AppData() as app, ChecksData(), Topology()]:
            return len(app.machines)
        case [AppData() as app, Topology()] if place.nearest is not None:
            return _of_subset(app, place.nearest.subset)
        case [InstancesData() as instances, PeersData() as peers]:
            return instances.nibbles.unread + peers.nibbles.unread
        case [PeersData() as peers]:
            return peers.by_name.unread if place.labels else len(peers.peers)
        case [InstancesData() as instances]:
            return len(instances.instances)
        case [AppsData() as apps]:
            return len(apps.names)
        case [FlycastData() as flycast]:
            return len(flycast.addresses)
    return 0


def _of_app(app: AppData, labels: Labels) -> int:
    subsets = app.subsets
    if subsets is None:
        return 0
    match labels:
        case (b"global",) | (b"vms",) | (b"all", b"vms") | (b"regions",) | (b"all", b"regions"):
            return len(app.machines)
        case (b"of", *rest) | (b"nearest", b"of", *rest):
            return subsets.unread(tuple(rest))
    return _of_subset(app, labels)


def _of_subset(app: AppData, labels: Labels) -> int:
    """Of the machines that the labels stand for."""
    subsets = app.subsets
    if subsets is None:
        return 0
    return subsets.unread(labels) or len(subset(app, labels) or ())
