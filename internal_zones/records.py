"""Which records stand at a name: the rows of one unit as nodes of the DNS tree.

A name that has no records but exists (an empty non-terminal, or an app without a started machine) is an empty node; a name
that does not exist is None. The fixed words below an app (vm, process, of, …) exist wherever the app does, and win over a
region of the same name.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from ipaddress import IPv6Address
from typing import Final
from zlib import crc32

import msgspec
from msgspec import structs

from cache.names import WireName, parent, prepend
from cache.rrset import RRset
from cache.rrtypes import AAAA, ANY, PTR, SRV, TXT
from internal_zones.apex import INTERNAL, local
from internal_zones.index import Labels, fold, folded, in_order, rests_on_metadata, stands_for_rows
from internal_zones.nearest import Topology
from internal_zones.readings import (
    UNLISTED_PEERS,
    AppData,
    AppsData,
    ChecksData,
    FlycastData,
    InstancesData,
    OwnersData,
    PeersData,
    ServicesData,
)
from internal_zones.rows import PROCESS_GROUP, Instance, Machine

MAX_STRING_OCTETS: Final = 255  # RFC 1035 §3.3
# Of one RRset: what a message of 65,535 octets has room for beside its header, the longest question, and an OPT with its texts.
MAX_RRSET_OCTETS: Final = 64_700
RECORD_OCTETS: Final = 12  # in a message, before its rdata: a pointer to the owner, type, class, TTL and length
MAX_ADDRESSES: Final = MAX_RRSET_OCTETS // (RECORD_OCTETS + 16)  # of one message
MAX_BESIDE: Final = 64  # addresses said beside an SRV answer: each is an RRset, and a message would hold 1,000
PRIORITY_AND_WEIGHT: Final = b"\0\0\0\1"  # RFC 2782: all alike, and each as likely to be chosen


class Certainty(IntEnum):
    """What is known of a name: what it is; what it was when all could be read; nothing."""

    SURE = 0
    LAST_KNOWN = 1
    NONE = 2


class Node(msgspec.Struct, frozen=True):
    """The RRsets at a name, and what a client needs beside them.

    is_ordered: the order of the records means something. certainty: of the whole node.
    too_large: the type of the RRset that is there and fits no message;
    ANY: there are more rows than are read, so that nothing is known of any type.
    """

    rrsets: tuple[RRset, ...] = ()
    additional: tuple[RRset, ...] = ()
    is_ordered: bool = False
    too_large: int | None = None
    certainty: Certainty = Certainty.SURE

    def fits_no_message(self, qtype: int) -> bool:
        """Is what the type asks for larger than any message?"""
        return self.too_large is not None and (ANY in (qtype, self.too_large) or qtype == self.too_large)


EMPTY: Final = Node()
UNKNOWN: Final = Node(too_large=ANY)
UNREADABLE: Final = Node(certainty=Certainty.NONE)


class NearestOf(msgspec.Struct, frozen=True):
    """`top<count>.nearest.of.<subset>`, parsed."""

    count: int
    subset: Labels


def app_node(owner: WireName, labels: Labels, app: AppData) -> Node | None:
    """What stands at `labels` below the app. Nearest names are not decided here (see nearest_of) but their ancestors are."""
    if not app.exists:
        return None
    match labels:
        case () | (b"global",):
            return addresses(owner, app.machines)
        case (b"vm" | b"process" | b"_metadata" | b"of" | b"_tcp",) | (b"kv", b"_metadata"):
            return EMPTY
        case (b"vms",) | (b"all", b"vms"):
            return text(owner, ",".join(f"{it.id} {it.region}" for it in _listed(labels, app.machines)))
        case (b"regions",) | (b"all", b"regions"):
            return text(owner, ",".join(sorted({it.region for it in _listed(labels, app.machines)})))
        case (*above, b"of") if above in ([], [b"nearest"]):
            return EMPTY
        case (b"of", *rest) | (b"nearest", b"of", *rest):
            return in_doubt(app, tuple(rest), EMPTY if subset(app, tuple(rest)) is not None else None)
    return in_doubt(app, labels, _subset_node(owner, app, labels))


def in_doubt(app: AppData, labels: Labels, node: Node | None) -> Node | None:
    """The node of a name, which is what it was once, or not known at all, if metadata decide of it that cannot be read now."""
    if not rests_on_metadata(labels):
        return node
    subsets = app.subsets
    if subsets.is_metadata_current if subsets else all(machine.is_metadata_current for machine in app.machines):
        return node
    return UNREADABLE if node is None else structs.replace(node, certainty=Certainty.LAST_KNOWN)


def _subset_node(owner: WireName, app: AppData, labels: Labels) -> Node | None:
    found = subset(app, labels)
    return addresses(owner, found) if found is not None else None


def subset(app: AppData, labels: Labels) -> tuple[Machine, ...] | None:
    """The deployed machines that the name stands for; None: it stands for none of the app's."""
    if not labels:
        return app.machines
    if not stands_for_rows(labels):
        return None
    if app.subsets is not None:
        return app.subsets.of(labels)
    match labels:
        case (machine_id, b"vm"):
            return _those(app, lambda machine: fold(machine.id) == machine_id)
        case (group, b"process"):
            return _those(app, lambda machine: (PROCESS_GROUP.encode(), group) in folded(machine.pairs))
        case (key, b"kv", b"_metadata"):
            return _those(app, lambda machine: any(key == known for known, _ in folded(machine.pairs)))
        case (value, key, b"kv", b"_metadata"):
            return _those(app, lambda machine: (key, value) in folded(machine.pairs))
        case (region,):
            return _those(app, lambda machine: fold(machine.region) == region)
    return None


