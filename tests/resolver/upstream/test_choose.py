from collections import Counter

import pytest

from cache.failures import MAX_SENDS
from cache.names import from_text
from cache.servers import ServerState
from resolver.env import Address
from resolver.upstream.choose import (
    GIVE_UP,
    LINGER,
    MAX_SENDS_IN_ZONE,
    MAX_WAIT,
    MIN_PATIENCE,
    MIN_WAIT,
    RESEND_WAITS_ALONE,
    STALE_AFTER,
    Another,
    Candidate,
    Move,
    Pending,
    Send,
    TwinOf,
    Wait,
    choose,
    choose_another,
    next_move,
    patience_for,
    tcp_patience_for,
    wait_for,
)
from resolver.upstream.learning import (
    ABSENT_FOR,
    DEAD_AFTER,
    GUESS,
    Families,
    Typical,
    hold_down,
    note_lame,
    note_late,
    note_reply,
    note_silence,
)
from tests.resolver.engine.fake_network import FakeRng
from tests.resolver.upstream.states import NOW, candidates, dead, late, measured, server, typical

ZONE = from_text("example.")
IPV6 = Address("2001:db8::1", 53)


def chosen(
    pool: list[Candidate], sends: dict[Address, int] | None = None, closed: frozenset[bool] = frozenset()
) -> Send | None:
    return choose(pool, sends or {}, ZONE, NOW, FakeRng(), typical(), closed)


def choices(pool: list[Candidate], sends: dict[Address, int] | None = None, times: int = 300) -> Counter[Address]:
    rng, usual = FakeRng(), typical()
    found = [choose(pool, sends or {}, ZONE, NOW, rng, usual) for _ in range(times)]
    return Counter(send.server for send in found if send is not None)


def probed() -> ServerState:
    state = dead()
    state.probe_at = NOW
    return state


def late_since(sent_at: float, state: ServerState) -> ServerState:
    note_late(state, sent_at, sent_at + 0.5)
    return state


def late_and_tried(late_at: float, tried_at: float) -> ServerState:
    """Never heard."""
    state = late_since(late_at, ServerState())
    state.tried_at = tried_at
    return state


def silent_stranger(silent_since: float) -> ServerState:
    """Never heard, late so often that it is held to be dead, and due for a probe."""
    state = late_since(silent_since, ServerState())
    for _ in range(DEAD_AFTER):
        note_late(state, silent_since, silent_since + 2.0)
    assert NOW >= state.probe_at > 0.0
    return state


def late_twice(state: ServerState) -> ServerState:
    return late_since(NOW - 9, late_since(NOW - 18, state))


def no_twin(of: Address) -> None:
    """Each name server has one address."""


def another(
    pool: list[Candidate],
    *,
    at: float = NOW,
    usual: Typical | None = None,
    families: Families | None = None,
    twin_of: TwinOf = no_twin,
    rng: FakeRng | None = None,
    taken: float = 0.0,
) -> Another | None:
    """Who is asked beside the first of the pool, or instead of it."""
    rng, usual = rng or FakeRng(), usual or typical()
    return choose_another(pool, pool[0], ZONE, at, rng, usual, families or Families(), twin_of, taken)


BESIDE, INSTEAD = Another(server(2), is_instead=False), Another(server(2), is_instead=True)


def test_the_fastest_is_asked() -> None:
    assert set(choices(candidates(measured(0.02), measured(0.2), ServerState()))) == {server(1)}


def test_servers_of_the_same_speed_share_the_load() -> None:
    assert min(choices(candidates(measured(0.020), measured(0.022))).values()) > 100


def test_unknown_servers_are_equal() -> None:
    assert min(choices(candidates(ServerState(), ServerState(), ServerState())).values()) > 70


def test_an_unknown_server_is_better_than_a_hopelessly_slow_one() -> None:
    assert set(choices(candidates(measured(0.9), ServerState()))) == {server(2)}


def test_a_server_that_loses_much_is_as_bad_as_a_slower_one() -> None:
    lossy = measured(0.02)
    for _ in range(20):
        note_silence(lossy, NOW - 5, NOW)
    assert set(choices(candidates(lossy, measured(0.04)))) == {server(2)}


def test_a_server_that_is_late_is_worse_than_one_that_is_not() -> None:
    assert set(choices(candidates(late(1), measured(0.03)))) == {server(2)}


