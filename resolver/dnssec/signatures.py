"""Is this RRset signed by a key of its zone, now? (RFC 4035 §5.3)"""

from dataclasses import dataclass
from typing import Final

from cache.names import WireName, count_labels, is_at_or_below
from cache.rrset import RRset
from cache.rrtypes import DNAME, DNSKEY, DS, NSEC, NSEC3, NSEC3PARAM, SOA
from resolver.dnssec.canonical import canonical_rdata, end_of_name, signed_owner, signed_records
from resolver.dnssec.keys import Key, Keys
from resolver.dnssec.numbers import COPY_TAKES, OCTET_TAKES, RECORD_TAKES, SUPPORTED, TAKES
from resolver.dnssec.work import Work

MAX_SIGNATURES: Final = 8  # of one RRset that are tried (KeyTrap): a rollover of two algorithms needs four
ORDERED_AT_ONCE: Final = 256  # records of a set that are put in order in one turn: no larger one is kept, few are there
_FIXED_OCTETS: Final = 18  # of RRSIG rdata before the signer's name (RFC 4034 §3.1)
_SERIAL_HALF: Final = 1 << 31
# What is never the expansion of a wildcard: it belongs to its own name, and replayed at another it would deny or delegate
# names that exist. (A DNAME at a wildcard has no meaning: RFC 6672 §3.3.)
_NEVER_EXPANDED: Final = frozenset({SOA, DNAME, DS, NSEC, DNSKEY, NSEC3, NSEC3PARAM})

# INFO-CODEs of RFC 8914 §4.
UNSUPPORTED_ALGORITHM: Final = 1
BOGUS: Final = 6
SIGNATURE_EXPIRED: Final = 7
SIGNATURE_NOT_YET_VALID: Final = 8
DNSKEY_MISSING: Final = 9
RRSIGS_MISSING: Final = 10
EXPIRED_BEFORE_VALID: Final = 25


@dataclass(frozen=True, slots=True)
class Verified:
    """One signature holds.

    until: wall seconds at which it ends; now, if it has ended and that is granted. labels: as many labels of the owner exist in
    the zone as a name or as the parent of a wildcard: fewer than the owner has if it is the expansion of one. ttl: no longer than
    this may it be kept (RFC 4035 §5.3.3: the original TTL).
    """

    until: float
    labels: int
    ttl: int


@dataclass(frozen=True, slots=True)
class Unverified:
    """No signature holds; why, for people, and its Extended DNS Error."""

    reason: str
    info_code: int


@dataclass(frozen=True, slots=True)
class Signature:
    """The rdata of an RRSIG. head: what of it is signed, with the signer's name lower-cased (RFC 6840 §5.1)."""

    covered: int
    algorithm: int
    labels: int
    original_ttl: int
    expiration: int
    inception: int
    tag: int
    signer: WireName
    head: bytes
    signature: bytes


NONE_AT_ALL: Final = Unverified("no signatures", RRSIGS_MISSING)
TOO_MANY: Final = Unverified(f"none of {MAX_SIGNATURES} signatures matches", BOGUS)
# Which reason is told when several signatures fail, each in its own way: that which came nearest to holding.
_TOLD_FIRST: Final = (
    BOGUS,
    SIGNATURE_EXPIRED,
    SIGNATURE_NOT_YET_VALID,
    EXPIRED_BEFORE_VALID,
    DNSKEY_MISSING,
    UNSUPPORTED_ALGORITHM,
    RRSIGS_MISSING,
)


async def verify(
    rrset: RRset, keys: Keys, zone: WireName, wall: float, work: Work, skew: int = 0
) -> Verified | Unverified:
    """Does one of the RRset's signatures hold at `wall` by one of `keys`, the trusted ones of `zone`?

    skew: seconds by which this host's clock, or the signer's, may be off: a signature holds so much earlier and later. At most
    MAX_SIGNATURES are tried, each with at most MAX_SAME_TAG keys, and each attempt is taken from `work`; raises WorkExhausted.
    Others have their turn between two attempts.
    """
    failed: list[Unverified] = []
    tried = 0
    ordered: RRset | None = None  # what all its signatures are of: put in order once
    for rdata in dict.fromkeys(rrset.rrsigs):
        signature = read(rdata)
        objection = _objection(rrset, signature, keys, zone, wall, skew)
        if signature is None or objection is not None:
            failed.append(objection or NONE_AT_ALL)
            continue
        if tried == MAX_SIGNATURES:
            return TOO_MANY
        tried += 1
        if ordered is None:
            ordered = rrset.replace(rdatas=await _in_order(rrset, work))
        outcome = await _try(ordered, signature, keys, wall, work)
        if isinstance(outcome, Verified):
            return outcome
        failed.append(outcome)
    return min(failed, key=lambda one: _TOLD_FIRST.index(one.info_code), default=NONE_AT_ALL)


async def is_self_signed(dnskeys: RRset, key: Key, wall: float, work: Work, skew: int) -> bool:
    """Has `key`, revoked as it may be, signed the DNSKEY RRset that it is in? (RFC 5011 §2.1)"""
    only = {(key.tag, key.algorithm): [key]}
    return isinstance(await verify(dnskeys, only, dnskeys.owner, wall, work, skew), Verified)


def read(rdata: bytes) -> Signature | None:
    """The RRSIG rdata's fields; None if it is malformed."""
    end = end_of_name(rdata, _FIXED_OCTETS)
    if end is None or end >= len(rdata):
        return None
    signer = WireName(rdata[_FIXED_OCTETS:end].lower())
    return Signature(
        covered=int.from_bytes(rdata[:2]),
        algorithm=rdata[2],
        labels=rdata[3],
        original_ttl=int.from_bytes(rdata[4:8]),
        expiration=int.from_bytes(rdata[8:12]),
        inception=int.from_bytes(rdata[12:16]),
        tag=int.from_bytes(rdata[16:18]),
        signer=signer,
        head=rdata[:_FIXED_OCTETS] + signer,
        signature=rdata[end:],
    )


