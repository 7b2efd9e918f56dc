"""What is made of what servers say, and remembered of them."""

from collections.abc import Iterable

import dns.flags
import dns.message
import pytest

from resolver.engine.hearing import LATE_UNTIL_WHOLE, Tries
from resolver.env import Address
from resolver.errors import CachedFailure, HostExhausted, InvalidData, NetworkError, NoReachableAuthority, ServersSilent
from resolver.iterate.classify import Reason, Useless
from resolver.iterate.delegation import Delegation, Origin
from resolver.upstream import NoReply
from tests.resolver.engine.fake_network import Said, reply_to
from tests.resolver.engine.one_zone import ANSWER, BAD, GOOD, WWW, ask
from tests.resolver.engine.turned import play
from tests.resolver.engine.world import Table, World
from tests.resolver.iterate.zone_text import name, question

DELEGATION = Delegation(zone=name("example."), origin=Origin.CACHE)
TWO_CNAMES = Useless(Reason.MALFORMED, "two CNAMEs at one owner")


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
        assert len(list(world.means.waits.since(-1.0))) == 1, "nobody waited for the zone: nothing was sent"
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


def test_a_reply_that_is_used_as_a_last_resort_is_no_failure_of_its_server() -> None:
    async def main() -> None:
        world = World({BAD: Table(ANSWER, flags=0)})
        for _ in range(3):
            heard = await ask(world, BAD)
            assert heard is not None
        assert world.sent == 3

    play(main)


def test_tries_add_up_to_a_failure_that_says_why() -> None:
    tries = Tries()
    tries.note_no_reply(Address(GOOD, 53), NoReply.TIMEOUT)
    tries.note_no_reply(Address(GOOD, 53), NoReply.TIMEOUT)
    tries.note_useless(Address(BAD, 53), Useless(Reason.REFUSED, "REFUSED"))
    failure = tries.failure(DELEGATION)
    assert isinstance(failure, NoReachableAuthority)
    assert str(failure) == "example.: 2x no reply in time, 1x REFUSED"


def test_being_cut_off_is_a_network_error() -> None:
    tries = Tries()
    tries.note_no_reply(Address(GOOD, 53), NoReply.NO_ROUTE)
    assert isinstance(tries.failure(DELEGATION), NetworkError)


def test_what_only_this_host_is_to_blame_for_is_told_apart() -> None:
    tries = Tries()
    tries.note_no_reply(Address(GOOD, 53), NoReply.THIS_HOST)
    assert isinstance(tries.failure(DELEGATION), HostExhausted)
    tries.note_no_reply(Address(BAD, 53), NoReply.TIMEOUT)
    assert isinstance(tries.failure(DELEGATION), NoReachableAuthority)


def test_contradicting_data_is_told_apart_from_silence() -> None:
    tries = Tries()
    tries.note_useless(Address(GOOD, 53), TWO_CNAMES)
    assert isinstance(tries.failure(DELEGATION), InvalidData)


def test_a_server_that_only_lost_a_packet_is_worth_another_one() -> None:
    tries = Tries()
    tries.note_no_reply(Address(GOOD, 53), NoReply.TIMEOUT)
    tries.note_no_reply(Address(BAD, 53), NoReply.UNREACHABLE)
    assert tries.done == {Address(BAD, 53)}


def test_a_question_is_worth_showing_whole_after_a_useless_reply_or_some_late_ones() -> None:
    tries = Tries()
    assert not tries.suggest_the_whole
    tries.late = LATE_UNTIL_WHOLE
    assert tries.suggest_the_whole
    stumbling = Tries()
    stumbling.note_useless(Address(BAD, 53), TWO_CNAMES)
    assert stumbling.suggest_the_whole
