"""Which denials are believed where the last good answer is preferred."""

import pytest

from cache.answer import Question
from cache.chain import Alias, alias_of
from cache.names import from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Denial, Entry, Rank, RRset
from cache.store import RRsetCache
from resolver.engine.last_good import LastGood
from resolver.errors import DenialNotBelieved
from resolver.iterate import Iteration
from tests.build import denial, question, rrset

ZONES = frozenset([from_text("kept.example.")])
STALE = StaleOptions(max_stale=1000)
ADDRESS = "www.kept.example. 60 A 192.0.2.1"
SOA = "kept.example. 300 SOA ns.kept.example. admin.kept.example. 1 2 3 4 60"
NOW = 1000.0


def held(*entries: Entry) -> LastGood:
    cache = RRsetCache(CacheOptions())
    for entry in entries:
        assert cache.put(entry, entry.received)
    return LastGood(ZONES, cache, STALE)


def denied(text: str) -> Denial:
    return denial(text, NOW, soa=SOA)


def asked(text: str, last_good: LastGood, said: Denial) -> Iteration:
    return last_good.believed(Iteration(said, (said,)), question(text), NOW)


WWW = "www.kept.example. A"
BOTH = pytest.mark.parametrize("said", ["www.kept.example. NXDOMAIN", WWW], ids=["NXDOMAIN", "NODATA"])


@BOTH
@pytest.mark.parametrize(
    "good",
    [
        pytest.param(rrset(ADDRESS, NOW - 1059), id="stale"),
        pytest.param(rrset(ADDRESS, NOW - 59), id="still fresh"),
        pytest.param(rrset("www.kept.example. 60 CNAME www.example.", NOW - 100), id="a stale alias"),
    ],
)
def test_a_denial_of_a_last_good_answer_is_not_believed(said: str, good: RRset) -> None:
    with pytest.raises(DenialNotBelieved):
        asked(WWW, held(good), denied(said))


@BOTH
@pytest.mark.parametrize(
    "known",
    [
        pytest.param(rrset(ADDRESS, NOW - 1061), id="too old, so that max_stale caps it"),
        pytest.param(rrset(ADDRESS, NOW - 100, lease=NOW - 1), id="its delegation has ended"),
        pytest.param(rrset(ADDRESS, NOW - 100, rank=Rank.ADDITIONAL), id="glue is no answer"),
        pytest.param(denial("www.kept.example. A", NOW - 100, soa=SOA), id="a denial is nothing good"),
    ],
)
def test_where_nothing_good_is_left_the_denial_is_believed(said: str, known: Entry) -> None:
    believed = asked(WWW, held(known), denied(said))
    assert believed.learned == (believed.link,) == (denied(said),)


def test_elsewhere_denials_are_believed() -> None:
    last_good = held(rrset("www.example. 60 A 192.0.2.1", NOW - 100))
    said = denial("www.example. NXDOMAIN", NOW)
    assert asked("www.example. A", last_good, said) == Iteration(said, (said,))


def test_an_nxdomain_learned_for_another_type_denies_that_type_only() -> None:
    believed = asked("www.kept.example. AAAA", held(rrset(ADDRESS, NOW - 100)), denied("www.kept.example. NXDOMAIN"))
    assert believed.learned == (believed.link,) == (denied("www.kept.example. AAAA"),)


def test_a_denied_target_that_came_with_its_alias_is_left_to_its_own_question() -> None:
    alias = rrset("alias.kept.example. 60 CNAME www.kept.example.", NOW)
    said = denied("www.kept.example. NXDOMAIN")
    link = alias_of(alias, alias.owner)
    assert isinstance(link, Alias)
    iteration = Iteration(link, (alias, said), (said,))
    last_good = held(rrset(ADDRESS, NOW - 100))
    assert last_good.believed(iteration, Question(alias.owner, 1), NOW) == Iteration(link, (alias,), ())
