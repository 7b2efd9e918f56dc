"""The cache: what an answer found in it costs, what a put costs, and how much memory an RRset takes beside dnspython's."""

from collections.abc import Callable, Iterator

from cache.form import IS_COMPILED
from cache.lookup import find
from cache.options import CacheOptions
from cache.store import RRsetCache
from tests.bench.measure import Row, best_of
from tests.build import denial, question, rrset
from tests.cache.memory import measure

ADDRESS = rrset("www.example. 300 A 192.0.2.1")
ENTRIES = (ADDRESS, rrset("alias.example. 300 CNAME www.example."), denial("gone.example. NXDOMAIN"))
COMPILED_OCTETS = 400  # of an RRset in a mix, its share of its owner's node included; interpreted it takes some 550
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
    yield from memory()


def memory() -> Iterator[Row]:
    """What processes grow by, for A, AAAA, CNAME, NS and TXT RRsets in a mix."""
    for count in (100_000, 1_000_000):
        estimate, grown = measure("mixed", count)
        off = 100 * abs(estimate / grown - 1)
        yield Row(f"cache: % (not µs) that the estimate is off for {count} RRsets", off, ceiling=15)
    ours, theirs = (measure("mixed", 20_000, *options)[1] / 20_000 for options in ((), ("dnspython",)))
    most = COMPILED_OCTETS if IS_COMPILED else None
    yield Row("cache: octets (not µs) of an RRset", ours, theirs, "dnspython", floor=1.5, ceiling=most)


def finding(store: RRsetCache, text: str) -> Callable[[], object]:
    wanted = question(text)
    return lambda: find(store, wanted.qname, wanted.qtype, 1.0)
