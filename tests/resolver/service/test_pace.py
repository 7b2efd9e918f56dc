"""Who has used how much of its share."""

import pytest

from resolver.service.pace import MAX_CLIENTS, RESERVE, Pace


def used_up(pace: Pace, client: str, now: float) -> int:
    """How many questions the client may have now; they are taken."""
    taken = 0
    while pace.has_left(client, now):
        pace.take(client, now)
        taken += 1
    return taken


def test_a_quiet_client_has_a_seconds_worth_at_once() -> None:
    assert used_up(Pace(50), "one", 1000.0) == pytest.approx(50 * RESERVE, abs=1)


def test_what_comes_back_is_the_rate() -> None:
    pace = Pace(50)
    used_up(pace, "one", 1000.0)
    assert [used_up(pace, "one", 1000.0 + tenth / 10) for tenth in (1, 2, 3)] == [pytest.approx(5, abs=1)] * 3


def test_no_more_than_the_reserve_is_ever_saved() -> None:
    pace = Pace(50)
    used_up(pace, "one", 1000.0)
    assert used_up(pace, "one", 2000.0) == pytest.approx(50 * RESERVE, abs=1)


def test_what_costs_more_is_to_be_had_less_often() -> None:
    pace = Pace(50)
    pace.take("one", 1000.0, cost=40)
    assert used_up(pace, "one", 1000.0) == pytest.approx(10, abs=1)


def test_one_clients_use_is_not_the_others() -> None:
    pace = Pace(50)
    used_up(pace, "one", 1000.0)
    assert pace.has_left("other", 1000.0)


def test_clients_that_are_quiet_are_forgotten_when_the_table_is_full() -> None:
    pace = Pace(1)
    used_up(pace, "busy", 1000.0)
    for number in range(MAX_CLIENTS - 1):
        pace.take(f"old {number}", 998.0)
    assert len(pace) == MAX_CLIENTS
    pace.take("new", 1000.0)
    assert len(pace) == 2
    assert not pace.has_left("busy", 1000.0)


def test_the_table_does_not_grow_with_addresses_that_are_made_up() -> None:
    pace = Pace(1)
    for number in range(2 * MAX_CLIENTS + 10):
        pace.take(f"forged {number}", 1000.0)
    assert len(pace) <= MAX_CLIENTS
