"""Which octets tell a client this Answer, and until when do they stay right?

What a client needs to trust the answer is put in first, and only when that does not fit is the message truncated (RFC 2181
§9). Sizes are kept by leaving out whole RRsets; of the set that was asked for a truncated message shows as many whole records
as fit, for clients that can neither take more octets nor ask over TCP. What does not fit is not composed.
"""

from collections.abc import Sequence
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Answer
from cache.rrset import RRset, Security, Trust
from cache.rrtypes import AAAA, CHAOS, HTTPS, IN, MX, NS, NSEC, NSEC3, RRSIG, SERVFAIL, SOA, SRV, SVCB, A
from cache.ttl import shown_ttl
from resolver.wire.edns import PAYLOAD, compose_opt, error_options, nsid_option
from resolver.wire.layout import HEADER_OCTETS, MAX_TARGET, POINTER_BITS, RCODE_BITS
from resolver.wire.message import AA, AD, CD, QR, RA, RD, TC, Query
from resolver.wire.rdata import WRITTEN_COMPRESSED, target_in, write_rdata
from resolver.wire.spellings import Spellings

ID_OCTETS: Final = 2
MIN_OCTETS: Final = 512  # RFC 1035 §4.2.1: what every client can take; holds any question with our OPT RR
FIELDS_OCTETS: Final = 8  # type, class, TTL: what stands between a record's owner and its RDLENGTH
HEAD_OCTETS: Final = 2 + FIELDS_OCTETS + 2  # of a record before its rdata, where its owner is a pointer
POINTER: Final = POINTER_BITS >> 8  # what the first octet of one is, at least
NO_BOUND: Final = 1 << 30
MAX_PART_OCTETS: Final = 4096  # of a message that part of a set is worth being put into: more than UDP brings
MAX_MISSES: Final = (
    8  # RRsets tried in vain: a service has a thousand addresses, and each try costs as much as taking it back
)
MANY: Final = 8  # records whose octets are worth being counted before they are written
STALE_FOR: Final = 1.0  # s; for so long is stale data shown before somebody looks for fresher again
PROOFS: Final = frozenset({NSEC, NSEC3})
ADDRESSES: Final = frozenset({A, AAAA})
LEADS_ON: Final = frozenset({NS, MX, SRV, SVCB, HTTPS})  # to names whose addresses stand in the additional section
MAX_OPTION_OCTETS: Final = 210  # of all options of an OPT RR: beside the longest question they fit into 512 octets
PLAIN_OPT: Final = compose_opt(PAYLOAD)
FOREVER: Final = float("inf")


@final
@mypyc_attr(acyclic=True)
class Rendered:
    """A reply without its ID, to be kept for the same query from other clients.

    Its octets are `front`, then `shown` octets of the ring of one RRset's records, from one of the `cuts` on, then `back`;
    without cuts `front` is all of it. until: monotonic seconds before which it stays right: the earliest moment at which a
    TTL in it changes or an RRset expires; infinite when all is local data. rrsets: all that were put in or would have been
    if they had fitted; it is right only as long as these are what is known. A reply without any is right for no time.
    """

    __slots__ = ("back", "cuts", "front", "is_truncated", "ring", "rrsets", "shown", "until")

    def __init__(
        self,
        front: bytes,
        ring: bytes,
        shown: int,
        cuts: Sequence[int],
        back: bytes,
        until: float,
        rrsets: tuple[RRset, ...],
        is_truncated: bool,
    ) -> None:
        self.front: Final = front
        self.ring: Final = ring
        self.shown: Final = shown
        self.cuts: Final = cuts
        self.back: Final = back
        self.until: Final = until
        self.rrsets: Final = rrsets
        self.is_truncated: Final = is_truncated

    def tail(self, turn: int) -> bytes:
        """The reply with its records from the one of this number on; any number will do."""
        if not self.cuts:
            return self.front
        ring = self.ring
        cut = self.cuts[turn % len(self.cuts)]
        surplus = cut + self.shown - len(ring)
        if surplus <= 0:
            return self.front + ring[cut : cut + self.shown] + self.back
        return self.front + ring[cut:] + ring[:surplus] + self.back

    @property
    def octets(self) -> int:
        """How many are held; the reply itself has no more, and those of a message its ID more."""
        return len(self.front) + len(self.ring) + len(self.back)


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
    opt = _opt(query, answer, nsid)
    draft = _Draft(query, max_octets - len(opt), now, stale_ttl)
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
    flags = _flags(query, answer) if is_whole else _flags(query, answer) | TC
    counts = answers << 32 | authorities << 16 | additionals + bool(opt)
    draft.out[2:HEADER_OCTETS] = (flags << 64 | 1 << 48 | counts).to_bytes(HEADER_OCTETS - 2, "big")
    draft.out += opt
    rrsets = answer.answer
    if needed or wanted or beside:
        rrsets = rrsets + needed + wanted + beside
    return draft.rendered(rrsets, now, is_whole)


