"""What is known: an RRset, or a Denial that says a name or a type is not there.

Both are values. They carry the point in monotonic time at which they stop being true and how far they are trusted.
They are msgspec Structs without a place in the garbage collector: a million of them cost no collection time, and one is
made 14 times faster than a frozen dataclass (measured: 0.05 µs against 0.73 µs for eight fields).
"""

from enum import IntEnum

import msgspec

from cache.names import WireName, to_text


class Trust(IntEnum):
    """How much a source may be believed, lowest first (RFC 2181 §5.4.1)."""

    ADDITIONAL = 1  # additional section, or authority section of a reply without AA: referral NS and glue
    ANSWER = 2  # answer section of a reply without AA (a forwarder's)
    AUTHORITY_AA = 3  # authority section of an authoritative reply
    ANSWER_AA = 4  # answer section of an authoritative reply
    LOCAL = 5  # our own data: `.internal`, special-use names


class Security(IntEnum):
    """The DNSSEC state (RFC 4035 §4.3), lowest first; UNCHECKED: nobody looked yet."""

    UNCHECKED = 0
    BOGUS = 1
    INDETERMINATE = 2
    INSECURE = 3
    SECURE = 4


class RRset(msgspec.Struct, frozen=True, gc=False, kw_only=True, repr_omit_defaults=True):
    """All records of one owner and type (class IN), as wire bytes.

    rdatas: uncompressed wire rdata of each record, without duplicates; rrsigs: rdata of the RRSIGs that cover them.
    ttl: seconds, as received and clamped; received, expires: monotonic seconds. `expires` is infinite for local data,
    whose TTL does not count down. lease: monotonic seconds; the RRset may not be used past it, not even as stale,
    because the delegation it came under had ended by then (ghost domains, CVE-2012-1033).
    alias_target: the canonical name if this is a CNAME, or the target if a DNAME; else None.
    proof: NSEC and NSEC3 RRsets with their signatures. Of what a wildcard gave: that nothing closer is there. Of the NS
    RRset of a referral: that the zone has no DS, as the parent says, and not looked at by anybody yet.
    source: the server that said it, as text for people; "" for local data.
    """

    owner: WireName
    rtype: int
    rdatas: tuple[bytes, ...]
    ttl: int
    received: float
    expires: float
    trust: Trust
    rrsigs: tuple[bytes, ...] = ()
    security: Security = Security.UNCHECKED
    lease: float = float("inf")
    alias_target: WireName | None = None
    source: str = ""
    proof: tuple["RRset", ...] = ()

    def __repr__(self) -> str:
        return (
            f"<RRset {to_text(self.owner)} TYPE{self.rtype} x{len(self.rdatas)} "
            f"ttl={self.ttl} {self.trust.name} {self.security.name}>"
        )


class Denial(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A proven negative: NODATA for `rtype`, or NXDOMAIN when `rtype` is None (RFC 2308).

    soa: the zone's SOA RRset as received in the authority section. proof: NSEC/NSEC3 RRsets with their signatures.
    ttl: min(SOA TTL, SOA MINIMUM) within the configured bounds; other fields as in RRset.
    """

    owner: WireName
    rtype: int | None
    soa: RRset
    ttl: int
    received: float
    expires: float
    trust: Trust
    proof: tuple[RRset, ...] = ()
    security: Security = Security.UNCHECKED
    lease: float = float("inf")
    source: str = ""

    @property
    def is_nxdomain(self) -> bool:
        return self.rtype is None

    def __repr__(self) -> str:
        what = "NXDOMAIN" if self.rtype is None else f"NODATA TYPE{self.rtype}"
        return f"<Denial {to_text(self.owner)} {what} ttl={self.ttl} {self.security.name}>"


Entry = RRset | Denial
