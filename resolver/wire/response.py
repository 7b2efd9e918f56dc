"""What does this server say, as values? Nothing of it is believed here; that is for iterate/scrub to decide."""

from typing import Final, final

from mypy_extensions import i64, mypyc_attr

from cache.names import ROOT, WireName, fold
from cache.rrtypes import AAAA, IN, OPT, RRSIG, A
from resolver.wire.edns import read_response_edns
from resolver.wire.layout import (
    ASKED_TYPE_OCTETS,
    HEADER_OCTETS,
    RCODE_BITS,
    RECORD_OCTETS,
    Garbled,
    long_at,
    number_at,
)
from resolver.wire.message import QR, TC, RawRRset, Response, ResponseEdns, Unreadable
from resolver.wire.names import Places, read_name
from resolver.wire.rdata import read_rdata

MAX_RECORDS: Final = 2048  # in one message; BIND 9.20 keeps 100 of one type, and 64 kB could hold 5,900

MANY: Final = 8  # records of one RRset, to look through them for another

Section = tuple[RawRRset, ...]


def read_response(data: bytes) -> Response | Unreadable:
    """The records of `data` by section and RRset; or why they cannot be read. Never raises.

    Records of classes other than IN are left out. What stands behind the last record is not looked at.
    """
    if len(data) < HEADER_OCTETS:
        return Unreadable(f"no whole header in {len(data)} octets")
    id, flags, questions = number_at(data, 0), number_at(data, 2), number_at(data, 4)
    if not flags & QR:
        return Unreadable("a query (no QR) at octet 2")
    if questions > 1:
        return Unreadable(f"{questions} questions at octet 4")
    records = number_at(data, 6) + number_at(data, 8) + number_at(data, 10)
    if records > MAX_RECORDS:
        return Unreadable(f"{records} records at octet 6: at most {MAX_RECORDS} are read")
    places: Places = {}
    try:
        at: i64 = _end_of_question(data, places) if questions else HEADER_OCTETS
    except Garbled as garbled:
        return Unreadable(str(garbled))
    asked = data[HEADER_OCTETS:at]
    rcode = flags & RCODE_BITS
    try:
        answer, authority, additional, opts = _read_sections(data, at, places)
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
    """The records of one owner and type that a section has shown so far. said: the owner as it was read last."""

    __slots__ = ("owner", "rdatas", "rrsigs", "rtype", "said", "ttl")

    def __init__(self, owner: WireName, said: bytes, rtype: i64, ttl: i64, rdata: bytes) -> None:
        self.owner = owner
        self.said = said
        self.rtype: i64 = rtype
        self.ttl: i64 = ttl
        self.rdatas = [rdata]
        self.rrsigs: tuple[bytes, ...] = ()

    def add(self, ttl: i64, rdata: bytes) -> None:
        if len(self.rdatas) >= MANY or rdata not in self.rdatas:  # of many, the same are found at the end
            self.rdatas.append(rdata)
        if ttl < self.ttl:  # RFC 2181 §5.2: differing TTLs in an RRset are an error; the lowest one counts
            self.ttl = ttl

    def each(self) -> tuple[bytes, ...]:
        """The rdatas in order and once (RFC 2181 §5)."""
        return tuple(self.rdatas if len(self.rdatas) < MANY else dict.fromkeys(self.rdatas))


Sets = dict[tuple[bytes, int], _Gathered]  # by folded owner and type; RRSIGs by the type that they cover


def _end_of_question(data: bytes, places: Places) -> i64:
    _, at = read_name(data, HEADER_OCTETS, places)
    if at + ASKED_TYPE_OCTETS > len(data):
        raise Garbled("a question cut short", at)
    return at + ASKED_TYPE_OCTETS


def _read_sections(data: bytes, at: i64, places: Places) -> tuple[Section, Section, Section, list[int]]:
    """Answer, authority, additional, and where the type fields of OPT RRs stand. Raises Garbled."""
    answer, at, _ = _read_section(data, at, number_at(data, 6), places)
    authority, at, _ = _read_section(data, at, number_at(data, 8), places)
    additional, _, opts = _read_section(data, at, number_at(data, 10), places)
    return answer, authority, additional, opts


def _read_section(data: bytes, at: i64, count: i64, places: Places) -> tuple[Section, i64, list[int]]:
    """The RRsets of a section, the offset behind it, and where the type fields of OPT RRs stand. Raises Garbled."""
    sets: Sets = {}
    signatures: Sets = {}
    last: _Gathered | None = None  # records of one RRset stand together, as a rule
    opts: list[int] = []
    octets = len(data)
    while count:
        count -= 1
        if at < octets and not data[at]:
            owner: bytes = ROOT
            at += 1
        else:
            owner, at = read_name(data, at, places)
        start = at + RECORD_OCTETS
        if start > octets:
            raise Garbled("a record cut short", at)
        rtype = number_at(data, at)
        ttl = long_at(data, at + 4)
        length = number_at(data, at + 8)
        end = start + length
        if end > octets:
            raise Garbled("rdata cut short", start)
        if rtype == OPT:
            opts.append(at)
        elif number_at(data, at + 2) == IN:
            if (rtype == A and length == 4) or (rtype == AAAA and length == 16):
                rdata = data[start:end]
            else:
                rdata = read_rdata(rtype, data, start, end, places)
            if rtype == RRSIG:
                _gather(signatures, owner, int.from_bytes(rdata[:2], "big"), ttl, rdata)
            elif last is not None and rtype == last.rtype and owner == last.said:
                last.add(ttl, rdata)
            else:
                last = _gather(sets, owner, rtype, ttl, rdata)
        at = end
    if not sets and not signatures:
        return (), at, opts
    if signatures:
        _attach(sets, signatures)
    return tuple([RawRRset(g.owner, g.rtype, g.ttl, g.each(), g.rrsigs) for g in sets.values()]), at, opts


def _gather(sets: Sets, owner: bytes, rtype: i64, ttl: i64, rdata: bytes) -> _Gathered:
    """Put a record among those of its owner and type, and give these."""
    folded = fold(owner)
    key = (folded, int(rtype))
    gathered = sets.get(key)
    if gathered is None:
        gathered = sets[key] = _Gathered(folded, owner, rtype, ttl, rdata)
    else:
        gathered.add(ttl, rdata)
        gathered.said = owner
    return gathered


def _attach(sets: Sets, signatures: Sets) -> None:
    """Put RRSIGs beside what they cover; those that cover nothing here are the answer to qtype RRSIG themselves."""
    for key, signed in signatures.items():
        if key in sets:
            sets[key].ttl = min(sets[key].ttl, signed.ttl)  # RFC 4035 §5.3.3: no longer than the RRSIG's TTL
            sets[key].rrsigs = signed.each()
        else:
            for rdata in signed.each():
                _gather(sets, signed.owner, RRSIG, signed.ttl, rdata)
