"""One is let through now and then, and the others are counted."""

from resolver.observe.sampled import Sampled


def test_the_first_is_let_through_and_the_next_after_the_pause_says_how_many_were_not() -> None:
    sampled = Sampled(1.0)
    assert [sampled.unlogged(now) for now in (10.0, 10.2, 10.9, 11.0, 11.5, 13.0)] == [0, None, None, 2, None, 1]