def is_of_many(app: AppData, labels: Labels) -> bool:
    """Does the name stand for machines of an app that has many?"""
    return app.subsets is not None and (labels == (b"global",) or subset(app, labels) is not None)


def nearest_of(labels: Labels) -> NearestOf | None:
    """The parts of a nearest name; None: it is none. Its subset may be the app, a region or a process group."""
    match labels:
        case (top, b"nearest", b"of", *rest) if len(rest) < 2 or (len(rest) == 2 and rest[1] == b"process"):
            count = _count(top.removeprefix(b"top")) if top.startswith(b"top") else None
            return NearestOf(count, tuple(rest)) if count is not None else None
    return None


def service_of(labels: Labels) -> bytes | None:
    """The service of `_<service>._tcp`; None: no such name."""
    match labels:
        case (service, b"_tcp") if service[:1] == b"_":
            return service[1:]
    return None


def healthy_node(owner: WireName, app: AppData, checks: ChecksData, topology: Topology) -> Node | None:
    """The started machines with no check that fails, on hosts not known to be down; all of them when there is none.

    A machine without any check passes: nobody has asked for more of it.
    """
    if not app.exists:
        return None
    healthy = [it for it in app.machines if it.id not in checks.failing and it.host not in topology.down]
    node = addresses(owner, healthy)
    return node if node.rrsets else addresses(owner, app.machines)


def service_node(owner: WireName, service: bytes, app: AppData, services: ServicesData) -> Node | None:
    """SRV (RFC 2782) of the started machines that serve it; nothing when only stopped ones do; None when none does."""
    called = services.by_name.of(service)
    machines = {machine.id: machine for machine in app.machines} if called else {}
    serving = [(machines[it.machine], it.port) for it in called if it.machine in machines]
    if not serving:
        return None
    base = prepend(b"vm", parent(parent(owner)))
    rdatas: dict[bytes, None] = {}
    found: dict[WireName, RRset] = {}
    for machine, port in serving:
        target = prepend(fold(machine.id), base) if base else None
        if target and machine.is_started:
            rdatas[PRIORITY_AND_WEIGHT + port.to_bytes(2) + target] = None
            found[target] = local(target, AAAA, (machine.address,))
    return _set(owner, SRV, tuple(rdatas), additional=tuple(found.values())[:MAX_BESIDE]) if rdatas else EMPTY


def flycast_node(owner: WireName, flycast: FlycastData) -> Node | None:
    return _address_set(owner, flycast.addresses) if flycast.exists else None


def apps_node(owner: WireName, apps: AppsData) -> Node:
    return text(owner, ",".join(apps.names))


def peers_node(owner: WireName, labels: Labels, peers: PeersData) -> Node | None:
    """The list of peers, or the peer of that name."""
    if not labels:
        return text(owner, ",".join(peer.name for peer in peers.peers if not peer.name.startswith(UNLISTED_PEERS)))
    found = [peer.address for peer in peers.by_name.of(labels[0])] if len(labels) == 1 else []
    return _address_set(owner, found) if found else None


