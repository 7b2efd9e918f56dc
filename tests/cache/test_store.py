"""What the store holds after puts, and what it refuses."""

import pytest

from cache.counts import CacheCounts
from cache.names import ROOT, from_text
from cache.node import Held
from cache.options import CacheOptions
from cache.rrset import Denial, Entry, Rank, Security
from cache.rrtypes import AAAA, CNAME, DS, NS, A
from cache.store import MAX_ENTRIES_OF_OWNER, MAX_RECORDS, OWNERS_PER_STEP, RRsetCache
from tests.build import denial, replace, rrset, type_of

GLUE = Rank.ADDITIONAL
WWW = from_text("www.example.")
ADDRESS = "www.example. 60 A 192.0.2.1"
ADDRESS_6 = "www.example. 60 AAAA 2001:db8::1"
ALIAS = "www.example. 60 CNAME target.example."


def store_of(*entries: Entry, now: float | None = None, options: CacheOptions | None = None) -> RRsetCache:
    store = RRsetCache(options or CacheOptions())
    for entry in entries:
        assert store.put(entry, entry.received if now is None else now)
    return store


@pytest.mark.parametrize(
    ("before", "new", "left"),
    [
        pytest.param([ADDRESS, ADDRESS_6], ALIAS, {CNAME}, id="a CNAME is alone"),
        pytest.param([ALIAS], ADDRESS, {A}, id="an address ends a CNAME"),
        pytest.param([ADDRESS, ADDRESS_6], "www.example. NXDOMAIN", {None, A, AAAA}, id="NXDOMAIN hides nothing fresh"),
        pytest.param(
            ["www.example. A", "www.example. AAAA"], "www.example. NXDOMAIN", {None}, id="NXDOMAIN ends NODATA"
        ),
        pytest.param(["www.example. NXDOMAIN"], ADDRESS, {A}, id="an address ends NXDOMAIN"),
        pytest.param([ADDRESS, ADDRESS_6], "www.example. A", {A, AAAA}, id="NODATA ends its type only"),
        pytest.param(["www.example. A", "www.example. AAAA"], ALIAS, {CNAME}, id="a CNAME ends NODATA"),
        pytest.param(["www.example. DS"], ALIAS, {CNAME, DS}, id="NODATA of DS stays at an alias"),
    ],
)
def test_what_contradicts_the_newest_goes(before: list[str], new: str, left: set[int | None]) -> None:
    store = store_of(*map(entry_of, before), entry_of(new))
    assert {entry.rtype for entry in store.walk()} == left
    assert store.counts.displaced == len(before) + 1 - len(left)


def entry_of(text: str) -> Entry:
    return denial(text) if len(text.split()) == 2 else rrset(text)


def test_the_denial_of_a_type_is_found_in_its_place() -> None:
    store = store_of(rrset(ADDRESS), denial("www.example. A", 5.0))
    assert store.get(WWW, A) is None
    found = store.peek(WWW, A)
    assert isinstance(found, Denial)
    assert found.rtype == A
    assert store.peek(WWW, AAAA) is None


def test_an_nxdomain_denies_every_type() -> None:
    gone = denial("www.example. NXDOMAIN")
    store = store_of(gone)
    assert store.peek(WWW, A) is store.peek(WWW, AAAA) is gone
    assert store.get(WWW, A) is None


def test_a_refused_entry_changes_nothing() -> None:
    store = store_of(rrset(ADDRESS), rrset(ADDRESS_6))
    before = list(store.walk()), store.octets
    assert not store.put(rrset(ALIAS, 5.0, rank=Rank.ANSWER), 5.0)
    assert (list(store.walk()), store.octets) == before
    assert store.counts.refused == {"outranked": 1}


