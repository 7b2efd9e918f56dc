"""The real Env: clocks, randomness, and errors that name their address."""

import collections
import errno
import itertools

import pytest
import trio

from resolver.env import Address, Env
from resolver.real_env import POOL_OCTETS, RealEnv, RealRng


def test_it_is_an_env() -> None:
    env: Env = RealEnv()
    assert env.now() <= env.now()
    assert env.wall() > 1.7e9


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


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_an_address_that_is_taken_is_named(transport: str) -> None:
    async def main() -> None:
        network = RealEnv().network
        listen = network.listen_udp if transport == "udp" else network.listen_tcp
        taken = await listen(Address("127.0.0.1", 0))
        with pytest.raises(OSError, match="in use") as caught:
            await listen(taken.address)
        assert (caught.value.errno, caught.value.filename) == (errno.EADDRINUSE, str(taken.address))
        taken.close()
        (await listen(taken.address)).close()

    trio.run(main)


def test_every_kind_of_socket_can_be_made(tmp_path: object) -> None:
    async def main() -> None:
        network = RealEnv().network
        unix = await network.listen_unix(f"{tmp_path}/control")
        await (await network.open_unix(f"{tmp_path}/control")).aclose()
        unix.close()
        tcp = await network.listen_tcp(Address("127.0.0.1", 0))
        await (await network.open_tcp(tcp.address)).aclose()
        tcp.close()
        network.open_udp(Address("127.0.0.1", 53)).close()

    trio.run(main)


def test_two_looks_at_one_boot_see_the_same() -> None:
    assert RealEnv().boot == RealEnv().boot
