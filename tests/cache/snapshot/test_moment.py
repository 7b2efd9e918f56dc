"""How long ago a moment was, whatever was done to the clocks since."""

import pytest

from cache.snapshot import Moment, elapsed

DAY = 86400.0
THEN = Moment(wall=1e9, monotonic=5000.0, boot="one")


@pytest.mark.parametrize(
    ("wall", "monotonic", "boot", "expected"),
    [
        pytest.param(60, 60, "one", 60, id="the daemon was restarted"),
        pytest.param(60, -4000, "two", 60, id="the host was restarted: wall time alone counts"),
        pytest.param(60 - DAY, 60, "one", 60, id="the clock was set back by a day: monotonic time counts"),
        pytest.param(60 + DAY, 60, "one", 60 + DAY, id="the clock was set forward by a day: lives only get shorter"),
        pytest.param(60 - DAY, -4000, "two", None, id="set back by a day while the host was off: nobody can tell"),
        pytest.param(60 + DAY, -4000, "two", 60 + DAY, id="set forward by a day while the host was off"),
        pytest.param(-0.001, -4000, "two", None, id="however little the clock lags: a life would be longer"),
        pytest.param(60, 60, "", 60, id="a host that does not tell its boots apart"),
    ],
)
def test_what_is_believed_is_never_less_than_the_time_that_passed(
    wall: float, monotonic: float, boot: str, expected: float | None
) -> None:
    assert elapsed(THEN, Moment(THEN.wall + wall, THEN.monotonic + monotonic, boot)) == expected


def test_monotonic_times_of_hosts_that_do_not_tell_their_boots_apart_are_not_compared() -> None:
    assert elapsed(Moment(1e9, 5000.0, ""), Moment(1e9 + 1, 9000.0, "")) == 1