def test_after_a_loss_another_server_is_next_unless_it_is_much_slower() -> None:
    assert set(choices(candidates(ServerState(), ServerState()), {server(1): 1})) == {server(2)}
    assert set(choices(candidates(measured(0.02), measured(0.03)), {server(1): 1})) == {server(2)}
    assert set(choices(candidates(measured(0.02), measured(0.3)), {server(1): 1})) == {server(1)}


def test_a_question_is_sent_to_one_server_three_times_at_most() -> None:
    """RFC 9520 §3.1."""
    pool = candidates(ServerState())
    assert chosen(pool, {server(1): MAX_SENDS - 1}) is not None
    assert chosen(pool, {server(1): MAX_SENDS}) is None


def test_without_candidates_there_is_no_choice() -> None:
    assert chosen([]) is None


def test_lame_servers_are_asked_last_and_once() -> None:
    lame = measured(0.001)
    note_lame(lame, ZONE, NOW)
    assert set(choices(candidates(lame, measured(0.3)))) == {server(2)}
    assert isinstance(chosen(candidates(lame)), Send)
    assert chosen(candidates(lame), {server(1): 1}) is None
    elsewhere = choose(candidates(lame, measured(0.3)), {}, from_text("other.test."), NOW, FakeRng(), typical())
    assert elsewhere is not None
    assert elsewhere.server == server(1)


def test_dead_servers_are_asked_last_and_once() -> None:
    assert set(choices(candidates(dead(), measured(0.3)))) == {server(2)}
    assert chosen(candidates(dead())) is not None
    assert chosen(candidates(dead()), {server(1): 1}) is None


def test_a_family_that_does_not_work_here_is_asked_last() -> None:
    pool = [Candidate(IPV6, ServerState()), *candidates(measured(0.9))]
    send = chosen(pool, closed=frozenset({True}))
    assert send is not None
    assert send.server == server(1)
    send = chosen(pool[:1], closed=frozenset({True}))
    assert send is not None
    assert send.server == IPV6


@pytest.mark.parametrize(
    ("state", "sent", "is_alone", "wait"),
    [
        pytest.param(ServerState(), 0, False, typical().wait, id="unknown: as others at first"),
        pytest.param(measured(0.0001), 0, False, MIN_WAIT, id="very near"),
        pytest.param(measured(0.1), 0, False, 0.11, id="steady: little longer than it takes"),
        pytest.param(measured(0.1), 1, False, 0.22, id="after a loss twice as long"),
        pytest.param(measured(0.0001), 1, True, RESEND_WAITS_ALONE[1], id="the only one may be silent for a while"),
        pytest.param(measured(5.0), 0, False, MAX_WAIT, id="never for ever"),
    ],
)
def test_a_reply_is_late_by_its_servers_own_standards(
    state: ServerState, sent: int, is_alone: bool, wait: float
) -> None:
    assert wait_for(state, typical(), sent, is_alone=is_alone) == pytest.approx(wait, rel=0.05)


def test_a_daemon_that_has_just_started_guesses() -> None:
    assert wait_for(ServerState(), Typical(), 0, is_alone=False) == GUESS


def test_a_server_is_listened_to_for_more_than_a_second() -> None:
    assert [patience_for(wait) for wait in (0.03, 0.4, 1.2)] == [MIN_PATIENCE, MIN_PATIENCE, 1.5]


def test_over_tcp_a_server_is_given_the_time_of_a_handshake_and_less_where_it_has_just_been_heard() -> None:
    assert [tcp_patience_for(wait, 0.0) for wait in (0.1, 0.5, 1.2)] == [1.0, 1.5, 3.0]
    assert [tcp_patience_for(0.5, heard_after) for heard_after in (0.01, 0.1, 0.9)] == [0.3, 0.4, 1.5]


def test_the_only_server_may_be_silent_for_a_second_before_the_question_fails() -> None:
    waits = [wait_for(measured(0.001), typical(), sent, is_alone=True) for sent in range(MAX_SENDS)]
    last_sent_at = sum(waits[:-1])
    assert last_sent_at > 0.37
    assert last_sent_at + patience_for(waits[-1]) > 1.0