@final
class _Draft:
    """A message while RRsets are being put into it; the header's octets are filled in last."""

    __slots__ = (
        "_cuts",
        "_max_octets",
        "_now",
        "_rclass",
        "_ring",
        "_ring_at",
        "_shown",
        "_spellings",
        "_stale_ttl",
        "_targets",
        "out",
        "shows_proofs",
        "until",
    )

    def __init__(self, query: Query, max_octets: int, now: float, stale_ttl: int) -> None:
        self.out = bytearray(HEADER_OCTETS)
        self.out += query.asked
        self.shows_proofs = query.edns is not None and query.edns.do  # RFC 4035 §3.2.1: DNSSEC types only with DO
        self.until = FOREVER
        self._spellings = Spellings(query.qname)
        self._targets: dict[bytes, bytes] = {}  # names that the answer leads on to, folded -> as they are spelled there
        self._max_octets = max_octets
        self._rclass = CHAOS if query.qclass == CHAOS else IN
        self._now = now
        self._stale_ttl = stale_ttl
        self._ring = b""  # the records of the set that turns, in the order that it is kept in
        self._ring_at = 0  # where they stand in `out`
        self._shown = 0  # how many octets of them stand there
        self._cuts: Sequence[int] = ()

    def put_answer(self, rrsets: tuple[RRset, ...], turn: int | None, turns_own: bool = False) -> tuple[bool, int]:
        """Put the chain: is it there whole, and how many records are in? What is asked for stands last."""
        if not rrsets:
            return True, 0
        records = 0
        last = rrsets[-1]
        if len(rrsets) > 1:
            is_whole, records = self.put_needed(rrsets[:-1])
            if not is_whole:
                return False, records
        if len(last.rdatas) == 1:
            put = self._put(last, last.rdatas)
            return put > 0, records + put
        if last.trust == Trust.LOCAL and not turns_own:
            turn = None
        put = self._put_turning(last, turn)
        return (True, records + put) if put else (False, records + self._put_part(last, turn))

    def put_needed(self, rrsets: tuple[RRset, ...]) -> tuple[bool, int]:
        """Put them until one does not fit: did all, and how many records are in?"""
        records = 0
        for rrset in rrsets:
            put = self._put(rrset, rrset.rdatas)
            if not put:
                return False, records
            records += put
        return True, records

    def put_what_fits(self, rrsets: tuple[RRset, ...]) -> int:
        """Put those that fit, until it is clear that the message is full; returns how many records that are."""
        records = misses = 0
        for rrset in rrsets:
            put = self._put(rrset, rrset.rdatas)
            records += put
            misses += not put
            if misses == MAX_MISSES:
                break
        return records

    def note_targets(self, rrsets: tuple[RRset, ...]) -> None:
        """The names that these lead on to are spelled as they are there, wherever they stand afterwards."""
        for rrset in rrsets:
            if rrset.rtype in LEADS_ON:
                for rdata in rrset.rdatas:
                    target = target_in(rrset.rtype, rdata)
                    self._targets.setdefault(target.lower(), target)

    def rendered(self, rrsets: tuple[RRset, ...], now: float, is_whole: bool) -> Rendered:
        until = self.until if rrsets else now
        if not self._cuts:
            return Rendered(bytes(self.out[ID_OCTETS:]), b"", 0, (), b"", until, rrsets, not is_whole)
        at = self._ring_at
        front, back = bytes(self.out[ID_OCTETS:at]), bytes(self.out[at + self._shown :])
        return Rendered(front, self._ring, self._shown, self._cuts, back, until, rrsets, not is_whole)

    def _put(self, rrset: RRset, rdatas: tuple[bytes, ...]) -> int:
        """Put the RRset whole, with its RRSIGs if they are wanted, and say how many records that are; 0: it does not fit."""
        start = len(self.out)
        ttl = self._note_ttl(rrset)
        records = self._put_records(rrset, rrset.rtype, rdatas, ttl, is_kept=True)
        if records and self.shows_proofs and rrset.rrsigs:
            signatures = self._put_records(rrset, RRSIG, rrset.rrsigs, ttl, is_kept=True)
            records = records + signatures if signatures else 0
        if not records:
            self._take_back(start)
        return records

    def _put_turning(self, rrset: RRset, turn: int | None) -> int:
        """As _put, in an order that can be turned in the octets: no record points to another.

        Where there is no room for that, records do, and the order is that of `turn` until the reply is rendered anew.
        """
        if turn is None:
            return self._put(rrset, rrset.rdatas)
        start = len(self.out)
        ttl = self._note_ttl(rrset)
        records = self._put_records(rrset, rrset.rtype, rrset.rdatas, ttl, is_kept=False)
        end = len(self.out)
        if records and self.shows_proofs and rrset.rrsigs:
            signatures = self._put_records(rrset, RRSIG, rrset.rrsigs, ttl, is_kept=True)
            records = records + signatures if signatures else 0
        if records:
            self._turn(start, end, rrset.rtype)
            return records
        self._take_back(start)
        if rrset.rtype not in WRITTEN_COMPRESSED or not self._spellings.steps:
            return 0
        return self._put(rrset, _turned(rrset.rdatas, turn))

    def _put_part(self, rrset: RRset, turn: int | None) -> int:
        """Put as many records as fit of a set that does not fit, others each time; half a signed set is worth nothing."""
        if (self.shows_proofs and rrset.rrsigs) or self._max_octets > MAX_PART_OCTETS:
            return 0
        start = len(self.out)
        ttl = self._note_ttl(rrset)
        if rrset.rtype in ADDRESSES:
            put = self._put_addresses(rrset, ttl, turn)
            if put:
                return put
        records = 0
        for rdata in _turned(rrset.rdatas, turn):
            before = len(self.out)
            if not self._put_records(rrset, rrset.rtype, (rdata,), ttl, is_kept=False):
                self._take_back(before)
                break
            records += 1
        if turn is not None and records > 1:
            self._turn(start, len(self.out), rrset.rtype)
        return records

    def _put_addresses(self, rrset: RRset, ttl: int, turn: int | None) -> int:
        """As many addresses as fit, 0 where their owner is not a pointer; with a turn all of them are in the ring."""
        out, start = self.out, len(self.out)
        each = HEAD_OCTETS + len(rrset.rdatas[0])
        fit = (self._max_octets - start) // each
        rdatas = rrset.rdatas[: max(1, fit)] if turn is None else rrset.rdatas
        self._put_records(rrset, rrset.rtype, rdatas, ttl, is_kept=False, is_bounded=False)
        if out[start] < POINTER or fit < 1:
            self._take_back(start)
            return 0
        if turn is not None:
            self._turn(start, len(out), rrset.rtype)
            self._shown = fit * each
        del out[start + fit * each :]
        return fit

    def _put_records(
        self, rrset: RRset, rtype: int, rdatas: tuple[bytes, ...], ttl: int, *, is_kept: bool, is_bounded: bool = True
    ) -> int:
        """Put these records and say how many they are; 0, with some of them in `out` perhaps, when they do not fit.

        is_kept: later names may point to those in their rdata. is_bounded: they have to fit.
        """
        out, spellings = self.out, self._spellings
        start = len(out)
        room = self._max_octets if is_bounded else NO_BOUND
        if len(rdatas) > MANY and start + _least_octets(rtype, rdatas) > room:
            return 0
        owner = rrset.owner
        if self._targets:
            owner = self._targets.get(owner, owner)  # type: ignore[assignment]  # spelled in its own letters
        spellings.write(out, owner)
        fields = (rtype << 48 | self._rclass << 32 | ttl).to_bytes(FIELDS_OCTETS, "big")
        if rtype in ADDRESSES:
            fields += len(rdatas[0]).to_bytes(2, "big")
            out += fields
            out += rdatas[0]
            if len(rdatas) > 1:
                head = _owner_again(out, start) + fields
                out += head
                out += head.join(rdatas[1:])
            return len(rdatas) if len(out) <= room else 0
        is_compressed = rtype in WRITTEN_COMPRESSED
        again = b""
        for rdata in rdatas:
            out += again
            out += fields
            if is_compressed:
                write_rdata(out, rtype, rdata, spellings, is_kept=is_kept)
            else:
                out += len(rdata).to_bytes(2, "big")
                out += rdata
            if len(out) > room:
                return 0
            again = again or _owner_again(out, start)
        return len(rdatas)

    def _turn(self, start: int, end: int, rtype: int) -> None:
        """The records from `start` to `end` can be given in another order, if each has a pointer for its owner."""
        out = self.out
        if out[start] < POINTER:
            return
        self._ring = bytes(out[start:end])
        self._ring_at = start
        self._shown = end - start
        self._cuts = _cuts(self._ring, rtype)

    def _take_back(self, start: int) -> None:
        """Nothing was written from `start` on."""
        del self.out[start:]
        self._spellings.forget(start)

    def _note_ttl(self, rrset: RRset) -> int:
        """The TTL shown for `rrset`, which bounds how long the reply stays right."""
        ttl = shown_ttl(rrset, self._now, self._stale_ttl)
        self.until = min(self.until, _right_until(rrset, ttl, self._now))
        return ttl


