import pytest

from cache.names import from_text
from cache.servers import ServerState
from resolver.env import Address
from resolver.upstream.learning import (
    ABSENT_FOR,
    DEAD_AFTER,
    DEAD_SILENCE,
    GUESS,
    GUESSED_LOST,
    LAME_FOR,
    LAME_OCTETS,
    LATE_AT_FIRST,
    LATE_IN_A_ROW,
    MAX_HOLD_DOWN,
    MAX_LAME_OCTETS,
    MAX_TYPICAL,
    MIN_TYPICAL,
    Families,
    Typical,
    is_known,
    is_lame,
    is_probe_due,
    is_silent,
    note_lame,
    note_late,
    note_refusal,
    note_reply,
    note_silence,
)
from tests.resolver.upstream.states import NOW, dead, late, measured, typical

ZONE = from_text("example.")
IPV4, IPV6 = Address("192.0.2.1", 53), Address("2001:db8::1", 53)
CLOSED6, OPEN = frozenset({True}), frozenset[bool]()


def test_the_first_reply_is_the_estimate_and_further_ones_smooth_it() -> None:
    state = ServerState()
    assert not is_known(state)
    note_reply(state, 0.1, NOW)
    assert state.srtt == 0.1
    assert state.rttvar == pytest.approx(0.0125)
    note_reply(state, 0.18, NOW)
    assert state.srtt == pytest.approx(0.11)
    assert state.rttvar == pytest.approx(0.0125 + (0.08 - 0.0125) / 4)


def test_an_estimate_follows_a_server_that_moved() -> None:
    state = measured(0.02)
    for _ in range(40):
        note_reply(state, 0.2, NOW)
    assert state.srtt == pytest.approx(0.2, rel=0.05)


def test_a_reply_late_while_others_arrived_does_not_count_against_the_server() -> None:
    state = measured(0.02)
    note_reply(state, 0.02, NOW + 0.1)
    note_late(state, NOW, NOW + 0.4)
    assert state.timeouts_in_a_row == 0


def test_many_late_replies_in_a_short_time_are_one_silence() -> None:
    """A server that is silent for 0.37 s is not dead."""
    state = measured(0.02)
    for _ in range(50):
        note_late(state, NOW, NOW + 0.37)
    assert not is_silent(state)
    note_late(state, NOW + 0.4, NOW + DEAD_SILENCE + 0.01)
    assert is_silent(state)


def test_a_dead_server_is_left_alone_ever_longer_but_not_for_ever() -> None:
    assert not is_silent(late(DEAD_AFTER - 1))
    assert is_silent(dead())
    assert late(DEAD_AFTER + 3).probe_at > dead().probe_at
    assert is_probe_due(late(100), NOW + MAX_HOLD_DOWN)


def test_one_reply_brings_a_server_back() -> None:
    state = late(100)
    note_reply(state, 0.02, NOW + 1)
    assert not is_silent(state)
    assert state.timeouts_in_a_row == 0


def test_loss_is_a_share_that_replies_lower_and_silence_raises() -> None:
    state = measured(0.02)
    note_silence(state, NOW - 5, NOW)
    assert 0 < (lost := state.loss) < 1
    note_reply(state, 0.02, NOW)
    assert 0 < state.loss < lost


def test_refusals_in_a_row_hold_a_server_down() -> None:
    state = measured(0.02)
    for _ in range(DEAD_AFTER):
        assert not is_silent(state)
        note_refusal(state, NOW)
    assert is_silent(state)


def test_lameness_is_of_one_zone_and_expires() -> None:
    state = ServerState()
    note_lame(state, ZONE, NOW)
    assert is_lame(state, ZONE, NOW + 1)
    assert not is_lame(state, from_text("other.test."), NOW + 1)
    assert not is_lame(state, ZONE, NOW + LAME_FOR)


def test_lame_zones_are_bounded() -> None:
    state = ServerState()
    for number in range(1000):
        note_lame(state, from_text(f"zone{number}.example."), NOW)
        assert sum(LAME_OCTETS + len(zone) for zone in state.lame_zones) <= MAX_LAME_OCTETS
    assert is_lame(state, from_text("zone999.example."), NOW)


