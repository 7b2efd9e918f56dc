"""A daemon asks itself before it says that it answers."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest
import trio
import trio.testing

from internal_zones import StateOptions
from resolver.daemon.parts import Parts, make_parts
from resolver.daemon.self_test import LOOPBACK, answers, faults_of_successor
from resolver.env import Address, Env
from resolver.options import Options
from tests.build import rrset
from tests.resolver.daemon.alone import ALONE, HINTS, HOST, simulated, with_daemon


def with_parts(test: Callable[[Parts], Awaitable[None]], options: Options = ALONE) -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            parts = make_parts(options, simulated(LOOPBACK.host), HINTS, nursery)
            await nursery.start(parts.env.drive, parts.mesh)
            await test(parts)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_daemon_that_answers_may_take_over_and_its_cache_is_asked_too() -> None:
    async def test(parts: Parts) -> None:
        parts.memory.cache.put(rrset("www.example. 3600 A 192.0.2.1", parts.env.now()), parts.env.now())
        assert await faults_of_successor(parts, ()) == ()
        assert parts.counts.service.queries_udp == 2

    with_parts(test)


def test_one_whose_state_database_is_unwell_may_not_unless_that_of_the_other_was_too() -> None:
    async def test(parts: Parts) -> None:
        assert await faults_of_successor(parts, ()) == ("state database: starting",)
        assert await faults_of_successor(parts, ("state database: missing",)) == ()

    with_parts(test, msgspec.structs.replace(ALONE, state=StateOptions(database="/nonexistent")))


@pytest.mark.parametrize(("port", "expected"), [(53, True), (54, False)])
def test_an_address_answers_or_does_not(port: int, expected: bool) -> None:
    async def test(env: Env, address: Address, draining: trio.Event) -> None:
        assert await answers(env, Address(HOST, port)) is expected

    with_daemon(test)