def test_all_that_is_contradicted_must_give_way_or_none_does() -> None:
    """An NXDOMAIN that outranks one RRset of its owner and not the other ends neither."""
    store = store_of(rrset(ADDRESS, rank=Rank.ANSWER), rrset(ADDRESS_6, security=Security.SECURE))
    assert not store.put(denial("www.example. NXDOMAIN", 5.0), 5.0)
    assert {entry.rtype for entry in store.walk()} == {A, AAAA}


def test_a_bogus_refresh_leaves_the_expired_good_one() -> None:
    """Scenario 39."""
    good = rrset(ADDRESS, security=Security.SECURE)
    store = store_of(good)
    assert not store.put(rrset("www.example. 60 A 203.0.113.9", 100.0, security=Security.BOGUS), 100.0)
    assert store.get(WWW, A) is good


@pytest.mark.parametrize(
    ("entry", "now", "reason"),
    [
        pytest.param(rrset(ADDRESS), 60.0, "expired", id="expired"),
        pytest.param(rrset(ADDRESS, lease=5.0), 5.0, "expired", id="its lease is over"),
        pytest.param(rrset("www.example. 0 A 192.0.2.1"), 0.0, "ttl 0", id="TTL 0"),
        pytest.param(
            replace(rrset(ADDRESS), rdatas=tuple(bytes((0, 0, n >> 8, n & 255)) for n in range(MAX_RECORDS + 1))),
            0.0,
            "too large",
            id="many records",
        ),
        pytest.param(replace(rrset(ADDRESS), rdatas=(bytes(40000), bytes(40000))), 0.0, "too large", id="much rdata"),
        pytest.param(
            replace(denial("www.example. A"), soa=replace(rrset("example. 9 SOA a. b. 1 2 3 4 5"), rdatas=())),
            0.0,
            "no SOA",
            id="a denial without SOA (RFC 2308)",
        ),
        pytest.param(denial("www.example. ANY"), 0.0, "of any type", id="that there is nothing at all"),
    ],
)
def test_what_can_not_be_kept_is_refused_and_counted(entry: Entry, now: float, reason: str) -> None:
    store = RRsetCache(CacheOptions())
    assert not store.put(entry, now)
    assert store.counts.refused == {reason: 1}
    assert (len(store), store.octets, list(store.walk())) == (0, 0, [])


def test_one_rrset_of_the_most_records_is_kept() -> None:
    rdatas = tuple(bytes((0, 0, number >> 8, number & 255)) for number in range(MAX_RECORDS))
    assert RRsetCache(CacheOptions()).put(replace(rrset(ADDRESS), rdatas=rdatas), 0.0)


def test_an_owner_has_a_bounded_number_of_types() -> None:
    store = RRsetCache(CacheOptions())
    template = rrset(ADDRESS)
    for number in range(MAX_ENTRIES_OF_OWNER):
        assert store.put(replace(template, rtype=1000 + number), 0.0)
    assert not store.put(template, 0.0)
    assert store.counts.refused == {"too many types": 1}
    assert store.put(replace(template, rtype=1000, received=1.0), 1.0)


def test_ttl_0_ends_what_was_known_before() -> None:
    """Scenarios 27 and 28: an NXDOMAIN that is no longer true may not come back as a stale one."""
    store = store_of(denial("www.example. NXDOMAIN"))
    assert not store.put(rrset("www.example. 0 A 192.0.2.1", 100.0), 100.0)
    assert len(store) == 0


def test_nothing_outlives_its_lease() -> None:
    late = replace(rrset(ADDRESS), lease=20.0)
    store = store_of(late)
    kept = store.get(WWW, A)
    assert kept is not None
    assert kept.expires == 20.0


def test_a_delegation_heard_again_does_not_live_longer() -> None:
    """Ghost domains: the child repeats its NS RRset, with a longer TTL and other names; the parent's end stands."""
    store = store_of(rrset("ghost.example. 60 NS ns1.ghost.example.", rank=GLUE))
    zone = from_text("ghost.example.")
    assert store.put(rrset("ghost.example. 9999 NS ns2.ghost.example.", 50.0), 50.0)
    assert not store.put(rrset("ghost.example. 9999 NS ns2.ghost.example.", 55.0), 55.0)
    kept = store.get(zone, NS)
    assert kept is not None
    assert kept.expires == 60.0


