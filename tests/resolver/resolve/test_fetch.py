"""What a flight leaves behind: entries in the cache, or a remembered failure."""

import pytest
import trio

from cache.answer import Question
from cache.failures import Failures
from cache.options import CacheOptions, StaleOptions
from cache.store import RRsetCache
from resolver.errors import (
    CachedFailure,
    DeadlinePassed,
    NameTooLong,
    NoReachableAuthority,
    Overloaded,
    ResolutionFailure,
    WorkExhausted,
)
from resolver.iterate import Budget, Iteration
from resolver.resolve.counts import ResolveCounts
from resolver.resolve.fetch import Fetcher, says_something_of_the_name
from tests.build import question, rrset

ASKED = question("www.example A")
OTHER = question("other.example A")
NOW = 1000.0


def fetch(
    outcome: Iteration | ResolutionFailure, cache: RRsetCache, failures: Failures, budget: Budget | None = None
) -> Iteration | ResolutionFailure:
    async def iterate(asked: Question, budget: Budget) -> Iteration:
        if isinstance(outcome, ResolutionFailure):
            raise outcome
        return outcome

    fetcher = Fetcher(lambda: NOW, cache, failures, iterate, StaleOptions(), ResolveCounts())
    return trio.run(fetcher.fetch, ASKED, budget or Budget(NOW + 10))


def test_everything_learned_is_kept_and_an_old_failure_forgotten() -> None:
    cache, failures = RRsetCache(CacheOptions()), Failures()
    failures.remember(ASKED, 22, "silent", NOW)
    found, more = rrset("www.example. 60 A 192.0.2.1", NOW), rrset("example. 60 NS ns.example.", NOW)
    iteration = Iteration(found, (found, more))
    assert fetch(iteration, cache, failures) is iteration
    assert cache.get(found.owner, found.rtype) is found
    assert cache.get(more.owner, more.rtype) is more
    assert failures.find(ASKED, NOW) is None


def test_a_failure_is_the_outcome_and_is_remembered_for_5_seconds_at_first() -> None:
    failures = Failures()
    failure = NoReachableAuthority("silent")
    assert fetch(failure, RRsetCache(CacheOptions()), failures) is failure
    assert failures.find(ASKED, NOW + 4.9) is not None
    assert failures.find(ASKED, NOW + 5.1) is None


def test_with_stale_data_at_hand_the_next_attempt_waits_for_the_recheck_timer() -> None:
    """RFC 8767 §5, failure recheck timer."""
    cache, failures = RRsetCache(CacheOptions()), Failures()
    assert cache.put(rrset("www.example. 60 A 192.0.2.1", NOW - 100), NOW - 100)
    fetch(NoReachableAuthority("silent"), cache, failures)
    assert failures.find(ASKED, NOW + 29.9) is not None
    assert failures.find(ASKED, NOW + 30.1) is None


def test_a_failure_that_another_questions_limits_caused_is_not_remembered() -> None:
    failures = Failures()
    within = Budget(NOW + 10, ancestors=(OTHER,))
    for failure in (WorkExhausted("queries"), DeadlinePassed("late")):
        fetch(failure, RRsetCache(CacheOptions()), failures, within)
        assert failures.find(ASKED, NOW) is None
        assert says_something_of_the_name(failure, Budget(NOW))
    fetch(NoReachableAuthority("silent"), RRsetCache(CacheOptions()), failures, within)
    assert failures.find(ASKED, NOW) is not None


@pytest.mark.parametrize("failure", [Overloaded("full"), NameTooLong("substituted"), CachedFailure("not asked")])
def test_where_nothing_failed_nothing_is_remembered(failure: ResolutionFailure) -> None:
    assert not says_something_of_the_name(failure, Budget(NOW))
