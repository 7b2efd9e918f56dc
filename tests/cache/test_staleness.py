"""The timers of RFC 8767."""

import pytest

from cache.options import StaleOptions
from cache.rrset import Entry, Security
from cache.staleness import Freshness, freshness, is_due
from tests.build import FOREVER, denial, replace, rrset

FRESH, DUE, STALE, GONE = Freshness.FRESH, Freshness.DUE, Freshness.STALE, Freshness.GONE
A = "www.example. 100 A 192.0.2.1"


@pytest.mark.parametrize(
    ("entry", "now", "expected"),
    [
        pytest.param(rrset(A), 0.0, FRESH, id="just received"),
        pytest.param(rrset(A), 90.0, FRESH, id="a tenth is left"),
        pytest.param(rrset(A), 90.5, DUE, id="less than a tenth is left"),
        pytest.param(rrset(A), 99.9, DUE, id="its last moment"),
        pytest.param(rrset(A), 100.0, STALE, id="expired"),
        pytest.param(rrset(A), 3699.0, STALE, id="a second before max_stale"),
        pytest.param(rrset(A), 3700.0, GONE, id="max_stale is over"),
        pytest.param(rrset(A, lease=150.0), 149.0, STALE, id="before its lease ends"),
        pytest.param(rrset(A, lease=150.0), 150.0, GONE, id="its lease is over"),
        pytest.param(rrset(A, lease=50.0), 50.0, GONE, id="a lease that cut its TTL"),
        pytest.param(rrset("www.example. 0 A 192.0.2.1"), 0.0, GONE, id="TTL 0 is never stale"),
        pytest.param(rrset("www.example. 1 A 192.0.2.1"), 2.0, STALE, id="a TTL of one second may be"),
        pytest.param(rrset(A, security=Security.BOGUS), 101.0, GONE, id="bogus is never stale"),
        pytest.param(denial("x.example. NXDOMAIN"), 61.0, STALE, id="a denial"),
    ],
)
def test_freshness(entry: Entry, now: float, expected: Freshness) -> None:
    assert freshness(entry, now, StaleOptions(max_stale=3600)) is expected


def test_nothing_is_stale_when_that_is_switched_off() -> None:
    assert freshness(rrset(A), 101.0, StaleOptions(enabled=False)) is GONE


def test_local_data_is_always_fresh() -> None:
    assert freshness(replace(rrset(A), expires=FOREVER), 1e9, StaleOptions()) is FRESH


@pytest.mark.parametrize(
    ("now", "expected"),
    [(0.0, False), (90.0, False), (90.1, True), (99.9, True), (100.0, False), (200.0, False)],
)
def test_only_what_is_fresh_is_due(now: float, expected: bool) -> None:
    assert is_due(rrset(A), now) is expected


def test_what_its_lease_ends_is_not_due_since_fetching_it_would_gain_nothing() -> None:
    assert not is_due(rrset(A, lease=95.0), 94.0)
    assert not is_due(rrset(A, lease=5.0), 1.0)
    assert is_due(rrset(A, lease=101.0), 94.0)
