"""A row's verdict is of what the victim usually met, and tells how sure it is."""

import pytest

from tests.bench.beside.slices import Ratio, Slice, lost, middle, of_all, ratio

CALM: Slice = [0.001] * 100
SLOW: Slice = [0.004] * 100
STALLED: Slice = [*[0.001] * 90, *[0.050] * 10]  # something else had the CPU


def test_a_slice_in_which_the_machine_did_something_else_does_not_count() -> None:
    assert middle([CALM, STALLED, CALM], 0.99) == 0.001
    assert of_all([CALM, STALLED, CALM], 0.99) == 0.050
    assert middle([STALLED, STALLED, CALM], 0.99) == 0.050, "what is so in most of them does"


def test_what_got_no_reply_is_lost_and_no_part_of_a_percentile() -> None:
    slices = [[*CALM, None], [*CALM, None, None]]
    assert (lost(slices), middle(slices, 0.99)) == (3, 0.001)


def test_the_ratio_is_that_of_the_middle_slices_and_certain_where_all_are_alike() -> None:
    assert ratio([SLOW] * 8, [CALM] * 8, 0.99) == pytest.approx((4.0, 4.0, 4.0))
    assert ratio([SLOW, CALM, CALM], [CALM] * 3, 0.99).value == 1.0


def test_where_slices_differ_both_ends_are_told_and_the_same_each_time() -> None:
    found = ratio([SLOW, CALM] * 4, [CALM] * 8, 0.99)
    assert (found.low, found.value, found.high) == pytest.approx((1.0, 2.5, 4.0))
    assert found == ratio([SLOW, CALM] * 4, [CALM] * 8, 0.99)


@pytest.mark.parametrize(
    ("found", "settles"),
    [
        (Ratio(2.0, 1.5, 3.0), True),
        (Ratio(2.9, 2.0, 3.1), False),
        (Ratio(4.0, 3.0, 5.0), False),
        (Ratio(4, 3.1, 5), True),
    ],
)
def test_more_slices_are_wanted_while_it_may_be_on_either_side(found: Ratio, settles: bool) -> None:
    assert found.settles(3.0) == settles
