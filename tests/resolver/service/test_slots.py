"""Who has a TCP connection when there are not enough for all."""

import ipaddress

import pytest
import trio

from resolver.policy.views import network_behind
from resolver.service.counts import ServiceCounts
from resolver.service.options import LimitOptions
from resolver.service.slots import MIN_IDLE, Connections, Slot

LIMITS = LimitOptions(tcp_connections=10, tcp_connections_per_client=6)


def packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def opened(
    connections: Connections, client: str, count: int = 1, *, now: float = 0.0, is_idle: bool = True
) -> list[Slot]:
    """So many connections of a client that were admitted."""
    slots = []
    for _ in range(count):
        slot = connections.admit(packed(client), now)
        if slot is not None:
            slot.waits = trio.CancelScope() if is_idle else None
            slots.append(slot)
    return slots


def test_connections_are_bounded_in_all_and_by_machine() -> None:
    counts = ServiceCounts()
    connections = Connections(LIMITS, counts)
    assert len(opened(connections, "192.0.2.1", 7, is_idle=False)) == 6
    assert len(opened(connections, "198.51.100.1", 7, is_idle=False)) == 4
    assert (counts.tcp_connections, counts.tcp_connections_current, counts.tcp_refused) == (10, 10, 4)


def test_addresses_of_one_64_are_one_machine() -> None:
    """5 addresses of one /64 held all 150 connections."""
    connections = Connections(LIMITS, ServiceCounts())
    held = [slot for host in range(1, 6) for slot in opened(connections, f"2001:db8::{host}", 3, is_idle=False)]
    assert len(held) == 6


def test_a_stranger_takes_the_place_of_who_has_most_the_longest_unused_first() -> None:
    counts = ServiceCounts()
    connections = Connections(LIMITS, counts)
    first = opened(connections, "192.0.2.1", 5, now=5.0)
    opened(connections, "198.51.100.1", 2, now=0.0)
    opened(connections, "203.0.113.1", 3, now=0.0)
    first[3].last_used = 1.0
    assert (
        len(opened(connections, "192.0.2.200", 1)) == 1
    )  # of the same network as the first, of which it is the smaller machine
    assert first[3].is_evicted
    assert counts.tcp_evicted == 1
    assert counts.tcp_connections_current == len(connections) == 10


def test_what_is_under_way_gives_way_to_nobody() -> None:
    connections = Connections(LIMITS, ServiceCounts())
    for slot in opened(connections, "192.0.2.1", 6):
        slot.in_flight = 1
    for slot in opened(connections, "198.51.100.1", 4):
        slot.replies.put(b"x")
    assert not opened(connections, "203.0.113.1")


def test_who_has_as_many_as_anybody_else_gives_way_himself() -> None:
    connections = Connections(LIMITS, ServiceCounts())
    opened(connections, "198.51.100.1", 5)
    own = opened(connections, "192.0.2.1", 5)
    assert opened(connections, "192.0.2.1")
    assert sum(slot.is_evicted for slot in own) == 1


def test_a_network_that_has_most_gives_way_before_a_single_machine_does() -> None:
    connections = Connections(LIMITS, ServiceCounts())
    alone = opened(connections, "203.0.113.1", 3)
    many = [slot for host in range(7) for slot in opened(connections, f"2001:db8:1:{host}::1", 1)]
    assert opened(connections, "192.0.2.1")
    assert not any(slot.is_evicted for slot in alone)
    assert sum(slot.is_evicted for slot in many) == 1


def test_a_place_that_is_given_back_is_free_and_nothing_is_remembered() -> None:
    connections = Connections(LIMITS, ServiceCounts())
    slots = opened(connections, "192.0.2.1", 6)
    opened(connections, "192.0.2.1")  # evicts one
    for slot in slots:
        connections.release(slot)
    assert len(connections) == 1
    assert len(connections._by_machine) == len(connections._by_network) == 1


def test_without_memory_all_that_is_idle_gives_way_and_nothing_else() -> None:
    connections = Connections(LIMITS, ServiceCounts())
    slots = [*opened(connections, "192.0.2.1", 3), *opened(connections, "203.0.113.1", 2)]
    slots[1].in_flight = 1
    connections.shed()
    assert [slot.is_evicted for slot in slots] == [True, False, True, True, True]
    assert len(connections) == 1


def test_the_fewer_places_are_left_the_shorter_is_silence_borne() -> None:
    connections = Connections(
        LimitOptions(tcp_connections=10, tcp_idle=10.0, tcp_connections_per_client=10), ServiceCounts()
    )
    times = []
    for _ in range(10):
        times.append(connections.idle_time())
        opened(connections, "192.0.2.1")
    assert times[:6] == [10.0] * 6
    assert times[6:] == pytest.approx([8.0, 6.0, 4.0, 2.0])
    assert connections.idle_time() == MIN_IDLE


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("fdaa:0:18:a::1", "fdaa:0:18:b::1", True),
        ("fdaa:0:18:a::1", "fdaa:0:19:a::1", False),
        ("2001:db8:1:1::1", "2001:db8:1:2::1", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("192.0.2.1", "192.0.2.200", True),
        ("192.0.2.1", "::ffff:192.0.2.7", True),
        ("192.0.2.1", "192.0.3.1", False),
    ],
)
def test_what_is_one_network(one: str, other: str, are_one: bool) -> None:
    assert (network_behind(packed(one)) == network_behind(packed(other))) is are_one
