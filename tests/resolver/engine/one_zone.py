"""One zone whose servers are asked: what tests of that share."""

from cache.answer import Question
from cache.names import WireName
from resolver.engine import Landing, Means
from resolver.engine.hearing import Heard
from resolver.engine.zone_query import ZoneQuery
from resolver.engine.zone_servers import Finders, ZoneServers
from resolver.env import Address
from resolver.errors import ResolutionFailure
from resolver.iterate.addresses import Take
from resolver.iterate.budget import Budget
from resolver.iterate.delegation import Delegation, Origin
from tests.resolver.engine.fake_network import Behaviour
from tests.resolver.engine.world import Table, World
from tests.resolver.iterate.zone_text import name, question

GOOD, BAD = "192.0.2.10", "192.0.2.11"
WWW = question("www.example. A")
ANSWER = {"www.example. A": ("www.example. 60 A 198.51.100.1",)}


async def no_glue(of: WireName, waiting: Question, budget: Budget, query: Landing) -> list[Address]:
    return []


async def nothing_of_its_own(
    of: WireName, zone: WireName, waiting: Question, budget: Budget, query: Landing
) -> list[Address]:
    return []


async def no_look_up(of: WireName, zone: WireName, within: Budget, query: Landing, take: Take) -> None:
    raise AssertionError(f"{of!r} is looked up")


NOBODY_ELSE = Finders(no_look_up, nothing_of_its_own, no_glue)


def zone_of(
    world: World, *hosts: str, avoided: frozenset[Address] = frozenset(), means: Means | None = None
) -> ZoneServers:
    means = means or world.means
    servers = tuple(Address(host, 53) for host in hosts)
    delegation = Delegation(zone=name("example."), origin=Origin.STUB, servers=servers)
    return ZoneServers(means, NOBODY_ELSE, delegation, *means.book.in_hand(delegation, world.env.now()), avoided)


def query_to(
    world: World,
    servers: ZoneServers,
    *,
    shown: Question = WWW,
    gives_up_early: bool = False,
    means: Means | None = None,
) -> ZoneQuery:
    return ZoneQuery(means or world.means, servers, shown, WWW, world.new_budget(), gives_up_early=gives_up_early)


async def said_by(world: World, query: ZoneQuery) -> Heard | None:
    """Start it and wait until it is over; raises its failure."""
    world.turned.do(query.start)
    await world.turned.run(world.turned.mesh.landed(query))
    if isinstance(query.said, ResolutionFailure):
        raise query.said
    return query.said


async def ask(world: World, *hosts: str, shown: Question = WWW, gives_up_early: bool = False) -> Heard | None:
    query = query_to(world, zone_of(world, *hosts), shown=shown, gives_up_early=gives_up_early)
    return await said_by(world, query)


def delayed(seconds: float) -> Behaviour:
    """GOOD's answers, after so long."""
    table = Table(ANSWER)
    return lambda query, over_tcp: [(seconds, data) for _, data in table(query, over_tcp)]
