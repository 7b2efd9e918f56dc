"""What does a DNSKEY RRset say of its zone's trust anchors? (RFC 5011 §2) As heard, validated here and nowhere else."""

from collections.abc import Sequence
from itertools import islice
from typing import Final

from cache.rrset import RRset
from resolver.dnssec.keys import MAX_KEYS, REVOKED, matching, revoked, unrevoked, usable_keys, vouches_for
from resolver.dnssec.rollover import Seen
from resolver.dnssec.signatures import DNSKEY_MISSING, Unverified, Verified, is_self_signed, verify
from resolver.dnssec.work import Work

SECURE_ENTRY_POINT: Final = 0x0001  # RFC 4034 §2.1.1: only such keys become anchors (RFC 5011 §2)
MAX_REVOKED: Final = 4  # signatures of revoked keys that are checked: a rollover revokes one
NOBODY: Final = Unverified("no key is the one that is vouched for", DNSKEY_MISSING)


async def see(
    rrset: RRset, trusted: Sequence[bytes], pending: Sequence[bytes], wall: float, work: Work, skew: int
) -> tuple[Seen, Unverified | None]:
    """What the set says, and why it is not signed by an anchor, if it is not: by one that it does not revoke itself.

    trusted, pending: DS of the keys that are so.
    """
    gone = await _revoked(rrset, (*trusted, *pending), wall, work, skew)
    left = [ds for ds in trusted if not any(vouches_for(ds, rrset.owner, one) for one in gone)]
    keys = matching(rrset, left)
    verdict = await verify(rrset, usable_keys(keys), rrset.owner, wall, work, skew) if keys else NOBODY
    if not isinstance(verdict, Verified):
        return Seen(False, (), gone), verdict
    flagged = [one for one in dict.fromkeys(rrset.rdatas) if len(one) > 4 and _flags(one) & SECURE_ENTRY_POINT]
    alive = tuple(one for one in flagged if not _flags(one) & REVOKED)
    return Seen(True, alive, gone, verdict.ttl, verdict.until - wall), None


async def _revoked(rrset: RRset, known: Sequence[bytes], wall: float, work: Work, skew: int) -> tuple[bytes, ...]:
    """The known keys that revoke themselves, as they were before."""
    found: list[bytes] = []
    for rdata in islice(dict.fromkeys(rrset.rdatas), MAX_KEYS):
        key = revoked(rdata)
        if key is None or not any(vouches_for(ds, rrset.owner, unrevoked(rdata)) for ds in known):
            continue
        if len(found) < MAX_REVOKED and await is_self_signed(rrset, key, wall, work, skew):
            found.append(unrevoked(rdata))
    return tuple(found)


def _flags(rdata: bytes) -> int:
    return int.from_bytes(rdata[:2])
