"""The canonical form of an RRset: the octets that its signature is made over (RFC 4034 §6, RFC 6840 §5.1)."""

from typing import Final

from cache.names import MAX_NAME_OCTETS, WireName, labels
from cache.rrtypes import CNAME, DNAME, IN, MX, NS, PTR, SOA, SRV

_NAPTR: Final = 35
_STRINGS_OF_NAPTR: Final = 3
_OCTETS_BEFORE_NAPTR_STRINGS: Final = 4
# Types whose rdata hold names that are lower-cased: the octets before the first name, and how many names follow.
# RFC 4034 §6.2 without NSEC (RFC 6840 §5.1) and without types that are not signed or no longer exist.
_NAMES_AT: Final[dict[int, tuple[int, int]]] = {
    NS: (0, 1),
    3: (0, 1),  # MD
    4: (0, 1),  # MF
    CNAME: (0, 1),
    SOA: (0, 2),
    7: (0, 1),  # MB
    8: (0, 1),  # MG
    9: (0, 1),  # MR
    PTR: (0, 1),
    14: (0, 2),  # MINFO
    MX: (2, 1),
    17: (0, 2),  # RP
    18: (2, 1),  # AFSDB
    21: (2, 1),  # RT
    26: (2, 2),  # PX
    SRV: (6, 1),
    36: (2, 1),  # KX
    DNAME: (0, 1),
}


def canonical_rdata(rtype: int, rdata: bytes) -> bytes:
    """`rdata` with the names in it lower-cased where their type asks for it; malformed rdata stay as they are."""
    if rtype == _NAPTR:
        return _lower_names(rdata, _end_of_naptr_strings(rdata), 1)
    if rtype in _NAMES_AT:
        return _lower_names(rdata, *_NAMES_AT[rtype])
    return rdata


def signed_owner(owner: WireName, count: int) -> WireName:
    """The owner as it was signed, when the RRSIG counts `count` labels: the wildcard, if that is fewer (RFC 4035 §5.3.2)."""
    parts = labels(owner)
    if count >= len(parts):
        return owner
    kept = parts[len(parts) - count :]
    return WireName(b"\x01*" + b"".join(bytes((len(part),)) + part for part in kept) + b"\0")


def signed_records(owner: WireName, rtype: int, rdatas: tuple[bytes, ...], original_ttl: int) -> bytes:
    """The records as they were signed: sorted, each once, with the TTL that the RRSIG states (RFC 4034 §3.1.8.1)."""
    head = owner + rtype.to_bytes(2) + IN.to_bytes(2) + original_ttl.to_bytes(4)
    canonical = sorted({canonical_rdata(rtype, rdata) for rdata in rdatas})
    return b"".join(head + len(rdata).to_bytes(2) + rdata for rdata in canonical)


def end_of_name(octets: bytes, at: int) -> int | None:
    """Where the uncompressed name that begins at `at` ends; None if none does."""
    begin = at
    while at < len(octets) and octets[at] <= 63:
        if not octets[at]:
            return at + 1 if at + 1 - begin <= MAX_NAME_OCTETS else None
        at += 1 + octets[at]
    return None


def _lower_names(rdata: bytes, begin: int, count: int) -> bytes:
    end = begin
    for _ in range(count):
        after = end_of_name(rdata, end)
        if after is None:
            return rdata
        end = after
    return rdata[:begin] + rdata[begin:end].lower() + rdata[end:]


def _end_of_naptr_strings(rdata: bytes) -> int:
    at = _OCTETS_BEFORE_NAPTR_STRINGS
    for _ in range(_STRINGS_OF_NAPTR):
        at += 1 + (rdata[at] if at < len(rdata) else 0)
    return at
