"""Who may wait for an answer."""

import pytest

from resolver.errors import Overloaded
from resolver.service.admission import Admission
from resolver.service.counts import ServiceCounts
from resolver.service.options import LimitOptions

LIMITS = LimitOptions(in_flight=5, in_flight_per_client=3)


def test_one_client_does_not_use_up_the_others_share() -> None:
    counts = ServiceCounts()
    admission = Admission(LIMITS, counts)
    for _ in range(3):
        admission.admit("network 24")
    with pytest.raises(Overloaded, match="of this client"):
        admission.admit("network 24")
    admission.admit("network 25")
    assert (counts.in_flight_current, counts.overloaded_client, counts.overloaded) == (4, 1, 0)


def test_all_clients_together_have_a_bound() -> None:
    counts = ServiceCounts()
    admission = Admission(LIMITS, counts)
    for group in range(5):
        admission.admit(f"network {group}")
    with pytest.raises(Overloaded, match="too many questions wait"):
        admission.admit("network 6")
    assert (counts.in_flight_current, counts.in_flight_peak, counts.overloaded) == (5, 5, 1)


def test_what_is_released_can_be_admitted_again() -> None:
    counts = ServiceCounts()
    admission = Admission(LIMITS, counts)
    for _ in range(10):
        for _ in range(3):
            admission.admit("network 24")
        for _ in range(3):
            admission.release("network 24")
    assert (counts.in_flight_current, counts.in_flight_peak) == (0, 3)


def test_a_group_without_questions_takes_no_memory() -> None:
    admission = Admission(LIMITS, ServiceCounts())
    for client in range(100):
        admission.admit(str(client))
        admission.release(str(client))
    assert not admission._by_group
