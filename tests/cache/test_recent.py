"""A map of bounded size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.recent import Recent


def test_what_is_put_in_is_found_until_it_is_dropped() -> None:
    recent = Recent[str, int](10)
    recent.put("a", 1)
    recent.put("a", 2)
    assert (recent.get("a"), recent.peek("a"), len(recent)) == (2, 2, 1)
    assert recent.get("b") is None
    assert recent.peek("b") is None
    assert recent.drop("a")
    assert not recent.drop("a")
    recent.put("c", 3)
    recent.clear()
    assert len(recent) == 0


@pytest.mark.parametrize(
    ("used", "gone"),
    [
        pytest.param("", "a", id="what came first"),
        pytest.param("a", "b", id="what was used least recently"),
        pytest.param("ab", "c", id="in the order of use"),
    ],
)
def test_what_was_used_least_recently_goes(used: str, gone: str) -> None:
    recent = Recent[str, int](3)
    for key in "abc":
        recent.put(key, 0)
    for key in used:
        recent.get(key)
    for key in "abc":
        recent.peek(key)
    recent.put("d", 0)
    assert {key for key, _ in recent.walk()} == set("abcd") - {gone}


def test_the_oldest_is_what_was_used_least_recently() -> None:
    recent = Recent[str, int](3)
    assert recent.oldest() is None
    for key in "ab":
        recent.put(key, 0)
    recent.get("a")
    assert recent.oldest() == ("b", 0)


def test_it_may_change_between_two_steps_of_a_walk() -> None:
    recent = Recent[str, int](3)
    for key in "abc":
        recent.put(key, 0)
    seen = []
    for key, _ in recent.walk():
        seen.append(key)
        recent.drop("b")
        recent.put("d", 0)
    assert seen == ["a", "c"]


@given(st.integers(1, 40), st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=200))
def test_it_never_holds_more_than_it_may_and_always_what_was_put_last(
    limit: int, steps: list[tuple[bool, int]]
) -> None:
    recent = Recent[int, int](limit)
    for is_put, key in steps:
        if is_put:
            recent.put(key, -key)
            assert recent.peek(key) == -key
        else:
            assert recent.get(key) in (None, -key)
        assert len(recent) <= limit
