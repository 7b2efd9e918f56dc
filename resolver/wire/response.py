"""What does this server say, as values? Nothing of it is believed here; that is for iterate/scrub to decide."""

import struct
from struct import Struct
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.names import WireName
from cache.rrtypes import AAAA, IN, OPT, RRSIG, A
from resolver.wire.edns import read_response_edns
from resolver.wire.layout import ASKED_TYPE, HEADER, HEADER_OCTETS, POINTER_BITS, RCODE_BITS, RECORD, Garbled
from resolver.wire.message import QR, TC, RawRRset, Response, ResponseEdns, Unreadable
from resolver.wire.names import Places, read_name
from resolver.wire.rdata import read_rdata

SIZES: Final = {A: 4, AAAA: 16}  # of rdata without a name in it
MAX_RECORDS: Final = 2048  # in one message; BIND 9.20 keeps 100 of one type, and 64 kB could hold 5,900
RECORD_OCTETS: Final = RECORD.size
POINTED_RECORD: Final = Struct("!HHHIH")  # RECORD behind a pointer
POINTED_RECORD_OCTETS: Final = POINTED_RECORD.size

Section = tuple[RawRRset, ...]


def read_response(data: bytes) -> Response | Unreadable:
    """The records of `data` by section and RRset; or why they cannot be read. Never raises.

    Records of classes other than IN are left out. What stands behind the last record is not looked at.
    """
    if len(data) < HEADER_OCTETS:
        return Unreadable(f"no whole header in {len(data)} octets")
    id, flags, questions, *counts = HEADER.unpack_from(data)
    if not flags & QR:
        return Unreadable("a query (no QR) at octet 2")
    if questions > 1:
        return Unreadable(f"{questions} questions at octet 4")
    if sum(counts) > MAX_RECORDS:
        return Unreadable(f"{sum(counts)} records at octet 6: at most {MAX_RECORDS} are read")
    places: Places = {}
    try:
        at = _end_of_question(data, places) if questions else HEADER_OCTETS
    except Garbled as garbled:
        return Unreadable(str(garbled))
    asked = data[HEADER_OCTETS:at]
    rcode = flags & RCODE_BITS
    try:
        answer, authority, additional, opts = _read_sections(data, at, counts, places)
    except Garbled as garbled:
        if flags & TC:  # some servers cut in the middle of a record; RFC 2181 §9 has us ask again over TCP anyway
            return Response(id, flags, rcode, asked, (), (), (), None, len(data))
        return Unreadable(str(garbled))
    edns, upper_rcode, flaw = _edns_of(data, opts)
    return Response(id, flags, rcode | upper_rcode, asked, answer, authority, additional, edns, len(data), flaw)


def _edns_of(data: bytes, opts: list[int]) -> tuple[ResponseEdns | None, int, str]:
    """What the OPT RR says, its bits of the RCODE, and what is wrong with it ("": nothing).

    Two of them, or one whose options are not laid out as such, say nothing: the rest of the message is good without, as it is to
    other resolvers.
    """
    if not opts:
        return None, 0, ""
    if len(opts) > 1:
        return None, 0, "more than one OPT RR"
    try:
        edns, upper_rcode = read_response_edns(data, opts[0])
    except Garbled as garbled:
        return None, 0, str(garbled)
    return edns, upper_rcode, ""


@final
@mypyc_attr(acyclic=True)
class _Gathered:
    """The records of one owner and type that a section has shown so far; rdatas: in order and once (RFC 2181 §5)."""

    __slots__ = ("owner", "rdatas", "rrsigs", "rtype", "ttl")

    def __init__(self, owner: WireName, rtype: int, ttl: int, rdatas: dict[bytes, None]) -> None:
        self.owner = owner
        self.rtype = rtype
        self.ttl = ttl
        self.rdatas = rdatas
        self.rrsigs: tuple[bytes, ...] = ()


