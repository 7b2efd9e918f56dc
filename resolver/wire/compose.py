"""Which octets tell a client this Answer, and until when do they stay right?

Sizes are kept by leaving out whole RRsets, never half of one. What a client needs to trust the answer is put in first,
and only when that does not fit is the message truncated (RFC 2181 §9).
"""

from struct import Struct
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Answer
from cache.rrset import RRset, Security
from cache.rrtypes import IN, NSEC, NSEC3, RRSIG, SERVFAIL, SOA
from cache.ttl import shown_ttl
from cache.value import Value
from resolver.wire.edns import PAYLOAD, compose_opt, error_options
from resolver.wire.layout import HEADER, HEADER_OCTETS, RCODE_BITS
from resolver.wire.message import AA, AD, CD, QR, RA, RD, TC, Query
from resolver.wire.names import Offsets, offsets_of, write_name
from resolver.wire.rdata import WRITTEN_COMPRESSED, write_rdata

ID_OCTETS: Final = 2
MIN_OCTETS: Final = 512  # RFC 1035 §4.2.1: what every client can take; holds any question with our OPT RR
TYPE_CLASS_TTL: Final = Struct("!HHI")
MAX_MISSES: Final = (
    8  # RRsets tried in vain: a service has a thousand addresses, and each try costs as much as taking it back
)
STALE_FOR: Final = 1.0  # s; for so long is stale data shown before somebody looks for fresher again
PROOFS: Final = frozenset({NSEC, NSEC3})
PLAIN_OPT: Final = compose_opt(PAYLOAD)
FOREVER: Final = float("inf")


@final
@mypyc_attr(acyclic=True)
class Rendered(Value):
    """A reply without its ID (`tail`), to be kept for the same query from other clients.

    until: monotonic seconds before which it stays right: the earliest moment at which a TTL in it changes or an RRset
    expires; infinite when all is local data. rrsets: all that were put in or would have been if they had fitted; it is
    right only as long as these are what is known. A reply without any is right for no time.
    """

    __slots__ = ("rrsets", "tail", "until")

    def __init__(self, tail: bytes, until: float, rrsets: tuple[RRset, ...]) -> None:
        self.tail: Final = tail
        self.until: Final = until
        self.rrsets: Final = rrsets

    def parts(self) -> tuple[object, ...]:
        return self.tail, self.until, self.rrsets


def compose_reply(
    query: Query, answer: Answer, now: float, *, max_octets: int, stale_ttl: int = 30, minimal: bool = True
) -> bytes:
    """The reply to `query`, of at most `max_octets` (512 or more). now: monotonic seconds.

    stale_ttl: seconds shown for expired records. minimal: authority and additional only where a client needs them, and as an
    authoritative answer has them: who answers for an SRV's target himself need not be asked again (RFC 2782).
    """
    rendered = render(query, answer, now, max_octets=max_octets, stale_ttl=stale_ttl, minimal=minimal)
    return query.id.to_bytes(ID_OCTETS, "big") + rendered.tail


def render(
    query: Query, answer: Answer, now: float, *, max_octets: int, stale_ttl: int = 30, minimal: bool = True
) -> Rendered:
    """As compose_reply, with what it takes to know how long the reply stays right."""
    assert max_octets >= MIN_OCTETS, max_octets
    opt = _opt(query, answer)
    draft = _Draft(query, max_octets - len(opt), now, stale_ttl)
    needed, wanted = _authority(answer, draft.shows_proofs) if answer.authority else ((), ())
    is_whole, answers = draft.put_needed(answer.answer)
    authorities = additionals = 0
    if is_whole and needed:
        is_whole, authorities = draft.put_needed(needed)
    if minimal:
        wanted = ()
    beside = answer.additional if answer.authoritative or not minimal else ()
    if is_whole and (wanted or beside):
        authorities += draft.put_what_fits(wanted)
        additionals = draft.put_what_fits(beside)
    flags = _flags(query, answer) if is_whole else _flags(query, answer) | TC
    out = draft.out
    HEADER.pack_into(out, 0, 0, flags, 1, answers, authorities, additionals + bool(opt))
    out += opt
    rrsets = answer.answer + needed + wanted + beside
    return Rendered(bytes(out[ID_OCTETS:]), draft.until if rrsets else now, rrsets)


