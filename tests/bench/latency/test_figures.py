"""The figures count what a client suffers."""

import pytest

from tests.bench.latency.client import PATIENCE
from tests.bench.latency.figures import figures, percentile


def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed() -> None:
    ordered = [float(value) for value in range(1, 1001)]
    assert [percentile(ordered, share) for share in (0.5, 0.99, 0.999, 1.0)] == [500, 990, 999, 1000]
    assert percentile([7.0], 0.5) == 7.0


def test_a_failure_is_no_quick_answer() -> None:
    quick_failures = [(0.001, 2)] * 10 + [(0.1, 0)] * 90
    found = figures(quick_failures, packets=50, cpu_seconds=0.1)
    assert (found.p50, found.p90, found.p99) == (0.1, 0.1, PATIENCE)
    assert (found.failed, found.soon, found.packets) == (10, 0.9, 0.5)
    assert found.cpu == pytest.approx(1000)


def test_silence_is_a_failure() -> None:
    assert figures([(PATIENCE, None)], packets=0, cpu_seconds=0.0).failed == 1
