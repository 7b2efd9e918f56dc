"""Whose turn it is."""

import ipaddress
from collections import Counter
from collections.abc import Callable

import pytest

from resolver.service.shares import FEW, MAX_CLIENTS, MOST_DEBT, NETWORK_PLACES, PLACE_OCTETS, PLACES, QUANTUM, Shares
from tests.garbage import no_garbage

HIT, MISS = 0.00001, 0.0003  # s


def client(network: int, machine: int, last: int = 2) -> bytes:
    """One of the addresses of a 6PN machine."""
    return ipaddress.ip_address(f"fdaa:0:{network:x}:a7b:1:0:{machine:x}:{last:x}").packed


class Ledger:
    """Shares, and what was begun of whom."""

    def __init__(self) -> None:
        self.shares = Shares()
        self.begun: list[bytes] = []

    def put(self, of: bytes, many: int = 1, octets: int = 40) -> int:
        """Have so many of this client's wait; how many have a place."""
        return sum(self.shares.put(of, self._begins(of), octets) for _ in range(many))

    def serve(self, many: int, cost: dict[bytes, float]) -> Counter[bytes]:
        """Whose these many are that are begun next, each at this cost."""
        before = len(self.begun)
        for _ in range(many):
            begin = self.shares.take()
            if begin is None:
                break
            begin()
            self.shares.charge(self.begun[-1], cost[self.begun[-1]])
        return Counter(self.begun[before:])

    def _begins(self, of: bytes) -> Callable[[], None]:
        return lambda: self.begun.append(of)


FLOODER, NEIGHBOUR, STRANGER = client(1, 1), client(1, 2), client(2, 1)


def test_what_one_machine_sent_is_begun_in_its_order() -> None:
    order: list[int] = []
    shares = Shares()
    for number in range(10):
        shares.put(FLOODER, lambda number=number: order.append(number), 40)  # type: ignore[misc]  # a default argument
    while (begin := shares.take()) is not None:
        begin()
    assert order == list(range(10))


def test_who_came_late_with_little_is_served_before_a_flood_is_over() -> None:
    ledger = Ledger()
    ledger.put(FLOODER, 1000)
    ledger.put(NEIGHBOUR)
    assert ledger.serve(2 + int(QUANTUM / HIT), {FLOODER: HIT, NEIGHBOUR: HIT})[NEIGHBOUR] == 1


def test_machines_of_a_network_have_the_same_time_whatever_they_do_with_it() -> None:
    """One asks for what has to be resolved, the other for what is known."""
    ledger = Ledger()
    ledger.put(FLOODER, 200)
    ledger.put(NEIGHBOUR, 900)
    begun = ledger.serve(800, {FLOODER: MISS, NEIGHBOUR: HIT})
    assert begun[FLOODER] * MISS == pytest.approx(begun[NEIGHBOUR] * HIT, rel=0.1)


def test_a_network_has_no_more_time_for_having_more_machines() -> None:
    ledger = Ledger()
    many = [client(1, number) for number in range(1, 21)]
    for one in many:
        ledger.put(one, 60)
    ledger.put(STRANGER, 600)
    begun = ledger.serve(1000, dict.fromkeys([*many, STRANGER], MISS))
    assert begun[STRANGER] == pytest.approx(500, abs=5)
    assert max(begun[one] for one in many) - min(begun[one] for one in many) <= 2


def test_a_machine_is_one_under_all_its_addresses() -> None:
    ledger = Ledger()
    addresses = [client(1, 1, last) for last in range(2, 12)]
    for one in addresses:
        ledger.put(one, 30)
    ledger.put(NEIGHBOUR, 300)
    assert ledger.serve(200, dict.fromkeys([*addresses, NEIGHBOUR], MISS))[NEIGHBOUR] == pytest.approx(100, abs=3)


def test_what_was_had_too_much_is_owed_though_nothing_waits() -> None:
    """Who sends one dear question after the other, each once the last one is begun."""
    ledger = Ledger()
    ledger.put(NEIGHBOUR, 1000)
    ledger.put(FLOODER)
    while ledger.begun.count(NEIGHBOUR) < 900:
        if ledger.serve(1, {FLOODER: 20 * HIT, NEIGHBOUR: HIT})[FLOODER]:
            ledger.put(FLOODER)
    of_neighbour = ledger.begun.count(NEIGHBOUR) * HIT
    assert ledger.begun.count(FLOODER) * 20 * HIT == pytest.approx(of_neighbour, rel=0.1)


