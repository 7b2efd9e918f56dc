"""What is in the cache, for people? Read-only rows that come one by one, so that a million entries cost nobody a pause."""

import heapq
from collections.abc import Callable, Iterator
from typing import Final, Literal

import msgspec

from cache.answer import Question
from cache.failures import Failures, ServerFailures
from cache.names import ROOT, WireName, is_at_or_below, to_text
from cache.node import Node
from cache.octets import octets_of
from cache.options import StaleOptions
from cache.rrset import Denial, Entry, RRset
from cache.rrtypes import CNAME
from cache.staleness import Freshness, freshness
from cache.store import RRsetCache

SILENT_STEPS: Final = (
    20  # owners passed over, or entries put in order, before a None says that the walk goes on: some 10 to 20 µs
)
EVERY_TYPE: Final = "*"  # what an NXDOMAIN denies


Order = Literal["ttl", "size", "hits"]  # soonest to expire, largest, most used first


class Wanted(msgspec.Struct, frozen=True):
    """Which entries are to be shown: those at and below `zone`, of one type or (None) of all.

    is_stale, is_negative: only what is past its TTL and could still be given; only denials, fresh or not. with_aliases:
    aliases too, whatever the type.
    """

    zone: WireName = ROOT
    rtype: int | None = None
    is_stale: bool = False
    is_negative: bool = False
    with_aliases: bool = False


class EntryRow(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
):
    """One entry. ttl_left: seconds, below 0 once it has expired; age: seconds since it was heard.

    state: fresh, due (soon to be fetched anew), stale or gone; nxdomain or nodata for a denial that is fresh. is_negative: is
    it a denial, fresh or not?
    lease_left: seconds, None without an end. server: who said it. rdata: presentation text; proof: owner and type of each NSEC
    and NSEC3 RRset that is kept with it. hits: lookups of the owner since it came in.
    """

    owner: str
    type: str
    state: str
    ttl_left: float
    ttl: int
    age: float
    rank: str
    security: str
    server: str
    rdata: tuple[str, ...]
    octets: int
    hits: int
    is_negative: bool = False
    lease_left: float | None = None
    proof: tuple[str, ...] = ()


class FailureRow(msgspec.Struct, frozen=True, kw_only=True):
    """A question that is left alone because it failed (RFC 9520).

    server: the one server that is not asked it; "": nobody is. left, pause: seconds until it may be tried again, and
    how many there were at first. attempts: failures in a row; info_code, text: the Extended DNS Error of the failure itself;
    these are not known of one server.
    """

    owner: str
    type: str
    left: float
    pause: float
    server: str = ""
    attempts: int | None = None
    info_code: int | None = None
    text: str = ""


class CacheStats(msgspec.Struct, frozen=True):
    """How full the cache is."""

    owners: int
    octets: int
    max_octets: int


def stats(store: RRsetCache) -> CacheStats:
    """How full `store` is; counts nothing."""
    return CacheStats(len(store), store.octets, store.max_octets)


def show(store: RRsetCache, name: WireName, rtype: int | None, now: float, stale: StaleOptions) -> Iterator[EntryRow]:
    """What is held of `name`, of one type or of all; an alias answers for any type."""
    node = store.peek_node(name)
    for found in _found_at(node, Wanted(rtype=rtype, with_aliases=True), now, stale) if node is not None else ():
        yield _row(found, now)


def rows(store: RRsetCache, wanted: Wanted, now: float, stale: StaleOptions) -> Iterator[EntryRow | None]:
    """What is wanted, as it lies, told as of `now`.

    A None now and then says that nothing fitted for a while: time to let others run. The store may change meanwhile.
    """
    for found in _walk(store, wanted, now, stale):
        yield _row(found, now) if found is not None else None


def sorted_rows(
    store: RRsetCache, wanted: Wanted, order: Order, most: int, now: float, stale: StaleOptions
) -> Iterator[EntryRow | None]:
    """The first `most` of what is wanted, in this order; a None now and then as in `rows`.

    Held at a time are the best `most` entries and no text: a row is made once it is sure to be shown.
    """
    key = SORT_KEYS[order]
    best: list[tuple[float, int, _Found]] = []  # a heap, the worst of the best on top; a serial number parts equals
    for serial, found in enumerate(_walk(store, wanted, now, stale)):
        if found is None or serial % SILENT_STEPS == 0:
            yield None
        if found is None:
            continue
        item = (-key(found), -serial, found)
        if len(best) < most:
            heapq.heappush(best, item)
        else:
            heapq.heappushpop(best, item)
    for _, _, found in sorted(best, reverse=True):
        yield _row(found, now)


