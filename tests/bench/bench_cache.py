"""The cache: what an answer found in it costs, what a put costs, and how much memory an RRset takes beside dnspython's."""

import tracemalloc
from collections.abc import Callable, Iterator

import dns.rrset

from cache.lookup import find
from cache.options import CacheOptions
from cache.rrset import RRset
from cache.store import RRsetCache
from tests.bench.measure import Row, best_of
from tests.build import denial, question, rrset

MADE = 2000  # RRsets of each kind, for their memory
ADDRESS = rrset("www.example. 300 A 192.0.2.1")
ENTRIES = (ADDRESS, rrset("alias.example. 300 CNAME www.example."), denial("gone.example. NXDOMAIN"))
LATER = rrset("www.example. 300 A 192.0.2.1", 1.0)


def rows() -> Iterator[Row]:
    store = RRsetCache(CacheOptions())
    for entry in ENTRIES:
        store.put(entry, 0.0)
    yield Row("cache: an address is found", best_of(finding(store, "www.example. A")), ceiling=1.5)
    yield Row("cache: an alias and its address are found", best_of(finding(store, "alias.example. A")), ceiling=6)
    yield Row("cache: an NXDOMAIN is found", best_of(finding(store, "gone.example. A")), ceiling=6)
    yield Row("cache: nothing is found", best_of(finding(store, "new.example. A")), ceiling=1.5)
    yield Row("cache: an RRset is put in the place of another", best_of(lambda: store.put(LATER, 1.0)), ceiling=10)
    yield Row(
        "cache: octets (not µs) of an RRset of two addresses",
        octets_each(ours),
        octets_each(theirs),
        "dnspython",
        floor=1.5,
    )


def finding(store: RRsetCache, text: str) -> Callable[[], object]:
    wanted = question(text)
    return lambda: find(store, wanted.qname, wanted.qtype, 1.0)


def octets_each(make: Callable[[int], object]) -> float:
    """Octets that CPython has allocated for one of MADE."""
    make(0)  # what is made once and for all
    tracemalloc.start()
    try:
        made = [make(number) for number in range(MADE)]
        return tracemalloc.get_traced_memory()[0] / len(made)
    finally:
        tracemalloc.stop()


def ours(number: int) -> RRset:
    owner = f"host{number}.example."
    return rrset(f"{owner} 300 A 192.0.2.1\n{owner} 300 A 192.0.2.2", float(number))


def theirs(number: int) -> dns.rrset.RRset:
    return dns.rrset.from_text(f"host{number}.example.", 300, "IN", "A", "192.0.2.1", "192.0.2.2")
