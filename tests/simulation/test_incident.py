"""The incident that Cistern was born from: a good alias, and a target that fails for a moment. Scenarios 1 to 9.

S is the server of src.test, which holds the alias; D that of dst.test, which holds the target.
"""

from collections.abc import Awaitable, Callable

import pytest
import trio
from dns.edns import EDECode
from dns.message import Message

from cache.options import StaleOptions
from resolver.demo.behaviour import Behaviour, Fails, Silent
from tests.simulation.deterministic import run
from tests.simulation.invariants import extended_errors, violations
from tests.simulation.world import World, open_world

S, D = "src", "dst"
ALIAS = "alias.src.test"
UNREACHABLE = {EDECode.NO_REACHABLE_AUTHORITY, EDECode.NETWORK_ERROR}
NO_STALE = StaleOptions(enabled=False)
FAILURE_TTL = 5.0  # s, of the first failure in a row


def in_a_world(scenario: Callable[[World], Awaitable[None]], stale: StaleOptions | None = None) -> None:
    async def main() -> None:
        async with open_world(stale=stale) as world:
            await scenario(world)

    run(main)


async def ask(world: World, qname: str = ALIAS) -> Message:
    reply = await world.ask(qname)
    assert list(violations(reply, world.published, trio.current_time())) == []
    return reply


def shown(reply: Message) -> list[str]:
    """The reply in a line: the RCODE, then each record without its owner and class."""
    records = [f"{rrset.ttl} {rrset.rdtype.name} {rdata.to_text()}" for rrset in reply.answer for rdata in rrset]
    return [reply.rcode().name, *records]


@pytest.mark.parametrize(
    "fault", [Fails("SERVFAIL"), Fails("REFUSED"), Silent()], ids=["SERVFAIL", "REFUSED", "silence"]
)
def test_a_failed_target_is_servfail_and_once_healed_one_query_to_its_server_mends_the_answer(fault: Behaviour) -> None:
    """Scenarios 1 and 2."""

    async def scenario(world: World) -> None:
        world.break_server(D, fault)
        reply = await ask(world)
        assert reply.rcode().name == "SERVFAIL"
        assert UNREACHABLE & set(extended_errors(reply))
        broken_at = trio.current_time()

        world.heal_server(D)
        await trio.sleep_until(broken_at + FAILURE_TTL + 1)
        world.forget_asked()
        reply = await ask(world)
        # the alias is the one of the beginning: its TTL has gone on
        age = 86400 - reply.answer[0].ttl
        assert 6 <= age <= 12
        assert shown(reply) == ["NOERROR", f"{86400 - age} CNAME www.dst.test.", "300 A 198.51.100.1"]
        assert (world.times_asked(S), world.times_asked(D)) == (0, 1)

    in_a_world(scenario)


def test_a_failed_target_is_not_asked_again_by_every_client() -> None:
    """Scenario 3."""

    async def scenario(world: World) -> None:
        world.break_server(D, Fails())
        await ask(world)
        world.forget_asked()
        for _ in range(100):
            reply = await ask(world)
            assert reply.rcode().name == "SERVFAIL"
            assert EDECode.CACHED_ERROR in extended_errors(reply)
            await trio.sleep(FAILURE_TTL / 110)
        assert world.times_asked(D) <= 3
        assert world.times_asked(S) == 0

    in_a_world(scenario)


def test_clients_that_ask_together_share_the_failure() -> None:
    async def scenario(world: World) -> None:
        world.break_server(D, Silent())
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(ask, world)
        assert world.times_asked(S) == 1
        assert world.times_asked(D) <= 10

    in_a_world(scenario)


def test_a_silent_server_costs_its_own_names_only_and_no_longer_than_the_deadline() -> None:
    """Scenario 4."""

    async def scenario(world: World) -> None:
        await ask(world, "www.right.example")
        world.break_server(D, Silent())
        began = trio.current_time()

        async def others() -> None:
            for qname in ("www.left.test", "www.right.example", "www.wild.test", "short.left.test"):
                asked = trio.current_time()
                assert (await ask(world, qname)).rcode().name == "NOERROR"
                assert trio.current_time() - asked < 0.5

        async with trio.open_nursery() as nursery:
            nursery.start_soon(others)
            reply = await ask(world)
        assert reply.rcode().name == "SERVFAIL"
        assert trio.current_time() - began < 10

    in_a_world(scenario, NO_STALE)


def test_an_expired_target_is_served_stale_behind_a_fresh_alias() -> None:
    """Scenario 5."""

    async def scenario(world: World) -> None:
        await ask(world)
        await trio.sleep(301)
        world.break_server(D)
        began = trio.current_time()
        reply = await ask(world)
        assert trio.current_time() - began <= 1.85
        age = round(trio.current_time())
        assert shown(reply) == ["NOERROR", f"{86400 - age} CNAME www.dst.test.", "30 A 198.51.100.1"]
        assert EDECode.STALE_ANSWER in extended_errors(reply)

    in_a_world(scenario)


def test_a_stale_alias_leads_to_a_fresh_target() -> None:
    """Scenarios 6 and 7: only the link that fails is stale, and only the link that is missing is asked for."""

    async def scenario(world: World) -> None:
        world.publish("alias.src.test. 3600 CNAME www.dst.test.")
        await ask(world)
        await trio.sleep(3600 + 10)
        world.break_server(S)
        world.publish("www.dst.test. 300 A 198.51.100.102")
        reply = await ask(world)
        assert shown(reply) == ["NOERROR", "30 CNAME www.dst.test.", "300 A 198.51.100.102"]
        assert EDECode.STALE_ANSWER in extended_errors(reply)
        world.forget_asked()
        await trio.sleep(5)
        assert shown(await ask(world)) == ["NOERROR", "30 CNAME www.dst.test.", "295 A 198.51.100.102"]
        assert world.times_asked(D) == 0

    in_a_world(scenario)


def test_a_stale_alias_to_a_target_that_is_gone_is_nxdomain() -> None:
    """Scenario 8."""

    async def scenario(world: World) -> None:
        await ask(world, "ghost.src.test")
        await trio.sleep(3600 + 10)
        world.break_server(S)
        reply = await ask(world, "ghost.src.test")
        assert shown(reply) == ["NXDOMAIN", "30 CNAME nothing.dst.test."]
        assert reply.authority[0].name.to_text() == "dst.test."

    in_a_world(scenario)


def test_a_fresh_nxdomain_is_never_hidden_by_an_old_address() -> None:
    """Scenario 9."""

    async def scenario(world: World) -> None:
        await ask(world)
        await trio.sleep(301)
        world.withdraw("www.dst.test.", "A")
        world.withdraw("www.dst.test.", "TXT")
        assert (await ask(world)).rcode().name == "NXDOMAIN"
        world.break_server(D)
        await trio.sleep(20)
        reply = await ask(world)
        assert shown(reply) == ["NXDOMAIN", f"{reply.answer[0].ttl} CNAME www.dst.test."]

    in_a_world(scenario)
