"""Whom the hand takes."""

from cache.eviction import MAX_PASSED, Clock
from cache.names import from_text
from cache.node import Node
from tests.build import rrset


def nodes(clock: Clock, count: int, ttl: int = 60) -> list[Node]:
    made = []
    for number in range(count):
        node = Node(from_text(f"n{number}.example."), (rrset(f"n{number}.example. {ttl} A 192.0.2.1"),))
        clock.add(node)
        made.append(node)
    return made


def evict(clock: Clock, now: float = 0.0) -> Node:
    node = clock.choose(now)
    clock.remove(node)
    return node


def test_the_oldest_goes_when_none_was_used() -> None:
    clock = Clock()
    first, second, third = nodes(clock, 3)
    assert [evict(clock), evict(clock), evict(clock)] == [first, second, third]


def test_what_was_used_since_the_hand_came_by_stays_for_one_round() -> None:
    clock = Clock()
    first, second, third = nodes(clock, 3)
    first.hits += 1
    assert [evict(clock), evict(clock), evict(clock)] == [second, third, first]


def test_a_scan_of_names_asked_once_leaves_the_used_ones() -> None:
    clock = Clock()
    hot = nodes(clock, 10)
    for number in range(1000):
        for node in hot:
            node.hits += 1
        clock.add(Node(from_text(f"scan{number}.example.")))
        if number >= 10:
            assert evict(clock) not in hot


def test_an_expired_owner_nearby_goes_before_a_fresh_one() -> None:
    clock = Clock()
    fresh = nodes(clock, 3)
    [expired] = nodes(clock, 1, ttl=1)
    assert evict(clock, now=5.0) is expired
    assert evict(clock, now=5.0) is fresh[0]


def test_an_expired_owner_that_is_asked_for_is_needed() -> None:
    clock = Clock()
    [fresh] = nodes(clock, 1)
    [expired] = nodes(clock, 1, ttl=1)
    expired.hits += 1
    assert evict(clock, now=5.0) is fresh


def test_one_eviction_passes_a_bounded_number() -> None:
    clock = Clock()
    made = nodes(clock, 4 * MAX_PASSED)
    for node in made:
        node.hits += 1
    assert evict(clock) is made[MAX_PASSED]


def test_a_newcomer_takes_the_place_behind_the_hand() -> None:
    clock = Clock()
    first, second, third = nodes(clock, 3)
    assert evict(clock) is first
    newcomer = Node(from_text("new.example."))
    clock.add(newcomer)
    assert [evict(clock), evict(clock), evict(clock)] == [second, third, newcomer]


def test_a_walk_meets_everybody_who_stays_exactly_once() -> None:
    clock = Clock()
    made = nodes(clock, 10)
    walk = clock.walk()
    met = [next(walk), next(walk)]
    for node in (made[0], made[5]):
        clock.remove(node)
    nodes(clock, 3)
    met += walk
    staying = [node for node in made if node not in (made[0], made[5])]
    assert all(sum(one is node for one in met) == 1 for node in staying)
