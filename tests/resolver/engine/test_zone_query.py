"""The servers of one zone."""

from collections.abc import Callable, Iterable
from math import inf
from random import Random
from typing import Never

import dns.flags
import dns.message
import pytest
import trio

from cache.answer import Question
from cache.names import WireName
from resolver.engine import Landing, Means
from resolver.engine.zone_query import MAX_LINGERING, Finders, ZoneQuery, ZoneServers
from resolver.env import Address
from resolver.errors import (
    CachedFailure,
    InternalError,
    NoReachableAuthority,
    ResolutionFailure,
    ServersSilent,
    WorkExhausted,
)
from resolver.iterate.addresses import Take
from resolver.iterate.budget import Budget, BudgetLimits
from resolver.iterate.classify import Answered
from resolver.iterate.delegation import Delegation, Origin
from resolver.iterate.tries import Heard
from resolver.upstream import Assurance
from resolver.upstream.allowance import SHARE
from resolver.upstream.choose import MAX_SENDS_IN_ZONE
from resolver.upstream.learning import DEAD_AFTER, GUESS, hold_down, note_reply
from tests.build import rrset
from tests.resolver.engine.fake_network import Behaviour, FakeNetwork, Said, reply_to, silent
from tests.resolver.engine.turned import means_of, play
from tests.resolver.engine.world import RTT, Table, World
from tests.resolver.iterate.zone_text import name, question

GOOD, BAD = "192.0.2.10", "192.0.2.11"
WWW = question("www.example. A")
ANSWER = {"www.example. A": ("www.example. 60 A 198.51.100.1",)}


async def no_glue(of: WireName, waiting: Question, budget: Budget, query: Landing) -> list[Address]:
    return []


async def no_look_up(of: WireName, within: Budget, query: Landing, take: Take) -> None:
    raise AssertionError(f"{of!r} is looked up")


def zone_of(
    world: World, *hosts: str, avoided: frozenset[Address] = frozenset(), means: Means | None = None
) -> ZoneServers:
    means = means or world.means
    servers = tuple(Address(host, 53) for host in hosts)
    delegation = Delegation(zone=name("example."), origin=Origin.STUB, servers=servers)
    return ZoneServers(means, delegation, *means.book.in_hand(delegation, world.env.now()), avoided)


def query_to(
    world: World,
    servers: ZoneServers,
    *,
    shown: Question = WWW,
    gives_up_early: bool = False,
    finders: Finders | None = None,
    means: Means | None = None,
) -> ZoneQuery:
    finders = finders or Finders(no_look_up, no_glue, no_glue)
    return ZoneQuery(
        means or world.means, finders, servers, shown, WWW, world.new_budget(), gives_up_early=gives_up_early
    )


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


def late(query: dns.message.Message, over_tcp: bool) -> list[Said]:
    return [(0.5, octets) for _, octets in Table(ANSWER)(query, over_tcp)]


def test_a_zone_that_is_slow_or_fails_is_noted_and_no_other() -> None:
    async def main() -> None:
        world = World({GOOD: Table(ANSWER), BAD: Table({})})
        await ask(world, GOOD)
        assert list(world.means.waits.since(-inf)) == []
        with pytest.raises(ResolutionFailure):
            await ask(world, BAD)
        slow = World({GOOD: late})
        await ask(slow, GOOD)
        [failed], found = list(world.means.waits.since(-inf)), list(slow.means.waits.since(-inf))
        assert (failed.zone, failed.failed, failed.seconds < 0.1) == (name("example."), True, True)
        assert [(one.zone, one.failed, one.seconds >= 0.1) for one in found] == [(name("example."), False, True)]

    play(main)


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


