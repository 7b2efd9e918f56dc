"""What the collector looks at in a turn is little, however much is under way; and all is looked at in the end."""

import gc

import pytest

from resolver.engine.counts import ResolveCounts
from resolver.loop.collecting import (
    FEW,
    FEW_OBJECTS,
    MANY,
    MIDDLE,
    MIDDLE_LOOKS,
    MIDDLE_PACKETS,
    MIDDLE_TIMES,
    OBJECTS,
    OLD,
    OLDEST,
    PACKETS,
    YOUNG,
    Collecting,
)
from resolver.upstream.counts import UpstreamCounts


class House:
    """A daemon with so many questions under way. looks: at which generations; objects: more than at the last one."""

    def __init__(self, under_way: int) -> None:
        self.resolve, self.upstream = ResolveCounts(flights_current=under_way), UpstreamCounts()
        self.objects = 0
        self.looks: list[int] = []
        self.collecting = Collecting(self.resolve, self.upstream, self._collect, lambda: (self.objects, 0, 0))

    def turn(self, packets: int = 0, objects: int = 0) -> list[int]:
        """After one in which so many packets were sent and so many objects made and kept: what was looked at."""
        self.upstream.sent += packets
        self.objects += objects
        before = len(self.looks)
        self.collecting.look()
        return self.looks[before:]

    def _collect(self, generation: int) -> None:
        self.objects = 0
        self.looks.append(generation)


def test_many_under_way_are_looked_at_a_few_at_a_time_though_as_many_end_as_begin() -> None:
    house = House(MANY + 1)
    assert house.turn(PACKETS - 1) == []
    assert house.turn(1) == [YOUNG]
    assert house.turn(PACKETS - 1) == [], "counted from the last look"
    assert house.turn(PACKETS) == [YOUNG]


@pytest.mark.parametrize(
    ("under_way", "objects"), [(0, FEW_OBJECTS), (FEW, FEW_OBJECTS), (FEW + 1, OBJECTS), (MANY, OBJECTS)]
)
def test_with_few_under_way_it_looks_once_there_is_something_to_look_at(under_way: int, objects: int) -> None:
    house = House(under_way)
    assert house.turn(10 * PACKETS, objects - 1) == []
    assert house.turn(0, 1) == [YOUNG]
    assert house.turn(10 * PACKETS, objects - 1) == []


def test_many_objects_are_looked_at_with_many_under_way_as_well() -> None:
    """They need not be of questions: connections, or a database that is read anew."""
    house = House(MANY + 1)
    assert house.turn(0, OBJECTS) == [YOUNG]


def test_what_has_lived_through_a_look_is_looked_at_after_some_of_them() -> None:
    house = House(0)
    looks = [look for _ in range(2 * (MIDDLE_LOOKS + 1)) for look in house.turn(0, FEW_OBJECTS)]
    assert looks == 2 * [*[YOUNG] * MIDDLE_LOOKS, MIDDLE]


@pytest.mark.parametrize(
    ("under_way", "packets"),
    [
        (MANY + 1, MIDDLE_PACKETS),
        (MIDDLE_PACKETS // MIDDLE_TIMES, MIDDLE_PACKETS),
        (2 * MIDDLE_PACKETS // MIDDLE_TIMES, 2 * MIDDLE_PACKETS),
    ],
)
def test_with_many_under_way_that_is_after_as_much_as_they_are_worth(under_way: int, packets: int) -> None:
    house = House(under_way)
    looks = [look for _ in range(2 * packets // PACKETS) for look in house.turn(PACKETS)]
    assert len(looks) == 2 * packets // PACKETS
    assert [place * PACKETS for place, look in enumerate(looks, 1) if look == MIDDLE] == [packets, 2 * packets]


def test_all_is_looked_at_hardly_ever() -> None:
    house = House(0)
    looks = [look for _ in range(OLD * (MIDDLE_LOOKS + 1)) for look in house.turn(0, FEW_OBJECTS)]
    assert looks.count(OLDEST) == 1
    assert looks[-1] == OLDEST


def test_from_its_beginning_a_cycle_is_freed_and_the_program_itself_looked_at_no_more() -> None:
    before = gc.get_threshold()
    collecting = Collecting(ResolveCounts(), UpstreamCounts())
    try:
        collecting.begin()
        assert gc.get_freeze_count()
        cycles = [list[object]() for _ in range(FEW_OBJECTS + 100)]
        for cycle in cycles:
            cycle.append(cycle)
        del cycle, cycles
        collecting.look()
        assert gc.get_count()[0] < FEW_OBJECTS
        assert gc.collect(YOUNG) == 0, "nothing is left"
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
