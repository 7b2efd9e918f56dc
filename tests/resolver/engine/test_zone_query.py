"""The servers of one zone."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Never

import dns.flags
import dns.message
import pytest
import trio

from cache.form import IS_COMPILED
from resolver.engine import zone_query
from resolver.engine.hearing import Heard
from resolver.engine.zone_query import MAX_LINGERING
from resolver.env import Address
from resolver.errors import InternalError, NoReachableAuthority, ResolutionFailure, WorkExhausted
from resolver.iterate.budget import BudgetLimits
from resolver.iterate.classify import Answered
from resolver.iterate.seeking import LookUp
from resolver.upstream.allowance import SHARE
from resolver.upstream.learning import GUESS, note_reply
from tests.resolver.engine.fake_network import Behaviour, FakeNetwork, Said, reply_to, silent
from tests.resolver.engine.one_zone import ANSWER, BAD, GOOD, ask, delayed, query_to, zone_of
from tests.resolver.engine.turned import means_of, play
from tests.resolver.engine.world import RTT, Table, World
from tests.resolver.iterate.zone_text import name, question


def test_a_zone_that_is_slow_or_fails_is_noted_and_no_other() -> None:
    async def main() -> None:
        world = World({GOOD: Table(ANSWER), BAD: Table({})})
        await ask(world, GOOD)
        assert list(world.means.waits.since(-inf)) == []
        with pytest.raises(ResolutionFailure):
            await ask(world, BAD)
        slow = World({GOOD: delayed(0.5)})
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


@pytest.mark.skipif(IS_COMPILED, reason="nothing of compiled modules can be replaced")
def test_moves_without_end_are_a_fault_of_one_question_and_do_not_hold_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zone_query, "move_after", lambda *_: LookUp(name("ns.elsewhere.")))  # which nobody misses

    async def main() -> None:
        world = World({GOOD: Table(ANSWER)})
        with pytest.raises(RuntimeError, match="nothing to wait for"):
            await ask(world, GOOD)

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


@pytest.mark.parametrize("heard", [[], [GOOD, BAD]], ids=["never heard before", "heard lately"])
def test_who_is_late_is_listened_to_when_no_packet_may_be_sent_any_more(heard: list[str]) -> None:
    """Nor is anybody asked over TCP then: to want it again and again held the loop for ever."""

    async def main() -> None:
        world = World({GOOD: delayed(0.8), BAD: silent}, limits=BudgetLimits(queries=2))
        for host in heard:
            world.means.state_of(Address(host, 53)).last_heard = world.env.now()
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
