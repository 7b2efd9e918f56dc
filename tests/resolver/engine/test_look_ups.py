"""What is looked up of a name server, and when the addresses that turn up are handed over."""

import pytest

from resolver.engine import Landing
from resolver.env import Address
from resolver.errors import WorkExhausted
from resolver.iterate.budget import Budget, BudgetLimits
from resolver.iterate.options import RecursionOptions
from tests.build import rrset
from tests.resolver.engine.turned import play
from tests.resolver.engine.world import EXAMPLE, RTT, TEST, World, small_internet
from tests.resolver.iterate.zone_text import name, question

BOTH = RecursionOptions()


async def look_up(
    world: World, of: str, budget: Budget | None = None, query: Landing | None = None
) -> list[list[Address]]:
    """Each lot of addresses that turned up."""
    return [found for _, found in await timed_look_up(world, of, budget, query)]


async def timed_look_up(
    world: World, of: str, budget: Budget | None = None, query: Landing | None = None
) -> list[tuple[float, list[Address]]]:
    """And when it did."""
    lots: list[tuple[float, list[Address]]] = []
    within = budget or world.new_budget()
    await world.turned.run(
        world.iterator._look_ups.find(
            name(of), name("z."), within, query or Landing(), lambda found: lots.append((world.env.now(), found))
        )
    )
    return lots


NS_TEST = Address("192.0.2.20", 53)


def test_the_referral_to_its_zone_tells_the_address_before_the_zone_does() -> None:
    async def main() -> None:
        world = World(small_internet())
        times = [at for at, _ in await timed_look_up(world, "ns.test.")]
        assert times == pytest.approx([RTT, 2 * RTT])

    play(main)


def test_glue_ends_only_the_looks_for_its_own_names() -> None:
    async def main() -> None:
        world = World(small_internet())
        await world.iterate("ns.test. A")
        assert await look_up(world, "ns.example.") == [[Address("192.0.2.10", 53)]] * 2
        assert world.means.book.known(name("ns.test."), world.env.now()) == [NS_TEST]

    play(main)


@pytest.mark.parametrize(
    ("served", "lots"),
    [
        pytest.param({"ns.test. A": ("ns.test. 60 A 192.0.2.20",)}, [["192.0.2.20"]], id="IPv4"),
        pytest.param({"ns.test. AAAA": ("ns.test. 60 AAAA 2001:db8::20",)}, [["2001:db8::20"]], id="IPv6"),
        pytest.param(
            {"ns.test. A": ("ns.test. 60 A 192.0.2.20",), "ns.test. AAAA": ("ns.test. 60 AAAA 2001:db8::20",)},
            [["192.0.2.20"], ["2001:db8::20"]],
            id="both, one after the other",
        ),
        pytest.param({}, [], id="none"),
    ],
)
def test_what_is_found_of_one_family_does_not_end_the_look_for_the_other(
    served: dict[str, tuple[str, ...]], lots: list[list[str]]
) -> None:
    async def main() -> None:
        internet = small_internet()
        for qtype in ("A", "AAAA"):
            internet[TEST].said.pop(f"ns.test. {qtype}", None)
        internet[TEST].said.update(served)
        world = World(internet, options=BOTH)
        told = await look_up(world, "ns.test.")
        assert told == [[NS_TEST], *([Address(host, 53) for host in lot] for lot in lots)], "the referral's, and these"
        assert {"ns.test. A", "ns.test. AAAA"} <= set(internet[TEST].asked)

    play(main)


def test_what_is_found_when_nobody_needs_it_any_more_was_not_in_vain() -> None:
    """Else five such look-ups end a question of which each zone had a server that answered sooner."""

    async def main() -> None:
        internet = small_internet()
        world = World(internet, options=BOTH)
        query = Landing()
        query.land()
        assert await look_up(world, "www.example.", query=query) == [[Address("198.51.100.1", 53)]]
        assert "www.example. AAAA" not in internet[EXAMPLE].asked

    play(main)


async def own(world: World, of: str, budget: Budget, query: Landing) -> list[Address]:
    return await world.turned.run(
        world.iterator._look_ups.find_own(name(of), name("z."), question("www.z. A"), budget, query)
    )


def test_what_is_broken_off_was_not_in_vain() -> None:
    """Nobody knows what the other family would have brought."""

    async def main() -> None:
        for is_over, in_vain in ((True, 0), (False, 1)):
            internet = small_internet()
            del internet[TEST].said["ns.test. A"]
            internet[TEST].said["under ns.test."] = ("", "test. 300 SOA ns.test. host.test. 1 2 3 4 60")
            world, query = World(internet, options=BOTH), Landing()
            if is_over:
                query.land()
            budget = world.new_budget()
            assert await own(world, "ns.test.", budget, query) == []
            assert budget.spent.in_vain == in_vain

    play(main)


def test_a_last_resort_that_may_not_begin_asks_nobody() -> None:
    async def main() -> None:
        world = World(small_internet(), limits=BudgetLimits(names=0))
        with pytest.raises(WorkExhausted, match="names"):
            await own(world, "ns.test.", world.new_budget(), Landing())
        circle = world.new_budget().sub(question("www.z. A"))
        assert await own(world, "ns.test.", circle, Landing()) == []
        assert world.sent == 0

    play(main)


def test_of_a_family_that_the_cache_holds_nothing_is_asked() -> None:
    async def main() -> None:
        internet = small_internet()
        world = World(internet, options=BOTH)
        world.cache.put(rrset("ns.test. 60 AAAA 2001:db8::20"), 0.0)
        assert (await look_up(world, "ns.test."))[1:] == [[NS_TEST]]
        assert "ns.test. AAAA" not in internet[TEST].asked

    play(main)


def test_a_look_up_that_waits_for_itself_finds_nothing() -> None:
    async def main() -> None:
        world = World(small_internet())
        within = world.new_budget().sub(question("ns.test. A"))
        assert await look_up(world, "ns.test.", within) == []
        assert world.counts.cycles == 1
        assert world.sent == 0

    play(main)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param("alias.example.", [[Address("198.51.100.2", 53)]], id="one alias"),
        pytest.param("second.example.", [[Address("198.51.100.2", 53)]], id="two aliases"),
        pytest.param("third.example.", [], id="three aliases"),
        pytest.param("round.example.", [], id="an alias of itself"),
    ],
)
def test_a_name_server_that_is_an_alias_has_the_addresses_at_its_end(asked: str, found: list[list[Address]]) -> None:
    """RFC 2181 §10.3 forbids it, and who refuses to follow leaves the zone in the dark."""

    async def main() -> None:
        servers = small_internet()
        servers[EXAMPLE].said.update(
            {
                "second.example. A": ("second.example. 600 CNAME alias.example.",),
                "third.example. A": ("third.example. 600 CNAME second.example.",),
                "round.example. A": ("round.example. 600 CNAME round.example.",),
            }
        )
        world = World(servers)
        assert await look_up(world, asked) == found

    play(main)


def test_an_alias_that_leads_to_who_waits_for_it_finds_nothing() -> None:
    async def main() -> None:
        world = World(small_internet())
        within = world.new_budget().sub(question("www.test. A"))
        assert await look_up(world, "alias.example.", within) == []
        assert world.counts.cycles == 1

    play(main)