def test_glue_leaves_the_last_good_answer_and_is_found_first() -> None:
    answer = rrset("ns.example. 60 A 192.0.2.1")
    glue = rrset("ns.example. 60 A 192.0.2.2", 100.0, rank=GLUE)
    store = store_of(answer, glue)
    assert store.get(answer.owner, A) is glue
    assert list(store.walk()) == [glue, answer]
    fresh = rrset("ns.example. 60 A 192.0.2.3", 110.0)
    assert store.put(fresh, 110.0)
    assert list(store.walk()) == [fresh]


def test_forgetting_a_subtree_of_many_is_done_in_steps() -> None:
    texts = [f"n{number}.example. 60 A 192.0.2.1" for number in range(2 * OWNERS_PER_STEP)]
    store = store_of(*map(rrset, texts))
    steps = store.forget_below(from_text("example."))
    assert next(steps) == OWNERS_PER_STEP
    assert len(store) == OWNERS_PER_STEP
    assert store.put(rrset("late.other. 60 A 192.0.2.1"), 0.0)
    assert sum(steps) == OWNERS_PER_STEP
    assert len(store) == 1


def test_what_is_held_still_is_told_and_counts_as_use() -> None:
    www, gone = rrset(ADDRESS), denial("gone.example. NXDOMAIN")
    store = store_of(www, rrset(ADDRESS_6), gone)
    node, denied = store.peek_node(WWW), store.peek_node(gone.owner)
    assert node is not None
    assert denied is not None
    of_www, of_gone = Held(node, www, A), Held(denied, gone, A)
    assert of_www.is_there()
    assert of_gone.is_there()
    assert node.hits == 1
    store.put(rrset(ADDRESS.replace("192.0.2.1", "192.0.2.9"), now=1.0), 1.0)
    assert not of_www.is_there()
    assert node.hits == 2
    store.put(rrset("gone.example. 60 A 192.0.2.1", now=1.0), 1.0)
    assert not of_gone.is_there()


@pytest.mark.parametrize("come_back", [False, True])
def test_what_has_left_the_store_is_not_held_even_if_the_same_comes_back(come_back: bool) -> None:
    www = rrset(ADDRESS)
    store = store_of(www)
    node = store.peek_node(WWW)
    assert node is not None
    held = Held(node, www, A)
    assert store.forget(WWW) == 1
    if come_back:
        assert store.put(rrset(ADDRESS), 0.0)
    assert not held.is_there()


def test_who_forgets_a_ds_forgets_the_proof_beside_the_referral_that_there_is_none() -> None:
    proof = (rrset("www.example. 60 NSEC z.example. NS"),)
    delegation = replace(rrset("www.example. 60 NS ns.test.", rank=GLUE), proof=proof)
    for rtype, denials_only, left in (
        (DS, False, ()),
        (DS, True, ()),
        (None, True, ()),
        (A, False, proof),
        (NS, True, proof),
    ):
        store = store_of(delegation)
        octets = store.octets
        assert store.forget(WWW, rtype, denials_only=denials_only) == (not left)
        kept = store.get(WWW, NS)
        assert kept is not None
        assert kept.proof == left
        assert (store.octets < octets) is (not left)
    wild = replace(rrset(ADDRESS), proof=proof)
    assert store_of(wild).forget(WWW, denials_only=True) == store_of(wild).forget(WWW, DS) == 0


