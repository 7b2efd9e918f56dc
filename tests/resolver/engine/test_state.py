"""How a question stands, by what is cached and what has failed."""

import pytest

from cache.answer import Question
from cache.chain import SubstitutionTooLong
from cache.failures import Failures
from cache.names import from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import RRset
from cache.rrtypes import A
from cache.store import RRsetCache
from resolver.engine.state import MISSING, Failed, Fresh, Stale, State, may_bridge, state_of
from resolver.errors import DNSSEC_BOGUS, NO_REACHABLE_AUTHORITY
from tests.build import rrset

ASKED = Question(from_text("www.test."), A)
WWW = rrset("www.test. 60 A 192.0.2.1")
LONG = ".".join(["a" * 63] * 3 + ["b" * 50, "test."])
DNAME = rrset(f"test. 60 DNAME {LONG}")
BELOW = Question(from_text("c" * 20 + ".test."), A)
LATER = 61.0  # s: a TTL is over by then


class Known:
    """What is cached, and what has failed a moment ago."""

    def __init__(self, *entries: RRset) -> None:
        self.cache, self.failures = RRsetCache(CacheOptions()), Failures()
        for entry in entries:
            assert self.cache.put(entry, 0.0)

    def fails(self, info_code: int = NO_REACHABLE_AUTHORITY, at: float = LATER) -> "Known":
        self.failures.remember(ASKED, info_code, "why", at)
        return self

    def state_of(self, now: float, asked: Question = ASKED, *, when_bogus: bool = True) -> State:
        return state_of(self.cache, self.failures, asked, now, StaleOptions(when_bogus=when_bogus))


def test_what_is_known_is_fresh_whatever_failed() -> None:
    assert Known(WWW).fails(at=0.0).state_of(1.0) == Fresh(WWW)


def test_what_nobody_knows_is_missing() -> None:
    assert Known().state_of(0.0) is MISSING


def test_what_was_known_is_stale_and_so_it_is_when_it_has_failed() -> None:
    assert Known(WWW).state_of(LATER) == Stale(WWW, None)
    failed = Known(WWW).fails()
    assert failed.state_of(LATER) == Stale(WWW, failed.failures.peek(ASKED, LATER))


def test_a_failure_is_one_as_long_as_it_is_remembered() -> None:
    here = Known().fails()
    failure = here.failures.peek(ASKED, LATER)
    assert failure is not None
    assert here.state_of(LATER) == Failed(failure)
    assert here.state_of(failure.until) is MISSING


@pytest.mark.parametrize(
    ("info_code", "when_bogus", "is_given"),
    [
        (DNSSEC_BOGUS, True, True),
        (DNSSEC_BOGUS, False, False),
        (NO_REACHABLE_AUTHORITY, False, True),
    ],
)
def test_whether_stale_data_stands_for_a_failure_of_validation_is_the_operators_to_say(
    info_code: int, when_bogus: bool, is_given: bool
) -> None:
    state = Known(WWW).fails(info_code).state_of(LATER, when_bogus=when_bogus)
    assert isinstance(state, Stale if is_given else Failed)
    assert may_bridge(info_code, StaleOptions(when_bogus=when_bogus)) is is_given


def test_a_dname_that_leads_to_no_name_is_nothing_to_be_given_once_it_has_expired() -> None:
    here = Known(DNAME)
    with pytest.raises(SubstitutionTooLong):
        here.state_of(0.0, BELOW)
    assert here.state_of(LATER, BELOW) is MISSING
