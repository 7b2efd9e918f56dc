"""Which servers a zone has: whose addresses are looked up meanwhile."""

from collections.abc import Iterable

import dns.flags
import dns.message
import pytest
import trio

from cache.answer import Question
from cache.names import WireName
from resolver.engine import Landing
from resolver.engine.hearing import Heard
from resolver.engine.zone_servers import Finders, ZoneServers
from resolver.env import Address
from resolver.errors import NoReachableAuthority, WorkExhausted
from resolver.iterate.addresses import Take
from resolver.iterate.budget import Budget, BudgetLimits
from resolver.iterate.delegation import Delegation, Origin
from resolver.iterate.options import RecursionOptions
from resolver.upstream.learning import GUESS
from tests.build import rrset
from tests.resolver.engine.fake_network import Behaviour, Said
from tests.resolver.engine.one_zone import (
    ANSWER,
    BAD,
    GOOD,
    NOBODY_ELSE,
    delayed,
    no_glue,
    nothing_of_its_own,
    query_to,
    said_by,
    zone_of,
)
from tests.resolver.engine.turned import play
from tests.resolver.engine.world import Table, World
from tests.resolver.iterate.zone_text import name


def test_avoided_servers_are_not_asked() -> None:
    async def main() -> None:
        world = World({GOOD: Table(ANSWER)})
        with pytest.raises(NoReachableAuthority, match="no server with an address"):
            await said_by(world, query_to(world, zone_of(world, GOOD, avoided=frozenset({Address(GOOD, 53)}))))
        assert world.sent == 0

    play(main)


@pytest.mark.parametrize(
    ("records", "twin"),
    [
        pytest.param(("A 192.0.2.10", "AAAA 2001:db8::10"), "2001:db8::10", id="one over each family"),
        pytest.param(("A 192.0.2.10",), None, id="only one"),
        pytest.param(("A 192.0.2.10", "A 192.0.2.11"), None, id="two over one family: two servers, perhaps"),
        pytest.param(
            ("A 192.0.2.10", "A 192.0.2.11", "AAAA 2001:db8::10"), None, id="more than one: which belongs to it?"
        ),
    ],
)
def test_a_twin_is_the_same_name_server_over_the_other_family(records: tuple[str, ...], twin: str | None) -> None:
    async def main() -> None:
        world = World({}, options=RecursionOptions())
        for rtype in ("A ", "AAAA "):
            lines = [f"ns.example. 60 {record}" for record in records if record.startswith(rtype)]
            assert not lines or world.cache.put(rrset("\n".join(lines), world.env.now()), world.env.now())
        other = rrset("ns2.example. 60 AAAA 2001:db8::99", world.env.now())
        assert world.cache.put(other, world.env.now())
        names = (name("ns2.example."), name("ns.example."))
        delegation = Delegation(zone=name("example."), origin=Origin.CACHE, name_servers=names)
        in_hand = world.means.book.in_hand(delegation, world.env.now())
        servers = ZoneServers(world.means, NOBODY_ELSE, delegation, *in_hand, frozenset())
        found = servers.twin_of(Address("192.0.2.10", 53))
        assert (None if found is None else found.server.host) == twin
        assert servers.twin_of(Address("2001:db8::99", 53)) is None

    play(main)


SLOW, DEAD, QUICK = name("ns.slow."), name("ns.dead."), name("ns.quick.")


class Seeker:
    """A world in which example.'s name servers are looked up: of each name, after so many seconds, this address or none."""

    def __init__(self, world: World, found: dict[WireName, tuple[float, str]]) -> None:
        self.world = world
        self.asked: list[WireName] = []
        self._found = found

    async def ask(self, *name_servers: WireName, avoided: frozenset[Address] = frozenset()) -> Heard | None:
        world = self.world
        delegation = Delegation(zone=name("example."), origin=Origin.CACHE, name_servers=name_servers)
        in_hand = world.means.book.in_hand(delegation, world.env.now())
        finders = Finders(self._look_up, nothing_of_its_own, no_glue)
        return await said_by(world, query_to(world, ZoneServers(world.means, finders, delegation, *in_hand, avoided)))

    async def _look_up(self, of: WireName, zone: WireName, within: Budget, query: Landing, take: Take) -> None:
        self.asked.append(of)
        seconds, host = self._found[of]
        await self.world.turned.mesh.sleep(seconds)
        if host:
            take([Address(host, 53)])


def test_the_first_address_that_is_found_ends_the_wait_for_the_others() -> None:
    async def main() -> None:
        for seed in range(4):
            seeker = Seeker(World({GOOD: delayed(0.1)}, seed=seed), {DEAD: (9.0, ""), QUICK: (0.2, GOOD)})
            began = seeker.world.env.now()
            assert await seeker.ask(DEAD, QUICK) is not None
            assert seeker.world.env.now() - began == pytest.approx(0.3)
            assert sorted(seeker.asked) == sorted([DEAD, QUICK])

    play(main)


