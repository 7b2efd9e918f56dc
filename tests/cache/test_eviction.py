"""Who goes."""

from cache.eviction import MAX_PASSED, ON_PROBATION, PROBATION, SWEPT, Clock
from cache.names import from_text
from cache.node import Node
from tests.build import rrset

OTHERS = 3 * PROBATION  # enough for three newcomers


def node(name: str, ttl: int = 60) -> Node:
    return Node(from_text(f"{name}.example."), (rrset(f"{name}.example. {ttl} A 192.0.2.1"),))


def newcomers(clock: Clock, count: int, prefix: str = "new", ttl: int = 60) -> list[Node]:
    made = [node(f"{prefix}{number}", ttl) for number in range(count)]
    for one in made:
        clock.add(one)
    return made


def kept(clock: Clock, count: int) -> list[Node]:
    """Nodes that came, were asked for again and so are newcomers no more. The hand has not met them."""
    made = newcomers(clock, count, "kept")
    for one in made:
        one.hits += 1
    pushing = newcomers(clock, MAX_PASSED // 2, f"pushing{made[0].place}-")
    assert evict(clock) is pushing[0]
    for one in pushing[1:]:
        clock.remove(one)
    return made


def evict(clock: Clock, now: float = 0.0) -> Node:
    chosen = clock.choose(now)
    clock.remove(chosen)
    return chosen


def test_the_oldest_newcomer_goes_when_none_was_asked_for_again() -> None:
    clock = Clock()
    first, second, third = newcomers(clock, 3)
    assert [evict(clock), evict(clock), evict(clock)] == [first, second, third]


def test_a_newcomer_that_was_asked_for_again_is_kept_for_another_round() -> None:
    clock = Clock()
    first, second, third = newcomers(clock, 3)
    first.hits += 1
    assert [evict(clock), evict(clock), evict(clock)] == [second, first, third]


def test_who_has_just_come_does_not_go_at_once() -> None:
    clock = Clock()
    old = kept(clock, 3)
    [newcomer] = newcomers(clock, 1)
    assert evict(clock) is old[0]
    assert evict(clock) is not newcomer


def test_a_few_newcomers_are_tried_at_the_cost_of_what_is_not_asked_any_more() -> None:
    clock = Clock()
    old = kept(clock, OTHERS)
    newcomers(clock, 2)
    assert evict(clock) is old[0]


def test_a_newcomer_goes_before_an_old_owner_once_there_are_many() -> None:
    clock = Clock()
    kept(clock, OTHERS)
    tried = newcomers(clock, 5)
    assert evict(clock) is tried[0]


def test_a_scan_of_names_asked_once_leaves_the_used_ones_even_if_those_rest_meanwhile() -> None:
    clock = Clock()
    used = kept(clock, OTHERS)
    newcomers(clock, 3)
    for number in range(1000):
        clock.add(node(f"scan{number}"))
        assert evict(clock) not in used


def test_a_newcomer_that_went_and_comes_back_is_kept() -> None:
    clock = Clock()
    kept(clock, OTHERS)
    first, *_ = newcomers(clock, 5)
    assert evict(clock) is first
    again = node("new0")
    clock.add(again)
    gone = [evict(clock) for _ in range(5)]
    assert again not in gone


def test_what_was_used_since_the_hand_came_by_stays_for_one_round() -> None:
    clock = Clock()
    first, second, *others = kept(clock, 10)
    first.hits += 1
    assert [evict(clock) for _ in range(10)] == [second, *others, first]


def test_an_expired_owner_goes_before_a_fresh_one() -> None:
    clock = Clock()
    kept(clock, SWEPT - 1)
    [expired] = newcomers(clock, 1, "short", ttl=1)
    newcomers(clock, 3)
    assert evict(clock, now=5.0) is expired


def test_an_expired_owner_anywhere_is_found_in_one_round_of_evictions() -> None:
    clock = Clock()
    kept(clock, 100)
    newcomers(clock, 100)
    [expired] = newcomers(clock, 1, "short", ttl=1)
    assert expired in [evict(clock, now=5.0) for _ in range(expired.place // SWEPT + 1)]


def test_an_expired_owner_that_was_asked_for_is_needed() -> None:
    clock = Clock()
    [expired] = newcomers(clock, 1, ttl=1)
    newcomers(clock, 3)
    expired.hits += 1
    assert evict(clock, now=5.0) is not expired


def test_one_eviction_tries_a_bounded_number_of_newcomers() -> None:
    clock = Clock()
    made = newcomers(clock, 2 * MAX_PASSED)
    for one in made:
        one.hits += 1
    assert evict(clock) is made[0], "all that were tried are kept, and the hand takes the first of them"
    assert [one.hits_seen for one in made] == [1] * MAX_PASSED + [ON_PROBATION] * MAX_PASSED


def test_the_hand_passes_a_bounded_number() -> None:
    clock = Clock()
    made = [one for _ in range(3) for one in kept(clock, MAX_PASSED // 2)]
    for one in made:
        one.hits += 1
    assert evict(clock).place == MAX_PASSED


def test_names_that_come_and_are_flushed_leave_no_trace_among_the_newcomers() -> None:
    clock = Clock()
    [stays] = newcomers(clock, 1, "stays")
    for one in newcomers(clock, 1000):
        clock.remove(one)
    assert len(clock._newcomers) <= 2
    [second] = newcomers(clock, 1, "second")
    assert [evict(clock), evict(clock)] == [stays, second]


def test_a_walk_meets_everybody_who_stays_exactly_once() -> None:
    clock = Clock()
    made = newcomers(clock, 10)
    walk = clock.walk()
    met = [next(walk), next(walk)]
    for one in (made[0], made[5]):
        clock.remove(one)
    newcomers(clock, 3, "later")
    met += walk
    staying = [one for one in made if one not in (made[0], made[5])]
    assert all(sum(one is other for other in met) == 1 for one in staying)
