from cache.names import ROOT, from_text
from cache.options import CacheOptions
from cache.rrset import Rank, RRset
from cache.store import RRsetCache
from resolver.env import Address
from resolver.iterate.delegation import Delegation, Origin, cached, closest, configured, referred
from resolver.iterate.options import ForwardZone, StubZone
from resolver.iterate.scrub import scrub
from tests.resolver.iterate.zone_text import name, question, raw, raws, response

NOW = 1000.0


def cache_of(text: str, *, lease: float = float("inf")) -> RRsetCache:
    """A cache that holds these records since NOW, as what referrals left."""
    cache = RRsetCache(CacheOptions())
    for rrset in raws(text):
        entry = RRset(
            owner=rrset.owner,
            rtype=rrset.rtype,
            rdatas=rrset.rdatas,
            ttl=rrset.ttl,
            received=NOW,
            expires=NOW + rrset.ttl,
            rank=Rank.ADDITIONAL,
            lease=lease,
        )
        assert cache.put(entry, NOW)
    return cache


def zone_of(delegation: Delegation | None) -> str | None:
    return None if delegation is None else {value: key for key, value in ZONES.items()}[delegation.zone]


ZONES = {text: from_text(text) for text in (".", "example.", "sub.example.", "test.", "corp.example.")}
TREE = """
. 1000 NS a.root.test.
a.root.test. 1000 A 192.0.2.1
example. 500 NS ns.example.
ns.example. 500 A 192.0.2.2
sub.example. 100 NS ns.sub.example.
ns.sub.example. 50 A 192.0.2.3
"""


def closest_zone(asked: str, cache: RRsetCache, now: float = NOW) -> str | None:
    return zone_of(closest(question(asked), cache, {}, now))


def test_the_deepest_zone_known_is_closest() -> None:
    cache = cache_of(TREE)
    assert closest_zone("www.sub.example. A", cache) == "sub.example."
    assert closest_zone("sub.example. A", cache) == "sub.example."
    assert closest_zone("www.example. A", cache) == "example."
    assert closest_zone("www.test. A", cache) == "."


def test_nothing_known_is_none() -> None:
    assert closest_zone("www.example. A", RRsetCache(CacheOptions())) is None


def test_the_ds_of_a_zone_is_its_parents() -> None:
    assert closest_zone("sub.example. DS", cache_of(TREE)) == "example."


def test_an_expired_delegation_is_not_used() -> None:
    assert closest_zone("www.sub.example. A", cache_of(TREE), NOW + 101) == "example."
    assert closest_zone("www.sub.example. A", cache_of(TREE), NOW + 501) == "."


def test_a_delegation_past_its_lease_is_not_used() -> None:
    assert closest_zone("www.sub.example. A", cache_of(TREE, lease=NOW + 10), NOW + 11) is None


def test_name_servers_inside_their_zone_need_an_address() -> None:
    """Asking them for their own addresses cannot work; the parent has the glue."""
    assert closest_zone("www.sub.example. A", cache_of(TREE), NOW + 60) == "example."


def test_name_servers_elsewhere_can_be_looked_up() -> None:
    cache = cache_of("example. 500 NS ns.other.test.")
    assert closest_zone("www.example. A", cache) == "example."
    waiting = (question("ns.other.test. A"),)
    assert closest(question("www.example. A"), cache, {}, NOW, waiting) is None


def name_servers_said(rank: Rank) -> RRset:
    """NS records of 500 s, heard under a delegation that ends in 800 s."""
    (rrset,) = raws("example. 500 NS ns.example.")
    return RRset(
        owner=rrset.owner,
        rtype=rrset.rtype,
        rdatas=rrset.rdatas,
        ttl=500,
        received=NOW,
        expires=NOW + 500,
        rank=rank,
        lease=NOW + 800,
    )


def test_the_lease_of_a_delegation_ends_with_it_and_with_its_parents() -> None:
    assert cached(name_servers_said(Rank.ADDITIONAL)).lease == NOW + 500


def test_the_zones_own_ns_records_do_not_shorten_what_its_parent_granted() -> None:
    """Scenario 40: else every record of the zone would get the TTL of its NS RRset at most, and none would be served stale."""
    assert cached(name_servers_said(Rank.ANSWER_AA)).lease == NOW + 800
    assert cached(name_servers_said(Rank.AUTHORITY_AA)).lease == NOW + 800


def test_nobody_delegates_the_root() -> None:
    delegation = closest(
        question("www.test. A"), cache_of(". 1000 NS a.root.test.\na.root.test. 9 A 192.0.2.1"), {}, NOW
    )
    assert delegation is not None
    assert delegation.zone == ROOT
    assert delegation.lease == float("inf")


def referral(above_lease: float) -> Delegation:
    said = response(
        authority="sub.example. 300 NS ns.sub.example.\nsub.example. 300 NS ns.other.test.",
        additional="ns.sub.example. 60 A 192.0.2.3\nns.other.test. 60 A 192.0.2.4",
        flags=0,
    )
    scrubbed = scrub(said, name("www.sub.example."), 1, name("example."))
    assert scrubbed.name_servers is not None
    above = Delegation(zone=name("example."), origin=Origin.CACHE, lease=above_lease)
    return referred(above, scrubbed.name_servers, scrubbed, CacheOptions(), NOW)


def test_a_referral_is_leased_from_its_parent() -> None:
    """Ghost domains, CVE-2012-1033: a child lives no longer than its parent's word."""
    assert referral(NOW + 1000).lease == NOW + 300
    assert referral(NOW + 100).lease == NOW + 100


def test_a_referral_keeps_its_glue_apart_from_what_it_has_no_say_about() -> None:
    delegation = referral(NOW + 1000)
    assert delegation.name_servers == (name("ns.sub.example."), name("ns.other.test."))
    assert delegation.glue == (raw("ns.sub.example. 60 A 192.0.2.3"),)
    assert delegation.far_glue == (raw("ns.other.test. 60 A 192.0.2.4"),)


def test_a_stub_zone_begins_at_its_servers_and_goes_on_below() -> None:
    zones = configured([], [StubZone("example.", ("198.51.100.1:5353",))])
    cache = cache_of(TREE)
    found = closest(question("www.example. A"), cache, zones, NOW)
    assert found is not None
    assert found.origin is Origin.STUB
    assert found.servers == (Address("198.51.100.1", 5353),)
    below = closest(question("www.sub.example. A"), cache, zones, NOW)
    assert below is not None
    assert below.origin is Origin.CACHE


def test_a_forward_zone_hides_all_that_is_below_it() -> None:
    zones = configured([ForwardZone("example.", ("198.51.100.1:53",))], [])
    found = closest(question("www.sub.example. A"), cache_of(TREE), zones, NOW)
    assert found is not None
    assert found.is_forwarder
    assert closest_zone("www.test. A", cache_of(TREE)) == "."


def test_the_deepest_configured_zone_counts() -> None:
    zones = configured(
        [ForwardZone(".", ("198.51.100.1:53",)), ForwardZone("corp.example.", ("198.51.100.2:53",))],
        [StubZone("example", ("198.51.100.3:53",))],
    )
    by_name = {
        text: closest(question(f"{text} A"), cache_of(TREE), zones, NOW)
        for text in ("a.corp.example.", "b.example.", "c.")
    }
    assert {text: found.zone for text, found in by_name.items() if found} == {
        "a.corp.example.": name("corp.example."),
        "b.example.": name("example."),
        "c.": ROOT,
    }