def test_forgetting_a_name_a_type_or_a_subtree() -> None:
    texts = [ADDRESS, ADDRESS_6, "a.www.example. 60 A 192.0.2.1", "notwww.example. 60 A 192.0.2.1"]
    entries: list[Entry] = [*map(rrset, texts), denial("x.example. NXDOMAIN")]
    assert store_of(*entries).forget(WWW, A) == 1
    assert store_of(*entries).forget(WWW) == 2
    assert store_of(*entries).forget(WWW, subtree=True) == 3
    assert store_of(*entries).forget(from_text("example."), A, subtree=True) == 4
    assert store_of(*entries).forget(from_text("x.example."), A) == 1
    assert store_of(*entries).forget(from_text("nowhere.example.")) == 0
    denied = [*entries, denial("www.example. MX")]
    assert store_of(*denied).forget(WWW, denials_only=True) == 1
    assert store_of(*denied).forget(WWW, A, denials_only=True) == 0
    assert store_of(*denied).forget(from_text("example."), subtree=True, denials_only=True) == 2
    assert store_of(*denied).forget(from_text("example."), A, subtree=True, denials_only=True) == 1
    everything = store_of(*entries)
    assert everything.forget(ROOT, subtree=True) == everything.counts.forgotten == 5
    assert (len(everything), everything.octets) == (0, 0)


def test_the_least_used_owner_makes_room() -> None:
    counts = CacheCounts()
    store = RRsetCache(CacheOptions(max_octets=1 << 20), counts)
    hot = rrset("hot.example. 60 A 192.0.2.1")
    store.put(hot, 0.0)
    for number in range(4000):
        assert store.get(hot.owner, A) is hot
        assert store.put(rrset(f"scan{number}.example. 60 A 192.0.2.1"), 0.0)
        assert store.octets <= 1 << 20
    assert counts.evicted == 4001 - len(store)
    assert 1000 < len(store) < 4000


def test_a_look_of_people_is_no_use() -> None:
    store = store_of(rrset(ADDRESS))
    store.peek(WWW, A)
    list(store.walk())
    node = store.peek_node(WWW)
    assert node is not None
    assert node.hits == 0
    store.get(WWW, A)
    assert node.hits == 1


def test_a_walk_bears_changes_between_its_steps() -> None:
    store = store_of(*(rrset(f"n{number}.example. 60 A 192.0.2.1") for number in range(10)))
    walk = store.walk()
    next(walk)
    store.forget(from_text("n5.example."))
    store.put(rrset("n6.example. 60 AAAA 2001:db8::1"), 0.0)
    assert len(list(walk)) == 9


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(rrset("old.example. 60 DNAME new.example."), 1, id="DNAME"),
        pytest.param(denial("old.example. DNAME"), 0, id="no DNAME"),
        pytest.param(rrset("old.example. 60 DNAME new.example.", rank=GLUE), 0, id="a DNAME nobody vouched for"),
        pytest.param(denial("x.example. NXDOMAIN", security=Security.SECURE), 1, id="validated NXDOMAIN"),
        pytest.param(denial("x.example. NXDOMAIN"), 0, id="NXDOMAIN, not validated"),
    ],
)
def test_what_speaks_below_its_owner_is_counted(entry: Entry, expected: int) -> None:
    store = store_of(entry)
    assert store.speaks_below == expected
    store.forget(entry.owner)
    assert store.speaks_below == 0


def test_type_numbers_are_the_registered_ones() -> None:
    assert [type_of(text) for text in ("A", "NS", "CNAME", "AAAA", "DS")] == [A, NS, CNAME, AAAA, DS]


def test_a_stale_entry_comes_back_where_put_would_refuse_it() -> None:
    store = store_of()
    assert not store.put(rrset(ADDRESS, -100.0), 0.0)
    assert store.restore(rrset(ADDRESS, -100.0), 5, 0.0)
    assert [node.hits for node in store.walk_nodes()] == [5]


@pytest.mark.parametrize(
    ("text", "soa", "comes_back"),
    [
        ("lab.example. NXDOMAIN", "example.", False),
        ("x.lab.example. A", "example.", False),
        ("x.lab.example. A", "lab.example.", True),
        ("lab.example. DS", "example.", True),
        ("x.example. NXDOMAIN", "example.", True),
    ],
)
def test_a_denial_from_above_does_not_come_back_once_the_zone_is_configured(
    text: str, soa: str, comes_back: bool
) -> None:
    store = store_of()
    store.apexes = {from_text("lab.example.")}
    assert store.restore(denial(text, soa=f"{soa} 300 SOA a.example. b.example. 1 2 3 4 60"), 0, 1.0) is comes_back


