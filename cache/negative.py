"""What is made of a negative answer, or of a mere proof, and for how long does it hold (RFC 2308)?"""

from cache.names import WireName
from cache.options import CacheOptions
from cache.rrset import Denial, RRset, Security
from cache.rrtypes import SOA
from cache.ttl import negative_ttl, remaining


def deny(
    owner: WireName,
    rtype: int | None,
    soa: RRset | None,
    options: CacheOptions,
    now: float,
    *,
    proof: tuple[RRset, ...] = (),
    security: Security = Security.UNCHECKED,
) -> Denial | None:
    """NODATA of `rtype` at `owner`, or NXDOMAIN when `rtype` is None, as the zone with this SOA said it at `now`.

    soa: with the TTL that it was received with; rank, lease and source of the denial are the SOA's. None without an SOA:
    RFC 2308 §5, such an answer must not be kept. A zone's MINIMUM of 0 makes a Denial that is already expired.
    """
    if soa is None or not soa.rdatas:
        return None
    ttl = negative_ttl(soa.ttl, soa.rdatas[0], options)
    expires = now + ttl
    return Denial(
        owner=owner,
        rtype=rtype,
        # RFC 2308 §3: the SOA is shown with the TTL that the denial has
        soa=soa.replace(ttl=ttl, received=now, expires=expires),
        ttl=ttl,
        received=now,
        expires=expires,
        rank=soa.rank,
        proof=proof,
        security=security,
        lease=soa.lease,
        source=soa.source,
    )


def denied_by(proof: tuple[RRset, ...], owner: WireName, rtype: int) -> Denial:
    """NODATA of `rtype` at `owner`, of which nothing is known but this proof, one RRset at least. No SOA: it is never kept."""
    first = proof[0]
    ttl = min(one.ttl for one in proof)
    expires = min(one.expires for one in proof)
    return Denial(
        owner=owner,
        rtype=rtype,
        soa=first.replace(rtype=SOA, rdatas=(), rrsigs=(), ttl=ttl, expires=expires),
        ttl=ttl,
        received=first.received,
        expires=expires,
        rank=first.rank,
        proof=proof,
        lease=first.lease,
        source=first.source,
    )


def derive(
    owner: WireName, rtype: int | None, soa: RRset, proof: tuple[RRset, ...], options: CacheOptions, now: float
) -> Denial | None:
    """As deny, but by verified records that were heard for the sake of other names (RFC 8198); None if it ends at once.

    soa: of the zone, verified too. RFC 9077 §3: none of them counts for longer than the zone has negative answers kept, from
    when it was heard; and that is when this denial was heard, so that it displaces nothing heard since.
    """
    ttl = negative_ttl(soa.ttl, soa.rdatas[0], options)
    parts = (soa, *proof)
    received = min(one.received for one in parts)
    expires = min(min(one.expires, one.received + ttl) for one in parts)
    if not remaining(expires, now):
        return None
    return Denial(
        owner=owner,
        rtype=rtype,
        soa=soa.replace(ttl=ttl, received=received, expires=expires),
        ttl=ttl,
        received=received,
        expires=expires,
        rank=soa.rank,
        proof=proof,
        security=Security.SECURE,
        lease=min(one.lease for one in parts),
        source=soa.source,
    )