class _Draft:
    """A message while RRsets are being put into it; the header's octets are filled in last."""

    __slots__ = ("_max_octets", "_now", "_offsets", "_stale_ttl", "out", "shows_proofs", "until")

    def __init__(self, query: Query, max_octets: int, now: float, stale_ttl: int) -> None:
        self.out = bytearray(HEADER_OCTETS)
        self.out += query.asked
        self.shows_proofs = query.edns is not None and query.edns.do  # RFC 4035 §3.2.1: DNSSEC types only with DO
        self.until = FOREVER
        # Owners are kept in lower case: they are compressed against the question in whatever case it was asked.
        self._offsets: Offsets = offsets_of(query.qname, HEADER_OCTETS)
        self._max_octets = max_octets
        self._now = now
        self._stale_ttl = stale_ttl

    def put_needed(self, rrsets: tuple[RRset, ...]) -> tuple[bool, int]:
        """Put them until one does not fit: did all, and how many records are in?"""
        records = 0
        for rrset in rrsets:
            put = self._put(rrset)
            if not put:
                return False, records
            records += put
        return True, records

    def put_what_fits(self, rrsets: tuple[RRset, ...]) -> int:
        """Put those that fit, until it is clear that the message is full; returns how many records that are."""
        records = misses = 0
        for rrset in rrsets:
            put = self._put(rrset)
            records += put
            misses += not put
            if misses == MAX_MISSES:
                break
        return records

    def _put(self, rrset: RRset) -> int:
        """Put the RRset whole, with its RRSIGs if they are wanted, and say how many records that are; 0: it does not fit."""
        out = self.out
        start = len(out)
        ttl = shown_ttl(rrset, self._now, self._stale_ttl)
        self.until = min(self.until, _right_until(rrset, ttl, self._now))
        records = self._put_records(rrset, rrset.rtype, rrset.rdatas, ttl)
        if self.shows_proofs and rrset.rrsigs:
            records += self._put_records(rrset, RRSIG, rrset.rrsigs, ttl)
        if len(out) <= self._max_octets:
            return records
        del out[start:]
        self._offsets = {name: offset for name, offset in self._offsets.items() if offset < start}
        return 0

    def _put_records(self, rrset: RRset, rtype: int, rdatas: tuple[bytes, ...], ttl: int) -> int:
        out, offsets = self.out, self._offsets
        fields = TYPE_CLASS_TTL.pack(rtype, IN, ttl)
        for rdata in rdatas:
            write_name(out, rrset.owner, offsets)
            out += fields
            if rtype in WRITTEN_COMPRESSED:
                write_rdata(out, rtype, rdata, offsets)
            else:
                out += len(rdata).to_bytes(2, "big")
                out += rdata
        return len(rdatas)


def _right_until(rrset: RRset, ttl: int, now: float) -> float:
    """When the TTL shown for `rrset` changes: shown_ttl rounds to the nearest second, so half a second before a whole one."""
    if rrset.expires <= now:
        return now + STALE_FOR
    return min(rrset.expires, rrset.expires - ttl + 0.5)


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


def _opt(query: Query, answer: Answer) -> bytes:
    """The OPT RR of the reply: there is one if and only if the query had one (RFC 6891 §6.1.1, §7)."""
    if query.edns is None:
        return b""
    if not (answer.errors or query.edns.do or answer.rcode > RCODE_BITS):
        return PLAIN_OPT
    return compose_opt(PAYLOAD, rcode=answer.rcode, do=query.edns.do, options=error_options(answer.errors))