@pytest.mark.parametrize(
    ("usual", "wait"),
    [
        pytest.param(Typical(), GUESS, id="nobody heard yet"),
        pytest.param(typical(0.001), MIN_TYPICAL, id="all near: far ones are given time"),
        pytest.param(typical(0.05, 0.15), 0.225, id="the mean, and two and a half times the deviation"),
        pytest.param(typical(2.0), MAX_TYPICAL, id="all far: not for ever"),
    ],
)
def test_an_unknown_server_is_given_what_others_took_at_first(usual: Typical, wait: float) -> None:
    assert usual.wait == pytest.approx(wait, rel=0.15)


def test_it_is_learned_how_many_of_those_asked_for_the_first_time_are_silent() -> None:
    usual = Typical()
    assert usual.lost == GUESSED_LOST
    for number in range(400):
        usual.note_first(is_late=number % 10 == 0)
    assert usual.lost == pytest.approx(0.1, abs=0.05)
    for _ in range(8):
        usual.note_first(is_late=True)
    assert 0.2 < usual.lost < 0.4, "some in a row are no proof"


@pytest.mark.parametrize(
    ("lost", "replies", "costs"),
    [
        pytest.param(0.0, 0, 0.1, id="what most take"),
        pytest.param(0.0, 8, 0.05, id="less, as the known one is asked more"),
        pytest.param(0.25, 0, 0.175, id="a third of a wait more where a quarter is silent"),
        pytest.param(0.25, 24, -0.02, id="which counts less and less"),
        pytest.param(1.0, 0, 7.0, id="all are silent"),
    ],
)
def test_a_known_server_that_takes_longer_is_worth_leaving(lost: float, replies: int, costs: float) -> None:
    assert typical(0.05, 0.15, lost=lost).costs(replies) == pytest.approx(costs, abs=0.01, rel=0.1)


def test_who_is_faster_than_usual_is_good_enough() -> None:
    assert typical(0.05, 0.15).hoped_for == pytest.approx(0.05, rel=0.15)
    assert Typical().hoped_for == 0


def test_replies_and_losses_are_counted_and_a_loss_beside_a_reply_too() -> None:
    state = ServerState()
    note_reply(state, 0.02, NOW)
    note_silence(state, NOW - 1, NOW)
    note_silence(state, NOW + 1, NOW + 2)
    assert (state.replies, state.losses) == (1, 2)


def with_ipv4() -> Families:
    families = Families()
    families.note_heard(IPV4, NOW)
    return families


def test_a_family_without_a_route_is_left_alone_while_the_other_works() -> None:
    families = with_ipv4()
    assert families.note_no_route(IPV6, NOW + 1)
    assert families.closed == CLOSED6


def test_when_the_whole_network_is_away_its_return_is_not_missed() -> None:
    families = with_ipv4()
    assert not families.note_no_route(IPV4, NOW + 1)
    assert families.closed == OPEN


def test_a_family_that_never_answers_is_found_out_within_a_few_packets() -> None:
    families = with_ipv4()
    told = [families.note_late(IPV6, NOW + 1) for _ in range(LATE_AT_FIRST)]
    assert told == [False] * (LATE_AT_FIRST - 1) + [True]
    assert families.closed == CLOSED6


def test_a_family_that_did_answer_is_given_more_time() -> None:
    families = with_ipv4()
    families.note_heard(IPV6, NOW)
    for _ in range(LATE_IN_A_ROW - 1):
        assert not families.note_late(IPV6, NOW + 1)
    assert families.note_late(IPV6, NOW + 1)


def test_silence_of_everybody_says_nothing_of_one_family() -> None:
    families = Families()
    for _ in range(2 * LATE_IN_A_ROW):
        assert not families.note_late(IPV6, NOW)
    assert families.closed == OPEN


def test_a_closed_family_is_tried_beside_the_other_now_and_then_and_one_reply_opens_it() -> None:
    families = with_ipv4()
    families.note_no_route(IPV6, NOW)
    assert not families.may_be_tried(IPV6, NOW + 1)
    assert families.may_be_tried(IPV4, NOW + 1)
    later = NOW + ABSENT_FOR
    assert families.may_be_tried(IPV6, later)
    families.note_tried(IPV6, later)
    assert not families.may_be_tried(IPV6, later + 1)
    families.note_heard(IPV6, later + 1)
    assert families.closed == OPEN
