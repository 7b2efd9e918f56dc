"""Where trust begins: zones and the DS that vouch for their keys, from a file of DS and DNSKEY records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cache.names import WireName, fold, to_text
from cache.rrtypes import DNSKEY, DS
from resolver.dnssec import keys

if TYPE_CHECKING:
    import dns.rrset

# The root's key signing keys 20326 (made in 2017) and 38696 (made in 2024); conf/root.key has the keys themselves.
BUILT_IN: Final = """
. IN DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d
. IN DS 38696 8 2 683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16
"""


class BadAnchors(ValueError):
    """No trust anchors; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What vouches for the keys of `zone`: DS rdatas, those of a DNSKEY anchor made from it."""

    zone: WireName
    ds: tuple[bytes, ...]


def read(text: str) -> Mapping[WireName, Anchor]:
    """The trust anchors of a file in zone-file format, as that of Debian's dns-root-data, by zone.

    Raises BadAnchors if it holds anything but DS and DNSKEY records, a key that cannot be used (revoked, no zone key), or a
    zone for which no algorithm or digest is supported: its answers would all pass unchecked.
    """
    import dns.exception  # dnspython's zone files take a tenth of a start, and are read where somebody validates
    import dns.zonefile

    try:
        rrsets = dns.zonefile.read_rrsets(text, rdclass=None, default_ttl=0, relativize=False)
    except (dns.exception.DNSException, ValueError) as wrong:
        raise BadAnchors(f"cannot be read: {wrong}") from wrong
    found: dict[WireName, tuple[bytes, ...]] = {}
    for rrset in rrsets:
        zone = fold(rrset.name.to_digestable())
        found[zone] = found.get(zone, ()) + _ds_of(zone, rrset)
    for zone, ds in found.items():
        if not keys.is_supported(ds):
            raise BadAnchors(f"no anchor of {to_text(zone)} is of a supported algorithm and digest")
    if not found:
        raise BadAnchors("no DS or DNSKEY record in it")
    return {zone: Anchor(zone, tuple(dict.fromkeys(ds))) for zone, ds in found.items()}


def _ds_of(zone: WireName, rrset: "dns.rrset.RRset") -> tuple[bytes, ...]:
    rdatas = tuple(rdata.to_wire() or b"" for rdata in rrset)
    if rrset.rdtype == DS:
        return rdatas
    if rrset.rdtype != DNSKEY:
        raise BadAnchors(f"{rrset.rdtype.name} at {to_text(zone)}: only DS and DNSKEY records are trust anchors")
    return tuple(_ds_of_key(zone, rdata) for rdata in rdatas)


def _ds_of_key(zone: WireName, rdata: bytes) -> bytes:
    if keys.usable(rdata) is None:
        raise BadAnchors(f"DNSKEY {keys.key_tag(rdata)} of {to_text(zone)} cannot be used")
    return keys.make_ds(zone, rdata)
