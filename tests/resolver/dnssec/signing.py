"""Signed RRsets for tests: the keys are made here, the signatures by dnspython, so that it is the oracle of what we verify."""

from dataclasses import dataclass
from typing import Final

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from cache.names import from_text
from cache.rrset import RRset
from tests.build import rrset

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey

NOW: Final = 1_800_000_000
INCEPTION: Final = NOW - 3600
EXPIRATION: Final = NOW + 86400
ZONE: Final = from_text("example.")


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its DNSKEY."""

    private: Private
    dnskey: DNSKEY

    @property
    def rdata(self) -> bytes:
        return wire_of(self.dnskey)


def wire_of(rdata: dns.rdata.Rdata) -> bytes:
    wire = rdata.to_wire()
    assert wire is not None
    return wire


def signer(private: Private, algorithm: int, flags: int = 0x0100) -> Signer:
    return Signer(private, dns.dnssec.make_dnskey(private.public_key(), algorithm, flags))


def ed25519_signer(seed: int = 1, flags: int = 0x0100) -> Signer:
    return signer(ed25519.Ed25519PrivateKey.from_private_bytes(bytes((seed,)) * 32), 15, flags)


def sign(
    text: str,
    by: Signer,
    *,
    zone: str = "example.",
    inception: int = INCEPTION,
    expiration: int = EXPIRATION,
) -> RRset:
    """The RRset of these lines (as in `tests.build.rrset`), signed."""
    plain = rrset(text)
    made = dns.rrset.RRset(
        dns.name.from_text(text.split()[0]), dns.rdataclass.IN, dns.rdatatype.RdataType.make(plain.rtype)
    )
    for rdata in plain.rdatas:
        made.add(dns.rdata.from_wire(dns.rdataclass.IN, made.rdtype, rdata, 0, len(rdata)), plain.ttl)
    rrsig = dns.dnssec.sign(
        made,
        by.private,
        dns.name.from_text(zone),
        by.dnskey,
        inception=inception,
        expiration=expiration,
        policy=dns.dnssec.allow_all_policy,
    )
    return msgspec.structs.replace(plain, rrsigs=(wire_of(rrsig),))
