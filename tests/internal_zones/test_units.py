"""Which units may be answered from, and which are dropped first."""

from cache.names import from_text
from internal_zones.outdating import Outdated
from internal_zones.readings import AppsData, Kind, Reading, UnitKey
from internal_zones.records import text
from internal_zones.units import MAX_EMPTY_UNITS, Unit, Units


def unit(network: int, size: int, read_at: float = 0.0) -> Unit:
    return Unit(UnitKey(Kind.APPS, network), Reading(AppsData(()), size), read_at)


def test_a_unit_is_current_till_a_change_or_till_nobody_has_looked() -> None:
    units = Units(100, trusted_for=0.25)
    some = unit(1, 1)
    units.put(some)
    assert not units.is_current(some, 0.0)
    units.confirm(10.0)
    assert units.is_current(some, 10.25)
    assert not units.is_current(some, 10.28)
    units.outdate()
    assert not units.is_current(some, 10.0)


def test_names_of_a_unit_are_kept_one_by_one_and_replaced() -> None:
    some, nodes = unit(1, 1), [text(from_text("web.internal."), word) for word in ("a", "b", "c", "d")]
    first, second = from_text("web.internal."), from_text("vms.web.internal.")
    assert (some.was_asked, some.node(first)) == (False, None)
    some.keep_node(first, nodes[0])
    assert (some.was_asked, some.node(first), some.node(second)) == (True, nodes[0], None)
    some.keep_node(first, nodes[1])
    some.keep_node(second, nodes[2])
    some.keep_node(first, nodes[3])
    assert (some.node(first), some.node(second), some.node(from_text("db.internal."))) == (nodes[3], nodes[2], None)


def test_a_name_that_rests_on_several_units_is_kept_for_these_very_ones() -> None:
    some, other, another = (unit(1, 1) for _ in range(3))
    name = from_text("healthy.web.internal.")
    node = text(name, "a")
    assert some.joint_node(name, (some, other)) is None
    some.keep_joint_node(name, (some, other), node)
    assert (some.was_asked, other.was_asked) == (True, False)
    assert some.joint_node(name, (some, other)) is node
    assert some.joint_node(name, (some, another)) is some.joint_node(name, (some,)) is None


def test_the_age_of_last_good_data_counts_from_when_it_was_last_known_to_be_true() -> None:
    units = Units(100, trusted_for=1)
    some = unit(1, 1, read_at=5.0)
    units.put(some)
    units.confirm(50.0)
    assert units.known_at(some) == 50.0
    units.outdate()
    assert units.known_at(some) == 5.0


def test_a_unit_read_ahead_of_the_looks_is_due_where_a_row_is_new_that_may_have_moved_on() -> None:
    units = Units(100, trusted_for=1)
    for network, is_ahead in ((1, True), (2, False)):
        units.put(Unit(UnitKey(Kind.APPS, network), Reading(AppsData(()), 1), 0.0, is_ahead=is_ahead))
    units.outdate(Outdated(frozenset(), frozenset(), ahead=frozenset((Kind.APPS,))))
    kept = [units.get(UnitKey(Kind.APPS, network)) for network in (1, 2)]
    assert [it is not None and units.is_untouched(it) for it in kept] == [False, True]


def grounds_hold(some: Unit, now: float) -> bool:
    """As whoever keeps what was made of the unit asks, without knowing units."""
    return all(ground.holds and now <= ground.until for ground in (some.ground, some.kind_ground))


def test_what_was_made_of_a_unit_holds_while_the_unit_is_current() -> None:
    units = Units(20, trusted_for=0.25)
    units.confirm(10.0)
    for network in (1, 2):
        units.put(unit(network, 1))
    first, second = (units.get(UnitKey(Kind.APPS, network)) for network in (1, 2))
    assert first is not None
    assert second is not None
    assert grounds_hold(first, 10.25)
    assert not grounds_hold(first, 10.3)  # nobody has looked
    units.confirm(11.0)
    assert grounds_hold(first, 11.2)
    units.doubt(11.0 - 0.2)
    assert not grounds_hold(first, 11.2)  # the last look failed
    units.confirm(12.0)
    units.outdate(Outdated(frozenset(), frozenset((first.key,))))
    assert (grounds_hold(first, 12.0), grounds_hold(second, 12.0)) == (False, True)
    units.outdate(Outdated(frozenset((Kind.PEERS,))))
    assert grounds_hold(second, 12.0)
    units.outdate(Outdated(frozenset((Kind.APPS,))))
    assert not grounds_hold(second, 12.0)
    third = unit(3, 1)
    units.put(third)
    assert grounds_hold(third, 12.2)
    units.distrust(third)
    assert not grounds_hold(third, 12.2)


def test_what_was_made_of_a_unit_that_is_replaced_or_evicted_holds_no_more() -> None:
    units = Units(20, trusted_for=1)
    units.confirm(0.0)
    first, again, large = unit(1, 8), unit(1, 8), unit(2, 15)
    units.put(first)
    units.put(again)
    assert (grounds_hold(first, 0.0), grounds_hold(again, 0.0)) == (False, True)
    units.put(large)
    assert (grounds_hold(again, 0.0), grounds_hold(large, 0.0)) == (False, True)


def test_rows_bound_the_map_and_the_least_recently_used_goes_first() -> None:
    units = Units(20, trusted_for=1)
    for network in (1, 2):
        units.put(unit(network, 8))
    units.get(UnitKey(Kind.APPS, 1))
    units.put(unit(3, 8))
    assert [units.get(UnitKey(Kind.APPS, network)) is not None for network in (1, 2, 3)] == [True, False, True]
    assert (units.rows, len(units)) == (16, 2)


def test_a_flood_of_units_without_rows_evicts_no_unit_with_rows() -> None:
    units = Units(20, trusted_for=1)
    units.put(unit(0, 8))
    for network in range(1, MAX_EMPTY_UNITS + 100):
        units.put(unit(network, 0))
    assert units.get(UnitKey(Kind.APPS, 0)) is not None
    assert len(units) == MAX_EMPTY_UNITS + 1


def test_a_unit_that_loses_its_rows_is_held_once() -> None:
    units = Units(20, trusted_for=1)
    units.put(unit(1, 3))
    units.put(unit(1, 0))
    found = units.get(UnitKey(Kind.APPS, 1))
    assert found is not None
    assert (found.reading.size, len(units), units.rows) == (0, 1, 0)
