"""A reply that is kept."""

import pytest

from resolver.wire.rendered import Rendered


@pytest.mark.parametrize(
    ("turn", "octets"),
    [
        pytest.param(0, b"<aabbcc>", id="as it is kept"),
        pytest.param(1, b"<bbccaa>", id="from the second record on"),
        pytest.param(5, b"<ccaabb>", id="any number will do"),
    ],
)
def test_a_reply_begins_with_any_of_its_records(turn: int, octets: bytes) -> None:
    assert Rendered(b"<", b"aabbcc", 6, (0, 2, 4), b">", 0.0, (), False).tail(turn) == octets


def test_of_a_truncated_reply_others_are_shown_each_time() -> None:
    rendered = Rendered(b"<", b"aabbcc", 4, (0, 2, 4), b">", 0.0, (), True)
    assert [rendered.tail(turn) for turn in range(3)] == [b"<aabb>", b"<bbcc>", b"<ccaa>"]
    assert rendered.octets == 8


def test_without_cuts_it_is_all_in_front() -> None:
    assert Rendered(b"all", b"", 0, (), b"", 0.0, (), False).tail(7) == b"all"
