"""The canonical form of an RRset: the octets that its signature is made over (RFC 4034 §6, RFC 6840 §5.1)."""

from collections.abc import Iterable
from typing import Final

from cache.names import MAX_NAME_OCTETS, WireName, labels
from cache.rrtypes import CNAME, DNAME, IN, MX, NS, PTR, SOA, SRV

_NAPTR: Final = 35
_STRINGS_OF_NAPTR: Final = 3
_OCTETS_BEFORE_NAPTR_STRINGS: Final = 4
# Types whose rdata hold names that are lower-cased: the octets before the names, and those behind them (wire/rdata.py).
# RFC 4034 §6.2 without NSEC (RFC 6840 §5.1) and without types that are not signed or no longer exist.
_AROUND_NAMES: Final[dict[int, tuple[int, int]]] = {
    NS: (0, 0),
    3: (0, 0),  # MD
    4: (0, 0),  # MF
    CNAME: (0, 0),
    SOA: (0, 20),
    7: (0, 0),  # MB
    8: (0, 0),  # MG
    9: (0, 0),  # MR
    PTR: (0, 0),
    14: (0, 0),  # MINFO
    MX: (2, 0),
    17: (0, 0),  # RP
    18: (2, 0),  # AFSDB
    21: (2, 0),  # RT
    26: (2, 0),  # PX
    SRV: (6, 0),
    36: (2, 0),  # KX
    DNAME: (0, 0),
}


def canonical_rdata(rtype: int, rdata: bytes) -> bytes:
    """`rdata` with the names in it lower-cased where their type asks for it; the codec has checked where they stand.

    All the octets of names are: no length is a letter, and to look at each label took 50 ms for a set of 2,000 long names.
    """
    if rtype == _NAPTR:
        begin, behind = _end_of_naptr_strings(rdata), 0
    elif rtype in _AROUND_NAMES:
        begin, behind = _AROUND_NAMES[rtype]
    else:
        return rdata
    end = max(begin, len(rdata) - behind)
    return rdata[:begin] + rdata[begin:end].lower() + rdata[end:]


def signed_owner(owner: WireName, count: int) -> WireName:
    """The owner as it was signed, when the RRSIG counts `count` labels: the wildcard, if that is fewer (RFC 4035 §5.3.2)."""
    parts = labels(owner)
    if count >= len(parts):
        return owner
    kept = parts[len(parts) - count :]
    return WireName(b"\x01*" + b"".join(bytes((len(part),)) + part for part in kept) + b"\0")


def signed_records(owner: WireName, rtype: int, ordered: Iterable[bytes], original_ttl: int) -> bytes:
    """The records as they were signed: with the TTL that the RRSIG states (RFC 4034 §3.1.8.1).

    ordered: their canonical rdatas, sorted and each once.
    """
    head = owner + rtype.to_bytes(2) + IN.to_bytes(2) + original_ttl.to_bytes(4)
    return b"".join(head + len(rdata).to_bytes(2) + rdata for rdata in ordered)


def end_of_name(octets: bytes, at: int) -> int | None:
    """Where the uncompressed name that begins at `at` ends; None if none does."""
    begin = at
    while at < len(octets) and octets[at] <= 63:
        if not octets[at]:
            return at + 1 if at + 1 - begin <= MAX_NAME_OCTETS else None
        at += 1 + octets[at]
    return None


def _end_of_naptr_strings(rdata: bytes) -> int:
    at = _OCTETS_BEFORE_NAPTR_STRINGS
    for _ in range(_STRINGS_OF_NAPTR):
        at += 1 + (rdata[at] if at < len(rdata) else 0)
    return at
