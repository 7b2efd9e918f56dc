"""Who may wait for an answer."""

import ipaddress

import pytest

from resolver.errors import Overloaded
from resolver.policy.views import View, view_of
from resolver.service.admission import (
    BUSY_BATCH,
    BUSY_FOR,
    FLOOD_COST,
    FLOODS_FOR,
    NETWORK_SHARE,
    SHUT_OUT_FOR,
    Admission,
)
from resolver.service.counts import ServiceCounts
from resolver.service.options import LimitOptions

LIMITS = LimitOptions(in_flight=5, in_flight_per_client=3, in_flight_per_address=2)
NOW = 1000.0


class Contended(Admission):
    """One at whose door more wait than can be let in."""

    def _is_contended(self, now: float) -> bool:
        return True


def machine(network: int, number: int, last: int = 2) -> View:
    """The view of a 6PN machine, from one of its addresses."""
    address = ipaddress.ip_address(f"fdaa:0:{network:x}:a7b:1:0:{number:x}:{last:x}").packed
    return view_of(address, ipaddress.ip_address("fdaa::3").packed, {})


def admitted(admission: Admission, view: View, now: float = NOW, most: int = 10_000) -> int:
    """How many questions of this view are admitted before one is refused; they stay in flight."""
    for count in range(most):
        try:
            admission.admit(view, now)
        except Overloaded:
            return count
    return most


def admitted_and_done(admission: Admission, view: View, now: float = NOW) -> int:
    """The same of questions that are answered at once."""
    count = 0
    while True:
        try:
            admission.admit(view, now)
        except Overloaded:
            return count
        admission.release(view)
        count += 1


def test_one_machine_does_not_use_up_its_networks_share() -> None:
    counts = ServiceCounts()
    admission = Contended(LIMITS, counts)
    assert admitted(admission, machine(24, 1)) == 2
    assert admitted(admission, machine(24, 2)) == 1
    assert (counts.in_flight_current, counts.overloaded_client, counts.overloaded) == (3, 2, 0)


def test_one_network_does_not_use_up_the_others_share() -> None:
    admission = Contended(LIMITS, ServiceCounts())
    assert [admitted(admission, machine(24, number)) for number in (1, 2, 3)] == [2, 1, 0]
    assert admitted(admission, machine(25, 1)) == 2


def test_a_machine_is_one_client_under_all_its_addresses() -> None:
    admission = Contended(LIMITS, ServiceCounts())
    assert [admitted(admission, machine(24, 1, last)) for last in (2, 3)] == [2, 0]


def test_all_clients_together_have_a_bound() -> None:
    counts = ServiceCounts()
    admission = Contended(LIMITS, counts)
    for network in range(24, 29):
        admission.admit(machine(network, 1), NOW)
    with pytest.raises(Overloaded, match="too many questions wait"):
        admission.admit(machine(30, 1), NOW)
    assert (counts.in_flight_current, counts.in_flight_peak, counts.overloaded) == (5, 5, 1)


def test_what_is_released_can_be_admitted_again() -> None:
    counts = ServiceCounts()
    admission = Contended(LIMITS, counts)
    for _ in range(10):
        for _ in range(2):
            admission.admit(machine(24, 1), NOW)
        for _ in range(2):
            admission.release(machine(24, 1))
    assert (counts.in_flight_current, counts.in_flight_peak) == (0, 2)


def test_who_has_no_question_in_flight_takes_no_memory() -> None:
    admission = Contended(LIMITS, ServiceCounts())
    for number in range(100):
        admission.admit(machine(24, number), NOW)
        admission.release(machine(24, number))
    assert not admission._by_group
    assert not admission._by_machine


def test_questions_that_are_answered_quickly_have_a_rate_all_the_same() -> None:
    counts = ServiceCounts()
    admission = Contended(LimitOptions(waiting_rate_per_address=50), counts)
    assert admitted_and_done(admission, machine(24, 1)) == pytest.approx(50, abs=1)
    assert counts.overpaced == 1
    assert admitted_and_done(admission, machine(24, 1), NOW + 0.1) == pytest.approx(5, abs=1)


