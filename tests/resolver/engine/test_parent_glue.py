"""Name servers of which the zone above says another address than their own zone."""

import dns.flags
import pytest

from cache.rrset import RRset
from resolver.engine import Landing
from resolver.engine.zone_servers import MAX_PARENT_GLUE
from resolver.errors import NoReachableAuthority, WorkExhausted
from resolver.iterate.budget import BudgetLimits
from resolver.iterate.options import RecursionOptions
from tests.resolver.engine.fake_network import Behaviour, silent
from tests.resolver.engine.test_descent import ADDRESS_1, address
from tests.resolver.engine.turned import play
from tests.resolver.engine.world import ROOT, Table, World
from tests.resolver.iterate.zone_text import name, question

IN_ZONE, OLD, LIVING = "192.0.2.10", "192.0.2.31", "192.0.2.30"
BROKEN = Table({}, rcodes={"under .": 2})
DELEGATIONS = {
    "under example.": (
        "",
        "example. 3600 NS ns.example.\nexample. 3600 NS ns.other.",
        f"ns.example. 3600 A {IN_ZONE}",
    ),
    "under other.": ("", "other. 3600 NS ns.other.", f"ns.other. 3600 A {LIVING}"),
}


def internet(living: Table, *, old: Table = BROKEN) -> dict[str, Table]:
    """example. is served by ns.example., which is broken, and by ns.other., which the root and other. place differently."""
    return {ROOT: Table(DELEGATIONS), IN_ZONE: BROKEN, OLD: old, LIVING: living}


def living() -> Table:
    return Table(
        {
            "ns.other. A": (f"ns.other. 60 A {OLD}",),
            "www.example. A": ("www.example. 60 A 198.51.100.1",),
            "mail.example. A": ("mail.example. 60 A 198.51.100.1",),
        }
    )


def test_the_parents_address_is_tried_when_the_zones_own_is_dead() -> None:
    async def main() -> None:
        world = World(internet(living()), options=RecursionOptions(ipv6=False, qname_minimisation="off"))
        await world.iterate("ns.other. A")  # the zone's own word, which is believed more than glue
        assert address(await world.iterate("www.example. A")) == ADDRESS_1
        assert world.counts.parent_glue_lookups == 1
        # and again, when the child's own word is in the cache
        assert address(await world.iterate("mail.example. A")) == ADDRESS_1

    play(main)


def test_the_parent_is_not_asked_while_the_zones_own_word_holds() -> None:
    async def main() -> None:
        world = World(internet(living(), old=living()))
        assert address(await world.iterate("www.example. A")) == ADDRESS_1
        assert world.counts.parent_glue_lookups == 0

    play(main)


@pytest.mark.parametrize("wrong", [pytest.param(BROKEN, id="SERVFAIL"), pytest.param(silent, id="silent")])
def test_what_a_name_servers_own_zone_says_is_tried_where_the_glue_for_it_is_wrong(wrong: Behaviour) -> None:
    """The zone above gives an address for a sibling's name server that is not its own any more."""
    asked = Table({"www.example. A": ("www.example. 60 A 198.51.100.1",)})
    other = Table({"ns.other. A": (f"ns.other. 60 A {LIVING}",)})
    above = {
        "under example.": ("", "example. 3600 NS ns.other.", f"ns.other. 3600 A {OLD}"),
        "under other.": ("", "other. 3600 NS ns0.other.", f"ns0.other. 3600 A {IN_ZONE}"),
    }

    async def main() -> None:
        world = World({ROOT: Table(above), OLD: wrong, IN_ZONE: other, LIVING: asked})
        assert address(await world.iterate("www.example. A")) == ADDRESS_1
        assert world.counts.own_address_lookups == 1

    play(main)


def test_nothing_of_it_is_kept() -> None:
    async def main() -> None:
        world = World(internet(living()))
        await world.iterate("www.example. A")
        link = await world.turned.run(world.lookup(question("ns.other. A"), world.new_budget(), Landing()))
        assert isinstance(link, RRset)
        assert link.rdatas == (bytes([192, 0, 2, 31]),)

    play(main)


def test_where_the_parents_address_is_dead_too_the_question_fails_for_the_zone() -> None:
    async def main() -> None:
        world = World(internet(Table({"ns.other. A": (f"ns.other. 60 A {OLD}",)}, rcodes={"under example.": 2})))
        with pytest.raises(NoReachableAuthority, match=r"^example\.: 3x SERVFAIL"):
            await world.iterate("www.example. A")

    play(main)


def test_the_parents_of_a_few_name_servers_only_are_asked() -> None:
    async def main() -> None:
        names = [f"ns{number}.other." for number in range(6)]
        servers = internet(Table({f"{name} A": (f"{name} 60 A {OLD}",) for name in names}, rcodes={"under .": 2}))
        servers[ROOT] = Table(
            {
                "under example.": ("", "\n".join(f"example. 3600 NS {name}" for name in names)),
                "under other.": (
                    "",
                    "\n".join(f"other. 3600 NS {name}" for name in names),
                    "\n".join(f"{name} 3600 A {LIVING}" for name in names),
                ),
            }
        )
        world = World(servers)
        with pytest.raises(NoReachableAuthority):
            await world.iterate("www.example. A")
        assert world.counts.parent_glue_lookups == MAX_PARENT_GLUE

    play(main)


def test_it_is_paid_for_out_of_the_same_budget() -> None:
    async def main() -> None:
        world = World(internet(living()), limits=BudgetLimits(names=0))
        await world.iterate("ns.other. A")
        with pytest.raises(WorkExhausted, match="names"):
            await world.iterate("www.example. A")

    play(main)


@pytest.mark.parametrize("names", [0, 1], ids=["of its own zone", "of the zone above"])
def test_what_was_heard_counts_still_when_no_more_addresses_may_be_looked_for(names: int) -> None:
    """A recursive server's answer is better than nothing, once nobody else is left."""
    servers = internet(living())
    servers[IN_ZONE] = Table({"www.example. A": ("www.example. 60 A 198.51.100.1",)}, flags=dns.flags.RA)

    async def main() -> None:
        world = World(servers, limits=BudgetLimits(names=names))
        await world.iterate("ns.other. A")
        assert address(await world.iterate("www.example. A")) == ADDRESS_1
        assert world.counts.last_resorts == 1

    play(main)


def test_once_enough_look_ups_were_in_vain_there_are_no_others() -> None:
    async def main() -> None:
        world = World(internet(living()), limits=BudgetLimits(in_vain=0))
        await world.iterate("ns.other. A")
        with pytest.raises(NoReachableAuthority):
            await world.iterate("www.example. A")
        assert world.counts.own_address_lookups == world.counts.parent_glue_lookups == 0

    play(main)


def test_what_neither_the_zone_nor_its_parent_says_was_looked_up_in_vain() -> None:
    above = {"under other.": ("", "other. 3600 NS ns0.other.", f"ns0.other. 3600 A {LIVING}")}
    other = {"under other.": ("", "other. 300 SOA ns0.other. host.other. 1 2 3 4 60")}

    async def main() -> None:
        world = World({ROOT: Table(above), LIVING: Table(other)})
        of, waits, budget = name("ns.other."), question("www.example. A"), world.new_budget()
        own = world.iterator._look_ups.find_own(of, name("example."), waits, budget, Landing())
        assert await world.turned.run(own) == []
        assert budget.spent.in_vain == 1
        assert await world.turned.run(world.iterator._find_glue_above(of, waits, budget, Landing())) == []
        assert budget.spent.in_vain == 2
        assert (world.counts.own_address_lookups, world.counts.parent_glue_lookups) == (1, 1)

    play(main)
