from collections import Counter

import pytest

from cache.failures import MAX_SENDS
from cache.names import from_text
from cache.servers import ServerState
from resolver.env import Address
from resolver.upstream.choose import (
    DEAD_AFTER,
    FIRST_TIMEOUT,
    MAX_HOLD_DOWN,
    MAX_TIMEOUT,
    MIN_TIMEOUT,
    Candidate,
    Choice,
    choose,
    expected_wait,
    is_held_down,
    note_lame,
    note_reply,
    note_silence,
)
from tests.resolver.upstream.fake_network import FakeRng

ZONE = from_text("example.")
NOW = 1000.0


def server(number: int) -> Address:
    return Address(f"192.0.2.{number}", 53)


def measured(rtt: float) -> ServerState:
    state = ServerState()
    for _ in range(30):
        note_reply(state, rtt, NOW - 1)
    return state


def silent_for(times: int) -> ServerState:
    state = measured(0.02)
    for _ in range(times):
        note_silence(state, NOW, NOW)
    return state


def candidates(*states: ServerState) -> list[Candidate]:
    return [Candidate(server(number), state) for number, state in enumerate(states, start=1)]


def choices(pool: list[Candidate], sends: dict[Address, int] | None = None, times: int = 1000) -> Counter[Address]:
    rng = FakeRng()
    found = [choose(pool, sends or {}, ZONE, NOW, rng) for _ in range(times)]
    return Counter(choice.server for choice in found if choice is not None)


def test_mostly_the_fastest_is_asked_and_now_and_then_another() -> None:
    chosen = choices(candidates(measured(0.02), measured(0.2), measured(0.3)))
    assert chosen[server(1)] > 940
    assert chosen[server(2)] > 0
    assert chosen[server(3)] > 0


def test_servers_of_the_same_speed_share_the_load() -> None:
    chosen = choices(candidates(measured(0.020), measured(0.022)))
    assert min(chosen.values()) > 400


def test_a_hopelessly_slow_server_is_not_explored() -> None:
    assert set(choices(candidates(measured(0.02), measured(0.9)))) == {server(1)}


def test_an_unknown_server_is_explored() -> None:
    chosen = choices(candidates(measured(0.02), ServerState()))
    assert 5 < chosen[server(2)] < 60


def test_unknown_servers_are_equal() -> None:
    assert min(choices(candidates(ServerState(), ServerState(), ServerState())).values()) > 250


def test_after_a_loss_another_server_is_next() -> None:
    assert set(choices(candidates(ServerState(), ServerState()), {server(1): 1}, times=50)) == {server(2)}


def test_a_question_is_sent_to_one_server_three_times_at_most() -> None:
    """RFC 9520 §3.1."""
    pool = candidates(ServerState())
    assert choose(pool, {server(1): MAX_SENDS - 1}, ZONE, NOW, FakeRng()) is not None
    assert choose(pool, {server(1): MAX_SENDS}, ZONE, NOW, FakeRng()) is None


def test_without_candidates_there_is_no_choice() -> None:
    assert choose([], {}, ZONE, NOW, FakeRng()) is None


def test_lame_servers_are_asked_last_and_once() -> None:
    lame = measured(0.001)
    note_lame(lame, ZONE)
    assert set(choices(candidates(lame, measured(0.3)))) == {server(2)}
    alone = candidates(lame)
    assert isinstance(choose(alone, {}, ZONE, NOW, FakeRng()), Choice)
    assert choose(alone, {server(1): 1}, ZONE, NOW, FakeRng()) is None
    assert choose(alone, {}, from_text("other.test."), NOW, FakeRng()) is not None


def test_dead_servers_get_single_probes() -> None:
    dead = silent_for(DEAD_AFTER)
    assert is_held_down(dead, NOW)
    assert set(choices(candidates(dead, measured(0.3)))) == {server(2)}
    assert choose(candidates(dead), {}, ZONE, NOW, FakeRng()) is not None
    assert choose(candidates(dead), {server(1): 1}, ZONE, NOW, FakeRng()) is None


def test_a_hold_down_is_short_enough_for_a_server_that_came_back() -> None:
    assert not is_held_down(silent_for(100), NOW + MAX_HOLD_DOWN)


def test_one_reply_brings_a_server_back() -> None:
    dead = silent_for(100)
    note_reply(dead, 0.02, NOW + 1)
    assert not is_held_down(dead, NOW + 1)
    assert dead.timeouts_in_a_row == 0


@pytest.mark.parametrize(
    ("state", "sent", "wait"),
    [
        pytest.param(ServerState(), 0, FIRST_TIMEOUT, id="unknown"),
        pytest.param(ServerState(), 1, 2 * FIRST_TIMEOUT, id="unknown, second"),
        pytest.param(measured(0.0001), 0, MIN_TIMEOUT, id="very near"),
        pytest.param(measured(0.0001), 2, 4 * MIN_TIMEOUT, id="very near, third"),
    ],
)
def test_patience_follows_the_round_trip(state: ServerState, sent: int, wait: float) -> None:
    assert expected_wait(state, sent) == pytest.approx(wait)


def test_patience_has_an_end() -> None:
    choice = choose(candidates(measured(5.0)), {server(1): 2}, ZONE, NOW, FakeRng())
    assert choice is not None
    assert choice.timeout == MAX_TIMEOUT


def test_a_steady_server_is_waited_for_little_longer_than_it_takes() -> None:
    assert 0.1 < expected_wait(measured(0.1), 0) < 0.12


def test_a_packet_lost_while_others_arrived_does_not_count_against_the_server() -> None:
    state = measured(0.02)
    note_reply(state, 0.02, NOW + 0.1)
    note_silence(state, NOW, NOW + 0.4)
    assert state.timeouts_in_a_row == 0


def test_lame_zones_are_bounded() -> None:
    state = ServerState()
    for number in range(1000):
        note_lame(state, from_text(f"zone{number}.example."))
    assert len(state.lame_zones) <= 64


def test_replies_and_losses_are_counted_and_a_loss_beside_a_reply_too() -> None:
    state = ServerState()
    note_reply(state, 0.02, NOW)
    note_silence(state, NOW - 1, NOW)
    note_silence(state, NOW + 1, NOW + 2)
    assert (state.replies, state.losses, state.timeouts_in_a_row) == (1, 2, 1)
