"""What is in the cache, for people? Read-only rows that come one by one, so that a million entries cost nobody a pause."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from cache.names import WireName, is_at_or_below, to_text
from cache.node import Node
from cache.octets import octets_of
from cache.options import StaleOptions
from cache.rrset import Denial, Entry, RRset
from cache.staleness import Freshness, freshness
from cache.store import RRsetCache

SILENT_STEPS: Final = 64  # owners passed over before a None says that the walk goes on: some 20 µs
EVERY_TYPE: Final = "*"  # what an NXDOMAIN denies


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. ttl_remaining: seconds, below 0 once it has expired; age: seconds since it was heard.

    state: fresh, due (soon to be fetched anew), stale or gone; nxdomain or nodata for a denial that is fresh.
    lease_remaining: seconds, None without an end. rdatas: presentation text. hits: lookups of the owner since it came in.
    """

    owner: str
    rtype: str
    state: str
    ttl_remaining: float
    ttl: int
    age: float
    trust: str
    security: str
    source: str
    rdatas: tuple[str, ...]
    octets: int
    hits: int
    lease_remaining: float | None = None


class CacheStats(msgspec.Struct, frozen=True):
    """How full the cache is."""

    owners: int
    octets: int
    max_octets: int


def stats(store: RRsetCache) -> CacheStats:
    """How full `store` is; counts nothing."""
    return CacheStats(len(store), store.octets, store.max_octets)


def rows(
    store: RRsetCache,
    now: float,
    stale: StaleOptions,
    *,
    zone: WireName | None = None,
    name: WireName | None = None,
    rtype: int | None = None,
) -> Iterator[EntryRow | None]:
    """The entries of `name`, or at and below `zone`, or all; of one type or all.

    A None now and then says that nothing fitted for a while: time to let others run. The store may change meanwhile.
    """
    if name is not None:
        node = store.peek_node(name)
        yield from _node_rows(() if node is None else (node,), now, stale, rtype)
    else:
        yield from _node_rows(_within(store, zone), now, stale, rtype)


def _within(store: RRsetCache, zone: WireName | None) -> Iterator[Node | None]:
    silent = 0
    for node in store.walk_nodes():
        if zone is None or is_at_or_below(node.owner, zone):
            yield node
            continue
        silent += 1
        if silent % SILENT_STEPS == 0:
            yield None


def _node_rows(
    nodes: Iterable[Node | None], now: float, stale: StaleOptions, rtype: int | None
) -> Iterator[EntryRow | None]:
    for node in nodes:
        if node is None:
            yield None
            continue
        for entry in node.entries:
            # an NXDOMAIN speaks of every type
            yield _row(entry, node.hits, now, stale) if rtype is None or entry.rtype in (rtype, None) else None


def _row(entry: Entry, hits: int, now: float, stale: StaleOptions) -> EntryRow:
    return EntryRow(
        owner=to_text(entry.owner),
        rtype=_type_text(entry.rtype),
        state=_state(entry, now, stale),
        ttl_remaining=entry.expires - now,
        ttl=entry.ttl,
        age=now - entry.received,
        lease_remaining=None if entry.lease == float("inf") else entry.lease - now,
        trust=entry.trust.name,
        security=entry.security.name,
        source=entry.source,
        rdatas=_rdata_texts(entry),
        octets=octets_of(entry),
        hits=hits,
    )


def _state(entry: Entry, now: float, stale: StaleOptions) -> str:
    state = freshness(entry, now, stale)
    if isinstance(entry, Denial) and state in (Freshness.FRESH, Freshness.DUE):
        return "nxdomain" if entry.is_nxdomain else "nodata"
    return state.value


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
