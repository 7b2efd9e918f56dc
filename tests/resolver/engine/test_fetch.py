"""What a flight leaves behind: entries in the cache, or a remembered failure."""

from collections.abc import Callable

import pytest

from cache.answer import Question
from cache.failures import Failures, ServerFailures
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Entry, Rank
from cache.store import RRsetCache
from resolver.engine import Fetcher, Landing, Memory, ResolveCounts
from resolver.engine.fetch import says_something_of_the_name
from resolver.errors import (
    Bogus,
    CachedFailure,
    DeadlinePassed,
    NameTooLong,
    NoReachableAuthority,
    Overloaded,
    ResolutionFailure,
    WorkExhausted,
)
from resolver.iterate import Budget, Iteration, Manner
from resolver.iterate.budget import Spent
from tests.build import denial, question, rrset
from tests.resolver.engine.turned import at_once, mesh_at

ASKED = question("www.example A")
OTHER = question("other.example A")
NOW = 1000.0


def fetch(
    outcome: Iteration | ResolutionFailure, cache: RRsetCache, failures: Failures, budget: Budget | None = None
) -> Iteration | ResolutionFailure:
    async def iterate(asked: Question, budget: Budget, flight: Landing, manner: Manner) -> Iteration:
        if isinstance(outcome, ResolutionFailure):
            raise outcome
        return outcome

    mesh = mesh_at(NOW)
    fetcher = Fetcher(mesh, Memory(cache, failures, ServerFailures()), iterate, StaleOptions(), ResolveCounts())
    return at_once(mesh, fetcher.fetch(ASKED, budget or Budget(NOW + 10), Landing()))


def test_everything_learned_is_kept_and_an_old_failure_forgotten() -> None:
    cache, failures = RRsetCache(CacheOptions()), Failures()
    failures.remember(ASKED, 22, "silent", NOW)
    found, more = rrset("www.example. 60 A 192.0.2.1", NOW), rrset("example. 60 NS ns.example.", NOW)
    iteration = Iteration(found, (found, more))
    assert fetch(iteration, cache, failures) is iteration
    assert cache.get(found.owner, found.rtype) is found
    assert cache.get(more.owner, more.rtype) is more
    assert failures.find(ASKED, NOW) is None


def test_glue_is_neither_kept_anew_nor_a_word_of_the_name() -> None:
    cache, failures = RRsetCache(CacheOptions()), Failures()
    failures.remember(ASKED, 22, "silent", NOW)
    glue = rrset("www.example. 60 A 192.0.2.1", NOW, rank=Rank.ADDITIONAL)
    assert isinstance(fetch(Iteration(glue, (glue,)), cache, failures), Iteration)
    assert cache.get(glue.owner, glue.rtype) is None
    assert failures.find(ASKED, NOW) is not None


def test_a_failure_is_the_outcome_and_is_remembered_for_5_seconds_at_first() -> None:
    failures = Failures()
    outcome = fetch(NoReachableAuthority("silent"), RRsetCache(CacheOptions()), failures)
    assert (type(outcome), str(outcome)) == (NoReachableAuthority, "silent")
    assert failures.find(ASKED, NOW + 4.9) is not None
    assert failures.find(ASKED, NOW + 5.1) is None


def test_with_stale_data_at_hand_the_next_attempt_waits_for_the_recheck_timer() -> None:
    """RFC 8767 §5, failure recheck timer."""
    cache, failures = RRsetCache(CacheOptions()), Failures()
    assert cache.put(rrset("www.example. 60 A 192.0.2.1", NOW - 100), NOW - 100)
    fetch(NoReachableAuthority("silent"), cache, failures)
    assert failures.find(ASKED, NOW + 29.9) is not None
    assert failures.find(ASKED, NOW + 30.1) is None


def test_a_failure_below_a_dname_that_is_over_and_gave_too_long_a_name_is_remembered_like_any_other() -> None:
    cache, failures = RRsetCache(CacheOptions()), Failures()
    label = "b" * 63
    assert cache.put(rrset(f"example. 60 DNAME {label}.{label}.{label}.{label[:60]}.", NOW - 61), NOW - 61)
    assert isinstance(fetch(NoReachableAuthority("silent"), cache, failures), NoReachableAuthority)
    assert failures.find(ASKED, NOW + 4.9) is not None
    assert failures.find(ASKED, NOW + 5.1) is None


def of_a_look_up() -> Budget:
    return Budget(NOW + 10, ancestors=(OTHER,))


def behind_an_alias() -> Budget:
    budget = Budget(NOW + 10)
    budget.spend_alias()
    return budget


@pytest.mark.parametrize("within", [of_a_look_up, behind_an_alias])
def test_a_failure_that_another_questions_limits_caused_is_not_remembered(within: Callable[[], Budget]) -> None:
    failures = Failures()
    for failure in (WorkExhausted("queries"), DeadlinePassed("late")):
        fetch(failure, RRsetCache(CacheOptions()), failures, within())
        assert failures.find(ASKED, NOW) is None
        assert says_something_of_the_name(failure, Budget(NOW), NOW)
    fetch(NoReachableAuthority("silent"), RRsetCache(CacheOptions()), failures, within())
    assert failures.find(ASKED, NOW) is not None


@pytest.mark.parametrize("within", [of_a_look_up, behind_an_alias])
def test_what_another_server_might_have_mended_is_not_remembered_when_there_was_no_more_budget(
    within: Callable[[], Budget],
) -> None:
    budget = within()
    assert says_something_of_the_name(Bogus("forged"), budget, NOW)
    assert not says_something_of_the_name(Bogus("forged"), budget, NOW + 10)
    budget.spent.exceeded.append("queries")
    assert not says_something_of_the_name(Bogus("forged"), budget, NOW)
    own = Budget(NOW + 10, spent=Spent())
    own.spent.exceeded.append("queries")
    assert says_something_of_the_name(Bogus("forged"), own, NOW + 10)


