"""What is known: an RRset, or a Denial that says a name or a type is not there.

Both are values. They carry the point in monotonic time at which they stop being true and how far they may be believed.
"""

from enum import IntEnum
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.names import WireName, to_text
from cache.rrtypes import mnemonic
from cache.value import Value


class Rank(IntEnum):
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


UNCHECKED: Final = Security.UNCHECKED
FOREVER: Final = float("inf")


@final
@mypyc_attr(acyclic=True)
class RRset(Value):
    """All records of one owner and type (class IN), as wire bytes.

    rdatas: uncompressed wire rdata of each record, without duplicates; rrsigs: rdata of the RRSIGs that cover them.
    ttl: seconds, as received and clamped; received, expires: monotonic seconds. `expires` is infinite for local data,
    whose TTL does not count down. lease: monotonic seconds; the RRset may not be used past it, not even as stale,
    because the delegation it came under had ended by then (ghost domains, CVE-2012-1033). `expires` is never later.
    alias_target: the canonical name if this is a CNAME, or the target if a DNAME; else None.
    proof: NSEC and NSEC3 RRsets with their signatures. Of what a wildcard gave: that nothing closer is there. Of the NS
    RRset of a referral: that the zone has no DS, as the parent says, and not looked at by anybody yet.
    source: the server that said it, as text for people; "" for local data.
    """

    __slots__ = (
        "alias_target",
        "expires",
        "lease",
        "owner",
        "proof",
        "rank",
        "rdatas",
        "received",
        "rrsigs",
        "rtype",
        "security",
        "source",
        "ttl",
    )

    def __init__(
        self,
        *,
        owner: WireName,
        rtype: int,
        rdatas: tuple[bytes, ...],
        ttl: int,
        received: float,
        expires: float,
        rank: Rank,
        rrsigs: tuple[bytes, ...] = (),
        security: Security = UNCHECKED,
        lease: float = FOREVER,
        alias_target: WireName | None = None,
        source: str = "",
        proof: "tuple[RRset, ...]" = (),
    ) -> None:
        self.owner = owner
        self.rtype: Final = rtype
        self.rdatas: Final = rdatas
        self.ttl: Final = ttl
        self.received: Final = received
        self.expires: Final = expires if expires < lease else lease
        self.rank: Final = rank
        self.rrsigs: Final = rrsigs
        self.security: Final = security
        self.lease: Final = lease
        self.alias_target: Final = alias_target
        self.source: Final = source
        self.proof: Final = proof

    def parts(self) -> tuple[object, ...]:
        return (
            self.owner,
            self.rtype,
            self.rdatas,
            self.ttl,
            self.received,
            self.expires,
            self.rank,
            self.rrsigs,
            self.security,
            self.lease,
            self.alias_target,
            self.source,
            self.proof,
        )

    def replace(
        self,
        *,
        owner: WireName | None = None,
        rtype: int | None = None,
        rdatas: tuple[bytes, ...] | None = None,
        ttl: int | None = None,
        received: float | None = None,
        expires: float | None = None,
        rank: Rank | None = None,
        rrsigs: tuple[bytes, ...] | None = None,
        security: Security | None = None,
        lease: float | None = None,
        alias_target: WireName | None = None,
        proof: "tuple[RRset, ...] | None" = None,
    ) -> "RRset":
        """It with what is given in the place of its own."""
        return RRset(
            owner=self.owner if owner is None else owner,
            rtype=self.rtype if rtype is None else rtype,
            rdatas=self.rdatas if rdatas is None else rdatas,
            ttl=self.ttl if ttl is None else ttl,
            received=self.received if received is None else received,
            expires=self.expires if expires is None else expires,
            rank=self.rank if rank is None else rank,
            rrsigs=self.rrsigs if rrsigs is None else rrsigs,
            security=self.security if security is None else security,
            lease=self.lease if lease is None else lease,
            alias_target=self.alias_target if alias_target is None else alias_target,
            source=self.source,
            proof=self.proof if proof is None else proof,
        )

    def share_owner(self, owner: WireName) -> None:
        """Have `owner`, which is equal, in the place of its own: one object for all that is held of a name."""
        self.owner = owner

    def __repr__(self) -> str:
        return (
            f"<RRset {to_text(self.owner)} {mnemonic(self.rtype)} x{len(self.rdatas)} "
            f"ttl={self.ttl} {self.rank.name} {self.security.name}>"
        )


@final
@mypyc_attr(acyclic=True)
class Denial(Value):
    """A proven negative: NODATA for `rtype`, or NXDOMAIN when `rtype` is None (RFC 2308).

    soa: the zone's SOA RRset as received in the authority section. proof: NSEC/NSEC3 RRsets with their signatures.
    ttl: min(SOA TTL, SOA MINIMUM) within the configured bounds; other fields as in RRset.
    """

    __slots__ = (
        "expires",
        "lease",
        "owner",
        "proof",
        "rank",
        "received",
        "rtype",
        "security",
        "soa",
        "source",
        "ttl",
    )

    def __init__(
        self,
        *,
        owner: WireName,
        rtype: int | None,
        soa: RRset,
        ttl: int,
        received: float,
        expires: float,
        rank: Rank,
        proof: tuple[RRset, ...] = (),
        security: Security = UNCHECKED,
        lease: float = FOREVER,
        source: str = "",
    ) -> None:
        self.owner = owner
        self.rtype: Final = rtype
        self.soa: Final = soa
        self.ttl: Final = ttl
        self.received: Final = received
        self.expires: Final = expires if expires < lease else lease
        self.rank: Final = rank
        self.proof: Final = proof
        self.security: Final = security
        self.lease: Final = lease
        self.source: Final = source

    def parts(self) -> tuple[object, ...]:
        return (
            self.owner,
            self.rtype,
            self.soa,
            self.ttl,
            self.received,
            self.expires,
            self.rank,
            self.proof,
            self.security,
            self.lease,
            self.source,
        )

    def replace(
        self,
        *,
        rtype: int | None = None,
        soa: RRset | None = None,
        ttl: int | None = None,
        received: float | None = None,
        expires: float | None = None,
        rank: Rank | None = None,
        proof: tuple[RRset, ...] | None = None,
        security: Security | None = None,
        lease: float | None = None,
    ) -> "Denial":
        """It with what is given in the place of its own."""
        return Denial(
            owner=self.owner,
            rtype=self.rtype if rtype is None else rtype,
            soa=self.soa if soa is None else soa,
            ttl=self.ttl if ttl is None else ttl,
            received=self.received if received is None else received,
            expires=self.expires if expires is None else expires,
            rank=self.rank if rank is None else rank,
            proof=self.proof if proof is None else proof,
            security=self.security if security is None else security,
            lease=self.lease if lease is None else lease,
            source=self.source,
        )

    @property
    def is_nxdomain(self) -> bool:
        return self.rtype is None

    def share_owner(self, owner: WireName) -> None:
        """As RRset.share_owner."""
        self.owner = owner

    def __repr__(self) -> str:
        what = "NXDOMAIN" if self.rtype is None else f"NODATA {mnemonic(self.rtype)}"
        return f"<Denial {to_text(self.owner)} {what} ttl={self.ttl} {self.security.name}>"


Entry = RRset | Denial
