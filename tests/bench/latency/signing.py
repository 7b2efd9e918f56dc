"""The simulated internet, signed: a key for each zone, the DS in the zone above, and proofs by NSEC.

All of it is signed before anybody asks, so that no resolver waits for what another one finds done. The records are rendered in
canonical form, uncompressed and in lower case (RFC 4034 §6.2), and are signed as they are.
"""

import struct
import time
from bisect import bisect_right
from typing import Final

import dns.dnssec
import dns.name
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from tests.bench.latency.records import ANY_RCODE_NXDOMAIN, DS, NS, QR, TTL, Said, Zone, rendered, suffixes_of
from tests.bench.latency.world import World

RRSIG, NSEC, DNSKEY = 46, 47, 48
ECDSAP256SHA256: Final = 13
FIELDS_OCTETS: Final = 10  # of an RR, between its owner and its rdata
NUMBER_OCTETS: Final = 32  # of each of the two that make a signature
SECURE_ENTRY_POINT: Final = 257  # the flags of the one key of a zone
HOUR: Final = 3600
WILDCARD: Final = b"\x01*"


def sign(world: World) -> str:
    """Sign every zone; the DS record of the root, as text: the trust anchor."""
    zones = {apex: zone for operator in world.operators for apex, zone in operator.zones.items()}
    signers = {apex: _Signer(zone) for apex, zone in zones.items()}
    anchor = ""
    for apex, signer in signers.items():
        above = next((one for one in suffixes_of(apex)[1:] if one in zones), None)
        if above is None:
            anchor = f"{signer.name} {TTL} IN DS {signer.ds}"
        else:
            zones[above].add(signer.name, (DS, signer.ds.to_wire() or b""))
    for signer in signers.values():
        signer.begin()
    return anchor


class _Signer:
    """What a zone says, with what proves it. name: of the zone, as text. ds: of its key."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._key = ec.generate_private_key(ec.SECP256R1())
        dnskey = dns.dnssec.make_dnskey(self._key.public_key(), ECDSAP256SHA256, flags=SECURE_ENTRY_POINT)
        self._tag = dns.dnssec.key_id(dnskey)
        apex = dns.name.from_wire(zone.apex, 0)[0]
        self.name = apex.to_text()
        self.ds = dns.dnssec.make_ds(apex, dnskey, "SHA256")
        zone.add(self.name, (DNSKEY, dnskey.to_wire() or b""))
        self._rrsigs: dict[tuple[bytes, int], bytes] = {}  # by owner and type of what they sign
        self._owners: list[tuple[tuple[bytes, ...], bytes]] = []  # in canonical order

    def begin(self) -> None:
        """Sign the zone as it is now; from now on it says so."""
        self._owners = sorted((_labels(owner), owner) for owner in self._zone.records)
        for owner, rrsets in self._zone.records.items():
            for rrs in (*rrsets.values(), [self._nsec(owner)]):
                self._signed(rrs)
        self._zone.sign = self.sign

    def sign(self, qname: bytes, said: Said) -> Said:
        flags, answer, authority, additional = said
        if answer:
            return flags, self._signed(answer), authority, additional
        if flags == QR:  # a referral
            ds = self._zone.records[_owner(authority[0])][DS]
            return flags, answer, [*authority, *self._signed(ds)], additional
        denied = [qname]
        if flags & ANY_RCODE_NXDOMAIN:
            denied.append(WILDCARD + next(name for name in suffixes_of(qname) if name in self._zone.records))
        proofs = dict.fromkeys(map(self._nsec, denied))
        signed = [rr for proof in proofs for rr in self._signed([proof])]
        return flags, answer, [*self._signed(authority), *signed], additional

    def _nsec(self, name: bytes) -> bytes:
        """The NSEC record at this name, or before it."""
        at = bisect_right(self._owners, _labels(name), key=lambda one: one[0])
        owner, following = self._owners[at - 1][1], self._owners[at % len(self._owners)][1]
        types = {*self._zone.records[owner], RRSIG, NSEC, *((NS,) if owner in self._zone.cuts else ())}
        bits = bytearray(1 + max(types) // 8)
        for rtype in types:
            bits[rtype // 8] |= 0x80 >> rtype % 8
        return rendered(owner, (NSEC, following + bytes((0, len(bits))) + bits))

    def _signed(self, rrs: list[bytes]) -> list[bytes]:
        """The RRset, and its signature."""
        owner = _owner(rrs[0])
        rtype = int.from_bytes(rrs[0][len(owner) : len(owner) + 2], "big")
        rrsig = self._rrsigs.get((owner, rtype))
        if rrsig is None:
            rrsig = self._rrsigs[owner, rtype] = rendered(owner, (RRSIG, self._rrsig(owner, rtype, rrs)))
        return [*rrs, rrsig]

    def _rrsig(self, owner: bytes, rtype: int, rrs: list[bytes]) -> bytes:
        """RFC 4034 §3.1.8.1."""
        now, labels = int(time.time()), len(_labels(owner))
        head = struct.pack("!HBBIIIH", rtype, ECDSAP256SHA256, labels, TTL, now + 24 * HOUR, now - HOUR, self._tag)
        signed = b"".join((head, self._zone.apex, *sorted(rrs, key=lambda rr: rr[len(owner) + FIELDS_OCTETS :])))
        numbers = decode_dss_signature(self._key.sign(signed, ec.ECDSA(SHA256())))
        return head + self._zone.apex + b"".join(number.to_bytes(NUMBER_OCTETS, "big") for number in numbers)


def _owner(rr: bytes) -> bytes:
    end = 0
    while rr[end]:
        end += 1 + rr[end]
    return rr[: end + 1]


def _labels(name: bytes) -> tuple[bytes, ...]:
    """The last one first: RFC 4034 §6.1's order is that of these."""
    return tuple(one[1 : 1 + one[0]] for one in reversed(suffixes_of(name)[:-1]))