def test_debts_are_forgiven_when_nothing_waits() -> None:
    ledger = Ledger()
    ledger.put(FLOODER)
    ledger.serve(2, {FLOODER: 10.0})
    assert (ledger.shares.waiting, ledger.shares.places) == (0, 0)
    ledger.put(FLOODER)
    ledger.put(NEIGHBOUR)
    assert ledger.serve(2, {FLOODER: HIT, NEIGHBOUR: HIT}) == {FLOODER: 1, NEIGHBOUR: 1}
    assert not ledger.shares.has_waiting(FLOODER)


def test_nothing_is_owed_for_what_was_done_while_nobody_waited() -> None:
    """Once the last of it has begun; what is still remembered of it is forgotten with the next turn."""
    ledger = Ledger()
    ledger.put(FLOODER)
    ledger.serve(1, {FLOODER: HIT})
    assert not ledger.shares.charge(FLOODER, 3600.0)


def test_a_debt_is_bounded_however_much_was_done() -> None:
    """Else to pay it off would take as many rounds of the loop's time."""
    ledger = Ledger()
    ledger.put(FLOODER, 2)
    ledger.serve(1, {FLOODER: 3600.0})
    line = ledger.shares._by_client[FLOODER]
    assert (line.credit, line.network.credit) == (-MOST_DEBT, -MOST_DEBT)
    assert ledger.serve(1, {FLOODER: HIT})[FLOODER] == 1


def test_who_changes_its_address_all_the_time_is_charged_all_the_same() -> None:
    """A /64 has more addresses than are known by name at once."""
    ledger = Ledger()
    ledger.put(FLOODER, 10)
    for number in range(MAX_CLIENTS):
        ledger.put(ipaddress.ip_address(f"2001:db8::{number:x}").packed)
    assert FLOODER not in ledger.shares._by_client
    assert ledger.shares.charge(FLOODER, MISS)


def test_a_flood_leaves_as_many_places_as_it_takes() -> None:
    ledger = Ledger()
    assert ledger.put(FLOODER, 2 * PLACES) == NETWORK_PLACES // 2
    assert ledger.put(NEIGHBOUR, 2 * PLACES) == NETWORK_PLACES // 4
    assert ledger.put(STRANGER, 2 * PLACES) == NETWORK_PLACES // 2
    assert ledger.shares.places_of(client(1, 1, last=9)) == NETWORK_PLACES // 2
    assert not ledger.shares.has_waiting(client(3, 1))


def test_there_are_a_few_places_for_everybody() -> None:
    ledger = Ledger()
    for network in range(1, 100):
        ledger.put(client(network, 1), PLACES)
    assert ledger.put(client(1000, 1), 100) >= FEW


def test_places_are_bounded_whoever_asks() -> None:
    """Made-up addresses, each of a network of its own."""
    ledger = Ledger()
    for network in range(1, 3000):
        ledger.put(client(network, 1), FEW + 1)
    assert ledger.shares.places <= 2 * PLACES
    assert ledger.put(client(5000, 1)) == 0


def test_long_queries_take_more_places() -> None:
    ledger = Ledger()
    assert ledger.put(FLOODER, PLACES, octets=4096) * (1 + 4096 // PLACE_OCTETS) == pytest.approx(PLACES // 4, abs=9)


def test_how_many_of_each_machine_wait_is_known() -> None:
    ledger = Ledger()
    ledger.put(FLOODER, 5)
    ledger.put(STRANGER, 1)
    waiting = ledger.shares.waiting_by_machine()
    assert sorted(waiting.values()) == [1, 5]
    ledger.serve(6, {FLOODER: HIT, STRANGER: HIT})
    assert ledger.shares.waiting_by_machine() == {}


def test_who_owes_nothing_leaves_nothing_that_only_the_collector_finds() -> None:
    """Where a flood comes and goes there are thousands a second."""
    ledger, cost = Ledger(), {FLOODER: HIT, NEIGHBOUR: MISS, STRANGER: MISS}
    with no_garbage():
        for _ in range(3):
            ledger.put(STRANGER, 1)  # its network goes while others wait
            ledger.put(NEIGHBOUR, 1)  # its line does
            ledger.put(FLOODER, 50)
            ledger.serve(40, cost)
            assert ledger.shares.waiting_by_machine().keys() == {FLOODER[:14]}
            ledger.serve(20, cost)
            assert ledger.shares.take() is None, "all is forgiven"
