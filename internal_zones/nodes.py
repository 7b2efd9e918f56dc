"""What stands at a name, by what the units hold on which it rests?"""

from collections.abc import Sequence
from typing import Final

from cache.names import WireName
from internal_zones import nearest
from internal_zones.index import Labels
from internal_zones.lookup import Place, node_at
from internal_zones.nearest import Ranks, Topology
from internal_zones.readings import AppData, ChecksData, Data, InstancesData, PeersData, ServicesData, TooMany
from internal_zones.records import UNKNOWN, Node, above_addresses_node, healthy_node, service_node, subset

PREFIX: Final = b"fdaa"  # of every address, in nibbles

Made = Node | Ranks | None


def make(place: Place, qname: WireName, data: Sequence[Data], region: str) -> Made:
    """What stands at a name, or how near the machines are that a nearest name stands for; None: there is no such name.

    data: what its units hold. region: this host's. Runs in whatever thread.
    """
    if not data:
        return place.node
    if place.nearest is not None:
        return ranks_of(place.nearest.subset, data, region)
    if len(data) > 1:
        return joint_node(place, qname, data)
    return node_at(qname, place.labels, data[0])


def ranks_of(below: Labels, data: Sequence[Data], region: str) -> Ranks | None:
    """How near the machines are that the labels stand for; None: they stand for none, or nobody knows."""
    match data:
        case [AppData() as app, Topology() as topology] if app.exists:
            machines = subset(app, below)
            return None if machines is None else nearest.ranked(machines, topology, region)
    return None


def joint_node(place: Place, qname: WireName, data: Sequence[Data]) -> Node | None:
    """The node of a name that rests on several units."""
    match data:
        case [AppData() as app, ChecksData() as checks, Topology() as topology]:
            return healthy_node(qname, app, checks, topology)
        case [AppData() as app, ServicesData() as services]:
            return service_node(qname, place.labels[0][1:], app, services)
        case [InstancesData() as instances, PeersData() as peers]:
            return above_addresses_node(PREFIX + place.labels[0], instances, peers)
    assert any(isinstance(one, TooMany) for one in data), "a name rests on such units"
    return UNKNOWN
