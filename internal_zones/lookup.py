"""What answers a question about our own names: where the name stands, which units it needs, and the exact answer.

NODATA and NXDOMAIN are exact (RFC 2308 §2, RFC 8020): a name with other types, or with names below it, is NODATA. A question
for any type goes through the same node, so A is never NXDOMAIN where AAAA would not be.
"""

from collections.abc import Iterable
from ipaddress import IPv6Address
from typing import Final, NamedTuple, Protocol

from cache.answer import Answer, ExtendedError, Ground
from cache.names import WireName, labels
from cache.rrset import RRset
from cache.rrtypes import AAAA, ANY, NOERROR, NXDOMAIN, SERVFAIL
from internal_zones.apex import (
    FLYCAST,
    INTERNAL,
    NAME_SERVER,
    NAME_SERVER_ADDRESS,
    REVERSE,
    Apex,
    apex_of,
    api_address,
    local,
)
from internal_zones.index import Labels
from internal_zones.nearest import Topology
from internal_zones.readings import (
    TOPOLOGY,
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
    UnitKey,
    Unknowable,
)
from internal_zones.records import (
    EMPTY,
    MAX_ADDRESSES,
    UNKNOWN,
    UNREADABLE,
    Certainty,
    NearestOf,
    Node,
    app_node,
    apps_node,
    flycast_node,
    instances_node,
    nearest_of,
    owners_node,
    page_node,
    page_of,
    peers_node,
    service_of,
)
from internal_zones.units import Unit

# INFO-CODEs of RFC 8914 §4; resolver.errors has the whole table, which may not be imported from here.
OTHER_ERROR: Final = 0
STALE_ANSWER: Final = 3
NETWORK_ERROR: Final = 23
TOO_LARGE: Final = Answer(
    rcode=SERVFAIL, errors=(ExtendedError(OTHER_ERROR, "more records than fit a message: ask for a part of them"),)
)
LAST_KNOWN: Final = (ExtendedError(STALE_ANSWER, "rows of the state database cannot be read now"),)
NOT_KNOWN: Final = Answer(
    rcode=SERVFAIL, errors=(ExtendedError(NETWORK_ERROR, "rows of the state database cannot be read now"),)
)
TOO_MANY: Final = (ExtendedError(OTHER_ERROR, "more addresses than fit a message: ask for regions or pages"),)
MAX_PIECES: Final = 64  # of records, that are put into a random order
_NIBBLES: Final = frozenset(b"%x" % value for value in range(16))
_NIBBLES_OF_ADDRESS: Final = 28  # below those of fdaa::/16


class Bits(Protocol):
    """The randomness that the order of records needs."""

    def getrandbits(self, k: int, /) -> int: ...


class Place(NamedTuple):
    """Where a name of ours stands.

    units: what must be read to know the name; none: it is known without the database, see `node`. labels: below the name
    that stands for the first unit. nearest: the parts of a nearest name.
    """

    apex: WireName
    units: tuple[UnitKey, ...] = ()
    labels: Labels = ()
    node: Node | None = None
    nearest: NearestOf | None = None


def locate(network: int, qname: WireName, apexes: dict[WireName, Apex]) -> Place:
    """Where `qname`, a name of ours, stands for a client of `network`."""
    apex = apex_of(qname)
    assert apex is not None, "callers ask is_ours() first"
    relative = tuple(labels(WireName(qname[: len(qname) - len(apex)] + b"\0")))
    if not relative:
        return Place(apex, node=Node((apexes[apex].soa, apexes[apex].ns)))
    if apex == INTERNAL:
        return _locate_internal(network, qname, relative)
    if apex == FLYCAST:
        return _locate_flycast(network, relative)
    return _locate_reverse(network, relative)


def node_at(owner: WireName, below: Labels, data: Data) -> Node | None:
    """The node at the labels below the one unit that its place needs, which holds `data`; None: no such name."""
    match data:
        case AppData():
            return app_node(owner, below, data)
        case FlycastData():
            return flycast_node(owner, data)
        case AppsData():
            return apps_node(owner, data)
        case PeersData():
            return peers_node(owner, below, data)
        case InstancesData():
            return page_node(owner, data) if page_of(below) else instances_node(owner, data)
        case OwnersData():
            return owners_node(owner, data)
        case TooMany():
            return UNKNOWN
        case Unknowable():
            return UNREADABLE
        case Topology() | ChecksData() | ServicesData():
            raise AssertionError("no name stands for these alone")


def answer(
    node: Node | None,
    qtype: int,
    apex: Apex,
    bits: Bits,
    errors: tuple[ExtendedError, ...] = (),
    grounds: tuple[Ground, ...] | None = None,
) -> Answer:
    """The answer that a node gives to a type; `errors` mark it as stale. grounds: all that it rests on, if that can be said.

    ANY gets every RRset of the node (RFC 8482 §4.1): they are few, small and our own.
    """
    if node is None:
        return Answer(
            rcode=NXDOMAIN,
            authority=(apex.denying,),
            authoritative=True,
            is_stale=bool(errors),
            errors=errors,
            grounds=grounds,
        )
    if node.certainty is Certainty.NONE:
        return NOT_KNOWN
    if node.fits_no_message(qtype):
        return _choice(node.rrsets[0], bits, node.is_ordered, bool(errors)) if node.rrsets else TOO_LARGE
    if node.certainty is Certainty.LAST_KNOWN:
        errors = errors or LAST_KNOWN
    found = tuple(
        rrset if node.is_ordered or len(rrset.rdatas) == 1 else shuffled(rrset, bits)
        for rrset in node.rrsets
        if rrset.rtype == qtype or qtype == ANY
    )
    return Answer(
        rcode=NOERROR,
        answer=found,
        authority=() if found else (apex.denying,),
        additional=node.additional if found else (),
        authoritative=True,
        is_stale=bool(errors),
        errors=errors,
        grounds=None if node.is_ordered else grounds,
    )