async def seconds_early(rrset: RRset, keys: Keys, zone: WireName, wall: float, work: Work) -> int:
    """In how many seconds the first of its signatures that are good begins to be valid; 0: none is good but too early.

    Arguments as for `verify`, each signature by the clock of its own beginning; raises WorkExhausted.
    """
    known = [one for one in map(read, dict.fromkeys(rrset.rrsigs)) if one is not None and one.covered == rrset.rtype]
    waits = {seconds_to(one.inception, int(wall)) for one in known if _no_key(one, keys) is None}
    for wait in sorted(wait for wait in waits if wait > 0)[:MAX_SIGNATURES]:
        if isinstance(await verify(rrset, keys, zone, int(wall) + wait, work), Verified):
            return wait
    return 0


def seconds_to(then: int, now: int) -> int:
    """From `now` to `then`, both modulo 2^32, by the shorter way round (RFC 1982, RFC 4034 §3.1.5)."""
    return (then - now + _SERIAL_HALF) % (2 * _SERIAL_HALF) - _SERIAL_HALF


def _objection(
    rrset: RRset, signature: Signature | None, keys: Keys, zone: WireName, wall: float, skew: int
) -> Unverified | None:
    """Why this signature need not be computed; None if it must be (RFC 4035 §5.3.1)."""
    if signature is None:
        return Unverified("malformed RRSIG", BOGUS)
    if signature.covered != rrset.rtype:
        return NONE_AT_ALL
    if signature.signer != zone or not is_at_or_below(rrset.owner, zone):
        return Unverified("signed by another zone", BOGUS)
    if signature.algorithm not in SUPPORTED:
        return Unverified(f"algorithm {signature.algorithm} is not supported", UNSUPPORTED_ALGORITHM)
    return (
        _objection_to_labels(rrset, signature)
        or _objection_to_time(signature, int(wall), skew)
        or _no_key(signature, keys)
    )


def _objection_to_labels(rrset: RRset, signature: Signature) -> Unverified | None:
    if not count_labels(signature.signer) <= signature.labels <= count_labels(rrset.owner):
        return Unverified("the RRSIG's label count is impossible", BOGUS)
    if rrset.rtype in _NEVER_EXPANDED and _existing_labels(rrset.owner, signature) < count_labels(rrset.owner):
        return Unverified("a record that no wildcard can give", BOGUS)
    return None


def _objection_to_time(signature: Signature, now: int, skew: int) -> Unverified | None:
    if seconds_to(signature.expiration, signature.inception) < 0:
        return Unverified("signature expired before it was valid", EXPIRED_BEFORE_VALID)
    if seconds_to(signature.expiration, now - skew) < 0:
        return Unverified("signature expired", SIGNATURE_EXPIRED)
    if seconds_to(signature.inception, now + skew) > 0:
        return Unverified("signature not yet valid", SIGNATURE_NOT_YET_VALID)
    return None


def _no_key(signature: Signature, keys: Keys) -> Unverified | None:
    if (signature.tag, signature.algorithm) in keys:
        return None
    return Unverified(f"no DNSKEY {signature.tag} of algorithm {signature.algorithm}", DNSKEY_MISSING)


async def _in_order(rrset: RRset, work: Work) -> tuple[bytes, ...]:
    """Its rdatas in canonical form, sorted and each once. Others have their turn between parts of a large set."""
    rtype, rdatas, found = rrset.rtype, rrset.rdatas, set[bytes]()
    for at in range(0, len(rdatas), ORDERED_AT_ONCE):
        part = rdatas[at : at + ORDERED_AT_ONCE]
        if at:  # the first part counts to the first attempt, as do those of nearly every set
            await work.rest(len(part) * RECORD_TAKES + sum(map(len, part)) * OCTET_TAKES)
        found.update([canonical_rdata(rtype, rdata) for rdata in part])
    return tuple(sorted(found))


async def _try(ordered: RRset, signature: Signature, keys: Keys, wall: float, work: Work) -> Verified | Unverified:
    """ordered: the RRset with its rdatas in order."""
    from resolver.dnssec.algorithms import is_signed  # takes an eighth of a start; who validates has it imported then

    owner = signed_owner(ordered.owner, signature.labels)
    records = len(ordered.rdatas)
    octets = records * len(owner) + sum(map(len, ordered.rdatas))
    takes = min(records, ORDERED_AT_ONCE) * RECORD_TAKES + records * COPY_TAKES + octets * OCTET_TAKES
    signed = b""
    for key in keys[signature.tag, signature.algorithm]:
        work.spend_signature()
        await work.rest(TAKES[key.algorithm] + takes)
        if not signed:
            signed = signature.head + signed_records(owner, ordered.rtype, ordered.rdatas, signature.original_ttl)
        if is_signed(key.algorithm, key.public_key, signed, signature.signature):
            # RFC 4035 §5.3.3: nothing is kept for longer than its signature holds, whatever is granted to clocks
            until = wall + max(0, seconds_to(signature.expiration, int(wall)))
            return Verified(until, _existing_labels(ordered.owner, signature), signature.original_ttl)
    return Unverified("signature does not match", BOGUS)


def _existing_labels(owner: WireName, signature: Signature) -> int:
    """The RRSIG does not count the asterisk of a wildcard's own records (RFC 4034 §3.1.3)."""
    count = count_labels(owner)
    return count if owner.startswith(b"\x01*") and signature.labels == count - 1 else signature.labels
