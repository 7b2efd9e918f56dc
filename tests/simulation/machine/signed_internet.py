"""The small internet, signed but for one zone in four; what a name has not is denied by an NSEC made for it alone."""

from functools import cache
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cache.names import ROOT, WireName, count_labels, from_text
from resolver.dnssec.keys import key_tag, make_ds
from tests.simulation.machine.internet import (
    CNAME,
    DELEGATION_TTL,
    NEGATIVE_TTL,
    NS,
    SOA,
    ZONES,
    A,
    Internet,
    Server,
    header,
    packed,
    record,
)

DS: Final = 43
OPT: Final = 41
RRSIG: Final = 46
NSEC: Final = 47
DNSKEY: Final = 48
ED25519: Final = 15
EXPIRATION: Final = 1_800_000_000
INCEPTION: Final = 1_780_000_000
UNSIGNED: Final = frozenset(map(from_text, ZONES[3::4]))


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
def signature(zone: WireName, owner: WireName, rtype: int, ttl: int, rdatas: tuple[bytes, ...]) -> bytes:
    """Made once: worlds of all seeds share most of them."""
    keys = keys_of(zone)
    return record(owner, RRSIG, ttl, keys.sign(owner, rtype, ttl, rdatas)) if keys is not None else b""


class SignedInternet(Internet):
    """Who sets DO gets signatures and proofs."""

    def is_signed(self, name: WireName) -> bool:
        """Does a signed zone hold the name?"""
        return self._zone_of(name) not in UNSIGNED

    def _zone_of(self, name: WireName) -> WireName:
        return max((zone for zone in self.apexes if name.endswith(zone)), key=len)

    def _answer(self, server: Server, message: bytes, question: bytes) -> bytes:
        qname, qtype = WireName(question[:-4].lower()), int.from_bytes(question[-4:-2])
        zones = [one for one in server.zones if qname.endswith(one) and not (qtype == DS and one == qname != ROOT)]
        zone = max(zones, key=len, default=None)
        if zone is None or not _wants_signatures(message, question):
            return super()._answer(server, message, question)
        cut = self._cut_below(qname, zone)
        if cut is not None and not (qtype == DS and cut == qname):
            return self._referral(zone, cut, message, question)
        answer = self._held(zone, qname, qtype)
        if answer:
            return header(message, 0x8400, 0, len(answer), 0, 0) + question + b"".join(answer)
        return self._denial(zone, qname, message, question)

    def _held(self, zone: WireName, qname: WireName, qtype: int) -> list[bytes]:
        keys = keys_of(zone)
        if qname == zone and qtype == DNSKEY and keys is not None:
            return self._set(zone, qname, DNSKEY, DELEGATION_TTL, (keys.dnskey,))
        if qname == zone and qtype == NS:
            names = tuple(bytes(name) for name, _ in self.apexes[zone])
            return self._set(zone, qname, NS, DELEGATION_TTL, names)
        below = keys_of(qname) if qtype == DS and qname in self.apexes and qname != zone else None
        if below is not None:
            return self._set(zone, qname, DS, DELEGATION_TTL, (below.ds,))
        now = self.true_at(qname)
        if now is not None and now.rtype in (qtype, CNAME):
            return self._set(zone, qname, now.rtype, now.ttl, (now.rdata,))
        return []

    def _referral(self, zone: WireName, cut: WireName, message: bytes, question: bytes) -> bytes:
        authority = [record(cut, NS, DELEGATION_TTL, bytes(name)) for name, _ in self.apexes[cut]]
        glue = [record(name, A, DELEGATION_TTL, packed(host)) for name, host in self.apexes[cut] if name.endswith(zone)]
        below = keys_of(cut)
        if below is not None:
            authority += self._set(zone, cut, DS, DELEGATION_TTL, (below.ds,))
        elif keys_of(zone) is not None:
            authority += self._nsec(zone, cut, WireName(b"\1\0" + cut), (NS,))
        head = header(message, 0x8000, 0, 0, len(authority), len(glue))
        return head + question + b"".join(authority + glue)

    def _denial(self, zone: WireName, qname: WireName, message: bytes, question: bytes) -> bytes:
        now = self.true_at(qname)
        is_there = now is not None or any(name.endswith(qname) for name in (*self.names, *self.apexes))
        soa = b"\0\0" + (1).to_bytes(4) * 4 + NEGATIVE_TTL.to_bytes(4)
        authority = self._set(zone, zone, SOA, NEGATIVE_TTL, (soa,))
        if keys_of(zone) is not None:
            if is_there:
                types = (NS, SOA, DNSKEY) if qname == zone else (NS,) if qname in self.apexes else ()
                authority += self._nsec(
                    zone, qname, WireName(b"\1\0" + qname), (*types, *((now.rtype,) if now else ()))
                )
            else:
                label = qname[: len(qname) - len(zone)]
                while label[0] + 1 < len(label):  # the label right below the apex
                    label = label[label[0] + 1 :]
                authority += self._around(zone, label[1:]) + self._around(zone, b"*")
        head = header(message, 0x8400, 0 if is_there else 3, 0, len(authority), 0)
        return head + question + b"".join(authority)

    def _around(self, zone: WireName, label: bytes) -> list[bytes]:
        """An NSEC from right before this label of the zone to right behind it."""
        before = label[:-1] + bytes((label[-1] - 1, 255))
        owner, after = (WireName(bytes((len(one),)) + one + zone) for one in (before, label + b"\0"))
        return self._nsec(zone, owner, after, ())

    def _nsec(self, zone: WireName, owner: WireName, after: WireName, types: tuple[int, ...]) -> list[bytes]:
        bitmap = bytearray(7)
        for one in (*types, RRSIG, NSEC):
            bitmap[one // 8] |= 0x80 >> one % 8
        return self._set(zone, owner, NSEC, NEGATIVE_TTL, (after + bytes((0, len(bitmap))) + bytes(bitmap),))

    def _set(self, zone: WireName, owner: WireName, rtype: int, ttl: int, rdatas: tuple[bytes, ...]) -> list[bytes]:
        """The records, and their signature if the zone is signed."""
        made = signature(zone, owner, rtype, ttl, rdatas)
        return [record(owner, rtype, ttl, rdata) for rdata in rdatas] + ([made] if made else [])


def _wants_signatures(message: bytes, question: bytes) -> bool:
    """Is there an OPT with DO? It stands first behind the question."""
    at = 12 + len(question)
    return message[at : at + 3] == b"\0" + OPT.to_bytes(2) and bool(message[at + 7] & 0x80)
