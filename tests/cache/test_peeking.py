"""Reading the cache without using it."""

from cache.failures import Failures
from cache.lookup import find_last_good, find_link
from cache.names import from_text
from cache.options import CacheOptions, StaleOptions
from cache.peeking import PeekedFailures, Peeking
from cache.rrtypes import AAAA, NS, A
from cache.store import RRsetCache
from tests.build import denial, question, rrset

ALIAS = rrset("www.example. 60 CNAME web.example.")
DNAME = rrset("old.example. 60 DNAME example.")
ADDRESS = rrset("web.example. 60 A 192.0.2.1")


def test_a_lookup_through_it_finds_the_same_and_marks_nothing() -> None:
    store = RRsetCache(CacheOptions())
    for entry in (ALIAS, DNAME, ADDRESS, denial("gone.example. NXDOMAIN")):
        assert store.put(entry, 0.0)
    peeking = Peeking(store)
    questions = [
        (from_text(name), rtype)
        for name in ("www.example.", "web.example.", "gone.example.", "x.old.example.", "other.example.")
        for rtype in (A, AAAA, NS)
    ]
    for now in (1.0, 100.0):
        for name, rtype in questions:
            seen = [find_link(peeking, name, rtype, now), find_last_good(peeking, name, rtype, now, StaleOptions())]
            assert {node.hits for node in store.walk_nodes()} == {0}
            used = [find_link(store, name, rtype, now), find_last_good(store, name, rtype, now, StaleOptions())]
            assert seen == used
            for node in store.walk_nodes():
                node.hits = 0


def test_an_rrset_is_got_and_a_denial_is_none() -> None:
    store = RRsetCache(CacheOptions())
    store.put(ADDRESS, 0.0)
    store.put(denial("gone.example. NXDOMAIN"), 0.0)
    peeking = Peeking(store)
    assert peeking.get(ADDRESS.owner, A) == ADDRESS
    assert peeking.get(ADDRESS.owner, AAAA) is None
    assert peeking.get(from_text("gone.example."), A) is None
    assert {node.hits for node in store.walk_nodes()} == {0}


def test_a_failure_that_is_looked_at_goes_as_early_as_before() -> None:
    failures, asked = Failures(max_failures=2), [question(f"{name}. A") for name in ("first", "second", "third")]
    for one in asked[:2]:
        failures.remember(one, 22, "why", 0.0)
    peeked = PeekedFailures(failures)
    assert peeked.find(asked[0], 1.0) == failures.peek(asked[0], 1.0) is not None
    failures.remember(asked[2], 22, "why", 1.0)
    assert peeked.find(asked[0], 1.0) is None
    assert peeked.find(asked[1], 100.0) is None
