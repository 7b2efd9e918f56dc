"""What asking the servers of a zone adds up to."""

from resolver.env import Address
from resolver.errors import HostExhausted, InvalidData, NetworkError, NoReachableAuthority
from resolver.iterate.classify import Reason, Useless
from resolver.iterate.delegation import Delegation, Origin
from resolver.iterate.tries import LATE_UNTIL_WHOLE, Tries
from resolver.upstream import NoReply
from tests.resolver.iterate.zone_text import name

GOOD, BAD = "192.0.2.10", "192.0.2.11"
DELEGATION = Delegation(zone=name("example."), origin=Origin.CACHE)
TWO_CNAMES = Useless(Reason.MALFORMED, "two CNAMEs at one owner")


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
