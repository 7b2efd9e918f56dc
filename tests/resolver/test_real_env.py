"""The real Env: clocks, randomness, and errors that name their address."""

import errno

import pytest
import trio

from resolver.env import Address, Env
from resolver.real_env import RealEnv


def test_it_is_an_env() -> None:
    env: Env = RealEnv()
    assert env.now() <= env.now()
    assert env.wall() > 1.7e9


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