@pytest.mark.parametrize(
    ("other", "found"),
    [
        pytest.param(ServerState(), INSTEAD, id="never heard of"),
        pytest.param(late(1, ServerState()), None, id="never heard, and late just now"),
        pytest.param(late_since(NOW - 5, ServerState()), None, id="never heard, and late some seconds ago"),
        pytest.param(late_since(NOW - 30, ServerState()), BESIDE, id="never heard, and late half a minute ago"),
        pytest.param(late_and_tried(NOW - 90, NOW - 5), None, id="never heard, and tried again some seconds ago"),
        pytest.param(late_and_tried(NOW - 90, NOW - 30), BESIDE, id="never heard, and tried again half a minute ago"),
        pytest.param(silent_stranger(NOW - 5), None, id="never heard, and held to be dead: no earlier for that"),
        pytest.param(late_since(NOW - 5, measured(0.02, at=NOW - 9)), INSTEAD, id="better, and late once"),
        pytest.param(late_twice(measured(0.02, at=NOW - 19)), BESIDE, id="better, and late more than once"),
        pytest.param(late_since(NOW - 5, measured(0.2, at=NOW - 9)), None, id="worse, and late some time ago"),
        pytest.param(measured(0.2), None, id="known"),
        pytest.param(measured(0.2, at=NOW - STALE_AFTER - 1), BESIDE, id="measured long ago"),
        pytest.param(measured(0.9, at=NOW - STALE_AFTER - 1), None, id="measured long ago and hopelessly slow"),
        pytest.param(dead(), None, id="dead, and no probe due"),
        pytest.param(probed(), BESIDE, id="dead, and it is time for a probe"),
    ],
)
def test_who_is_not_known_well_enough_is_asked_beside_one_that_takes_long_or_instead(
    other: ServerState, found: Another | None
) -> None:
    assert another(candidates(measured(0.12), other)) == found


def test_a_dead_server_is_probed_beside_another_once_it_is_time_and_once() -> None:
    state = dead()
    pool = candidates(measured(0.1), state)
    at = state.probe_at
    assert another(pool, at=at) == BESIDE
    hold_down(state, at)
    assert another(pool, at=at) is None


@pytest.mark.parametrize(
    ("known", "lost", "found"),
    [
        pytest.param(measured(0.01), 0.0, None, id="fast already"),
        pytest.param(measured(0.05, replies=1), 0.0, None, id="as fast as most, and asked once"),
        pytest.param(
            measured(0.05), 0.0, INSTEAD, id="as fast as most, and asked so often that a nearer one is worth much"
        ),
        pytest.param(measured(0.07, replies=1), 0.0, INSTEAD, id="slower than most"),
        pytest.param(measured(0.07, replies=1), 0.15, None, id="slower than most, some of which are silent"),
        pytest.param(measured(0.2, replies=1), 0.15, INSTEAD, id="so slow that it is worth the risk"),
        pytest.param(measured(0.2, replies=1), 0.3, BESIDE, id="slow, and many are silent: nobody is to wait for them"),
        pytest.param(late(1, measured(0.12, at=NOW - 3)), 0.0, None, id="late just now: whoever is best is asked next"),
        pytest.param(ServerState(), 0.0, None, id="never heard: one is as good as another"),
        pytest.param(ServerState(), 0.3, BESIDE, id="never heard, and many are silent: one of two will speak"),
    ],
)
def test_one_never_heard_is_asked_where_that_is_likely_to_be_a_gain(
    known: ServerState, lost: float, found: Another | None
) -> None:
    assert another(candidates(known, ServerState()), usual=typical(lost=lost)) == found


@pytest.mark.parametrize(
    ("lost", "often"),
    [
        pytest.param(0.05, 0, id="few are silent"),
        pytest.param(0.15, 62, id="some"),
        pytest.param(0.25, 482, id="a quarter"),
        pytest.param(0.3, 1000, id="many"),
    ],
)
def test_two_are_asked_at_once_the_more_often_the_more_are_silent(lost: float, often: int) -> None:
    pool, rng, usual = candidates(ServerState(), ServerState()), FakeRng(), typical(lost=lost)
    found = [another(pool, rng=rng, usual=usual) for _ in range(1000)]
    assert found.count(BESIDE) == pytest.approx(often, abs=50)


def test_two_are_asked_at_once_as_long_as_it_is_guessed_what_servers_do() -> None:
    assert another(candidates(ServerState(), ServerState()), usual=Typical()) == BESIDE


@pytest.mark.parametrize(("taken", "found"), [(0.06, None), (0.2, BESIDE)])
def test_two_are_asked_at_once_for_a_question_that_has_taken_long_already(taken: float, found: Another | None) -> None:
    assert another(candidates(ServerState(), ServerState()), taken=taken) == found


