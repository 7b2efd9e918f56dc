"""Which names stand inside rdata, by type? Everything else in rdata is opaque.

Names inside rdata may come compressed, though by RFC 3597 §4 only types of RFC 1035 may be sent so: "Receiving servers
MUST decompress domain names in RRs of well-known type, and SHOULD also decompress RRs of type RP, AFSDB, RT, SIG, PX,
NXT, NAPTR, and SRV". Rdata that is kept with a pointer in it would be nonsense in the next message.
"""

from typing import Final, NamedTuple

from mypy_extensions import i64

from cache.rrtypes import AAAA, CNAME, DNAME, HTTPS, MX, NS, NSEC, PTR, RRSIG, SOA, SRV, SVCB, A, mnemonic
from resolver.wire.layout import MAX_RDATA_OCTETS, Garbled
from resolver.wire.names import NamesAt, Spellings, end_of_name, read_name

MB: Final = 7
MG: Final = 8
MR: Final = 9
MINFO: Final = 14
RP: Final = 17
AFSDB: Final = 18
RT: Final = 21
SIG: Final = 24
PX: Final = 26
NXT: Final = 30
NAPTR: Final = 35
KX: Final = 36


class Layout(NamedTuple):
    """fixed octets, then character-strings, then names, then `tail` octets; None: whatever is left."""

    fixed: int = 0
    strings: int = 0
    names: int = 0
    tail: int | None = 0


JUST_A_NAME: Final = Layout(names=1)
LAYOUTS: Final[dict[int, Layout]] = {
    A: Layout(fixed=4),
    AAAA: Layout(fixed=16),
    **dict.fromkeys((NS, CNAME, PTR, DNAME, MB, MG, MR), JUST_A_NAME),
    **dict.fromkeys((MX, AFSDB, RT, KX), Layout(fixed=2, names=1)),
    SRV: Layout(fixed=6, names=1),
    NAPTR: Layout(fixed=4, strings=3, names=1),
    PX: Layout(fixed=2, names=2),
    **dict.fromkeys((MINFO, RP), Layout(names=2)),
    SOA: Layout(names=2, tail=20),
    **dict.fromkeys((RRSIG, SIG), Layout(fixed=18, names=1, tail=None)),
    **dict.fromkeys((NSEC, NXT), Layout(names=1, tail=None)),
}
TARGET_AT: Final = {NS: 0, MX: 2, SRV: 6, SVCB: 2, HTTPS: 2}
ENDS_IN_TARGET: Final = frozenset({NS, MX, SRV})  # which need not be looked through for the name's end
WRITTEN_COMPRESSED: Final = frozenset({NS, CNAME, PTR, MX, SOA})  # RFC 3597 §4: the types of RFC 1035 only


def read_rdata(rtype: int, data: bytes, at: i64, end: i64, names_at: NamesAt) -> bytes:
    """The rdata in data[at:end], its names uncompressed in their own letter case. Raises Garbled."""
    layout = LAYOUTS.get(rtype)
    if layout is None:
        return data[at:end]
    if layout is JUST_A_NAME:
        name, behind = read_name(data, at, names_at)
        if behind != end:
            raise _wrong_length(rtype, at)
        return name
    fixed, strings, names, tail = layout
    place: i64 = at + fixed
    for _ in range(strings):
        place += 1 + (data[place] if place < end else 0)
    rdata = data[at:place]
    for _ in range(names):
        name, place = read_name(data, place, names_at)
        rdata += name
    if place > end or (tail is not None and end - place != tail):
        raise _wrong_length(rtype, at)
    rdata += data[place:end]
    if len(rdata) > MAX_RDATA_OCTETS:
        raise Garbled(f"rdata of more than {MAX_RDATA_OCTETS} octets when uncompressed", at)
    return rdata


def is_rdata(rtype: int, rdata: bytes) -> bool:
    """Are these octets uncompressed rdata of that type, as read_rdata gives it? Of a type that is opaque, all are."""
    if rtype in (A, AAAA):  # most of them: a million are looked at when a cache is loaded
        return len(rdata) == LAYOUTS[rtype].fixed
    try:
        return read_rdata(rtype, rdata, 0, len(rdata), {}) == rdata
    except Garbled:
        return False


def write_rdata(out: bytearray, rtype: int, rdata: bytes, spellings: Spellings, *, is_kept: bool = True) -> None:
    """Append RDLENGTH and `rdata`, the names in it compressed; for the types WRITTEN_COMPRESSED. is_kept: see Spellings."""
    start = len(out)
    fixed, _, names, tail = LAYOUTS[rtype]
    out += b"\0\0"
    out += rdata[:fixed]
    if names == 1 and not tail:
        spellings.write(out, rdata[fixed:], is_kept=is_kept)
    else:
        at = fixed
        for _ in range(names):
            end = end_of_name(rdata, at)
            spellings.write(out, rdata[at:end], is_kept=is_kept)
            at = end
        out += rdata[at:]
    out[start : start + 2] = (len(out) - start - 2).to_bytes(2, "big")


def target_in(rtype: int, rdata: bytes) -> bytes:
    """The name whose addresses a client of this record asks for next, in its own letters; "." of SVCB: the owner's (RFC 9460)."""
    fixed = TARGET_AT[rtype]
    return rdata[fixed:] if rtype in ENDS_IN_TARGET else rdata[fixed : end_of_name(rdata, fixed)]


def _wrong_length(rtype: int, at: i64) -> Garbled:
    return Garbled(f"rdata of {mnemonic(rtype)} that is not as long as its fields", at)
