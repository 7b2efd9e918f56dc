"""What do these NSEC3 records prove? (RFC 5155 §8, RFC 9276)"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from cache.names import ROOT, WireName, ancestors, count_labels, is_below, labels, parent, prepend
from cache.rrset import RRset
from resolver.dnssec.proof import Proof, Types, delegates_unsigned, hides_names_below, lacks, read_types
from resolver.dnssec.work import Work

SHA1: Final = 1
SHA1_OCTETS: Final = 20
OPT_OUT: Final = 1
MAX_ITERATIONS: Final = 50  # above it a zone counts as unsigned (RFC 9276 §3.2; the other validators' limit too)
_FIXED_OCTETS: Final = 5  # algorithm, flags, iterations, and the length of the salt


@dataclass(frozen=True, slots=True)
class Nsec3:
    """Between the hashes `owner` and `next` there is no name's hash; at the name with the first there are these types."""

    owner: bytes
    next: bytes
    types: Types
    is_opt_out: bool
    iterations: int
    salt: bytes


@dataclass(slots=True)
class Nsec3s:
    """The NSEC3 records of one denial, all of one salt and number of iterations, and the hashes computed for them."""

    zone: WireName
    records: Sequence[Nsec3]
    work: Work
    hashes: dict[WireName, bytes] = field(default_factory=dict)

    def hash(self, name: WireName) -> bytes:
        """The name's hash; raises WorkExhausted."""
        if name not in self.hashes:
            first = self.records[0]
            self.work.spend_hashes(1 + first.iterations)
            self.hashes[name] = hash_name(name, first.salt, first.iterations)
        return self.hashes[name]

    def at(self, name: WireName) -> Nsec3 | None:
        """The record that says which types are at the name."""
        hashed = self.hash(name)
        return next((one for one in self.records if one.owner == hashed), None)

    def over(self, name: WireName) -> Nsec3 | None:
        """The record that says that the name is not there."""
        hashed = self.hash(name)
        return next((one for one in self.records if _covers(one, hashed)), None)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """The closest encloser proof (RFC 5155 §8.3): `closest` is there, and `cover` says that no name is, one label closer."""

    closest: WireName
    cover: Nsec3


def hash_name(name: WireName, salt: bytes, iterations: int) -> bytes:
    """RFC 5155 §5."""
    hashed = hashlib.sha1(name + salt).digest()
    for _ in range(iterations):
        hashed = hashlib.sha1(hashed + salt).digest()
    return hashed


def read(rrset: RRset, zone: WireName) -> Nsec3 | None:
    """The record; None if it is malformed, of an unknown algorithm or flag (RFC 5155 §8.1 and §8.2), or not of `zone`."""
    if len(rrset.rdatas) != 1 or rrset.owner == ROOT or parent(rrset.owner) != zone:
        return None
    rdata = rrset.rdatas[0]
    salt_end = _FIXED_OCTETS + (rdata[4] if len(rdata) > 4 else 0)
    next_end = salt_end + 1 + SHA1_OCTETS
    if len(rdata) < next_end or rdata[0] != SHA1 or rdata[1] & ~OPT_OUT or rdata[salt_end] != SHA1_OCTETS:
        return None
    owner, types = _hash_in(labels(rrset.owner)[0]), read_types(rdata[next_end:])
    if owner is None or types is None:
        return None
    return Nsec3(
        owner=owner,
        next=rdata[salt_end + 1 : next_end],
        types=types,
        is_opt_out=bool(rdata[1] & OPT_OUT),
        iterations=int.from_bytes(rdata[2:4]),
        salt=rdata[_FIXED_OCTETS:salt_end],
    )


def are_of_one_chain(records: Sequence[Nsec3]) -> bool:
    """All of one salt and number of iterations: hashes of different chains say nothing of each other."""
    return len({(one.iterations, one.salt) for one in records}) == 1


def has_no_name(name: WireName, known: Nsec3s) -> Proof:
    """RFC 5155 §8.4."""
    enclosed = _enclosed(name, known)
    wildcard = prepend(b"*", enclosed.closest) if enclosed is not None else None
    if enclosed is None or wildcard is None or known.over(wildcard) is None:
        return Proof.NOT_PROVEN
    return _by(enclosed.cover)


def has_no_data(name: WireName, rtype: int, known: Nsec3s) -> Proof:
    """RFC 5155 §8.5 to §8.7. Where nothing but an opt-out speaks for it, it may be there, but unsigned: a delegation
    without DS, or an empty non-terminal above one."""
    record = known.at(name)
    if record is not None:
        return Proof.PROVEN if lacks(record.types, rtype, at_apex=name == ROOT) else Proof.NOT_PROVEN
    enclosed = _enclosed(name, known)
    if enclosed is None:
        return Proof.NOT_PROVEN
    wildcard = prepend(b"*", enclosed.closest)
    source = known.at(wildcard) if wildcard is not None else None
    if source is not None:
        return _by(enclosed.cover) if lacks(source.types, rtype, at_apex=False) else Proof.NOT_PROVEN
    return Proof.OPTED_OUT if enclosed.cover.is_opt_out else Proof.NOT_PROVEN


def has_unsigned_delegation(name: WireName, known: Nsec3s) -> Proof:
    """RFC 5155 §8.9."""
    record = known.at(name)
    if record is not None:
        return Proof.PROVEN if delegates_unsigned(record.types) else Proof.NOT_PROVEN
    enclosed = _enclosed(name, known)
    return Proof.OPTED_OUT if enclosed is not None and enclosed.cover.is_opt_out else Proof.NOT_PROVEN


def has_no_closer_match(name: WireName, count: int, known: Nsec3s) -> Proof:
    """RFC 5155 §8.8: the name one label longer than the wildcard's parent is not there."""
    closer = next(one for one in ancestors(name) if count_labels(one) <= count + 1)
    cover = known.over(closer)
    return _by(cover) if cover is not None and is_below(closer, known.zone) else Proof.NOT_PROVEN


def _enclosed(name: WireName, known: Nsec3s) -> Enclosed | None:
    """The closest ancestor that is there must not be a delegation or a DNAME (RFC 5155 §8.3); None if nothing is proven."""
    closer = name
    for ancestor in (*takewhile(lambda one: one != known.zone, ancestors(name)), known.zone):
        record = known.at(ancestor)
        if record is None:
            closer = ancestor
            continue
        cover = known.over(closer) if ancestor != name else None
        return Enclosed(ancestor, cover) if cover is not None and not hides_names_below(record.types) else None
    return None


def _by(cover: Nsec3) -> Proof:
    """Where the cover opts out, a delegation to an unsigned zone may be there: nothing is secure (RFC 5155 §9.2)."""
    return Proof.OPTED_OUT if cover.is_opt_out else Proof.PROVEN


def _covers(record: Nsec3, hashed: bytes) -> bool:
    if record.owner < record.next:
        return record.owner < hashed < record.next
    return hashed > record.owner or hashed < record.next  # the zone's last, which leads back to its first


def _hash_in(label: bytes) -> bytes | None:
    """The hash that an NSEC3's first label stands for (RFC 4648 §7, without padding); None if it is none."""
    try:
        hashed = base64.b32hexdecode(label, casefold=True)
    except binascii.Error:
        return None
    return hashed if len(hashed) == SHA1_OCTETS else None
