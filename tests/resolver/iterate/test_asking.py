"""The servers of one zone."""

import pytest
import trio

from cache.answer import Question
from cache.chain import Link
from cache.names import WireName
from resolver.env import Address
from resolver.errors import CachedFailure, NoReachableAuthority, WorkExhausted
from resolver.iterate.addresses import AddressBook
from resolver.iterate.asking import Means, ZoneServers
from resolver.iterate.budget import Budget, BudgetLimits
from resolver.iterate.classify import Answered
from resolver.iterate.delegation import Delegation, Origin
from resolver.iterate.tries import Heard
from resolver.upstream import Upstream
from resolver.upstream.choose import MAX_SENDS_IN_ZONE
from tests.build import rrset
from tests.resolver.iterate.world import Table, World, play
from tests.resolver.iterate.zone_text import name, question
from tests.resolver.upstream.fake_network import Behaviour, silent

GOOD, BAD = "192.0.2.10", "192.0.2.11"
WWW = question("www.example. A")
ANSWER = {"www.example. A": ("www.example. 60 A 198.51.100.1",)}


async def no_glue(of: WireName, waiting: Question, budget: Budget) -> list[Address]:
    return []


def zone_of(world: World, *hosts: str, avoided: frozenset[Address] = frozenset()) -> ZoneServers:
    upstream = Upstream(world.env, world.servers, world.upstream_counts, trio.lowlevel.spawn_system_task)
    means = Means(
        world.env,
        upstream,
        AddressBook(world.cache, world.options, world.lookup, world.counts),
        world.failures,
        world.counts,
        no_glue,
    )
    servers = tuple(Address(host, 53) for host in hosts)
    delegation = Delegation(zone=name("example."), origin=Origin.STUB, servers=servers)
    return ZoneServers(means, delegation, WWW, world.new_budget(), avoided)


async def ask(world: World, *hosts: str, shown: Question = WWW, gives_up_early: bool = False) -> Heard | None:
    return await zone_of(world, *hosts).ask(shown, gives_up_early=gives_up_early)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(Table({}), id="REFUSED"),
        pytest.param(Table({}, rcodes={"under example.": 2}), id="SERVFAIL"),
        pytest.param(Table({"under example.": ("", "example. 60 NS ns.example.")}), id="lame"),
        pytest.param(silent, id="silent"),
        pytest.param(lambda query, over_tcp: [(0.01, b"")], id="port closed"),
        pytest.param(lambda query, over_tcp: [(0.01, b"\xff" * 99)], id="garbage"),
    ],
)
def test_one_bad_server_of_two_does_no_harm(bad: Behaviour) -> None:
    async def main() -> None:
        for seed in range(6):
            world = World({GOOD: Table(ANSWER), BAD: bad}, seed=seed)
            heard = await ask(world, GOOD, BAD)
            assert heard is not None
            assert isinstance(heard.told, Answered)
            assert heard.server.host == GOOD

    play(main)


def test_a_server_is_not_asked_twice_after_a_useless_reply() -> None:
    async def main() -> None:
        world = World({BAD: Table({})})
        with pytest.raises(NoReachableAuthority, match=r"example\.: 1x REFUSED"):
            await ask(world, BAD)
        assert world.sent == 1

    play(main)


def test_many_silent_servers_are_not_all_waited_for() -> None:
    async def main() -> None:
        world = World({})
        with pytest.raises(NoReachableAuthority):
            await ask(world, *(f"192.0.2.{number}" for number in range(1, 60)))
        assert world.sent <= MAX_SENDS_IN_ZONE
        assert world.env.now() < 5.0

    play(main)


def test_a_shortened_question_is_given_up_at_the_first_useless_reply() -> None:
    async def main() -> None:
        world = World({GOOD: Table(ANSWER)})
        assert await ask(world, GOOD, shown=question("ent.example. A"), gives_up_early=True) is None
        assert world.sent == 1

    play(main)


def test_a_shortened_question_that_is_dropped_is_given_up_after_two_losses() -> None:
    async def main() -> None:
        world = World({})
        assert await ask(world, GOOD, shown=question("ent.example. A"), gives_up_early=True) is None
        assert world.sent == 2

    play(main)


def test_avoided_servers_are_not_asked() -> None:
    async def main() -> None:
        world = World({GOOD: Table(ANSWER)})
        with pytest.raises(NoReachableAuthority, match="no server with an address"):
            await zone_of(world, GOOD, avoided=frozenset({Address(GOOD, 53)})).ask(WWW, gives_up_early=False)
        assert world.sent == 0

    play(main)


