"""The kernel's randomness, drawn in pools."""

import collections
import itertools

import pytest

from resolver.real_env_rng import POOL_OCTETS, RealRng


def test_random_bits_are_as_many_as_asked_for() -> None:
    rng = RealRng()
    for bits in (0, 1, 7, 8, 9, 16, 64, 1000):
        drawn = [rng.getrandbits(bits) for _ in range(50)]
        assert all(0 <= number < 1 << bits for number in drawn)
        assert max(drawn).bit_length() > bits - 16


def test_each_number_of_a_range_is_as_likely() -> None:
    rng = RealRng()
    found = collections.Counter(rng.randrange(10, 15) for _ in range(50_000))
    assert sorted(found) == [10, 11, 12, 13, 14]
    assert all(9_000 < count < 11_000 for count in found.values())  # 11 standard deviations


def test_a_range_without_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing lies in"):
        RealRng().randrange(5, 5)


def test_random_is_at_least_0_and_below_1() -> None:
    rng = RealRng()
    drawn = [rng.random() for _ in range(10_000)]
    assert 0 <= min(drawn) < 0.01
    assert 0.99 < max(drawn) < 1


def test_shuffle_gives_each_order_as_often() -> None:
    rng = RealRng()
    orders: collections.Counter[tuple[object, ...]] = collections.Counter()
    for _ in range(60_000):
        cards: list[object] = [1, 2, 3]
        rng.shuffle(cards)
        orders[tuple(cards)] += 1
    assert set(orders) == set(itertools.permutations([1, 2, 3]))
    assert all(9_000 < count < 11_000 for count in orders.values())


def test_no_octet_of_the_pool_is_given_out_twice() -> None:
    rng = RealRng()
    drawn = [rng.getrandbits(64) for _ in range(POOL_OCTETS)]  # eight pools
    assert len(set(drawn)) == len(drawn)


def test_a_draw_larger_than_the_pool() -> None:
    assert RealRng().getrandbits(16 * POOL_OCTETS).bit_length() > 15 * POOL_OCTETS
