"""Which DNSKEYs of a zone do its DS records, or its trust anchor, vouch for? (RFC 4034 §2 and §5, RFC 4035 §5.2)"""

import hashlib
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from cache.answer import ExtendedError
from cache.names import WireName
from cache.rrset import RRset
from resolver.dnssec.numbers import SUPPORTED
from resolver.errors import UNSUPPORTED_ALGORITHM, UNSUPPORTED_DIGEST

ZONE_KEY: Final = 0x0100  # RFC 4034 §2.1.1
REVOKED: Final = 0x0080  # RFC 5011 §7
DNSSEC_PROTOCOL: Final = 3  # RFC 4034 §2.1.2
SHA1: Final = 1
SHA256: Final = 2
SHA384: Final = 4
MAX_DS: Final = 16  # of one zone that are looked at; a rollover with two digests each needs four
MAX_KEYS: Final = 64  # of one zone that are looked at; one that changes its signer and both algorithms has some ten
MAX_SAME_TAG: Final = (
    4  # keys of one tag and algorithm that are tried: tags collide by chance 1 time in 65,536 (KeyTrap)
)


class _Digest(Protocol):
    def digest(self) -> bytes: ...


class _Hash(Protocol):
    def __call__(self, octets: bytes, /) -> _Digest: ...


_DIGESTS: Final[dict[int, _Hash]] = {SHA1: hashlib.sha1, SHA256: hashlib.sha256, SHA384: hashlib.sha384}


@dataclass(frozen=True, slots=True)
class Key:
    """A DNSKEY that may sign a zone's records, by an algorithm that is supported here."""

    tag: int
    algorithm: int
    rdata: bytes

    @property
    def public_key(self) -> bytes:
        return self.rdata[4:]


Keys = dict[tuple[int, int], list[Key]]  # of one zone, by tag and algorithm


@dataclass(frozen=True, slots=True)
class Digest:
    """A DS record of a supported algorithm and digest type."""

    tag: int
    algorithm: int
    digest_type: int
    digest: bytes


def usable(rdata: bytes) -> Key | None:
    """The key, unless it is malformed, revoked, no zone key, or of an algorithm that is not supported."""
    if len(rdata) < 5:
        return None
    flags, protocol, algorithm = int.from_bytes(rdata[:2]), rdata[2], rdata[3]
    is_zone_key = flags & ZONE_KEY and not flags & REVOKED and protocol == DNSSEC_PROTOCOL
    if not is_zone_key or algorithm not in SUPPORTED:
        return None
    return Key(key_tag(rdata), algorithm, rdata)


def revoked(rdata: bytes) -> Key | None:
    """The key, if it is a zone key of a supported algorithm that is revoked: good to check its own revocation (RFC 5011 §2.1)."""
    key = usable(unrevoked(rdata)) if len(rdata) > 4 else None
    if key is None or not int.from_bytes(rdata[:2]) & REVOKED:
        return None
    return Key(key_tag(rdata), key.algorithm, rdata)


def unrevoked(rdata: bytes) -> bytes:
    """The DNSKEY as it was before it was revoked."""
    return (int.from_bytes(rdata[:2]) & ~REVOKED).to_bytes(2) + rdata[2:]


def is_no_zone_key(rdata: bytes) -> bool:
    """Has it not the flag of a key that signs a zone (RFC 4034 §2.1.1)?"""
    return len(rdata) > 4 and not int.from_bytes(rdata[:2]) & ZONE_KEY


def key_tag(rdata: bytes) -> int:
    """RFC 4034 Appendix B: a checksum of the DNSKEY's rdata, so not unique."""
    total = sum(rdata[0::2]) * 256 + sum(rdata[1::2])
    return (total + (total >> 16)) & 0xFFFF


def usable_keys(rdatas: Sequence[bytes]) -> Keys:
    """Each usable key of a DNSKEY RRset once, no more than MAX_SAME_TAG of one tag and algorithm, of the first MAX_KEYS."""
    found: Keys = {}
    for rdata in islice(dict.fromkeys(rdatas), MAX_KEYS):
        key = usable(rdata)
        if key is not None:
            same = found.setdefault((key.tag, key.algorithm), [])
            if len(same) < MAX_SAME_TAG:
                same.append(key)
    return found


def is_supported(ds: Sequence[bytes], algorithms: AbstractSet[int] = SUPPORTED) -> bool:
    """Can any of these DS be followed here? If not, the zone counts as unsigned (RFC 4035 §5.2, RFC 6840 §5.2)."""
    return any(one.algorithm in algorithms for one in _digests(ds))


def unsupported(ds: Sequence[bytes], algorithms: AbstractSet[int]) -> ExtendedError:
    """Why none of these DS can be followed (RFC 8914 §4.2, §4.3)."""
    known = sorted({rdata[3] for rdata in ds if len(rdata) > 4 and rdata[2] in algorithms})
    if known:
        return ExtendedError(UNSUPPORTED_DIGEST, f"DS digest type {', '.join(map(str, known))} is not supported")
    others = sorted({rdata[2] for rdata in ds if len(rdata) > 4})
    return ExtendedError(UNSUPPORTED_ALGORITHM, f"algorithm {', '.join(map(str, others))} is not supported")


def of_algorithms(dnskeys: Sequence[bytes], algorithms: AbstractSet[int]) -> tuple[bytes, ...]:
    """The DNSKEYs that sign by one of these."""
    return tuple(one for one in dnskeys if len(one) > 4 and one[3] in algorithms)


def tag_of(ds: bytes) -> int:
    """The tag of the key that a DS is of (RFC 4034 §5.1)."""
    return int.from_bytes(ds[:2])


def matching(dnskeys: RRset, ds: Sequence[bytes], algorithms: AbstractSet[int] = SUPPORTED) -> tuple[bytes, ...]:
    """The usable DNSKEYs that a DS vouches for. SHA-1 counts only where no better digest is given (RFC 4509 §3)."""
    digests = list(islice((one for one in _digests(ds) if one.algorithm in algorithms), MAX_DS))
    best = [one for one in digests if one.digest_type != SHA1] or digests
    keys = usable_keys(dnskeys.rdatas)
    found = {
        key.rdata: None
        for one in best
        for key in keys.get((one.tag, one.algorithm), ())
        if digest(dnskeys.owner, key.rdata, one.digest_type) == one.digest
    }
    return tuple(found)


def vouches_for(ds: bytes, owner: WireName, dnskey: bytes) -> bool:
    """Is this DS, of a digest that is supported, of that key?"""
    if len(ds) < 5 or ds[3] not in _DIGESTS or ds[2] != dnskey[3] or tag_of(ds) != key_tag(dnskey):
        return False
    return digest(owner, dnskey, ds[3]) == ds[4:]


def digest(owner: WireName, dnskey: bytes, digest_type: int) -> bytes:
    """The digest that a DS holds (RFC 4034 §5.1.4); of a supported type."""
    return _DIGESTS[digest_type](owner + dnskey).digest()


def make_ds(owner: WireName, dnskey: bytes) -> bytes:
    """The DS rdata, with a SHA-256 digest, that vouches for `dnskey` of the zone `owner`."""
    return key_tag(dnskey).to_bytes(2) + bytes((dnskey[3], SHA256)) + digest(owner, dnskey, SHA256)


def _digests(ds: Sequence[bytes]) -> Iterator[Digest]:
    for rdata in dict.fromkeys(ds):
        if len(rdata) > 4 and rdata[2] in SUPPORTED and rdata[3] in _DIGESTS:
            yield Digest(tag_of(rdata), rdata[2], rdata[3], rdata[4:])
