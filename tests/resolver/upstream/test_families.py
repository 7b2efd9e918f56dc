from resolver.env import Address
from resolver.upstream.families import ABSENT_FOR, LATE_AT_FIRST, LATE_IN_A_ROW, Families

IPV4, IPV6 = Address("192.0.2.1", 53), Address("2001:db8::1", 53)
NOW = 1000.0
CLOSED6, OPEN = frozenset({True}), frozenset[bool]()


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
