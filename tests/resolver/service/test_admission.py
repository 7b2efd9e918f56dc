"""Who may wait for an answer."""

import ipaddress

import pytest

from resolver.errors import Overloaded
from resolver.policy.views import View, view_of
from resolver.service.admission import FEW, Admission
from resolver.service.counts import ServiceCounts
from resolver.service.options import LimitOptions

LIMITS = LimitOptions(in_flight=50, in_flight_per_client=3, in_flight_per_address=2)
NO_SHARES = 1_000_000


def machine(network: int, number: int, last: int = 2) -> View:
    """The view of a 6PN machine, from one of its addresses."""
    address = ipaddress.ip_address(f"fdaa:0:{network:x}:a7b:1:0:{number:x}:{last:x}").packed
    return view_of(address, ipaddress.ip_address("fdaa::3").packed, {})


def admitted(admission: Admission, view: View, most: int = 10_000) -> int:
    """How many questions of this view are admitted before one is refused; they stay in flight."""
    for count in range(most):
        try:
            admission.admit(view)
        except Overloaded:
            return count
    return most


def test_one_machine_does_not_use_up_its_networks_share() -> None:
    counts = ServiceCounts()
    admission = Admission(LIMITS, counts)
    assert admitted(admission, machine(24, 1)) == 2
    assert admitted(admission, machine(24, 2)) == 1
    assert (counts.in_flight_current, counts.overloaded_client, counts.overloaded) == (3, 2, 0)


def test_one_network_does_not_use_up_the_others_share() -> None:
    admission = Admission(LIMITS, ServiceCounts())
    assert [admitted(admission, machine(24, number)) for number in (1, 2, 3)] == [2, 1, 0]
    assert admitted(admission, machine(25, 1)) == 2


def test_a_machine_is_one_client_under_all_its_addresses() -> None:
    admission = Admission(LIMITS, ServiceCounts())
    assert [admitted(admission, machine(24, 1, last)) for last in (2, 3)] == [2, 0]


def test_all_clients_together_have_a_bound() -> None:
    counts = ServiceCounts()
    admission = Admission(LIMITS, counts)
    for network in range(50):
        admission.admit(machine(network, 1))
    with pytest.raises(Overloaded, match="too many questions wait"):
        admission.admit(machine(50, 1))
    assert (counts.in_flight_current, counts.in_flight_peak, counts.overloaded) == (50, 50, 1)


def test_while_there_is_room_nobody_is_refused() -> None:
    """A lone client that asked 500 uncached names a second was refused although the machine idled."""
    counts = ServiceCounts()
    admission = Admission(LimitOptions(), counts)
    for _ in range(5000):
        admission.admit(machine(24, 1))
        admission.release(machine(24, 1))
    assert (counts.overloaded, counts.overloaded_client) == (0, 0)


def test_whoever_takes_all_the_places_leaves_as_many() -> None:
    limits = LimitOptions(in_flight=1000, in_flight_per_address=NO_SHARES, in_flight_per_client=NO_SHARES)
    admission = Admission(limits, ServiceCounts())
    assert [admitted(admission, machine(24 + number, 1)) for number in range(4)] == [500, 250, 125, 63]


def test_two_machines_do_not_take_all_that_their_network_has() -> None:
    admission = Admission(LimitOptions(in_flight_per_address=256, in_flight_per_client=512), ServiceCounts())
    assert [admitted(admission, machine(24, number)) for number in range(4)] == [256, 128, 64, 32]


def test_as_long_as_there_is_a_place_everybody_may_have_a_few() -> None:
    limits = LimitOptions(in_flight=1000, in_flight_per_address=NO_SHARES, in_flight_per_client=NO_SHARES)
    admission = Admission(limits, ServiceCounts())
    for number in range(6):
        admitted(admission, machine(24 + number, 1))
    assert admitted(admission, machine(99, 1)) == FEW


def test_what_is_released_can_be_admitted_again() -> None:
    counts = ServiceCounts()
    admission = Admission(LIMITS, counts)
    for _ in range(10):
        for _ in range(2):
            admission.admit(machine(24, 1))
        for _ in range(2):
            admission.release(machine(24, 1))
    assert (counts.in_flight_current, counts.in_flight_peak) == (0, 2)


def test_who_has_no_question_in_flight_takes_no_memory() -> None:
    admission = Admission(LIMITS, ServiceCounts())
    for number in range(100):
        admission.admit(machine(24, number))
        admission.release(machine(24, number))
    assert not admission._by_group
    assert not admission._by_machine


def test_who_has_how_many_in_flight_is_known_as_long_as_there_are_any() -> None:
    admission, one, other = Admission(LIMITS, ServiceCounts()), machine(24, 1), machine(25, 2)
    for view in (one, one, other):
        admission.admit(view)
    assert admission.in_flight() == {one.machine: 2, other.machine: 1}
    admission.release(other)
    assert admission.in_flight() == {one.machine: 2}


def test_other_limits_count_what_is_in_flight_already() -> None:
    admission = Admission(LIMITS, ServiceCounts())
    assert admitted(admission, machine(24, 1)) == 2
    admission.adopt(LimitOptions(in_flight=50, in_flight_per_client=6, in_flight_per_address=5))
    assert admitted(admission, machine(24, 1)) == 3
    admission.adopt(LimitOptions(in_flight=4, in_flight_per_client=6, in_flight_per_address=5))
    assert admitted(admission, machine(25, 1)) == 0