def test_a_networks_machines_share_a_rate_too() -> None:
    admission = Contended(LimitOptions(waiting_rate_per_address=50), ServiceCounts())
    of_machines = [admitted_and_done(admission, machine(24, number)) for number in range(10)]
    assert sum(of_machines) == pytest.approx(50 * NETWORK_SHARE, abs=2)
    assert admitted_and_done(admission, machine(25, 1)) == pytest.approx(50, abs=1)


def test_who_was_told_often_enough_is_left_alone_for_a_moment() -> None:
    admission = Contended(LimitOptions(waiting_rate_per_address=50), ServiceCounts())
    flooding, neighbour = machine(24, 1), machine(24, 2)
    refusals = 0
    while not admission.is_shut_out(flooding.client, NOW):
        refusals += 1
        assert refusals < 1000
        admitted_and_done(admission, flooding)
    assert refusals == pytest.approx(51, abs=2)
    assert not admission.is_shut_out(neighbour.client, NOW)
    assert not admission.is_shut_out(flooding.client, NOW + SHUT_OUT_FOR)


def test_who_floods_has_a_part_of_its_share_until_it_has_been_quiet() -> None:
    """What it is granted is work, too, and others wait for it."""
    rate, step = 80, 0.01

    def admitted_in(seconds: float, since: float, *, at_once: int) -> int:
        """Of a machine that asks so many questions each 10 ms."""
        admitted = 0
        for number in range(round(seconds / step)):
            now = since + number * step
            for _ in range(at_once):
                if admission.is_shut_out(flooding.client, now):
                    continue
                try:
                    admission.admit(flooding, now)
                except Overloaded:
                    continue
                admission.release(flooding)
                admitted += 1
        return admitted

    admission = Contended(LimitOptions(waiting_rate_per_address=rate), ServiceCounts())
    flooding = machine(24, 1)
    admitted_in(2.0, NOW, at_once=100)
    assert admitted_in(4.0, NOW + 2, at_once=100) == pytest.approx(4 * rate / FLOOD_COST, abs=2)
    quiet_since = NOW + 6 + FLOODS_FOR
    assert admitted_in(2.0, quiet_since + 1, at_once=1) == pytest.approx(2 * rate, abs=rate)


def test_while_there_is_room_nobody_is_refused() -> None:
    """A lone client that asked 500 uncached names a second was refused although the machine idled."""
    counts = ServiceCounts()
    admission = Admission(LimitOptions(waiting_rate_per_address=50), counts)
    for number in range(5000):
        now = NOW + number / 5000
        admission.note_batch(BUSY_BATCH - 1, now)
        admission.admit(machine(24, 1), now)
        admission.release(machine(24, 1))
    assert (counts.overpaced, counts.overloaded_client, counts.shut_out) == (0, 0, 0)


def test_rates_bind_once_half_of_all_places_are_taken() -> None:
    limits = LimitOptions(in_flight=100, in_flight_per_address=90, in_flight_per_client=90, waiting_rate_per_address=10)
    admission = Admission(limits, ServiceCounts())
    assert admitted(admission, machine(24, 1)) == 60
    assert admitted(admission, machine(25, 1)) == 10


@pytest.mark.parametrize(("batch", "binds"), [(BUSY_BATCH, True), (BUSY_BATCH - 1, False)])
def test_rates_bind_while_queries_come_faster_than_they_are_answered(batch: int, binds: bool) -> None:
    """Whoever else is there: neighbours who ask for what is cached wait for no place, but behind those who do."""
    limits = LimitOptions(waiting_rate_per_address=50, in_flight_per_address=2000, in_flight_per_client=2000)
    admission = Admission(limits, ServiceCounts())
    admission.note_batch(batch, NOW)
    later = NOW + BUSY_FOR / 2
    assert (admitted(admission, machine(24, 2), later, most=200) < 200) is binds
    assert admitted(admission, machine(24, 2), NOW + BUSY_FOR, most=200) == 200