def grounds(place: Place, is_there: bool, units: Iterable[Unit]) -> tuple[Ground, ...] | None:
    """All that the answer rests on; None: it is this client's only, or a bad row of any unit would make a doubt of it."""
    if place.nearest or (place.apex == REVERSE and not is_there):
        return None
    return tuple(ground for unit in units for ground in (unit.ground, unit.kind_ground))


def _choice(rrset: RRset, bits: Bits, is_ordered: bool, is_stale: bool) -> Answer:
    """As many of the addresses as a message has room for, and a word that there are more: the first, where they are in order,
    else some that stand together, each as likely. A client that asks for all machines of such an app wants some of them."""
    rdatas = rrset.rdatas
    if not is_ordered:
        start = bits.getrandbits(32) % len(rdatas)
        rdatas = rdatas[start : start + MAX_ADDRESSES] + rdatas[: max(0, start + MAX_ADDRESSES - len(rdatas))]
    return Answer(
        rcode=NOERROR,
        answer=(local(rrset.owner, rrset.rtype, rdatas[:MAX_ADDRESSES]),),
        authoritative=True,
        is_stale=is_stale,
        errors=(*(LAST_KNOWN if is_stale else ()), *TOO_MANY),
    )


def shuffled(rrset: RRset, bits: Bits) -> RRset:
    """The RRset with its records in a random order (Fisher and Yates, from one draw of randomness).

    More than MAX_PIECES are shuffled in so many pieces, from any of them on: each is as likely to be the first.
    """
    rdatas = rrset.rdatas
    count, start = len(rdatas), 0
    if count > MAX_PIECES:
        start = bits.getrandbits(32) % count
        rdatas = rdatas[start:] + rdatas[:start]
    size = -(-count // MAX_PIECES)
    pieces = [rdatas[at : at + size] for at in range(0, count, size)]
    draws = memoryview(bits.getrandbits(32 * len(pieces)).to_bytes(4 * len(pieces))).cast("I")
    for last in range(len(pieces) - 1, 0, -1):
        pick = draws[last] % (last + 1)
        pieces[last], pieces[pick] = pieces[pick], pieces[last]
    return local(rrset.owner, rrset.rtype, tuple([rdata for piece in pieces for rdata in piece]))


def _locate_internal(network: int, qname: WireName, relative: Labels) -> Place:
    top, below = relative[-1], relative[:-1]
    if qname == NAME_SERVER:
        return Place(INTERNAL, node=Node((local(qname, AAAA, (NAME_SERVER_ADDRESS,)),)))
    match top:
        case b"_api":
            node = None if below else Node((local(qname, AAAA, (api_address(network),)),))
            return Place(INTERNAL, node=node)
        case b"_apps":
            return Place(INTERNAL, () if below else (UnitKey(Kind.APPS, network),))
        case b"_peer":
            return Place(INTERNAL, (UnitKey(Kind.PEERS, network),), below)
        case b"_instances":
            return _locate_instances(network, below)
    name = _app_name(top)
    return _locate_app(network, name, below) if name is not None else Place(INTERNAL)


def _locate_instances(network: int, below: Labels) -> Place:
    page = page_of(below)
    if page is not None:
        return Place(INTERNAL, (UnitKey(Kind.PAGE, network, str(page)),), below)
    match below:
        case ():
            return Place(INTERNAL, (UnitKey(Kind.STARTED, network),), below)
        case (b"all",):
            return Place(INTERNAL, (UnitKey(Kind.INSTANCES, network),), below)
        case (b"page",):
            return Place(INTERNAL, node=EMPTY)
    return Place(INTERNAL)


def _locate_app(network: int, name: str, below: Labels) -> Place:
    app = UnitKey(Kind.APP, network, name)
    if not below:
        return Place(INTERNAL, (app,))
    if below == (b"healthy",):
        return Place(INTERNAL, (app, UnitKey(Kind.CHECKS, network, name), TOPOLOGY), below)
    if service_of(below) is not None:
        return Place(INTERNAL, (app, UnitKey(Kind.SERVICES, network, name)), below)
    nearest = nearest_of(below)
    return Place(INTERNAL, (app, TOPOLOGY) if nearest else (app,), below, nearest=nearest)


def _locate_flycast(network: int, relative: Labels) -> Place:
    name = _app_name(relative[-1]) if len(relative) == 1 else None  # nothing stands below <app>.flycast
    return Place(FLYCAST, (UnitKey(Kind.FLYCAST, network, name),) if name is not None else ())


def _locate_reverse(network: int, relative: Labels) -> Place:
    """Names under another network's /48 are not there, whatever is (the wall); those on the way to an address are empty."""
    nibbles = b"".join(reversed(relative))
    own = b"%08x" % network
    if not _NIBBLES.issuperset(relative) or not (own.startswith(nibbles) or nibbles.startswith(own)):
        return Place(REVERSE)
    if len(nibbles) < _NIBBLES_OF_ADDRESS:
        return Place(REVERSE, (UnitKey(Kind.INSTANCES, network), UnitKey(Kind.PEERS, network)), (nibbles,))
    if len(nibbles) > _NIBBLES_OF_ADDRESS:
        return Place(REVERSE)
    octets = b"\xfd\xaa" + bytes.fromhex(nibbles.decode())
    return Place(REVERSE, (UnitKey(Kind.OWNERS, network, str(IPv6Address(octets))),))


def _app_name(label: bytes) -> str | None:
    """The app that a label names; None: octets that are no text name no app."""
    try:
        return label.decode()
    except UnicodeDecodeError:
        return None
