"""The addresses at which the daemon answers, opened and closed while it runs."""

from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from resolver.daemon.doors import Doors
from resolver.daemon.parts import make_parts
from resolver.env import Address, Network
from tests.resolver.daemon.alone import ALONE, HINTS, HOST, simulated
from tests.simulation.client import Client

FIRST, SECOND = f"{HOST}:53", f"{HOST}:5353"


def with_doors(test: Callable[[Doors, Network], Awaitable[None]]) -> None:
    async def main() -> None:
        env = simulated()
        async with trio.open_nursery() as nursery:
            parts = make_parts(ALONE, env, HINTS, nursery)
            await nursery.start(env.drive, parts.mesh)
            await test(Doors(env.network, parts.handler, parts.mesh, parts.connections, nursery), env.network)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_an_opened_address_is_answered_once_it_is_served_and_a_drained_one_no_more() -> None:
    async def test(doors: Doors, network: Network) -> None:
        doors.serve(await doors.open((FIRST, SECOND)))
        assert doors.addresses == (Address(HOST, 53), Address(HOST, 5353))
        for port in (53, 5353):
            assert await Client(network, Address(HOST, port)).ask("localhost")
        doors.drain(frozenset({FIRST}))
        await trio.sleep(5)
        assert doors.texts == {SECOND}
        assert await Client(network, Address(HOST, 5353)).ask("localhost")
        again = await network.listen_udp(Address(HOST, 53))
        again.close()
        doors.drain()
        assert not doors.texts

    with_doors(test)


def test_all_addresses_are_opened_or_none() -> None:
    async def test(doors: Doors, network: Network) -> None:
        taken = await network.listen_tcp(Address(HOST, 5353))
        with pytest.raises(OSError):
            await doors.open((FIRST, SECOND))
        free = await network.listen_udp(Address(HOST, 53))
        free.close()
        taken.close()

    with_doors(test)
