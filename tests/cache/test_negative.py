"""What is kept of a negative answer (RFC 2308)."""

from cache.negative import denied_by, deny
from cache.options import CacheOptions
from cache.rrset import Rank
from cache.rrtypes import DS, A
from cache.store import RRsetCache
from cache.ttl import shown_ttl
from tests.build import SOA, denial, question, replace, rrset

NAME = question("x.example. A").qname


def test_without_an_soa_nothing_is_kept() -> None:
    assert deny(NAME, A, None, CacheOptions(), 0.0) is None
    assert deny(NAME, A, replace(rrset(SOA), rdatas=()), CacheOptions(), 0.0) is None


def test_the_soa_is_shown_with_the_ttl_of_the_denial() -> None:
    made = denial("x.example. NXDOMAIN", now=100.0)
    assert made.ttl == made.soa.ttl == 60
    assert made.expires == made.soa.expires == 160.0
    assert shown_ttl(made.soa, 110.0, 30) == 50


def test_trust_lease_and_source_are_those_of_the_soa() -> None:
    soa = rrset(SOA, 100.0, rank=Rank.ANSWER, lease=130.0, source="192.0.2.53")
    made = deny(NAME, None, soa, CacheOptions(), 100.0)
    assert made is not None
    assert (made.rank, made.lease, made.source) == (Rank.ANSWER, 130.0, "192.0.2.53")
    assert made.expires == made.soa.expires == 130.0


def test_a_denial_by_a_mere_proof_ends_with_it_and_is_never_kept() -> None:
    short, long = rrset("a.example. 20 NSEC z.example. NS", 90.0), rrset("b.example. 600 NSEC z.example. NS", 100.0)
    made = denied_by((long, replace(short, lease=105.0)), NAME, DS)
    assert (made.rtype, made.ttl, made.expires, len(made.proof)) == (DS, 20, 105.0, 2)
    assert not RRsetCache(CacheOptions()).put(made, 100.0)


def test_bounds_are_the_configured_ones() -> None:
    assert denial("x.example. A", options=CacheOptions(max_negative_ttl=10)).ttl == 10
    assert denial("x.example. A", options=CacheOptions(min_negative_ttl=100, max_negative_ttl=200)).ttl == 100
