"""Zones that sign their records, for tests: `SignedZone("example.").sign(rrset("www.example. 60 A 192.0.2.1"))`."""

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from cache.names import from_text, to_text
from cache.rrset import RRset
from tests.build import replace, rrset

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey

WALL = 1_785_542_400.0  # seconds since the epoch at which tests play: that of the simulation
DAY = 86400.0
ECDSAP256SHA256 = 13


class SignedZone:
    """A zone with one key. anchor: its DS record, for its parent or for a file of trust anchors."""

    def __init__(self, apex: str) -> None:
        self.apex = apex
        self.name = from_text(apex)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._dnskey = dns.dnssec.make_dnskey(self._key.public_key(), ECDSAP256SHA256, flags=257)
        self.anchor = f"{apex} 3600 DS {dns.dnssec.make_ds(apex, self._dnskey, 'SHA256')}"

    @property
    def keys(self) -> RRset:
        """The DNSKEY RRset, signed."""
        return self.sign(rrset(self.dnskey))

    @property
    def dnskey(self) -> str:
        """The DNSKEY record, as text."""
        return f"{self.apex} 3600 DNSKEY {self._dnskey}"

    def rrsig(self, unsigned: dns.rrset.RRset, *, at: float = WALL - DAY, until: float = WALL + DAY) -> dns.rdata.Rdata:
        """The RRSIG of records that are dnspython's. at, until: wall seconds."""
        return _rrsig(unsigned, self._key, self._dnskey, self.apex, inception=at, expiration=until)

    def sign(self, unsigned: RRset, *, at: float = WALL - DAY, until: float = WALL + DAY, name: str = "") -> RRset:
        """It with its RRSIG. at, until: wall seconds. name: the wildcard that it is the expansion of."""
        return with_rrsig(unsigned, self._key, self._dnskey, self.apex, inception=at, expiration=until, name=name)


def with_rrsig(
    unsigned: RRset,
    private: Private,
    dnskey: DNSKEY,
    zone: str,
    *,
    inception: float,
    expiration: float,
    name: str = "",
) -> RRset:
    """It with the RRSIG that dnspython makes, the oracle of what we verify. name: of the wildcard that it expands."""
    rtype = dns.rdatatype.RdataType.make(unsigned.rtype)
    made = dns.rrset.RRset(dns.name.from_text(name or to_text(unsigned.owner)), dns.rdataclass.IN, rtype)
    for rdata in unsigned.rdatas:
        made.add(dns.rdata.from_wire(dns.rdataclass.IN, rtype, rdata, 0, len(rdata)), unsigned.ttl)
    rrsig = _rrsig(made, private, dnskey, zone, inception=inception, expiration=expiration)
    return replace(unsigned, rrsigs=(rrsig.to_wire() or b"",))


def _rrsig(
    made: dns.rrset.RRset, private: Private, dnskey: DNSKEY, zone: str, *, inception: float, expiration: float
) -> dns.rdata.Rdata:
    return dns.dnssec.sign(
        made,
        private,
        dns.name.from_text(zone),
        dnskey,
        inception=inception,
        expiration=expiration,
        policy=dns.dnssec.allow_all_policy,
    )