def test_servers_that_truncate_and_are_silent_over_tcp_are_waited_for_without_spinning() -> None:
    """The clock of this test stands still while anybody is busy."""

    def truncates(query: dns.message.Message, over_tcp: bool) -> list[Said]:
        return [] if over_tcp else [(0.001, reply_to(query, flags=dns.flags.AA | dns.flags.TC).to_wire())]

    async def main() -> None:
        hosts = [f"192.0.2.{number}" for number in range(1, 13)]
        world = World(dict.fromkeys(hosts, truncates))
        for host in hosts:
            note_reply(world.servers.of(Address(host, 53)), 0.001, 0.0)
        with pytest.raises(NoReachableAuthority):
            await ask(world, *hosts)
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
            await said_by(world, query_to(world, zone_of(world, GOOD, avoided=frozenset({Address(GOOD, 53)}))))
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
        with pytest.raises(ServersSilent):
            await ask(world, BAD)
        assert world.sent == 3
        with pytest.raises(CachedFailure, match=r"example\.: failed a short while ago"):
            await ask(world, BAD)
        assert world.sent == 3
        assert world.counts.questions_left_alone == 1
        with pytest.raises(NoReachableAuthority):
            await ask(world, BAD, shown=question("mail.example. A"))

    play(main)


def test_a_port_that_is_closed_is_a_failure_though_another_server_was_asked_over_tcp() -> None:
    def truncates(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return [] if over_tcp else [(0.01, reply_to(query, flags=dns.flags.TC).to_wire())]

    async def main() -> None:
        for seed in range(6):
            world = World({GOOD: truncates, BAD: lambda query, over_tcp: [(0.1, b"")]}, seed=seed)
            with pytest.raises(NoReachableAuthority):
                await ask(world, GOOD, BAD)
            now = world.env.now()
            paused = {host: world.failures.is_paused(Address(host, 53), WWW, now) for host in (GOOD, BAD)}
            assert paused == {GOOD: False, BAD: True}

    play(main)


def losing(count: int, *, over_udp: bool = True, options: bool = True) -> Behaviour:
    """A server of ANSWER that loses the first datagrams, or all; options: does it take queries with EDNS options?"""
    left = [count]

    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        if over_tcp:
            return Table(ANSWER)(query, over_tcp)
        left[0] -= 1
        if left[0] >= 0 or not over_udp or (query.options and not options):
            return [(60.0, b"late")]
        return Table(ANSWER)(query, over_tcp)

    return behave


def test_the_only_server_is_asked_over_tcp_before_it_is_given_up() -> None:
    """RFC 9520 §3.1; a server that loses a third of all packets loses three in a row once in forty times."""

    async def main() -> None:
        world = World({BAD: losing(0, over_udp=False)})
        heard = await ask(world, BAD)
        assert heard is not None
        assert heard.reply.assurance is Assurance.TCP
        assert world.means.upstream_counts.over_tcp_at_last == 1
        assert world.env.now() < 2.0

    play(main)


def test_a_server_that_drops_options_is_found_out_within_the_question_and_that_is_remembered() -> None:
    async def main() -> None:
        world = World({BAD: losing(0, options=False)})
        assert await ask(world, BAD) is not None
        assert world.sent == 2
        assert world.env.now() < 0.5
        assert await ask(world, BAD) is not None
        assert world.sent == 3

    play(main)


def test_the_only_server_is_asked_over_tcp_too_when_so_much_was_lost_that_it_is_held_to_be_dead() -> None:
    async def main() -> None:
        world = World({BAD: losing(0, over_udp=False)})
        state = world.means.state_of(Address(BAD, 53))
        note_reply(state, RTT, world.env.now())
        state.timeouts_in_a_row = DEAD_AFTER
        hold_down(state, world.env.now())
        heard = await ask(world, BAD)
        assert heard is not None
        assert heard.reply.assurance is Assurance.TCP
        assert world.sent == 2

    play(main)


def test_the_only_server_that_has_been_silent_for_long_gets_one_datagram() -> None:
    async def main() -> None:
        world = World({BAD: losing(0, over_udp=False)})
        state = world.means.state_of(Address(BAD, 53))
        state.timeouts_in_a_row = DEAD_AFTER
        hold_down(state, world.env.now())
        with pytest.raises(NoReachableAuthority):
            await ask(world, BAD)
        assert world.sent == 1

    play(main)


def test_no_question_fails_whose_only_server_loses_a_third_of_all_datagrams() -> None:
    """One in forty did, each for five seconds."""
    rng = Random(7)
    answers = {f"n{number}.example. A": (f"n{number}.example. 60 A 198.51.100.1",) for number in range(200)}

    def lossy(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        is_lost = not over_tcp and rng.random() < 0.3
        return [(60.0, b"late")] if is_lost else Table(answers)(query, over_tcp)

    async def main() -> None:
        world = World({BAD: lossy})
        for asked in answers:
            began = world.env.now()
            assert await ask(world, BAD, shown=question(asked)) is not None
            assert world.env.now() - began < 2.0
            await trio.sleep(2 * rng.random())

    play(main)


def test_where_another_server_is_left_nobody_is_asked_over_tcp_at_last() -> None:
    async def main() -> None:
        world = World({BAD: silent, GOOD: Table(ANSWER)})
        assert await ask(world, BAD, GOOD) is not None
        assert world.means.upstream_counts.sent_tcp == 0

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


def test_a_reply_over_tcp_may_take_longer_than_datagrams_are_listened_for() -> None:
    async def main() -> None:
        table, truncating = Table(ANSWER), Table(ANSWER, flags=dns.flags.AA | dns.flags.TC)
        world = World(
            {
                GOOD: lambda query, over_tcp: [
                    (0.9, data) for _, data in (table if over_tcp else truncating)(query, over_tcp)
                ]
            }
        )
        assert await ask(world, GOOD) is not None
        assert world.env.now() == pytest.approx(1.65)

    play(main)


def test_a_budget_that_ends_before_anybody_answers_is_the_failure() -> None:
    async def main() -> None:
        world = World({}, limits=BudgetLimits(queries=2))
        with pytest.raises(WorkExhausted):
            await ask(world, GOOD, BAD)
        assert world.sent == 2

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
        servers = ZoneServers(world.means, delegation, *in_hand, avoided)
        return await said_by(world, query_to(world, servers, finders=Finders(self._look_up, no_glue, no_glue)))

    async def _look_up(self, of: WireName, within: Budget, query: Landing, take: Take) -> None:
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
        servers = ZoneServers(
            world.means, delegation, *world.means.book.in_hand(delegation, world.env.now()), frozenset()
        )
        query = query_to(world, servers, finders=Finders(seeker._look_up, no_glue, above))
        looking = query._look_up(DEAD, world.new_budget())

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


def test_a_fault_within_is_reported_and_told_to_who_waits() -> None:
    class Faulty(FakeNetwork):
        def connect_udp(self, server: Address, take: Callable[[bytes | OSError], None]) -> Never:
            raise ZeroDivisionError

    async def main() -> None:
        world, faults = World({}), list[str]()
        world.turned.mesh.report = lambda doing, fault: faults.append(doing)
        world.means.network = Faulty({})
        with pytest.raises(InternalError):
            await ask(world, GOOD)
        assert faults == ["zone query"]

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


# Servers that are listened to together, and those that nobody waits for any more

PACKETS = 10.0  # of allowance: too few to ask anybody only to get to know it


def in_turn(*delays: float) -> World:
    """Two servers that nobody has met: whichever is asked first answers after so many seconds, then the next; inf: never."""
    left, table = list(delays), Table(ANSWER)

    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        after = left.pop(0)
        return [(after, data) for _, data in table(query, over_tcp)] if after < inf else ()

    world = World({GOOD: behave, BAD: behave})
    world.means.allowance.packets = PACKETS
    return world


def asked_in(world: World) -> list[Address]:
    return [server for server, _, _ in world.env.world.sent]


@pytest.mark.parametrize(
    ("delays", "place", "at"),
    [
        pytest.param((0.8, 0.05), 1, GUESS + 0.05, id="the second"),
        pytest.param((0.4, 0.8), 0, 0.4, id="the first after all"),
    ],
)
def test_who_says_something_first_is_heard_first(delays: tuple[float, ...], place: int, at: float) -> None:
    async def main() -> None:
        world = in_turn(*delays)
        heard = await ask(world, BAD, GOOD)
        assert heard is not None
        assert set(asked_in(world)) == {Address(BAD, 53), Address(GOOD, 53)}
        assert heard.server == asked_in(world)[place]
        assert world.env.now() == pytest.approx(at)

    play(main)


def test_a_server_that_is_asked_because_another_is_late_is_counted_and_paid_for() -> None:
    async def main() -> None:
        world = in_turn(0.8, 0.05)
        assert await ask(world, BAD, GOOD) is not None
        assert world.upstream_counts.hedges == 1
        assert world.means.allowance.packets == pytest.approx(PACKETS + SHARE - 1)

    play(main)


def test_a_late_reply_is_learned_from_when_its_question_is_over() -> None:
    async def main() -> None:
        world = in_turn(0.8, 0.05)
        assert await ask(world, BAD, GOOD) is not None
        late = world.servers.of(asked_in(world)[0])
        assert (world.upstream_counts.lingering_current, late.rttvar) == (1, 0.0)
        await trio.sleep(0.6)
        assert late.srtt == pytest.approx(0.8)
        assert world.upstream_counts.late_replies == 1
        assert world.upstream_counts.lingering_current == 0
        assert all(channel.is_closed for channel in world.env.world.channels)

    play(main)


def test_listening_for_no_question_is_bounded() -> None:
    async def main() -> None:
        many = MAX_LINGERING + 5
        world = in_turn(*[inf] * many, *[0.05] * many)
        queries = []
        for _ in range(many):  # each knows nothing of what the others learn, and has an allowance of its own
            means = means_of(world.turned, world.env, upstream_counts=world.upstream_counts)
            means.allowance.packets = PACKETS
            queries.append(query_to(world, zone_of(world, BAD, GOOD, means=means), means=means))
        for query in queries:
            world.turned.do(query.start)
        await trio.sleep(GUESS + 0.1)
        assert all(isinstance(query.said, Heard) for query in queries)
        counts = world.upstream_counts
        assert (counts.lingering_current, counts.unlistened) == (MAX_LINGERING, 5)
        assert sum(not channel.is_closed for channel in world.env.world.channels) == MAX_LINGERING
        await trio.sleep(5.0)
        assert counts.lingering_current == 0
        assert all(channel.is_closed for channel in world.env.world.channels)
        assert len(world.turned.mesh.timers) == 0

    play(main)


def test_a_server_that_made_another_necessary_and_stayed_silent_gives_the_packet_back() -> None:
    async def main() -> None:
        world = in_turn(inf, 0.05)
        assert await ask(world, BAD, GOOD) is not None
        before = world.means.allowance.packets
        await trio.sleep(5.0)
        assert world.means.allowance.packets == pytest.approx(before + 1)

    play(main)


def test_what_the_budget_does_not_allow_an_exchange_ends_the_query() -> None:
    async def main() -> None:
        world = World({GOOD: Table(ANSWER, flags=dns.flags.AA | dns.flags.TC)}, limits=BudgetLimits(queries=1))
        with pytest.raises(WorkExhausted):
            await ask(world, GOOD)
        assert world.env.now() == pytest.approx(RTT)
        assert world.sent == 1

    play(main)


def test_what_the_budget_does_not_allow_one_exchange_does_not_end_the_others() -> None:
    async def main() -> None:
        turns, table, truncating = iter([0.4]), Table(ANSWER), Table(ANSWER, flags=dns.flags.AA | dns.flags.TC)

        def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
            after = next(turns, 0.05)
            return [(after, data) for _, data in (table if after > 0.05 else truncating)(query, over_tcp)]

        world = World({GOOD: behave, BAD: behave}, limits=BudgetLimits(queries=2))
        world.means.allowance.packets = PACKETS
        heard = await ask(world, BAD, GOOD)
        assert heard is not None
        assert heard.server == asked_in(world)[0]
        assert world.sent == 2
        assert world.env.now() == pytest.approx(0.4)

    play(main)


def test_a_query_that_is_over_holds_nothing() -> None:
    async def main() -> None:
        world = World({GOOD: Table(ANSWER)})
        assert await ask(world, GOOD) is not None
        assert all(channel.is_closed for channel in world.env.world.channels)
        assert len(world.turned.mesh.timers) == 0

    play(main)