def test_a_lame_server_is_remembered_as_such_for_its_zone() -> None:
    async def main() -> None:
        world = World({BAD: Table({"under example.": ("", "example. 60 NS ns.example.")})})
        with pytest.raises(NoReachableAuthority):
            await ask(world, BAD)
        assert name("example.") in world.servers.of(Address(BAD, 53)).lame_zones
        assert world.counts.useless_replies == {"lame referral": 1}

    play(main)


def test_a_question_that_a_server_failed_at_is_not_sent_to_it_again_by_another_client_question() -> None:
    async def main() -> None:
        world = World({})
        with pytest.raises(NoReachableAuthority):
            await ask(world, BAD)
        assert world.sent == 3
        with pytest.raises(CachedFailure, match=r"example\.: failed a short while ago"):
            await ask(world, BAD)
        assert world.sent == 3
        assert world.counts.questions_left_alone == 1
        with pytest.raises(NoReachableAuthority):
            await ask(world, BAD, shown=question("mail.example. A"))

    play(main)


def test_where_a_shortened_question_has_just_failed_the_whole_one_is_asked() -> None:
    async def main() -> None:
        world = World({BAD: Table({"www.example. A": ANSWER["www.example. A"]})})
        shortened = question("example. A")
        assert await ask(world, BAD, shown=shortened, gives_up_early=True) is None
        assert await ask(world, BAD, shown=shortened, gives_up_early=True) is None
        assert world.sent == 1
        assert await ask(world, BAD) is not None

    play(main)


def test_a_server_that_failed_is_passed_over_and_the_others_are_asked() -> None:
    async def main() -> None:
        world = World({GOOD: Table(ANSWER), BAD: Table({})})
        with pytest.raises(NoReachableAuthority):
            await ask(world, BAD)
        for _ in range(6):
            heard = await ask(world, BAD, GOOD)
            assert heard is not None
        assert world.sent == 7

    play(main)


def test_a_reply_that_is_used_as_a_last_resort_is_no_failure_of_its_server() -> None:
    async def main() -> None:
        world = World({BAD: Table(ANSWER, flags=0)})
        for _ in range(3):
            heard = await ask(world, BAD)
            assert heard is not None
        assert world.sent == 3

    play(main)


def delayed(seconds: float) -> Behaviour:
    """GOOD's answers, after so long."""
    table = Table(ANSWER)
    return lambda query, over_tcp: [(seconds, data) for _, data in table(query, over_tcp)]


def test_who_is_late_is_listened_to_when_no_packet_may_be_sent_any_more() -> None:
    async def main() -> None:
        world = World({GOOD: delayed(0.8), BAD: silent}, limits=BudgetLimits(queries=2))
        assert await ask(world, GOOD, BAD) is not None
        assert world.sent == 2
        assert world.env.now() == pytest.approx(0.8)

    play(main)


def test_a_budget_that_ends_before_anybody_answers_is_the_failure() -> None:
    async def main() -> None:
        world = World({}, limits=BudgetLimits(queries=2))
        with pytest.raises(WorkExhausted):
            await ask(world, GOOD, BAD)
        assert world.sent == 2

    play(main)


def test_another_name_server_is_looked_up_while_the_late_one_is_listened_to() -> None:
    async def main() -> None:
        looked_up: list[Question] = []

        async def look_up(asked: Question, budget: Budget) -> Link:
            looked_up.append(asked)
            await trio.sleep(5.0)
            raise NoReachableAuthority("nobody knows")

        world = World({GOOD: delayed(0.6)})
        world.cache.put(rrset(f"ns1.test. 60 A {GOOD}"), 0.0)
        upstream = Upstream(world.env, world.servers, world.upstream_counts, trio.lowlevel.spawn_system_task)
        book = AddressBook(world.cache, world.options, look_up, world.counts)
        means = Means(world.env, upstream, book, world.failures, world.counts, no_glue)
        both = Delegation(
            zone=name("example."), origin=Origin.CACHE, name_servers=(name("ns1.test."), name("ns2.test."))
        )
        servers = ZoneServers(means, both, WWW, world.new_budget(), frozenset())
        heard = await servers.ask(WWW, gives_up_early=False)
        assert heard is not None
        assert world.env.now() == pytest.approx(0.6)
        assert looked_up == [question("ns2.test. A")]
        assert world.sent == 1

    play(main)