def _least_octets(rtype: int, rdatas: tuple[bytes, ...]) -> int:
    """What these records take if their owners are pointers, at least."""
    octets = HEAD_OCTETS * len(rdatas)
    return octets + len(rdatas) if rtype in WRITTEN_COMPRESSED else octets + sum(map(len, rdatas))


def _owner_again(out: bytearray, start: int) -> bytes:
    """The owner that was written at `start`, for the records behind that one."""
    if out[start] >= POINTER:
        return bytes(out[start : start + 2])
    if start <= MAX_TARGET:
        return (POINTER_BITS | start).to_bytes(2, "big")
    at = start  # no pointer reaches this far: once more, label by label
    while 0 < out[at] < POINTER:
        at += 1 + out[at]
    return bytes(out[start : at + (2 if out[at] else 1)])


def _cuts(ring: bytes, rtype: int) -> Sequence[int]:
    """Where each of the records begins, whose owners are pointers."""
    if rtype in ADDRESSES:
        return range(0, len(ring), HEAD_OCTETS + int.from_bytes(ring[HEAD_OCTETS - 2 : HEAD_OCTETS], "big"))
    cuts = []
    at = 0
    while at < len(ring):
        cuts.append(at)
        at += HEAD_OCTETS + int.from_bytes(ring[at + HEAD_OCTETS - 2 : at + HEAD_OCTETS], "big")
    return tuple(cuts)


def _turned(rdatas: tuple[bytes, ...], turn: int | None) -> tuple[bytes, ...]:
    """The same from another one on."""
    if turn is None:
        return rdatas
    cut = turn % len(rdatas)
    return rdatas[cut:] + rdatas[:cut]


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


def _opt(query: Query, answer: Answer, nsid: bytes) -> bytes:
    """The OPT RR of the reply: there is one if and only if the query had one (RFC 6891 §6.1.1, §7)."""
    if query.edns is None:
        return b""
    is_named = query.edns.nsid and nsid
    if not (answer.errors or query.edns.do or answer.rcode > RCODE_BITS or is_named):
        return PLAIN_OPT
    options = error_options(answer.errors)
    if is_named and len(options) + len(nsid) <= MAX_OPTION_OCTETS:
        options = nsid_option(nsid) + options
    return compose_opt(PAYLOAD, rcode=answer.rcode, do=query.edns.do, options=options)
