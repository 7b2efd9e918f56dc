"""Every TTL is computed in one place."""

import pytest

from cache.options import CacheOptions
from cache.ttl import clamp, negative_ttl, remaining, shown_ttl, with_proof
from tests.build import FOREVER, replace, rrset


@pytest.mark.parametrize(
    ("ttl", "options", "expected"),
    [
        pytest.param(60, CacheOptions(), 60, id="within"),
        pytest.param(90_000, CacheOptions(), 86400, id="over the cap"),
        pytest.param(0, CacheOptions(), 0, id="0 stays 0"),
        pytest.param(0, CacheOptions(min_ttl=5), 5, id="0 is raised when told to"),
        pytest.param(3, CacheOptions(min_ttl=5), 5, id="under the minimum"),
        pytest.param(100, CacheOptions(max_ttl=10), 10, id="a configured cap"),
    ],
)
def test_a_ttl_is_kept_within_its_bounds(ttl: int, options: CacheOptions, expected: int) -> None:
    assert clamp(ttl, options) == expected


def test_what_is_proven_lives_no_longer_than_its_proof() -> None:
    address = rrset("x.example. 60 A 192.0.2.1", 100.0)
    short, long = rrset("a.example. 20 NSEC z.example. A", 90.0), rrset("b.example. 600 NSEC z.example. A", 100.0)
    proven = with_proof(address, (short, long))
    assert (proven.proof, proven.ttl, proven.expires) == ((short, long), 20, 110.0)
    assert with_proof(address, (long,)) == replace(address, proof=(long,))


def soa(minimum: int) -> bytes:
    return rrset(f"example. 60 SOA ns.example. admin.example. 1 2 3 4 {minimum}").rdatas[0]


@pytest.mark.parametrize(
    ("soa_ttl", "rdata", "options", "expected"),
    [
        pytest.param(300, soa(60), CacheOptions(), 60, id="MINIMUM is less"),
        pytest.param(30, soa(60), CacheOptions(), 30, id="the SOA's TTL is less"),
        pytest.param(86400, soa(86400), CacheOptions(), 3600, id="over the cap"),
        pytest.param(0, soa(60), CacheOptions(min_negative_ttl=10), 10, id="under the minimum"),
        pytest.param(60, soa(0), CacheOptions(), 0, id="MINIMUM of 0"),
        pytest.param(300, soa(0)[:-4] + b"\x80\0\0\1", CacheOptions(), 300, id="top bit set"),
        pytest.param(300, soa(61), CacheOptions(), 61, id="an odd MINIMUM"),
        pytest.param(300, bytes(21) + b"\x3c", CacheOptions(), 60, id="the shortest SOA, of the root's name twice"),
        pytest.param(300, b"", CacheOptions(min_negative_ttl=10), 0, id="no SOA's rdata"),
        pytest.param(300, soa(60)[-20:], CacheOptions(), 0, id="an SOA without names"),
    ],
)
def test_the_lesser_of_ttl_and_minimum_bounds_a_denial(
    soa_ttl: int, rdata: bytes, options: CacheOptions, expected: int
) -> None:
    assert negative_ttl(soa_ttl, rdata, options) == expected


@pytest.mark.parametrize(
    ("expires", "expected"),
    [(160.0, 60), (159.6, 60), (159.5, 60), (159.4, 59), (100.2, 0), (100.0, 0), (40.0, 0)],
)
def test_the_rest_is_rounded_to_the_nearest_second(expires: float, expected: int) -> None:
    assert remaining(expires, 100.0) == expected


@pytest.mark.parametrize(
    ("ttl", "now", "expected"),
    [
        pytest.param(60, 0.0, 60, id="just received"),
        pytest.param(60, 20.4, 40, id="counted down"),
        pytest.param(60, 59.9, 0, id="its last moment"),
        pytest.param(60, 60.0, 30, id="expired"),
        pytest.param(1, 2.0, 30, id="a short TTL, expired (scenario 14)"),
        pytest.param(0, 0.0, 0, id="TTL 0"),
        pytest.param(0, 9.0, 0, id="TTL 0 is never stale"),
    ],
)
def test_a_client_sees_what_is_left_or_the_stale_ttl(ttl: int, now: float, expected: int) -> None:
    assert shown_ttl(rrset(f"www.example. {ttl} A 192.0.2.1"), now, 30) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(100.0, 30, id="long before"),
        pytest.param(370.0, 30, id="just as long before"),
        pytest.param(380.0, 20, id="shortly before"),
        pytest.param(380.4, 20, id="rounded to the nearest"),
        pytest.param(399.9, 1, id="its last moment"),
    ],
)
def test_stale_data_is_not_shown_past_its_lease(now: float, expected: int) -> None:
    assert shown_ttl(rrset("www.example. 60 A 192.0.2.1", lease=400.0), now, 30) == expected


def test_local_data_does_not_count_down() -> None:
    local = replace(rrset("www.example. 5 A 192.0.2.1"), expires=FOREVER)
    assert shown_ttl(local, 1e6, 30) == 5
