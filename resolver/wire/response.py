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
from resolver.wire.names import NamesAt, read_name
from resolver.wire.rdata import read_rdata

MAX_RECORDS: Final = 2048  # in one message; BIND 9.20 keeps 100 of one type, and 64 kB could hold 5,900

MANY: Final = 8  # records of one RRset, or sets of one section, to look through them for another

Section = tuple[RawRRset, ...]


def read_response(data: bytes, shown: bytes | None = None) -> Response | Unreadable:
    """The records of `data` by section and RRset; or why they cannot be read. Never raises.

    shown: the question section that it is to have in the place of its own, if it has one.

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
    names_at: NamesAt = {}
    try:
        at: i64 = _end_of_question(data, names_at) if questions else HEADER_OCTETS
    except Garbled as garbled:
        return Unreadable(str(garbled))
    asked = data[HEADER_OCTETS:at] if shown is None or not questions else shown
    rcode = flags & RCODE_BITS
    try:
        answer, authority, additional, opts = _read_sections(data, at, names_at)
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
@mypyc_attr(acyclic=True, free_list_len=1)
class _Gathered:
    """The records of one owner and type that a section has shown so far. said: the owner as it was read last."""

    __slots__ = ("_more", "first", "owner", "rrsigs", "rtype", "said", "ttl")

    def __init__(self, owner: WireName, said: bytes, rtype: i64, ttl: i64, rdata: bytes) -> None:
        self.owner = owner
        self.said = said
        self.rtype: i64 = rtype
        self.ttl: i64 = ttl
        self.first = rdata
        self._more: list[bytes] | None = None  # the first and those behind it; most sets have no other
        self.rrsigs: tuple[bytes, ...] = ()

    def add(self, ttl: i64, rdata: bytes) -> None:
        more = self._more
        if more is None:
            more = self._more = [self.first]
        if len(more) >= MANY or rdata not in more:  # of many, the same are found at the end
            more.append(rdata)
        if ttl < self.ttl:  # RFC 2181 §5.2: differing TTLs in an RRset are an error; the lowest one counts
            self.ttl = ttl

    def each(self) -> tuple[bytes, ...]:
        """The rdatas in order and once (RFC 2181 §5)."""
        more = self._more
        if more is None:
            return (self.first,)
        return tuple(more if len(more) < MANY else dict.fromkeys(more))


@final
@mypyc_attr(free_list_len=1)
class _Sets:
    """What a section has shown, by folded owner and type; RRSIGs by the type that they cover. `all` is in the order it came."""

    __slots__ = ("_by_key", "all")

    def __init__(self) -> None:
        self.all: list[_Gathered] = []
        self._by_key: dict[tuple[bytes, int], _Gathered] | None = None  # a few are looked through, one after the other

    def find(self, owner: WireName, rtype: i64) -> _Gathered | None:
        if self._by_key is not None:
            return self._by_key.get((owner, int(rtype)))
        for one in self.all:
            if one.rtype == rtype and one.owner == owner:
                return one
        return None

    def put(self, owner: bytes, rtype: i64, ttl: i64, rdata: bytes) -> _Gathered:
        """Put a record among those of its owner and type, and give these."""
        folded = fold(owner)
        gathered = self.find(folded, rtype)
        if gathered is not None:
            gathered.add(ttl, rdata)
            gathered.said = owner
            return gathered
        gathered = _Gathered(folded, owner, rtype, ttl, rdata)
        self.all.append(gathered)
        if self._by_key is not None:
            self._by_key[folded, int(rtype)] = gathered
        elif len(self.all) > MANY:
            self._by_key = {(one.owner, int(one.rtype)): one for one in self.all}
        return gathered


def _end_of_question(data: bytes, names_at: NamesAt) -> i64:
    _, at = read_name(data, HEADER_OCTETS, names_at)
    if at + ASKED_TYPE_OCTETS > len(data):
        raise Garbled("a question cut short", at)
    return at + ASKED_TYPE_OCTETS


def _read_sections(data: bytes, at: i64, names_at: NamesAt) -> tuple[Section, Section, Section, list[int]]:
    """Answer, authority, additional, and where the type fields of OPT RRs stand. Raises Garbled."""
    opts: list[int] = []
    answer, at = _read_section(data, at, number_at(data, 6), names_at, None)
    authority, at = _read_section(data, at, number_at(data, 8), names_at, None)
    additional, _ = _read_section(data, at, number_at(data, 10), names_at, opts)
    return answer, authority, additional, opts


def _read_section(data: bytes, at: i64, count: i64, names_at: NamesAt, opts: list[int] | None) -> tuple[Section, i64]:
    """The RRsets of a section, and the offset behind it. opts: gets where the type fields of OPT RRs stand. Raises Garbled."""
    if not count:
        return (), at
    sets = _Sets()
    signatures: _Sets | None = None
    last: _Gathered | None = None  # records of one RRset stand together, as a rule
    octets = len(data)
    while count:
        count -= 1
        if at < octets and not data[at]:
            owner: bytes = ROOT
            at += 1
        else:
            owner, at = read_name(data, at, names_at)
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
            if opts is not None:
                opts.append(at)
        elif number_at(data, at + 2) == IN:
            if (rtype == A and length == 4) or (rtype == AAAA and length == 16):
                rdata = data[start:end]
            else:
                rdata = read_rdata(rtype, data, start, end, names_at)
            if rtype == RRSIG:
                if signatures is None:
                    signatures = _Sets()
                signatures.put(owner, number_at(rdata, 0), ttl, rdata)
            elif last is not None and rtype == last.rtype and owner == last.said:
                last.add(ttl, rdata)
            else:
                last = sets.put(owner, rtype, ttl, rdata)
        at = end
    if signatures is not None:
        _attach(sets, signatures)
    return tuple([RawRRset(g.owner, g.rtype, g.ttl, g.each(), g.rrsigs) for g in sets.all]), at


def _attach(sets: _Sets, signatures: _Sets) -> None:
    """Put RRSIGs beside what they cover; those that cover nothing here are the answer to qtype RRSIG themselves."""
    for signed in signatures.all:
        covered = sets.find(signed.owner, signed.rtype)
        if covered is not None:
            covered.ttl = min(covered.ttl, signed.ttl)  # RFC 4035 §5.3.3: no longer than the RRSIG's TTL
            covered.rrsigs = signed.each()
        else:
            for rdata in signed.each():
                sets.put(signed.owner, RRSIG, signed.ttl, rdata)
