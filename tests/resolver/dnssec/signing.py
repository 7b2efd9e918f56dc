"""Signed RRsets for tests: the keys are made here, the signatures by dnspython, so that it is the oracle of what we verify."""

from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

import dns.dnssec
import dns.rdata
from cryptography.hazmat.primitives.asymmetric import ed25519
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from cache.names import WireName, from_text
from cache.rrset import RRset
from resolver.dnssec.keys import usable_keys
from resolver.dnssec.signatures import Unverified, Verified, verify
from resolver.dnssec.work import Work
from tests.build import replace, rrset
from tests.signing import Private, with_rrsig

T = TypeVar("T")

NOW: Final = 1_800_000_000
INCEPTION: Final = NOW - 3600
EXPIRATION: Final = NOW + 86400
KEY_SIGNING: Final = 257  # flags: a zone key that is a secure entry point
ZONE: Final = from_text("example.")


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its DNSKEY."""

    private: Private
    dnskey: DNSKEY

    @property
    def rdata(self) -> bytes:
        return wire_of(self.dnskey)


def verify_now(
    signed: RRset, keys: Sequence[bytes], zone: WireName, wall: float, work: Work, skew: int = 0
) -> Verified | Unverified:
    """What `verify` says to whom nobody else waits for."""
    return at_once(verify(signed, usable_keys(keys), zone, wall, work, skew))


def at_once(work: Awaitable[T]) -> T:
    """What comes of work that waits for nobody."""
    came: list[T] = []

    async def run() -> None:
        came.append(await work)

    with suppress(StopIteration):
        run().send(None)
    return came[0]


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
    return with_rrsig(rrset(text), by.private, by.dnskey, zone, inception=inception, expiration=expiration)


def key_set(keys: Sequence[Signer], *by: Signer, at: float = NOW, ttl: int = 172_800) -> RRset:
    """The DNSKEY RRset of these keys, signed by each of `by`, valid for a fortnight around `at`."""
    lines = "\n".join(f"example. {ttl} DNSKEY {one.dnskey}" for one in keys)
    signed = [sign(lines, one, inception=int(at) - 3600, expiration=int(at) + 14 * 86400) for one in by]
    return replace(rrset(lines), rrsigs=tuple(rrsig for one in signed for rrsig in one.rrsigs))


def revoked(seed: int) -> Signer:
    """The key signing key of this seed with its REVOKE bit (RFC 5011 §7)."""
    return ed25519_signer(seed, KEY_SIGNING | 0x80)
