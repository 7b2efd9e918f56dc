"""What does a query ask: a client's, or what it gets for octets that ask nothing, and ours to a server, as octets?"""

from typing import Final

from mypy_extensions import i64

from cache.names import ROOT, fold
from cache.rrtypes import BADVERS, FORMERR, IN, NOTIMP, OPT
from resolver.wire.edns import PAYLOAD, VERSION, compose_opt, cookie_option, opt_version, read_query_edns
from resolver.wire.layout import (
    ASKED_TYPE_OCTETS,
    HEADER,
    HEADER_OCTETS,
    RCODE_BITS,
    RECORD_OCTETS,
    Garbled,
    number_at,
)
from resolver.wire.message import CD, OPCODE_MASK, QR, RA, RD, Query, Unreadable
from resolver.wire.names import NamesAt, end_of_name, read_name

CLASS_IN: Final = IN.to_bytes(2, "big")
# the counts of the header of a query to a server
ONE_QUESTION: Final = bytes((0, 1, 0, 0, 0, 0, 0, 0))
ONE_QUESTION_AND_OPT: Final = bytes((0, 1, 0, 0, 0, 0, 0, 1))
MAX_RECORDS: Final = (
    100  # beside the question: an honest query has three at most, and 64 kB of empty ones took 4 ms to pass over
)


def read_query(data: bytes) -> Query | Unreadable:
    """The one question of `data`, with its EDNS; or why there is none, with the reply that says so. Never raises."""
    if len(data) < HEADER_OCTETS:
        return Unreadable(f"no whole header in {len(data)} octets")
    id, flags = number_at(data, 0), number_at(data, 2)
    if flags & QR:  # answering answers is how two servers talk for ever
        return Unreadable("a response (QR) at octet 2")
    asked = b""
    try:
        end = _end_of_question(data, number_at(data, 4))
        asked = data[HEADER_OCTETS:end]
        others, additionals = number_at(data, 6) + number_at(data, 8), number_at(data, 10)
        if others + additionals > MAX_RECORDS:
            raise Garbled(f"{others + additionals} records beside the question", 6)
        opts, behind = find_opts(data, end, others, additionals)
    except Garbled as garbled:
        rcode = NOTIMP if flags & OPCODE_MASK else FORMERR
        return _refuse(str(garbled), rcode, id, flags, asked)
    if flags & OPCODE_MASK:
        return _refuse("an opcode other than QUERY at octet 2", NOTIMP, id, flags, asked, has_opt=bool(opts))
    try:
        if behind != len(data):
            raise Garbled("octets after the last record", behind)
        if len(opts) > 1:  # RFC 6891 §6.1.1: "If a query message with more than one OPT RR is received, a FORMERR"
            raise Garbled("a second OPT", opts[1])
        if opts and opt_version(data, opts[0]) != VERSION:  # its options may be laid out in another way
            reason = f"EDNS version {opt_version(data, opts[0])} at octet {opts[0]}"
            return _refuse(reason, BADVERS, id, flags, asked, has_opt=True)
        edns = read_query_edns(data, opts[0]) if opts else None
    except Garbled as garbled:
        return _refuse(str(garbled), FORMERR, id, flags, asked, has_opt=bool(opts))
    name_end = end - ASKED_TYPE_OCTETS
    qname = fold(data[HEADER_OCTETS:name_end])
    return Query(id, flags, asked, qname, number_at(data, name_end), number_at(data, name_end + 2), edns)


def _end_of_question(data: bytes, questions: i64) -> i64:
    """The offset behind the one question. Raises Garbled."""
    if questions != 1:  # RFC 9619 §4: more than one gets FORMERR; without one there is nothing to answer
        raise Garbled(f"{questions} questions", 4)
    end = end_of_name(data, HEADER_OCTETS) + ASKED_TYPE_OCTETS
    if end > len(data):
        raise Garbled("a question cut short", end - ASKED_TYPE_OCTETS)
    return end


def find_opts(data: bytes, at: i64, others: i64, additionals: i64) -> tuple[list[int], i64]:
    """Where the type fields of the OPT RRs among the last `additionals` records stand, and the offset behind them all.

    The records that a query carries beside its OPT (TSIG, the SOA of an IXFR) mean nothing to us but must be whole.
    """
    opts: list[int] = []
    names_at: NamesAt = {}
    octets = len(data)
    number: i64 = 0
    while number < others + additionals:
        owner: bytes = ROOT
        if at < octets and not data[at]:
            at += 1
        else:
            owner, at = read_name(data, at, names_at)
        end = at + RECORD_OCTETS
        if end > octets:
            raise Garbled("a record cut short", at)
        if number_at(data, at) == OPT and number >= others:
            if owner != ROOT:  # RFC 6891 §6.1.2: the owner "MUST be 0 (root domain)"
                raise Garbled("an OPT that is not at the root", at)
            opts.append(at)
        at = end + number_at(data, at + 8)
        if at > octets:
            raise Garbled("rdata cut short", end)
        number += 1
    return opts, at


def _refuse(reason: str, rcode: int, id: int, flags: int, asked: bytes, *, has_opt: bool = False) -> Unreadable:
    """`reason` with the reply for it: ID, opcode, RD, CD and the question are the client's own; CD and our RA mean something in
    replies to a QUERY only.

    RFC 6891 §6.1.1: an OPT in the query "MUST" be answered with one, which says the version that we speak.
    """
    opt = compose_opt(PAYLOAD, rcode=rcode) if has_opt else b""
    words = QR | flags & (OPCODE_MASK | RD) | rcode & RCODE_BITS
    if not flags & OPCODE_MASK:
        words |= RA | flags & CD
    return Unreadable(reason, HEADER.pack(id, words, bool(asked), 0, 0, bool(opt)) + asked + opt)


def question_octets(qname: bytes, qtype: int) -> bytes:
    """The question section (class IN) that asks for `qtype` at `qname`."""
    return b"".join((qname, qtype.to_bytes(2, "big"), CLASS_IN))


def compose_query(
    *,
    id: int,
    asked: bytes,
    rd: bool,
    edns_payload: int | None,
    do: bool,
    cookie: bytes | None = None,
    cd: bool = False,
) -> bytes:
    """A query with the question section `asked`; without an OPT RR when `edns_payload` is None, which excludes DO."""
    opt = b""
    if edns_payload is not None:
        opt = compose_opt(edns_payload, do=do, options=b"" if cookie is None else cookie_option(cookie))
    return with_opt(id, (RD if rd else 0) | (CD if cd else 0), asked, opt)


def with_opt(id: int, flags: int, asked: bytes, opt: bytes) -> bytes:
    """A query with this question section and an OPT RR that is ready made; b"": without one."""
    counts = ONE_QUESTION_AND_OPT if opt else ONE_QUESTION
    return (id << 16 | flags).to_bytes(4, "big") + counts + asked + opt