def failure_rows(
    failures: Failures, of_servers: ServerFailures, wanted: Wanted, now: float
) -> Iterator[FailureRow | None]:
    """The questions at and below the zone, of one type or of all, that are left alone because they failed.

    First those that nobody is asked, then those that one server is not asked. A None now and then as in `rows`.
    """
    for question, failure in failures.walk(now):
        row = FailureRow(
            owner=to_text(question.qname),
            type=_type_text(question.qtype),
            left=failure.until - now,
            pause=failure.pause,
            attempts=failure.attempts,
            info_code=failure.info_code,
            text=failure.text,
        )
        yield row if _is_wanted(question, wanted) else None
    for paused in of_servers.walk(now):
        row = FailureRow(
            owner=to_text(paused.question.qname),
            type=_type_text(paused.question.qtype),
            server=paused.server[0],
            left=paused.until - now,
            pause=paused.pause,
        )
        yield row if _is_wanted(paused.question, wanted) else None


def _is_wanted(question: Question, wanted: Wanted) -> bool:
    return is_at_or_below(question.qname, wanted.zone) and wanted.rtype in (None, question.qtype)


class _Found(msgspec.Struct, frozen=True, gc=False):
    """An entry that is wanted, before it is text."""

    entry: Entry
    hits: int
    state: Freshness


SORT_KEYS: Final[dict[Order, Callable[[_Found], float]]] = {
    "ttl": lambda found: found.entry.expires,
    "size": lambda found: -octets_of(found.entry),
    "hits": lambda found: -found.hits,
}


def _walk(store: RRsetCache, wanted: Wanted, now: float, stale: StaleOptions) -> Iterator[_Found | None]:
    passed = 0
    zone = wanted.zone
    for node in store.walk_nodes():
        is_silent = True
        # the plain comparison of octets leaves few for the comparison of labels
        if zone == ROOT or (node.owner.endswith(zone) and is_at_or_below(node.owner, zone)):
            for found in _found_at(node, wanted, now, stale):
                is_silent = False
                yield found
        passed += is_silent
        if is_silent and passed % SILENT_STEPS == 0:
            yield None


def _found_at(node: Node, wanted: Wanted, now: float, stale: StaleOptions) -> Iterator[_Found]:
    for entry in node.entries:
        # an NXDOMAIN speaks of every type, and an alias answers for all but its own
        if wanted.rtype is not None and entry.rtype not in (wanted.rtype, None, CNAME if wanted.with_aliases else None):
            continue
        if wanted.is_negative and not isinstance(entry, Denial):
            continue
        state = freshness(entry, now, stale)
        if not wanted.is_stale or state is Freshness.STALE:
            yield _Found(entry, node.hits, state)


def _row(found: _Found, now: float) -> EntryRow:
    entry = found.entry
    return EntryRow(
        owner=to_text(entry.owner),
        type=_type_text(entry.rtype),
        state=_state(found),
        is_negative=isinstance(entry, Denial),
        ttl_left=entry.expires - now,
        ttl=entry.ttl,
        age=now - entry.received,
        lease_left=None if entry.lease == float("inf") else entry.lease - now,
        rank=entry.rank.name.lower(),
        security=entry.security.name.lower(),
        server=entry.source,
        rdata=_rdata_texts(entry),
        proof=tuple(f"{to_text(one.owner)} {_type_text(one.rtype)}" for one in entry.proof),
        octets=octets_of(entry),
        hits=found.hits,
    )


def _state(found: _Found) -> str:
    if isinstance(found.entry, Denial) and found.state in (Freshness.FRESH, Freshness.DUE):
        return "nxdomain" if found.entry.is_nxdomain else "nodata"
    return found.state.value


def _type_text(rtype: int | None) -> str:
    import dns.rdatatype  # for people only: the daemon answers without it

    return EVERY_TYPE if rtype is None else dns.rdatatype.to_text(dns.rdatatype.RdataType.make(rtype))


def _rdata_texts(entry: Entry) -> tuple[str, ...]:
    if isinstance(entry, RRset):
        return tuple(_rdata_text(entry.rtype, rdata) for rdata in entry.rdatas)
    return (f"{'NXDOMAIN' if entry.is_nxdomain else 'NODATA'}, SOA of {to_text(entry.soa.owner)}",)


def _rdata_text(rtype: int, rdata: bytes) -> str:
    """Presentation text; RFC 3597 §5's generic form where the rdata does not fit its type."""
    import dns.exception
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype

    try:
        return dns.rdata.from_wire(
            dns.rdataclass.IN, dns.rdatatype.RdataType.make(rtype), rdata, 0, len(rdata)
        ).to_text()
    except (dns.exception.DNSException, ValueError):
        return f"\\# {len(rdata)} {rdata.hex()}"
