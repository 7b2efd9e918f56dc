"""The last questions to zones' servers that were slow or failed."""

from cache.names import from_text
from resolver.engine.waits import MAX_WAITS, SLOW, Waits

ZONE = from_text("example.")


def test_what_was_slow_or_failed_is_kept_and_the_last_comes_first() -> None:
    waits = Waits()
    waits.note(ZONE, 10.0, 10.0 + SLOW / 2, failed=False)
    waits.note(ZONE, 10.0, 10.0, failed=True)
    waits.note(ZONE, 10.0, 12.0, failed=False)
    assert list(waits.since(0.0)) == [(ZONE, 12.0, 2.0, False), (ZONE, 10.0, 0.0, True)]


def test_what_ended_before_is_not_of_this_time() -> None:
    waits = Waits()
    for now in (11.0, 12.0, 13.0):
        waits.note(ZONE, 10.0, now, failed=False)
    assert [wait.ended for wait in waits.since(11.0)] == [13.0, 12.0]


def test_only_the_last_ones_are_kept() -> None:
    waits = Waits()
    for number in range(MAX_WAITS + 5):
        waits.note(ZONE, 0.0, 1.0 + number, failed=False)
    found = list(waits.since(0.0))
    assert (len(found), found[-1].ended) == (MAX_WAITS, 6.0)


def test_more_may_come_while_somebody_looks() -> None:
    waits = Waits()
    waits.note(ZONE, 0.0, 1.0, failed=False)
    looking = waits.since(0.0)
    waits.note(ZONE, 0.0, 1.0, failed=False)
    next(looking)
    waits.note(ZONE, 0.0, 2.0, failed=False)
    assert len(list(looking)) == 1
