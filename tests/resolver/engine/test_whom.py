"""Whom of a zone's servers is asked next."""

from collections.abc import Iterable
from random import Random

import dns.flags
import dns.message
import pytest
import trio

from resolver.env import Address
from resolver.errors import NoReachableAuthority
from resolver.upstream import Assurance
from resolver.upstream.choose import MAX_SENDS_IN_ZONE, MIN_CLEARING_TIMEOUT
from resolver.upstream.learning import DEAD_AFTER, hold_down, note_reply
from tests.resolver.engine.fake_network import Behaviour, Said, silent
from tests.resolver.engine.one_zone import ANSWER, BAD, GOOD, ask, delayed
from tests.resolver.engine.turned import play
from tests.resolver.engine.world import RTT, Table, World
from tests.resolver.iterate.zone_text import question


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


@pytest.mark.parametrize("was_heard", [True, False], ids=["heard before", "never heard"])
def test_the_only_server_is_asked_over_tcp_too_when_so_much_was_lost_that_it_is_held_to_be_dead(
    was_heard: bool,
) -> None:
    """One that was never heard: a shortened question was lost twice, and the whole one twice, four in a row."""

    async def main() -> None:
        world = World({BAD: losing(0, over_udp=False)})
        state = world.means.state_of(Address(BAD, 53))
        if was_heard:
            note_reply(state, RTT, world.env.now())
        else:
            state.silent_since = world.env.now()
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
        state.timeouts_in_a_row, state.silent_since = DEAD_AFTER, world.env.now() - 10
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


def keeps_no_case(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
    """A server that gives the question back in lower case, and is silent over TCP."""
    if over_tcp:
        return [(60.0, b"late")]
    end = 12 + len(query.question[0].name.to_wire() or b"")
    return [(0.001, data[:12] + data[12:end].lower() + data[end:]) for _, data in Table(ANSWER)(query, over_tcp)]


def test_while_a_suspicion_is_cleared_up_no_datagram_goes_to_the_same_server() -> None:
    async def main() -> None:
        world = World({BAD: keeps_no_case})
        note_reply(world.means.state_of(Address(BAD, 53)), 0.001, world.env.now())
        assert await ask(world, BAD) is not None
        assert [over_tcp for _, _, over_tcp in world.env.world.sent] == [False, True, False]
        assert world.env.now() == pytest.approx(MIN_CLEARING_TIMEOUT + 0.002)

    play(main)


def test_while_a_suspicion_is_cleared_up_another_server_may_be_asked() -> None:
    async def main() -> None:
        world = World({BAD: keeps_no_case, GOOD: delayed(0.02)})
        note_reply(world.means.state_of(Address(BAD, 53)), 0.001, world.env.now())
        note_reply(world.means.state_of(Address(GOOD, 53)), 0.02, world.env.now())
        heard = await ask(world, BAD, GOOD)
        assert heard is not None
        assert heard.server.host == GOOD
        assert world.env.now() < MIN_CLEARING_TIMEOUT

    play(main)
