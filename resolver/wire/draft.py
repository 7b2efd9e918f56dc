"""Into which octets go RRsets, one behind the other, and which of them fit into a message?

Sizes are kept by leaving out whole RRsets; of the set that was asked for a truncated message shows as many whole records as
fit, for clients that can neither take more octets nor ask over TCP. What does not fit is not composed.
"""

from collections.abc import Sequence
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.rrset import Rank, RRset
from cache.rrtypes import AAAA, CHAOS, HTTPS, IN, MX, NS, RRSIG, SRV, SVCB, A
from cache.ttl import shown_ttl
from resolver.wire.layout import HEADER_OCTETS, MAX_TARGET, POINTER_BITS
from resolver.wire.message import Query
from resolver.wire.names import Spellings
from resolver.wire.rdata import WRITTEN_COMPRESSED, target_in, write_rdata
from resolver.wire.rendered import Rendered

FIELDS_OCTETS: Final = 8  # type, class, TTL: what stands between a record's owner and its RDLENGTH
HEAD_OCTETS: Final = 2 + FIELDS_OCTETS + 2  # of a record before its rdata, where its owner is a pointer
POINTER: Final = POINTER_BITS >> 8  # what the first octet of one is, at least
IPV4_OCTETS: Final = 4
OF_IPV4: Final = b"\0\4"  # the RDLENGTH of most addresses, ready made
NO_BOUND: Final = 1 << 30
MAX_PART_OCTETS: Final = 4096  # of a message that part of a set is worth being put into: more than UDP brings
# RRsets tried in vain: a service has a thousand addresses, and each try costs as much as taking it back
MAX_MISSES: Final = 8
MANY: Final = 8  # records whose octets are worth being counted before they are written
STALE_FOR: Final = 1.0  # s; for so long is stale data shown before somebody looks for fresher again
ADDRESSES: Final = frozenset({A, AAAA})
LEADS_ON: Final = frozenset({NS, MX, SRV, SVCB, HTTPS})  # to names whose addresses stand in the additional section
FOREVER: Final = float("inf")
NO_HEADER: Final = bytes(HEADER_OCTETS)  # its place


@final
@mypyc_attr(free_list_len=1)
class Draft:
    """A message while RRsets are being put into it; what its header says, and the OPT RR at its end, come last.

    out: the octets so far; those in the place of the header say nothing.
    """

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
        self.out = bytearray(NO_HEADER + query.asked)
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
        if last.rank == Rank.LOCAL and not turns_own:
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
            if rrset.rtype not in LEADS_ON or rrset.rank == Rank.LOCAL:
                continue  # beside local data stand names in lower case alone, as they are there; they may be 1,000
            for rdata in rrset.rdatas:
                target = target_in(rrset.rtype, rdata)
                self._targets.setdefault(target.lower(), target)

    def rendered(self, head: bytes, opt: bytes, rrsets: tuple[RRset, ...], now: float, is_whole: bool) -> Rendered:
        """The message as it is now. head: its header, but for the ID; opt: its OPT RR, or b"".

        rrsets: all that belong to it; now: until when it is right where there are none.
        """
        until = self.until if rrsets else now
        out = self.out
        if not self._cuts:
            return Rendered(b"".join((head, out[HEADER_OCTETS:], opt)), b"", 0, (), b"", until, rrsets, not is_whole)
        at = self._ring_at
        front, back = b"".join((head, out[HEADER_OCTETS:at])), b"".join((out[at + self._shown :], opt))
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
            self._turn(start, end, rrset)
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
            self._turn(start, len(self.out), rrset)
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
            self._turn(start, len(out), rrset)
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
        if rtype not in WRITTEN_COMPRESSED:
            records: Sequence[bytes] = rdatas
            size = _size_of_each(rtype, rdatas)
            if size:
                fields = fields + (OF_IPV4 if size == IPV4_OCTETS else size.to_bytes(2, "big"))
            else:
                records = [len(rdata).to_bytes(2, "big") + rdata for rdata in rdatas]
            out += fields + records[0]
            if len(records) > 1:
                head = _owner_again(out, start) + fields
                out += head
                out += head.join(records[1:])
            return len(rdatas) if len(out) <= room else 0
        again = b""
        for rdata in rdatas:
            out += again
            out += fields
            write_rdata(out, rtype, rdata, spellings, is_kept=is_kept)
            if len(out) > room:
                return 0
            again = again or _owner_again(out, start)
        return len(rdatas)

    def _turn(self, start: int, end: int, rrset: RRset) -> None:
        """The records of the set from `start` to `end` can be given in another order, if each has a pointer for its owner."""
        out = self.out
        if out[start] < POINTER:
            return
        self._ring = bytes(out[start:end])
        self._ring_at = start
        self._shown = end - start
        self._cuts = _cuts(self._ring, _size_of_each(rrset.rtype, rrset.rdatas))

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
    if rtype in WRITTEN_COMPRESSED:
        return octets + len(rdatas)
    for rdata in rdatas:
        octets += len(rdata)
    return octets


def _size_of_each(rtype: int, rdatas: tuple[bytes, ...]) -> int:
    """Octets of the RDATA that each of these records has; 0: some have others, or as many as there is to compress."""
    if rtype in WRITTEN_COMPRESSED:
        return 0
    size = len(rdatas[0])
    if rtype not in ADDRESSES:
        for rdata in rdatas:
            if len(rdata) != size:
                return 0
    return size


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


def _cuts(ring: bytes, size: int) -> Sequence[int]:
    """Where each of the records begins, whose owners are pointers. size: octets of the RDATA of each; 0: they differ."""
    if size:
        return range(0, len(ring), HEAD_OCTETS + size)
    cuts = []
    at = 0
    while at < len(ring):
        cuts.append(at)
        at += HEAD_OCTETS + (ring[at + HEAD_OCTETS - 2] << 8 | ring[at + HEAD_OCTETS - 1])
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
