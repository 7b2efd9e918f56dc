"""Remembered failures (RFC 9520)."""

import pytest

from cache.failures import AFTER_SILENCE, MAX_SENDS, SWEPT, Failures, ServerFailures, ServerPause
from cache.names import from_text
from cache.options import FailureOptions
from cache.rrtypes import AAAA, A
from tests.build import question

WWW = question("www.example. A")
MAIL = question("mail.example. A")
EDE = 22
FIRST_PAUSE = FailureOptions().first_pause
SERVER, OTHER = ("192.0.2.1", 53), ("192.0.2.2", 53)


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


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(FailureOptions(), [5, 10, 20, 30, 30, 30, 30, 30, 30, 30], id="a heal is seen within 30 s"),
        pytest.param(
            FailureOptions(first_pause=1, max_pause=300),
            [1, 2, 4, 8, 16, 32, 64, 128, 256, 300],
            id="RFC 9520's bounds",
        ),
        pytest.param(FailureOptions(first_pause=60), [60] * 10, id="no less than the first"),
    ],
)
def test_the_pause_doubles_up_to_its_bound(options: FailureOptions, expected: list[float]) -> None:
    failures = Failures(options)
    now, pauses = 0.0, []
    for _ in expected:
        failures.remember(WWW, EDE, "", now)
        found = failures.find(WWW, now)
        assert found is not None
        pauses.append(found.pause)
        now = found.until
    assert pauses == expected


def test_silence_is_remembered_for_a_second_first_and_then_for_twice_as_long_each_time() -> None:
    """The only server of a zone may lose a third of all packets: a question that met three losses is asked again soon."""
    failures = Failures()
    now, pauses = 0.0, []
    for _ in range(7):
        failures.remember(WWW, EDE, "", now, was_silence=True)
        found = failures.find(WWW, now)
        assert found is not None
        pauses.append(found.pause)
        now = found.until + 4.9
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


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


def test_what_failed_for_another_is_left_alone_for_as_long_as_that_one_and_doubles_nothing() -> None:
    failures = Failures()
    failures.remember_until(WWW, EDE, "", 3.0, 4.0)
    assert failures.find(WWW, 3.9) is not None
    assert failures.find(WWW, 4.0) is None
    failures.remember_until(WWW, EDE, "", 5.0, 5.0)  # that is over already
    assert failures.find(WWW, 5.0) is None
    failures.remember(WWW, EDE, "", 6.0)
    found = failures.find(WWW, 6.0)
    assert found is not None
    assert (found.pause, found.attempts) == (FIRST_PAUSE, 1)
    failures.remember_until(WWW, EDE, "", 7.0, 100.0)  # its own is under way
    assert failures.find(WWW, 6.0 + FIRST_PAUSE) is None


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


def test_those_that_are_over_go_as_others_come_a_few_at_a_time() -> None:
    failures = Failures()
    for number in range(100):
        failures.remember(question(f"n{number}.example. A"), EDE, "", 0.0)
    for number in range(24):
        failures.remember(question(f"m{number}.example. A"), EDE, "", 3600.0)
    assert len(failures) == 100 - 24 * SWEPT + 24


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


def test_each_failure_in_a_row_is_counted() -> None:
    failures = Failures()
    for attempt in (1, 2, 3):
        failures.remember(WWW, EDE, "", attempt * 90.0, at_least=50)
        found = failures.peek(WWW, attempt * 90.0)
        assert found is not None
        assert found.attempts == attempt
    assert failures.peek(WWW, 320.0) is None
    assert failures.peek(question("www.example. AAAA"), 270.0) is None


def test_looking_at_them_is_no_use() -> None:
    failures = Failures(max_failures=2)
    oldest = question("old.example. A")
    for asked, now in ((oldest, 0.0), (WWW, 1.0)):
        failures.remember(asked, EDE, "", now)
    assert failures.peek(oldest, 2.0) is not None
    assert len(list(failures.walk(2.0))) == 2
    failures.remember(question("new.example. A"), EDE, "", 2.0)
    assert failures.peek(oldest, 2.0) is None
    assert failures.peek(WWW, 2.0) is not None


def fail(failures: ServerFailures, now: float) -> None:
    for _ in range(MAX_SENDS):
        failures.note_silence(SERVER, WWW, now)


