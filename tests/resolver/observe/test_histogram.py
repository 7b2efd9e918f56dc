"""Counts per bucket."""

import pytest

from resolver.observe.histogram import Histogram


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        pytest.param(0.0, 0, id="nothing"),
        pytest.param(1.0, 0, id="a bound belongs to its bucket"),
        pytest.param(1.5, 1, id="between two bounds"),
        pytest.param(9.0, 2, id="above the last bound"),
    ],
)
def test_each_duration_falls_into_one_bucket(seconds: float, bucket: int) -> None:
    histogram = Histogram((1.0, 2.0))
    histogram.note(seconds)
    assert histogram.buckets == [int(number == bucket) for number in range(3)]
    assert histogram.total == seconds


def test_what_is_answered_together_took_as_long_each() -> None:
    histogram = Histogram((1.0, 2.0))
    histogram.note_each(1.5, 64)
    assert (histogram.buckets, histogram.total) == ([0, 64, 0], 96.0)