def instances_node(owner: WireName, instances: InstancesData) -> Node:
    """The list of instances; a list that could not be read as a whole fits no message."""
    return text(owner, _instance_list(instances.instances)) if instances.is_whole else Node(too_large=TXT)


def page_node(owner: WireName, page: InstancesData) -> Node | None:
    return text(owner, _instance_list(page.instances)) if page.is_there else None


def page_of(labels: Labels) -> int | None:
    """The number of `<n>.page`; None: no such name."""
    match labels:
        case (page, b"page"):
            return _count(page)
    return None


def above_addresses_node(nibbles: bytes, instances: InstancesData, peers: PeersData) -> Node | None:
    """The empty node above addresses that begin with the nibbles; None: none does. Doubt is no NXDOMAIN."""
    is_known = instances.nibbles.begin_with(nibbles) or peers.nibbles.begin_with(nibbles)
    is_above = is_known or not instances.is_whole
    return EMPTY if is_above else None


def owners_node(owner: WireName, owners: OwnersData) -> Node | None:
    """The names whose address is asked about; every one of them, if it has several owners."""
    relative: list[Labels] = [(fold(machine), b"vm", fold(app)) for machine, app in owners.machines]
    relative += [(fold(peer), b"_peer") for peer in owners.peers]
    names = tuple(name for name in map(_internal_name, relative) if name)
    return _set(owner, PTR, names) if names else None


def addresses(owner: WireName, machines: Iterable[Machine], *, is_ordered: bool = False) -> Node:
    """The addresses of those of the machines that are started."""
    return _address_set(owner, (machine.address for machine in machines if machine.is_started), is_ordered=is_ordered)


def addresses_of(owner: WireName, ordered: Sequence[Machine]) -> Node:
    """Those of these machines, which are started and share none, in this order."""
    rdatas = tuple([machine.address for machine in ordered])
    return _set(owner, AAAA, rdatas, is_ordered=True) if rdatas else EMPTY


def text(owner: WireName, value: str) -> Node:
    """One TXT record, cut into strings of at most 255 octets which clients join again; empty: one empty string."""
    octets = value.encode()
    strings = [octets[at : at + MAX_STRING_OCTETS] for at in range(0, len(octets), MAX_STRING_OCTETS)] or [b""]
    return _set(owner, TXT, (b"".join(bytes((len(string),)) + string for string in strings),))


def _those(app: AppData, is_meant: Callable[[Machine], bool]) -> tuple[Machine, ...] | None:
    return tuple(machine for machine in app.machines if is_meant(machine)) or None


def _listed(labels: Labels, machines: Iterable[Machine]) -> Iterable[Machine]:
    return machines if labels[0] == b"all" else (machine for machine in machines if machine.is_started)


def _address_set(owner: WireName, octets: Iterable[bytes], *, is_ordered: bool = False) -> Node:
    rdatas = tuple(dict.fromkeys(octets))
    return _set(owner, AAAA, rdatas, is_ordered=is_ordered) if rdatas else EMPTY


def _set(
    owner: WireName,
    rtype: int,
    rdatas: tuple[bytes, ...],
    *,
    additional: tuple[RRset, ...] = (),
    is_ordered: bool = False,
) -> Node:
    """The node of one RRset, and whether that is larger than a message. Addresses are kept nevertheless: some can be chosen."""
    if RECORD_OCTETS * len(rdatas) + sum(map(len, rdatas)) > MAX_RRSET_OCTETS:
        if not is_ordered:  # those that stand together are said together: let that not be those that were made together
            rdatas = tuple(in_order(rdatas, crc32))
        kept = (local(owner, rtype, rdatas),) if rtype == AAAA else ()
        return Node(kept, is_ordered=is_ordered, too_large=rtype)
    return Node((local(owner, rtype, rdatas),), additional, is_ordered)


def _instance_list(instances: Iterable[Instance]) -> str:
    return ";".join(
        f"instance={row.id},app={row.app},ip={IPv6Address(row.address)},region={row.region}" for row in instances
    )


def _internal_name(relative: Labels) -> WireName | None:
    """The name below internal.; None: its labels do not fit a name."""
    name: WireName | None = INTERNAL
    for label in reversed(relative):
        name = prepend(label, name) if name else None
    return name


def _count(digits: bytes) -> int | None:
    """A decimal number from 1, written one way only: an infinity of names for one set would be an infinity of entries."""
    return int(digits) if digits.isdigit() and digits[0] != 0x30 and len(digits) <= 5 else None
