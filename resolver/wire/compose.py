"""Which octets tell a client this Answer, and until when do they stay right?

What a client needs to trust the answer is put in first, and only when that does not fit is the message truncated (RFC 2181
§9). How RRsets are put into a message stands in draft.py, and how the reply is kept, in rendered.py.
"""

from typing import Final

from cache.answer import Answer, ExtendedError
from cache.rrset import RRset, Security
from cache.rrtypes import NSEC, NSEC3, SERVFAIL, SOA
from resolver.wire.draft import Draft
from resolver.wire.edns import PAYLOAD, compose_opt, error_options, nsid_option
from resolver.wire.layout import ID_OCTETS, RCODE_BITS
from resolver.wire.message import AA, AD, CD, QR, RA, RD, TC, Query
from resolver.wire.rendered import Rendered

MIN_OCTETS: Final = 512  # RFC 1035 §4.2.1: what every client can take; holds any question with our OPT RR
PROOFS: Final = frozenset({NSEC, NSEC3})
MAX_OPTION_OCTETS: Final = 210  # of all options of an OPT RR: beside the longest question they fit into 512 octets
PLAIN_OPT: Final = compose_opt(PAYLOAD)


def compose_reply(
    query: Query,
    answer: Answer,
    now: float,
    *,
    max_octets: int,
    stale_ttl: int = 30,
    minimal: bool = True,
    turn: int | None = None,
    nsid: bytes = b"",
) -> bytes:
    """The reply to `query`, of at most `max_octets` (512 or more). now: monotonic seconds.

    stale_ttl: seconds shown for expired records. minimal: in the authority section only what a client needs. turn: with which
    record the set that was asked for begins, any number; None: in the order that it is kept in. Our own data always keeps its
    order, which its source has chosen. nsid: this server's name, for who asks for it (RFC 5001).
    """
    rendered = render(
        query, answer, now, max_octets=max_octets, stale_ttl=stale_ttl, minimal=minimal, turn=turn, nsid=nsid
    )
    return query.id.to_bytes(ID_OCTETS, "big") + rendered.tail(turn or 0)


def render(
    query: Query,
    answer: Answer,
    now: float,
    *,
    max_octets: int,
    stale_ttl: int = 30,
    minimal: bool = True,
    turn: int | None = None,
    nsid: bytes = b"",
    turns_own: bool = False,
) -> Rendered:
    """As compose_reply, with what it takes to know how long the reply stays right and to give it in another order.

    turns_own: our own data may be given in any order, too.
    """
    assert max_octets >= MIN_OCTETS, max_octets
    flags = _flags(query, answer)
    opt = _opt(query, answer, answer.errors, nsid)
    rendered = _with(opt, flags, query, answer, now, max_octets, stale_ttl, minimal, turn, turns_own)
    if not rendered.is_truncated or not answer.errors or query.edns is None:
        return rendered
    # RFC 8914 §3: what explains the answer is left out before anything of the answer is; the client is told of all but texts
    opt = _opt(query, answer, tuple([ExtendedError(error.code) for error in answer.errors]), nsid)
    brief = _with(opt, flags, query, answer, now, max_octets, stale_ttl, minimal, turn, turns_own)
    if not brief.is_truncated:
        return brief
    opt = _opt(query, answer, (), nsid)
    bare = _with(opt, flags | TC, query, answer, now, max_octets, stale_ttl, minimal, turn, turns_own)
    return brief if bare.is_truncated else bare


def _with(
    opt: bytes,
    flags: int,
    query: Query,
    answer: Answer,
    now: float,
    max_octets: int,
    stale_ttl: int,
    minimal: bool,
    turn: int | None,
    turns_own: bool,
) -> Rendered:
    """The reply with this OPT RR, and these flags if it is whole."""
    draft = Draft(query, max_octets - len(opt), now, stale_ttl)
    needed: tuple[RRset, ...] = ()
    wanted: tuple[RRset, ...] = ()
    if answer.authority:
        needed, wanted = _authority(answer, draft.shows_proofs)
        if minimal:
            wanted = ()
    is_whole, answers = draft.put_answer(answer.answer, turn, turns_own)
    authorities = additionals = 0
    if is_whole and needed:
        is_whole, authorities = draft.put_needed(needed)
    beside = answer.additional
    if is_whole and wanted:
        authorities += draft.put_what_fits(wanted)
    if is_whole and beside:
        draft.note_targets(answer.answer)
        additionals = draft.put_what_fits(beside)
    # flags and QDCOUNT, then how many records there are: compiled, a Struct takes twice as long
    words = (flags if is_whole else flags | TC) << 16 | 1
    counts = answers << 32 | authorities << 16 | additionals + (1 if opt else 0)
    head = words.to_bytes(4, "big") + counts.to_bytes(6, "big")
    rrsets = answer.answer
    if needed or wanted or beside:
        rrsets = rrsets + needed + wanted + beside
    return draft.rendered(head, opt, rrsets, now, is_whole)


def _authority(answer: Answer, shows_proofs: bool) -> tuple[tuple[RRset, ...], tuple[RRset, ...]]:
    """The RRsets of the authority section that a client needs, and the others.

    Needed are the SOA, without which a negative answer cannot be kept (RFC 2308 §3), and with DO the NSEC and NSEC3 RRs
    that prove a denial or a wildcard (RFC 4035 §3.1.3); without DO these are not shown at all.
    """
    needed = tuple(r for r in answer.authority if r.rtype == SOA or (shows_proofs and r.rtype in PROOFS))
    wanted = tuple(r for r in answer.authority if r.rtype != SOA and r.rtype not in PROOFS)
    return needed, wanted


def _flags(query: Query, answer: Answer) -> int:
    flags = QR | RA | query.flags & (RD | CD)
    if answer.authoritative:
        flags |= AA
    if answer.security is Security.SECURE and not answer.is_stale:  # a stale signature may be over
        # RFC 6840 §5.8: AD only for those who say that they understand it, by DO or by AD in the query
        asks_for_ad = query.flags & AD or (query.edns is not None and query.edns.do)
        flags |= AD if asks_for_ad else 0
    if answer.rcode <= RCODE_BITS:
        return flags | answer.rcode
    # an extended RCODE needs an OPT RR to be told in (RFC 6891 §6.1.3)
    return flags | (SERVFAIL if query.edns is None else answer.rcode & RCODE_BITS)


def _opt(query: Query, answer: Answer, errors: tuple[ExtendedError, ...], nsid: bytes) -> bytes:
    """The OPT RR of the reply: there is one if and only if the query had one (RFC 6891 §6.1.1, §7).

    errors: those of the answer that are told.
    """
    if query.edns is None:
        return b""
    is_named = query.edns.nsid and nsid
    if not (errors or query.edns.do or answer.rcode > RCODE_BITS or is_named):
        return PLAIN_OPT
    options = error_options(errors)
    if is_named and len(options) + len(nsid) <= MAX_OPTION_OCTETS:
        options = nsid_option(nsid) + options
    return compose_opt(PAYLOAD, rcode=answer.rcode, do=query.edns.do, options=options)
