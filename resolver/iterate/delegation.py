"""Which zone is closest to a name, as far as is known here, and which name servers does it have?

Known are the forward and stub zones of the configuration, the NS RRsets in the cache, and the root.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Question
from cache.names import ROOT, WireName, ancestors, from_text, is_at_or_below, parent
from cache.options import CacheOptions
from cache.readable import Readable
from cache.rrset import Rank, RRset
from cache.rrtypes import AAAA, DS, NS, A
from cache.ttl import clamp
from cache.value import Value
from resolver.env import Address, address_from_text
from resolver.iterate.options import ForwardZone, StubZone
from resolver.iterate.scrub import Scrubbed, name_servers_of
from resolver.wire.message import RawRRset

NO_LEASE: Final = float("inf")


class Origin(Enum):
    """Where a delegation is known from."""

    HINTS = "root hints"
    CACHE = "cache"
    REFERRAL = "referral"
    STUB = "stub zone"
    FORWARD = "forward zone"
    FORWARD_FIRST = "forward zone with fallback"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ZoneServer(Value):
    """A server, as one of those of a zone: what it says there is no word on what it says in others."""

    __slots__ = ("server", "zone")

    def __init__(self, zone: WireName, server: Address) -> None:
        self.zone: Final = zone
        self.server: Final = server

    def parts(self) -> tuple[object, ...]:
        return self.zone, self.server


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Delegation(Value):
    """A zone and whom to ask about it.

    name_servers: their names; the addresses have to be found. servers: addresses that are given instead (configuration,
    root hints). glue: addresses that came with the referral; far_glue: the same for names that the referring server has
    no say about, a last resort and never cached. lease: monotonic seconds; nothing learned from these servers may be
    used past it, or a withdrawn delegation would live on through what its servers say (CVE-2012-1033).
    """

    __slots__ = ("far_glue", "glue", "lease", "name_servers", "origin", "servers", "zone")

    def __init__(
        self,
        *,
        zone: WireName,
        origin: Origin,
        name_servers: tuple[WireName, ...] = (),
        servers: tuple[Address, ...] = (),
        glue: tuple[RawRRset, ...] = (),
        far_glue: tuple[RawRRset, ...] = (),
        lease: float = NO_LEASE,
    ) -> None:
        self.zone: Final = zone
        self.origin: Final = origin
        self.name_servers: Final = name_servers
        self.servers: Final = servers
        self.glue: Final = glue
        self.far_glue: Final = far_glue
        self.lease: Final = lease

    def parts(self) -> tuple[object, ...]:
        return self.zone, self.origin, self.name_servers, self.servers, self.glue, self.far_glue, self.lease

    def with_name_servers(self, name_servers: tuple[WireName, ...]) -> "Delegation":
        """The same with these name servers."""
        return Delegation(
            zone=self.zone,
            origin=self.origin,
            name_servers=name_servers,
            servers=self.servers,
            glue=self.glue,
            far_glue=self.far_glue,
            lease=self.lease,
        )

    @property
    def is_forwarder(self) -> bool:
        return self.origin is Origin.FORWARD or self.origin is Origin.FORWARD_FIRST


def configured(forward: Sequence[ForwardZone], stub: Sequence[StubZone]) -> dict[WireName, Delegation]:
    """The delegations of the configuration, by zone."""
    given = [
        _given(zone.zone, zone.servers, Origin.FORWARD_FIRST if zone.fallback else Origin.FORWARD) for zone in forward
    ]
    given += [_given(zone.zone, zone.servers, Origin.STUB) for zone in stub]
    return {delegation.zone: delegation for delegation in given}


def closest(
    question: Question,
    cache: Readable,
    zones: Mapping[WireName, Delegation],
    now: float,
    waiting: Sequence[Question] = (),
) -> Delegation | None:
    """The closest known delegation for the question; None when there is nothing better than the root hints.

    waiting: questions that wait for this one, whose answers cannot be used to reach a name server.
    """
    # RFC 4035 §3.1.4.1: the DS RRset of a zone is its parent's
    name = parent(question.qname) if question.qtype == DS else question.qname
    return closest_to(name, cache, zones, now, (*waiting, question) if waiting else (question,))


def closest_to(
    name: WireName,
    cache: Readable,
    zones: Mapping[WireName, Delegation],
    now: float,
    waiting: Sequence[Question],
) -> Delegation | None:
    """The closest known delegation at or above `name`; see `closest`."""
    given = _configured_above(name, zones) if zones else None
    if given is not None and given.is_forwarder:
        return given  # what lies below a forward zone is the forwarder's to find
    zone = name
    while given is None or zone != given.zone:
        rrset = cache.get(zone, NS)
        if rrset is not None and now < rrset.expires:
            delegation = cached(rrset)
            if _is_startable(delegation, cache, now, waiting):
                return delegation
        if zone == ROOT:
            return None
        zone = parent(zone)
    return given


def cached(rrset: RRset) -> Delegation:
    """The delegation that an NS RRset of the cache makes. Nobody delegates the root, so nothing ends with it.

    What a parent said is the grant itself, and ends with its TTL. What the zone says of its own name servers was heard under
    such a grant, its lease: a zone that gives its NS RRset a short TTL does not shorten the life of all its other data.
    """
    is_grant = rrset.rank == Rank.ADDITIONAL
    return Delegation(
        zone=rrset.owner,
        origin=Origin.CACHE,
        name_servers=name_servers_of(rrset),
        lease=NO_LEASE if rrset.owner == ROOT else rrset.expires if is_grant else rrset.lease,
    )


def known_addresses(cache: Readable, name: WireName, now: float) -> list[RRset]:
    """The A and AAAA RRsets of a name server that the cache holds and that may be used."""
    node = cache.use(name)
    found: list[RRset] = []
    for entry in node.entries if node is not None else ():
        if type(entry) is RRset and now < entry.expires:
            rtype = entry.rtype
            if rtype == A or rtype == AAAA:  # noqa: SIM109  # compiled, `in` compares objects
                found.append(entry)
    return found


def referred(
    above: Delegation, name_servers: RawRRset, scrubbed: Scrubbed, options: CacheOptions, now: float
) -> Delegation:
    """The delegation that a referral from a server of `above` makes."""
    return Delegation(
        zone=name_servers.owner,
        origin=Origin.REFERRAL,
        name_servers=name_servers_of(name_servers),
        glue=scrubbed.glue,
        far_glue=scrubbed.far_glue,
        lease=min(above.lease, now + clamp(name_servers.ttl, options)),
    )


def _given(zone: str, servers: Sequence[str], origin: Origin) -> Delegation:
    return Delegation(zone=from_text(zone), origin=origin, servers=tuple(map(address_from_text, servers)))


def _configured_above(name: WireName, zones: Mapping[WireName, Delegation]) -> Delegation | None:
    return next((zones[zone] for zone in ancestors(name) if zone in zones), None)


def _is_startable(delegation: Delegation, cache: Readable, now: float, waiting: Sequence[Question]) -> bool:
    """Can one of these name servers be reached without asking themselves for their own addresses?"""
    for name in delegation.name_servers:
        if known_addresses(cache, name, now):
            return True
        if not is_at_or_below(name, delegation.zone) and Question(name, A) not in waiting:
            return True
    return False