def test_a_query_that_is_dropped_while_it_looks_up_begins_nothing_more() -> None:
    """When the daemon ends, what waits is dropped where it waits; a parent asked from there would be left unasked."""

    async def main() -> None:
        world = World({})
        seeker = Seeker(world, {DEAD: (9.0, "")})
        asked: list[WireName] = []

        async def above(of: WireName, waiting: Question, budget: Budget, query: Landing) -> list[Address]:
            asked.append(of)
            return []

        delegation = Delegation(zone=name("example."), origin=Origin.CACHE, name_servers=(DEAD,))
        in_hand = world.means.book.in_hand(delegation, world.env.now())
        finders = Finders(seeker._look_up, nothing_of_its_own, above)
        servers = ZoneServers(world.means, finders, delegation, *in_hand, frozenset())
        query = query_to(world, servers)
        looking = servers._look_up(DEAD, world.new_budget(), query, query._advance)

        def begin() -> None:
            world.turned.mesh.start(looking, "a look-up")

        world.turned.do(begin)
        looking.close()
        world.turned.do(lambda: None)
        assert asked == []
        assert not query.is_over

    play(main)


def test_two_are_looked_up_at_a_time_and_five_in_vain() -> None:
    async def main() -> None:
        names = [name(f"ns.{letter}.") for letter in "abcdefgh"]
        seeker = Seeker(World({}), dict.fromkeys(names, (1.0, "")))
        with pytest.raises(NoReachableAuthority, match="no server with an address"):
            await seeker.ask(*names)
        assert len(seeker.asked) == 5
        assert seeker.world.env.now() == pytest.approx(3.0)
        assert seeker.world.counts.address_lookups_failed == 5

    play(main)


def test_another_name_server_is_looked_up_while_the_late_one_is_listened_to() -> None:
    async def main() -> None:
        seeker = Seeker(World({GOOD: delayed(0.6)}), {DEAD: (5.0, "")})
        seeker.world.cache.put(rrset(f"ns.slow. 60 A {GOOD}"), 0.0)
        assert await seeker.ask(SLOW, DEAD) is not None
        assert seeker.world.env.now() == pytest.approx(0.6)
        assert seeker.asked == [DEAD]
        assert seeker.world.sent == 1

    play(main)


def test_a_lost_packet_is_sent_again_although_a_look_up_goes_on() -> None:
    async def main() -> None:
        seeker = Seeker(World({GOOD: silent_at_first(Table(ANSWER))}), {DEAD: (9.0, "")})
        seeker.world.cache.put(rrset(f"ns.slow. 60 A {GOOD}"), 0.0)
        assert await seeker.ask(SLOW, DEAD) is not None
        assert seeker.world.env.now() < 1.5
        assert seeker.world.sent == 2

    play(main)


def test_who_is_found_while_the_known_one_is_late_is_asked_at_once() -> None:
    async def main() -> None:
        seeker = Seeker(World({GOOD: delayed(0.1)}), {QUICK: (0.2, GOOD)})
        seeker.world.cache.put(rrset(f"ns.dead. 60 A {BAD}"), 0.0)
        assert await seeker.ask(DEAD, QUICK) is not None
        assert seeker.world.env.now() == pytest.approx(GUESS + 0.2 + 0.1)

    play(main)


def test_what_has_become_known_meanwhile_is_not_looked_up() -> None:
    async def main() -> None:
        world = World({BAD: Table({}), GOOD: Table(ANSWER)})
        seeker = Seeker(world, {})
        world.cache.put(rrset(f"ns.dead. 60 A {BAD}"), 0.0)
        trio.lowlevel.spawn_system_task(put_later, world, f"ns.quick. 60 A {GOOD}")
        assert await seeker.ask(DEAD, QUICK) is not None
        assert seeker.asked == []

    play(main)


def test_whose_address_has_become_known_and_is_to_be_avoided_is_no_help() -> None:
    async def main() -> None:
        world = World({})
        seeker = Seeker(world, {DEAD: (1.0, ""), QUICK: (1.0, "")})
        trio.lowlevel.spawn_system_task(put_later, world, f"ns.quick. 60 A {BAD}")
        with pytest.raises(NoReachableAuthority, match="no server with an address"):
            await seeker.ask(QUICK, DEAD, avoided=frozenset({Address(BAD, 53)}))
        assert set(seeker.asked) <= {DEAD, QUICK}

    play(main)


def test_a_look_up_beyond_the_budget_is_the_failure_when_nobody_else_is_left() -> None:
    async def main() -> None:
        seeker = Seeker(World({}, limits=BudgetLimits(names=1)), dict.fromkeys((DEAD, QUICK), (0.1, "")))
        with pytest.raises(WorkExhausted, match="names"):
            await seeker.ask(DEAD, QUICK)
        assert len(seeker.asked) == 1

    play(main)


def test_a_fault_of_a_look_up_is_reported_and_ends_it_alone() -> None:
    async def main() -> None:
        world, faults = World({GOOD: delayed(0.1)}), list[str]()
        world.turned.mesh.report = lambda doing, fault: faults.append(f"{doing}: {fault!r}")
        seeker = Seeker(world, {QUICK: (0.5, GOOD)})  # of the other name nothing is known here: KeyError
        assert await seeker.ask(DEAD, QUICK) is not None
        assert faults == [f"look-up of a name server: {KeyError(DEAD)!r}"]
        assert world.counts.address_lookups_failed == 1

    play(main)


async def put_later(world: World, record: str) -> None:
    await trio.sleep(0.01)
    world.cache.put(rrset(record), world.env.now())


def silent_at_first(table: Table) -> Behaviour:
    """Does not hear the first query."""
    heard: list[int] = []

    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        heard.append(1)
        return table(query, over_tcp) if len(heard) > 1 else ()

    return behave
