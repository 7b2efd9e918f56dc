"""Remembered failures (RFC 9520)."""

from cache.failures import FIRST_PAUSE, MAX_PAUSE, Failures
from cache.names import from_text
from cache.rrtypes import AAAA, A
from tests.build import question

WWW = question("www.example. A")
EDE = 22


def test_a_failure_is_remembered_for_a_few_seconds() -> None:
    failures = Failures()
    failures.remember(WWW, EDE, "no server answered", 100.0)
    found = failures.find(WWW, 104.9)
    assert found is not None
    assert (found.info_code, found.text, found.until) == (EDE, "no server answered", 105.0)
    assert failures.find(WWW, 105.0) is None
    assert failures.find(question("www.example. AAAA"), 101.0) is None


def test_a_target_that_heals_is_asked_again_within_six_seconds() -> None:
    """The incident, and scenario 2."""
    assert FIRST_PAUSE < 6


def test_the_pause_doubles_up_to_five_minutes() -> None:
    failures = Failures()
    now, pauses = 0.0, []
    for _ in range(8):
        failures.remember(WWW, EDE, "", now)
        found = failures.find(WWW, now)
        assert found is not None
        pauses.append(found.pause)
        now = found.until
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    assert pauses[-1] == MAX_PAUSE


def test_a_success_ends_it_and_the_next_failure_begins_anew() -> None:
    failures = Failures()
    failures.remember(WWW, EDE, "", 0.0)
    failures.remember(WWW, EDE, "", 5.0)
    failures.succeed(WWW)
    assert failures.find(WWW, 6.0) is None
    failures.remember(WWW, EDE, "", 6.0)
    found = failures.find(WWW, 6.0)
    assert found is not None
    assert found.pause == FIRST_PAUSE
    failures.succeed(question("never.example. A"))


def test_a_failure_long_ago_is_not_counted_on() -> None:
    failures = Failures()
    failures.remember(WWW, EDE, "", 0.0)
    failures.remember(WWW, EDE, "", 2 * FIRST_PAUSE + 1)
    found = failures.find(WWW, 2 * FIRST_PAUSE + 1)
    assert found is not None
    assert found.pause == FIRST_PAUSE


def test_a_failure_while_one_is_remembered_neither_doubles_nor_prolongs() -> None:
    failures = Failures()
    failures.remember(WWW, EDE, "", 0.0)
    failures.remember(WWW, EDE, "", 1.0)
    assert failures.find(WWW, 4.9) is not None
    assert failures.find(WWW, 5.0) is None


def test_with_stale_data_the_recheck_timer_holds_and_does_not_double() -> None:
    """Scenario 29: a heal is seen at most 30 s later."""
    failures = Failures()
    now = 0.0
    for _ in range(5):
        failures.remember(WWW, EDE, "", now, at_least=30)
        assert failures.find(WWW, now + 29.9) is not None
        assert failures.find(WWW, now + 30) is None
        now += 30


def test_they_are_bounded_and_the_oldest_goes() -> None:
    failures = Failures(max_failures=10)
    for number in range(20):
        failures.remember(question(f"n{number}.example. A"), EDE, "", 0.0)
    assert len(failures) == 10
    assert failures.find(question("n19.example. A"), 0.0) is not None


def test_forgetting_by_name_type_and_subtree() -> None:
    failures = Failures()
    texts = ["www.example. A", "www.example. AAAA", "a.www.example. A", "other.example. A"]
    for text in texts:
        failures.remember(question(text), EDE, "", 0.0)
    assert failures.forget(from_text("www.example."), AAAA) == 1
    assert failures.forget(from_text("www.example.")) == 1
    assert failures.forget(from_text("example."), A, subtree=True) == 2
    assert len(failures) == 0


def test_a_walk_shows_what_is_left_alone_now() -> None:
    failures = Failures()
    failures.remember(WWW, EDE, "", 0.0)
    failures.remember(question("new.example. A"), EDE, "", 4.0)
    assert [asked.qname for asked, _ in failures.walk(6.0)] == [from_text("new.example.")]
