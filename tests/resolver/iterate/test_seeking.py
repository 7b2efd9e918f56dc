"""Which name servers are looked up, when, and what is done meanwhile."""

import pytest

from cache.names import WireName
from resolver.env import Address
from resolver.errors import WorkExhausted
from resolver.iterate.seeking import MAX_FAILED_LOOKUPS, LookUp, Search, UnderWay, move_or_look_up, next_name
from resolver.upstream import GIVE_UP, LINGER, Move, Send, Wait
from tests.resolver.iterate.zone_text import name

NOW = 100.0
AGAIN = Send(Address("192.0.2.1", 53), 0.3)  # somebody who was late already
NS1, NS2, ELSEWHERE = name("ns1.a.test."), name("ns2.a.test."), name("ns.b.test.")
BOTH = [ELSEWHERE, NS2]  # the last one is the next


def since(seconds: float, of: WireName = NS1) -> UnderWay:
    """A look-up that is late half a second after its beginning."""
    return UnderWay(of, NOW - seconds + 0.5)


@pytest.mark.parametrize(
    ("move", "missing", "under_way", "done"),
    [
        pytest.param(GIVE_UP, [NS1], [], LookUp(NS1), id="nobody to be asked: look one up"),
        pytest.param(GIVE_UP, BOTH, [since(0.0)], LookUp(ELSEWHERE), id="… and at once another one, from elsewhere"),
        pytest.param(GIVE_UP, [NS2], [since(9.0)], LINGER, id="… never one that lies where the first one is late"),
        pytest.param(GIVE_UP, BOTH, [since(9.0), since(9.0, name("c."))], LINGER, id="… nor a third one"),
        pytest.param(GIVE_UP, [], [since(0.0)], LINGER, id="no other: wait for this one"),
        pytest.param(GIVE_UP, [], [], GIVE_UP, id="nobody and nothing"),
        pytest.param(AGAIN, [NS1], [], LookUp(NS1), id="before somebody late is asked again one is looked up"),
        pytest.param(AGAIN, BOTH, [since(0.0)], Wait(NOW + 0.5), id="… and given its time"),
        pytest.param(AGAIN, BOTH, [since(0.5)], LookUp(ELSEWHERE), id="… then another one"),
        pytest.param(AGAIN, BOTH, [since(1.0), since(0.0, ELSEWHERE)], AGAIN, id="… beside which he is asked again"),
        pytest.param(AGAIN, [], [since(0.5)], AGAIN, id="late, and no other: he is asked again"),
        pytest.param(AGAIN, [], [], AGAIN, id="none to look up: he is asked again"),
        pytest.param(LINGER, [NS1], [], LookUp(NS1), id="all are late: look one up"),
        pytest.param(LINGER, BOTH, [since(0.0)], Wait(NOW + 0.5), id="… and look again when that is late"),
        pytest.param(LINGER, BOTH, [since(0.5)], LookUp(ELSEWHERE), id="… then another one"),
        pytest.param(LINGER, [], [since(0.5)], LINGER, id="… then listen on"),
    ],
)
def test_one_move_follows_from_who_is_missing_and_what_is_under_way(
    move: Move, missing: list[WireName], under_way: list[UnderWay], done: Move | LookUp
) -> None:
    assert move_or_look_up(move, missing, under_way, 0, NOW) == done


@pytest.mark.parametrize("under_way", [0, 1])
def test_those_under_way_count_as_looked_up_in_vain_until_they_have_brought_something(under_way: int) -> None:
    going = [since(9.0)] * under_way
    failed = MAX_FAILED_LOOKUPS - under_way
    assert isinstance(move_or_look_up(GIVE_UP, BOTH, going, failed - 1, NOW), LookUp)
    assert not isinstance(move_or_look_up(GIVE_UP, BOTH, going, failed, NOW), LookUp)


@pytest.mark.parametrize(
    ("missing", "under_way", "found"),
    [
        pytest.param([NS1, NS2], [], NS2, id="the last one"),
        pytest.param([ELSEWHERE, NS2], [since(0.0)], ELSEWHERE, id="from elsewhere"),
        pytest.param([NS2], [since(0.0)], None, id="none from elsewhere"),
        pytest.param([], [], None, id="none"),
    ],
)
def test_the_next_name_lies_elsewhere(
    missing: list[WireName], under_way: list[UnderWay], found: WireName | None
) -> None:
    assert next_name(missing, under_way) == found


def test_what_brought_an_address_is_not_in_vain_and_what_ended_without_is() -> None:
    search = Search([ELSEWHERE, NS2, NS1])
    search.begin(NS1, NOW)
    search.begin(ELSEWHERE, NOW)
    search.note_found(NS1)
    search.note_over(NS1)
    assert (search.missing, search.failed) == ([NS2], 0)
    search.note_over(ELSEWHERE)
    assert (search.under_way, search.failed) == ([], 1)


def test_what_is_under_way_when_nobody_waits_any_more_comes_first_the_next_time() -> None:
    search = Search([ELSEWHERE, NS2, NS1])
    search.begin(NS1, NOW)
    search.begin(NS2, NOW)
    search.leave()
    assert search.missing == [ELSEWHERE, NS2, NS1]
    assert search.next(GIVE_UP, NOW) == LookUp(NS1)


def test_nobody_else_is_looked_up_when_that_is_beyond_the_budget() -> None:
    search = Search([NS1])
    search.exhausted = WorkExhausted("names")
    assert search.next(GIVE_UP, NOW) == GIVE_UP
