"""How long may this be kept, and which TTL does a client see? The one place that computes TTLs.

A TTL only shrinks: nothing here takes an `expires` that was set before and makes it later.
"""

from typing import Final

from cache.options import CacheOptions
from cache.rrset import RRset

MIN_SOA_OCTETS: Final = 22  # two names of one octet at least, and five 32-bit fields (RFC 1035 §3.3.13)


def clamp(ttl: int, options: CacheOptions) -> int:
    """`ttl` seconds as received, within the configured bounds. 0 stays 0 unless a minimum is configured.

    RFC 8767 §4: with its top bit set it is a large number, and capped like one; RFC 2181 §8 had it be zero.
    """
    return max(options.min_ttl, min(ttl, options.max_ttl))


def negative_ttl(soa_ttl: int, soa_rdata: bytes, options: CacheOptions) -> int:
    """Seconds for which a negative answer with this SOA may be kept.

    RFC 2308 §5: the lesser of the SOA's TTL and its MINIMUM field, here within the configured bounds. 0, whatever the
    bounds, when the rdata is too short to be an SOA's: such an answer is not kept.
    """
    if len(soa_rdata) < MIN_SOA_OCTETS:
        return 0
    minimum = int.from_bytes(soa_rdata[-4:], "big")
    return max(options.min_negative_ttl, min(soa_ttl, minimum, options.max_negative_ttl))


def with_proof(rrset: RRset, proof: tuple[RRset, ...]) -> RRset:
    """It with what proves it, and no longer a life than that has: a proof that is over proves nothing to a client."""
    return rrset.replace(
        proof=proof,
        ttl=min(rrset.ttl, *(one.ttl for one in proof)),
        expires=min(rrset.expires, *(one.expires for one in proof)),
    )


def remaining(expires: float, now: float) -> int:
    """Whole seconds until `expires`, rounded to the nearest, never below 0."""
    return max(0, int(expires - now + 0.5))


def shown_ttl(rrset: RRset, now: float, stale_ttl: int) -> int:
    """The TTL that a client sees at `now`: what is left of it, or `stale_ttl` once it has expired (RFC 8767 §4).

    Never past the lease, but for the second that RFC 8767 §4 wants at least: nobody downstream is to hold on to a delegation
    that has ended. Local data, whose `expires` is infinite, shows its own TTL. TTL 0 is shown as it came: it is never stale.
    """
    left = rrset.expires - now
    if left > 0:
        return rrset.ttl if left == float("inf") else int(left + 0.5)
    if not rrset.ttl:
        return 0
    lease_left = rrset.lease - now
    return stale_ttl if lease_left >= stale_ttl else max(1, int(lease_left + 0.5))