Sets = dict[tuple[bytes, int], _Gathered]  # by folded owner and type; RRSIGs by the type that they cover


def _end_of_question(data: bytes, places: Places) -> int:
    _, at = read_name(data, HEADER_OCTETS, places)
    if at + ASKED_TYPE.size > len(data):
        raise Garbled("a question cut short", at)
    return at + ASKED_TYPE.size


def _read_sections(
    data: bytes, at: int, counts: list[int], places: Places
) -> tuple[Section, Section, Section, list[int]]:
    """Answer, authority, additional, and where the type fields of OPT RRs stand. Raises Garbled."""
    answer, at, _ = _read_section(data, at, counts[0], places)
    authority, at, _ = _read_section(data, at, counts[1], places)
    additional, _, opts = _read_section(data, at, counts[2], places)
    return answer, authority, additional, opts


def _read_section(data: bytes, at: int, count: int, places: Places) -> tuple[Section, int, list[int]]:
    """The RRsets of a section, the offset behind it, and where the type fields of OPT RRs stand. Raises Garbled."""
    sets: Sets = {}
    signatures: Sets = {}
    opts = []
    octets = len(data)
    for _ in range(count):
        try:  # nearly every owner is a pointer to a name that was read before
            pointer, rtype, rclass, ttl, length = POINTED_RECORD.unpack_from(data, at)
            owner = places[pointer - POINTER_BITS]
            start = at + POINTED_RECORD_OCTETS
        except (KeyError, struct.error):
            owner, rtype, rclass, ttl, length, start = _read_head(data, at, places)
        at = start + length
        if at > octets:
            raise Garbled("rdata cut short", start)
        if rtype == OPT:
            opts.append(start - RECORD_OCTETS)
        elif rclass == IN:
            if SIZES.get(rtype) == length:
                rdata = data[start:at]
            else:
                rdata = read_rdata(rtype, data, start, at, places)
            if rtype == RRSIG:
                _gather(signatures, owner, int.from_bytes(rdata[:2], "big"), ttl, rdata)
            else:
                _gather(sets, owner, rtype, ttl, rdata)
    if signatures:
        _attach(sets, signatures)
    return tuple([RawRRset(g.owner, g.rtype, g.ttl, tuple(g.rdatas), g.rrsigs) for g in sets.values()]), at, opts


def _read_head(data: bytes, at: int, places: Places) -> tuple[bytes, int, int, int, int, int]:
    """Owner, type, class, TTL and length of the record at `at`, and where its rdata begins. Raises Garbled."""
    owner, at = read_name(data, at, places)
    start = at + RECORD_OCTETS
    if start > len(data):
        raise Garbled("a record cut short", at)
    rtype, rclass, ttl, length = RECORD.unpack_from(data, at)
    return owner, rtype, rclass, ttl, length, start


def _gather(sets: Sets, owner: bytes, rtype: int, ttl: int, rdata: bytes) -> None:
    key = (owner.lower(), rtype)
    gathered = sets.get(key)
    if gathered is None:
        sets[key] = _Gathered(WireName(key[0]), rtype, ttl, {rdata: None})
        return
    gathered.rdatas[rdata] = None
    if ttl < gathered.ttl:  # RFC 2181 §5.2: differing TTLs in an RRset are an error; the lowest one counts
        gathered.ttl = ttl


def _attach(sets: Sets, signatures: Sets) -> None:
    """Put RRSIGs beside what they cover; those that cover nothing here are the answer to qtype RRSIG themselves."""
    for key, signed in signatures.items():
        if key in sets:
            sets[key].ttl = min(sets[key].ttl, signed.ttl)  # RFC 4035 §5.3.3: no longer than the RRSIG's TTL
            sets[key].rrsigs = tuple(signed.rdatas)
        else:
            for rdata in signed.rdatas:
                _gather(sets, signed.owner, RRSIG, signed.ttl, rdata)