@pytest.mark.parametrize("failure", [Overloaded("full"), NameTooLong("substituted"), CachedFailure("not asked")])
def test_where_nothing_failed_nothing_is_remembered(failure: ResolutionFailure) -> None:
    assert not says_something_of_the_name(failure, Budget(NOW), NOW)


@pytest.mark.parametrize("said", ["www.example. NXDOMAIN", "www.example. A"], ids=["NXDOMAIN", "NODATA"])
def test_a_denial_without_authority_is_a_failed_refresh_of_good_data_and_better_than_nothing(said: str) -> None:
    """RFC 8767 §4: NoError and NXDomain refresh where AA is set."""
    doubtful = Iteration(denial(said, NOW, rank=Rank.ANSWER), (denial(said, NOW, rank=Rank.ANSWER),), is_doubtful=True)
    good: list[Entry] = [rrset(f"www.example. 60 {one}", NOW - 61) for one in ("A 192.0.2.1", "CNAME b.test.")]
    for known in good:
        cache, failures = RRsetCache(CacheOptions()), Failures()
        assert cache.put(known, known.received)
        assert isinstance(fetch(doubtful, cache, failures), NoReachableAuthority)
        assert list(cache.walk()) == [known]
        assert failures.find(ASKED, NOW + 29.9) is not None
    no_good: list[Entry] = [rrset("www.example. 60 A 192.0.2.1", NOW - 90_000), denial("www.example. A", NOW - 61)]
    for known in no_good:
        cache = RRsetCache(CacheOptions())
        assert cache.put(known, known.received)
        assert fetch(doubtful, cache, Failures()) is doubtful


OLD, NEW = "www.example. 60 A 192.0.2.1", "www.example. 60 A 192.0.2.2"


def late(happens: Callable[[RRsetCache], object], before: Entry | None = None) -> tuple[RRsetCache, ResolveCounts]:
    """A flight that begins with `before` known and brings NEW, and what happens in the cache while it is under way."""
    cache, counts = RRsetCache(CacheOptions()), ResolveCounts()
    if before is not None:
        assert cache.put(before, before.received)
    brought = rrset(NEW, NOW)
    beside = rrset("example. 60 NS ns.example.", NOW)

    async def iterate(asked: Question, budget: Budget, flight: Landing, manner: Manner) -> Iteration:
        happens(cache)
        return Iteration(brought, (brought, beside))

    mesh = mesh_at(NOW)
    fetcher = Fetcher(mesh, Memory(cache, Failures(), ServerFailures()), iterate, StaleOptions(), counts)
    outcome = at_once(mesh, fetcher.fetch(ASKED, Budget(NOW + 10), Landing()))
    assert outcome == Iteration(brought, (brought, beside))
    assert cache.peek(beside.owner, beside.rtype) == beside, "what is not of the name asked is kept as ever"
    return cache, counts


DUE, EXPIRED = rrset(OLD, NOW - 59), rrset(OLD, NOW - 61)
NXDOMAIN = denial("www.example. NXDOMAIN", NOW)


@pytest.mark.parametrize("before", [pytest.param(DUE, id="prefetch"), pytest.param(EXPIRED, id="stale refresh")])
@pytest.mark.parametrize(
    "newer",
    [
        pytest.param(NXDOMAIN, id="an NXDOMAIN, learned for another type"),
        pytest.param(denial("www.example. A", NOW), id="NODATA"),
        pytest.param(rrset("www.example. 60 CNAME other.example.", NOW), id="an alias"),
    ],
)
def test_a_late_refresh_does_not_displace_what_was_learned_while_it_was_under_way(before: Entry, newer: Entry) -> None:
    """resolvers.md 2.6, late prefetch write: it would be served as fresh, and later as stale."""
    cache, counts = late(lambda cache: cache.put(newer, NOW), before)
    assert cache.peek(ASKED.qname, ASKED.qtype) in (newer, None)
    assert cache.peek(newer.owner, newer.rtype or 0) == newer
    assert counts.late_writes == 1


def test_a_late_refresh_does_not_bring_back_what_an_operator_flushed() -> None:
    cache, counts = late(lambda cache: cache.forget(ASKED.qname), DUE)
    assert cache.peek(ASKED.qname, ASKED.qtype) is None
    assert counts.late_writes == 1


def test_a_refresh_of_what_is_still_there_is_kept() -> None:
    cache, counts = late(lambda cache: cache.put(rrset("www.example. 60 AAAA 2001:db8::1", NOW), NOW), DUE)
    assert cache.peek(ASKED.qname, ASKED.qtype) == rrset(NEW, NOW)
    assert counts.late_writes == 0


def test_what_was_not_known_before_has_nothing_to_be_compared_with() -> None:
    cache, counts = late(lambda cache: cache.put(NXDOMAIN, NOW))
    assert cache.peek(ASKED.qname, ASKED.qtype) == rrset(NEW, NOW)
    assert counts.late_writes == 0


def test_glue_that_came_and_went_is_nothing_that_a_flight_renews() -> None:
    glue = rrset(OLD, NOW, rank=Rank.ADDITIONAL)
    cache, counts = late(lambda cache: cache.forget(ASKED.qname), glue)
    assert cache.peek(ASKED.qname, ASKED.qtype) == rrset(NEW, NOW)
    assert counts.late_writes == 0
