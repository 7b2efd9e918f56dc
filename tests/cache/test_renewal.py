"""A lease is renewed by the parent's word alone, and for what the delegated server itself said."""

import pytest

from cache.names import from_text
from cache.options import CacheOptions
from cache.renewal import renew_leases, renewed_lease
from cache.rrset import Entry, Rank
from cache.rrtypes import AAAA, CNAME, A
from cache.store import RRsetCache
from tests.build import denial, rrset

SERVER, OTHER = "192.0.2.53", "192.0.2.99"
WWW = "www.zone.example. 60 A 198.51.100.1"
NOW = 1000.0
HEARD = 500.0  # under a lease that ended with it at 560
OLD = rrset(WWW, HEARD, lease=560.0, source=SERVER)
GLUE = Rank.ADDITIONAL


def cache_of(*entries: Entry) -> RRsetCache:
    cache = RRsetCache(CacheOptions())
    for entry in entries:
        assert cache.put(entry, entry.received)
    return cache


def referral(
    zone: str = "zone.example.", heard: float = NOW - 10, lease: float = 3000.0, address: str = SERVER
) -> tuple[Entry, ...]:
    """What the parent says: the zone's NS RRset, for an hour at most, and its glue."""
    return (
        rrset(f"{zone} 3600 NS ns.{zone}", heard, rank=GLUE, lease=lease),
        rrset(f"ns.{zone} 3600 A {address}", heard, rank=GLUE, lease=lease),
    )


def test_what_the_parent_confirms_may_be_given_stale_until_the_confirmation_ends() -> None:
    cache = cache_of(OLD, *referral())
    renew_leases(cache, OLD.owner, A, NOW)
    renewed = cache.peek(OLD.owner, A)
    assert renewed is not None
    assert (renewed.lease, renewed.expires, renewed.received) == (3000.0, OLD.expires, OLD.received)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param((), id="the parent was not heard"),
        pytest.param(referral(address=OTHER), id="the zone has moved to another server"),
        pytest.param(referral(heard=NOW - 4000, lease=9000.0), id="what the parent said is over, too"),
        pytest.param(referral(lease=NOW - 1), id="phoenix: the delegation above has ended"),
        pytest.param(referral("example."), id="ghost: only the parent's own delegation is there, of other servers"),
        pytest.param(referral()[:1], id="the server's address is not known"),
        pytest.param(
            (rrset("zone.example. 3600 NS ns.zone.example.", NOW - 10), referral()[1]),
            id="ghost: the zone itself says who serves it",
        ),
    ],
)
def test_otherwise_the_lease_has_ended(said: tuple[Entry, ...]) -> None:
    if said and said[0].owner == from_text("example."):
        said = (said[0], rrset(f"ns.example. 3600 A {OTHER}", NOW - 10, rank=GLUE, lease=3000.0))
    assert renewed_lease(cache_of(OLD, *said), OLD, NOW) is None


def test_a_nested_cut_counts_and_not_the_one_above_it() -> None:
    below = rrset("www.sub.zone.example. 60 A 198.51.100.1", HEARD, lease=560.0, source=SERVER)
    moved = referral("sub.zone.example.", address=OTHER)
    assert renewed_lease(cache_of(below, *referral(), *moved), below, NOW) is None
    kept = referral("sub.zone.example.", lease=1500.0)
    assert renewed_lease(cache_of(below, *referral(), *kept), below, NOW) == 1500.0


def test_ds_belongs_to_the_zone_above() -> None:
    ds = rrset("zone.example. 60 DS 1 13 2 " + "00" * 32, HEARD, lease=560.0, source=SERVER)
    assert renewed_lease(cache_of(ds, *referral()), ds, NOW) is None
    assert renewed_lease(cache_of(ds, *referral("example.")), ds, NOW) == 3000.0


@pytest.mark.parametrize(
    ("entry", "qtype", "is_renewed"),
    [
        pytest.param(
            rrset("www.zone.example. 60 CNAME x.example.", HEARD, lease=560.0, source=SERVER), A, True, id="alias"
        ),
        pytest.param(OLD, AAAA, False, id="another type"),
        pytest.param(OLD, CNAME, False, id="not what was asked for"),
        pytest.param(rrset(WWW, HEARD, lease=2000.0, source=SERVER), A, False, id="its lease goes on"),
    ],
)
def test_only_what_speaks_to_the_question_and_needs_it_is_renewed(entry: Entry, qtype: int, is_renewed: bool) -> None:
    cache = cache_of(entry, *referral())
    renew_leases(cache, entry.owner, qtype, NOW)
    node = cache.peek_node(entry.owner)
    assert node is not None
    assert (node.entries[0].lease > entry.lease) == is_renewed


def test_denials_are_renewed_like_answers() -> None:
    gone = denial("www.zone.example. NXDOMAIN", HEARD, soa="zone.example. 60 SOA a. b. 1 2 3 4 60", lease=560.0)
    assert renewed_lease(cache_of(gone, *referral()), gone, NOW) is None  # nobody is known to have said it