def test_what_comes_back_displaces_nothing_that_was_heard_since() -> None:
    store = store_of(rrset(ALIAS, 10.0))
    octets = store.octets
    assert not store.restore(rrset(ADDRESS, 0.0), 9, 20.0)
    assert (store.octets, [entry.rtype for entry in store.walk()]) == (octets, [CNAME])
    assert [node.hits for node in store.walk_nodes()] == [0]


def test_what_was_heard_last_stands_first_also_when_the_other_comes_back() -> None:
    stale, glue = rrset(ADDRESS, -100.0), rrset("www.example. 60 A 192.0.2.2", 0.0, rank=GLUE)
    for first, second in ((stale, glue), (glue, stale)):
        store = store_of()
        assert store.restore(first, 0, 1.0)
        assert store.restore(second, 0, 1.0)
        assert list(store.walk()) == [glue, stale]


def test_a_better_entry_comes_back_in_the_place_of_a_worse_one() -> None:
    store = store_of(rrset(ADDRESS, 5.0, rank=GLUE))
    assert store.restore(rrset("www.example. 60 A 192.0.2.2", 0.0), 0, 10.0)
    assert [entry.rank for entry in store.walk()] == [Rank.ANSWER_AA]
    assert store.counts.displaced == 1


def test_nothing_comes_back_past_its_lease_nor_with_ttl_0_nor_malformed() -> None:
    store = store_of()
    many = rrset("\n".join(f"www.example. 60 A 192.0.{n // 256}.{n % 256}" for n in range(MAX_RECORDS + 1)))
    for entry in (rrset(ADDRESS, 0.0, lease=5.0), rrset("www.example. 0 A 192.0.2.1"), many):
        assert not store.restore(entry, 0, 5.0)
    assert (len(store), store.octets) == (0, 0)


def test_what_comes_back_makes_no_room_for_itself() -> None:
    store = store_of(options=CacheOptions(max_octets=1 << 20))
    number = taken = 0
    while number < 5000:
        taken += store.restore(rrset(f"h{number}.example. 60 A 192.0.2.1"), 0, 1.0)
        number += 1
    assert 1000 < taken < 5000
    assert len(store) == taken
    assert store.counts.evicted == 0
    assert store.octets <= store.max_octets


def test_a_later_lease_changes_nothing_else_and_an_earlier_one_nothing() -> None:
    store = RRsetCache(CacheOptions())
    entry = rrset("www.example. 60 A 192.0.2.1", lease=60.0)
    store.put(entry, 0.0)
    octets = store.octets
    store.renew(entry, 50.0)
    assert store.peek(entry.owner, entry.rtype) is entry
    store.renew(entry, 500.0)
    assert store.peek(entry.owner, entry.rtype) == replace(entry, lease=500.0)
    assert store.octets == octets
    store.renew(entry, 900.0)  # it is not held any more
    assert store.counts.leases_renewed == 1
    assert store.peek(entry.owner, entry.rtype) == replace(entry, lease=500.0)


def test_room_is_made_in_steps_before_a_lower_bound_is_gone_by() -> None:
    cache = RRsetCache(CacheOptions())
    for number in range(10):
        cache.put(rrset(f"n{number}.example. 60 A 192.0.2.1"), 0.0)
    wanted = cache.octets // 2
    assert not cache.make_room(wanted, 1.0, 1)
    assert cache.counts.evicted == 1
    assert cache.make_room(wanted, 1.0, 100)
    assert cache.octets <= wanted
    cache.adopt(CacheOptions(max_octets=1 << 21))
    assert cache.max_octets == 1 << 21
