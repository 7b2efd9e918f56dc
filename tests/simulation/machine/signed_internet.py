"""The small internet, signed but for one zone in four; what a name has not is denied by an NSEC made for it alone."""

from functools import cache
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cache.names import ROOT, WireName, count_labels
from cache.rrtypes import CNAME, DNSKEY, DS, NS, NSEC, NXDOMAIN, OPT, RRSIG, SOA
from resolver.dnssec.keys import key_tag, make_ds
from tests.simulation.machine.internet import ANSWER, REPLY, Internet
from tests.simulation.machine.layout import (
    APEXES,
    DELEGATION_TTL,
    IN_USE,
    NEGATIVE_TTL,
    SOA_RDATA,
    ZONES,
    Composed,
    cut_below,
    glue,
    head,
    name_servers,
    record,
    zone_of,
)

ED25519: Final = 15
EXPIRATION: Final = 1_800_000_000
INCEPTION: Final = 1_780_000_000
OPT_BEGINS: Final = b"\0" + OPT.to_bytes(2)
UNSIGNED: Final = frozenset(ZONES[3::4])


class Keys:
    """A zone's key."""

    def __init__(self, zone: WireName) -> None:
        self.zone = zone
        self._private = Ed25519PrivateKey.from_private_bytes(sha256(zone).digest())
        public = self._private.public_key().public_bytes_raw()
        self.dnskey = (257).to_bytes(2) + bytes((3, ED25519)) + public
        self.ds = make_ds(zone, self.dnskey)

    def sign(self, owner: WireName, rtype: int, ttl: int, rdatas: tuple[bytes, ...]) -> bytes:
        """The rdata of the RRSIG (RFC 4034 §3.1.8.1)."""
        times = ttl.to_bytes(4) + EXPIRATION.to_bytes(4) + INCEPTION.to_bytes(4)
        head = (
            rtype.to_bytes(2)
            + bytes((ED25519, count_labels(owner)))
            + times
            + key_tag(self.dnskey).to_bytes(2)
            + self.zone
        )
        records = b"".join(record(owner, rtype, ttl, rdata) for rdata in sorted(rdatas))
        return head + self._private.sign(head + records)


@cache
def keys_of(zone: WireName) -> Keys | None:
    """None: the zone is not signed."""
    return None if zone in UNSIGNED else Keys(zone)


@cache
def signed(zone: WireName, owner: WireName, rtype: int, ttl: int, rdatas: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The records, and their signature if the zone is signed. Made once: worlds of all seeds share most of them."""
    keys = keys_of(zone)
    records = tuple(record(owner, rtype, ttl, rdata) for rdata in rdatas)
    return records if keys is None else (*records, record(owner, RRSIG, ttl, keys.sign(owner, rtype, ttl, rdatas)))


class SignedInternet(Internet):
    """Who sets DO gets signatures and proofs."""

    def is_signed(self, name: WireName) -> bool:
        """Does a signed zone hold the name?"""
        return zone_of(name) not in UNSIGNED

    def _answer(self, zone: WireName, message: bytes, question: bytes) -> Composed:
        qname, qtype = WireName(question[:-4].lower()), int.from_bytes(question[-4:-2])
        is_of_parent = qtype == DS and qname == zone != ROOT
        if is_of_parent or not qname.endswith(zone) or not _wants_signatures(message, question):
            return super()._answer(zone, message, question)
        cut = cut_below(qname, zone)
        if cut is not None and not (qtype == DS and cut == qname):
            return signed_referral(zone, cut)
        answer = self._held(zone, qname, qtype)
        if answer:
            return head(ANSWER, len(answer)), b"".join(answer)
        now = self.true_at(qname)
        if now is None and qname not in IN_USE:
            return signed_nxdomain(zone, qname)
        return signed_nodata(zone, qname, None if now is None else now.rtype)

    def _held(self, zone: WireName, qname: WireName, qtype: int) -> tuple[bytes, ...]:
        keys = keys_of(zone)
        if qname == zone and qtype == DNSKEY and keys is not None:
            return signed(zone, qname, DNSKEY, DELEGATION_TTL, (keys.dnskey,))
        if qname == zone and qtype == NS:
            return signed(zone, qname, NS, DELEGATION_TTL, tuple(bytes(name) for name, _ in APEXES[zone]))
        below = keys_of(qname) if qtype == DS and qname in APEXES and qname != zone else None
        if below is not None:
            return signed(zone, qname, DS, DELEGATION_TTL, (below.ds,))
        now = self.true_at(qname)
        if now is not None and now.rtype in (qtype, CNAME):
            return signed(zone, qname, now.rtype, now.ttl, (now.rdata,))
        return ()


@cache
def signed_referral(zone: WireName, cut: WireName) -> Composed:
    """With the DS, or the proof that there is none."""
    authority, additional = name_servers(cut), glue(zone, cut)
    below = keys_of(cut)
    if below is not None:
        authority += signed(zone, cut, DS, DELEGATION_TTL, (below.ds,))
    elif keys_of(zone) is not None:
        authority += _nsec(zone, cut, WireName(b"\1\0" + cut), (NS,))
    return head(REPLY, 0, len(authority), len(additional)), b"".join(authority + additional)


@cache
def signed_nodata(zone: WireName, qname: WireName, rtype: int | None) -> Composed:
    """rtype: what there is at the name beside what it has as an apex."""
    authority = signed(zone, zone, SOA, NEGATIVE_TTL, (SOA_RDATA,))
    if keys_of(zone) is not None:
        types = (NS, SOA, DNSKEY) if qname == zone else (NS,) if qname in APEXES else ()
        authority += _nsec(zone, qname, WireName(b"\1\0" + qname), (*types, *((rtype,) if rtype else ())))
    return head(ANSWER, 0, len(authority)), b"".join(authority)


@cache
def signed_nxdomain(zone: WireName, qname: WireName) -> Composed:
    """With the proofs that neither the name is there nor a wildcard."""
    authority = signed(zone, zone, SOA, NEGATIVE_TTL, (SOA_RDATA,))
    if keys_of(zone) is not None:
        label = qname[: len(qname) - len(zone)]
        while label[0] + 1 < len(label):  # the label right below the apex
            label = label[label[0] + 1 :]
        authority += _around(zone, label[1:]) + _around(zone, b"*")
    return head(ANSWER | NXDOMAIN, 0, len(authority)), b"".join(authority)


def _around(zone: WireName, label: bytes) -> tuple[bytes, ...]:
    """An NSEC from right before this label of the zone to right behind it."""
    before = label[:-1] + bytes((label[-1] - 1, 255))
    owner, after = (WireName(bytes((len(one),)) + one + zone) for one in (before, label + b"\0"))
    return _nsec(zone, owner, after, ())


def _nsec(zone: WireName, owner: WireName, after: WireName, types: tuple[int, ...]) -> tuple[bytes, ...]:
    bitmap = bytearray(7)
    for one in (*types, RRSIG, NSEC):
        bitmap[one // 8] |= 0x80 >> one % 8
    return signed(zone, owner, NSEC, NEGATIVE_TTL, (after + bytes((0, len(bitmap))) + bytes(bitmap),))


def _wants_signatures(message: bytes, question: bytes) -> bool:
    """Is there an OPT with DO? It stands first behind the question."""
    at = 12 + len(question)
    return message[at : at + 3] == OPT_BEGINS and bool(message[at + 7] & 0x80)