def test_a_server_silent_three_times_is_left_alone_with_that_question_only() -> None:
    """RFC 9520 §3.1: three queries in total."""
    failures = ServerFailures()
    for sends in range(1, MAX_SENDS + 1):
        assert not failures.is_paused(SERVER, WWW, 0.0)
        failures.note_silence(SERVER, WWW, 0.0)
        assert failures.is_paused(SERVER, WWW, 0.0) == (sends == MAX_SENDS)
    assert failures.is_paused(SERVER, WWW, AFTER_SILENCE - 0.1)
    assert not failures.is_paused(SERVER, WWW, AFTER_SILENCE)
    assert not failures.is_paused(OTHER, WWW, 0.0)
    assert not failures.is_paused(SERVER, MAIL, 0.0)


def test_the_pause_after_silence_begins_when_the_server_was_listened_to_last() -> None:
    failures = ServerFailures()
    for now in (0.0, 0.0, 0.0, 0.8):
        failures.note_silence(SERVER, WWW, now)
    assert failures.is_paused(SERVER, WWW, 0.8 + AFTER_SILENCE - 0.1)
    assert not failures.is_paused(SERVER, WWW, 0.8 + AFTER_SILENCE)


def test_silences_count_together_whoever_asked_within_one_period() -> None:
    failures = ServerFailures()
    for now in (0.0, 2.0, 4.9):
        failures.note_silence(SERVER, WWW, now)
    assert failures.is_paused(SERVER, WWW, 4.9 + AFTER_SILENCE - 0.1)
    scattered = ServerFailures()
    for now in (0.0, 2.0, 5.1, 7.0):
        scattered.note_silence(SERVER, WWW, now)
    assert not scattered.is_paused(SERVER, WWW, 7.0)


def test_a_useless_reply_is_enough() -> None:
    failures = ServerFailures()
    failures.note_failure(SERVER, WWW, 0.0)
    assert failures.is_paused(SERVER, WWW, FIRST_PAUSE - 0.1)


def test_the_pause_of_a_server_doubles_while_it_goes_on_failing() -> None:
    failures = ServerFailures()
    now = 0.0
    for pause in (1, 2, 4, 8, 16, 30, 30):
        fail(failures, now)
        failures.note_failure(SERVER, WWW, now + 0.5)  # what was under way says nothing more
        assert failures.is_paused(SERVER, WWW, now + pause - 0.1)
        now += pause
        assert not failures.is_paused(SERVER, WWW, now)
    now += 30.1
    fail(failures, now)
    assert not failures.is_paused(SERVER, WWW, now + FIRST_PAUSE), "a failure long ago is not counted on"


def test_an_answer_of_the_server_ends_it() -> None:
    failures = ServerFailures()
    fail(failures, 0.0)
    failures.succeed(SERVER, WWW)
    assert not failures.is_paused(SERVER, WWW, 0.0)
    failures.note_silence(SERVER, WWW, 0.0)
    assert not failures.is_paused(SERVER, WWW, 0.0)


def test_failures_of_servers_are_bounded_and_forgotten_by_name() -> None:
    failures = ServerFailures(max_failures=10)
    for number in range(20):
        failures.note_failure(SERVER, question(f"n{number}.example. A"), 0.0)
    assert len(failures) == 10
    assert failures.is_paused(SERVER, question("n19.example. A"), 0.0)
    assert failures.forget(from_text("n19.example."), AAAA) == 0
    assert failures.forget(from_text("n19.example.")) == 1
    assert failures.forget(from_text("example."), A, subtree=True) == 9


def test_a_walk_shows_which_server_is_left_alone_with_what_and_uses_nothing() -> None:
    failures = ServerFailures(max_failures=2)
    other = ("192.0.2.9", 53)
    failures.note_silence(other, WWW, 0.0)
    failures.note_failure(SERVER, WWW, 1.0)
    assert list(failures.walk(2.0)) == [ServerPause(SERVER, WWW, 6.0, 5.0)]
    assert [failures.paused_until(one, WWW, 2.0) for one in (SERVER, other, ("192.0.2.8", 53))] == [6.0, None, None]
    assert failures.paused_until(SERVER, WWW, 6.0) is None
    assert list(failures.walk(6.0)) == []
    failures.note_failure(SERVER, question("x.example. A"), 2.0)
    assert [pause.question.qname for pause in failures.walk(2.0)] == [WWW.qname, from_text("x.example.")]