@pytest.mark.parametrize(
    ("known", "often"),
    [
        pytest.param(measured(0.03), 90, id="near"),
        pytest.param(measured(0.07), 490, id="as far as most"),
        pytest.param(measured(0.15), 1000, id="far"),
    ],
)
def test_who_was_heard_long_ago_is_looked_at_as_often_as_there_is_something_to_be_won(
    known: ServerState, often: int
) -> None:
    pool, rng = candidates(known, measured(0.2, at=NOW - STALE_AFTER - 1)), FakeRng()
    found = [another(pool, rng=rng) for _ in range(1000)]
    assert found.count(BESIDE) == pytest.approx(often, abs=60)


def test_a_family_that_does_not_work_is_tried_beside_the_other_now_and_then() -> None:
    families = Families()
    families.note_heard(server(1), NOW)
    families.note_no_route(IPV6, NOW)
    pool = [*candidates(measured(0.2)), Candidate(IPV6, ServerState())]
    assert another(pool, families=families) is None
    assert another(pool, at=NOW + ABSENT_FOR, families=families) == Another(IPV6, is_instead=False)


@pytest.mark.parametrize(
    ("twin", "is_asked"),
    [
        pytest.param(measured(0.2), False, id="known over the other family"),
        pytest.param(ServerState(), True, id="known over neither"),
        pytest.param(late(1, measured(0.2)), True, id="late just now over the other family"),
    ],
)
def test_a_server_that_is_known_over_one_family_is_not_asked_over_the_other_to_get_to_know_it(
    twin: ServerState, is_asked: bool
) -> None:
    pool, other = candidates(measured(0.12), ServerState()), Candidate(IPV6, twin)
    assert another(pool, twin_of=lambda of: other) == (INSTEAD if is_asked else None)


def test_nobody_is_asked_beside_itself_over_the_other_family() -> None:
    pool = candidates(ServerState(), ServerState())
    assert another(pool, usual=Typical(), twin_of=lambda of: pool[0]) is None
    pool = [*pool, Candidate(IPV6, ServerState())]
    twins = {server(2): pool[0]}
    assert another(pool, usual=Typical(), twin_of=twins.get) == Another(IPV6, is_instead=False)


def test_a_lame_server_is_not_asked_to_get_to_know_it() -> None:
    lame = ServerState()
    note_lame(lame, ZONE, NOW)
    assert another(candidates(measured(0.12), lame)) is None


CHOICE = Send(server(9), 0.1)


def pending(late_at: float, *, sent_at: float = NOW - 0.1) -> Pending:
    return Pending(server(1), sent_at, late_at, ends_at=NOW + 0.9)


@pytest.mark.parametrize(
    ("under_way", "choice", "move"),
    [
        pytest.param([], CHOICE, CHOICE, id="nobody was asked"),
        pytest.param([], None, GIVE_UP, id="nobody is left and nobody is listened to"),
        pytest.param([pending(NOW + 0.2)], CHOICE, Wait(NOW + 0.2), id="on time: only listen"),
        pytest.param([pending(NOW)], CHOICE, CHOICE, id="late: ask another"),
        pytest.param([pending(NOW - 1), pending(NOW + 0.1)], CHOICE, Wait(NOW + 0.1), id="one late, one on time"),
        pytest.param([pending(NOW)], None, LINGER, id="late and nobody left: listen to the end"),
    ],
)
def test_one_step_follows_from_who_is_late_and_who_is_left(
    under_way: list[Pending], choice: Send | None, move: Move
) -> None:
    assert next_move(choice, under_way, len(under_way), NOW, may_hedge=True, is_hopeless=False) == move


def test_without_allowance_a_late_server_is_given_twice_as_long() -> None:
    under_way = [pending(NOW, sent_at=NOW - 0.3)]
    assert next_move(CHOICE, under_way, 1, NOW, may_hedge=False, is_hopeless=False) == Wait(NOW + 0.3)
    assert next_move(CHOICE, under_way, 1, NOW + 0.3, may_hedge=False, is_hopeless=False) == CHOICE


def test_enough_is_enough() -> None:
    assert next_move(CHOICE, [], MAX_SENDS_IN_ZONE, NOW, may_hedge=True, is_hopeless=False) == GIVE_UP
    assert next_move(CHOICE, [], 1, NOW, may_hedge=True, is_hopeless=True) == GIVE_UP
    assert next_move(CHOICE, [pending(NOW)], 1, NOW, may_hedge=True, is_hopeless=True) == LINGER


def test_one_reply_brings_a_server_back() -> None:
    state = dead()
    note_reply(state, 0.02, NOW + 1)
    assert set(choices(candidates(state, measured(0.3)))) == {server(1)}
