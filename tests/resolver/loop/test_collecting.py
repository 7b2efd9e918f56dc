"""What the collector looks at is what a few turns have made, however much there is; all of it only where memory asks for it."""

import gc
from weakref import ref

import pytest

from resolver.engine.counts import ResolveCounts
from resolver.loop.collecting import BEGUN, FEW, LOOKS, MADE, SOME, THRESHOLDS, YOUNG, Collecting

OLDEST = 2
ENOUGH = 100  # octets


class Recorded:
    """A collector that finds so many objects, and says what it was told to do."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.finds = 0
        self.made = MADE

    def collect(self, generation: int = OLDEST) -> int:
        self.told.append(generation)
        return self.finds

    def get_count(self) -> tuple[int, int, int]:
        return self.made, 0, 0

    def freeze(self) -> None:
        self.told.append("freeze")

    def unfreeze(self) -> None:
        self.told.append("unfreeze")

    def set_threshold(self, young: int, middle: int, /) -> None:
        self.told.append((young, middle))


class Daemon:
    """Takes so much memory, and has so many questions under way."""

    def __init__(self, under_way: int = 0) -> None:
        self.memory = 0
        self.collector = Recorded()
        self.counts = ResolveCounts(flights_current=under_way)
        self.collecting = Collecting(self.counts, lambda: self.memory, ENOUGH, self.collector)

    def turn(self, many: int) -> list[object]:
        """What the collector was told in so many turns."""
        self.collector.told.clear()
        for _ in range(many):
            self.collecting.look()
        return self.collector.told.copy()


def test_what_was_there_at_the_beginning_is_frozen_and_all_that_lives_through_a_look() -> None:
    daemon = Daemon()
    daemon.collecting.begin()
    assert daemon.collector.told == ["freeze", THRESHOLDS]
    assert daemon.turn(2) == 2 * [YOUNG, "freeze"]


@pytest.mark.parametrize("under_way", [0, FEW, FEW + 1])
def test_it_looks_where_much_was_made(under_way: int) -> None:
    daemon = Daemon(under_way)
    daemon.collector.made = MADE - 1
    assert daemon.turn(3) == []
    daemon.collector.made = MADE
    assert daemon.turn(3) == 3 * [YOUNG, "freeze"]


@pytest.mark.parametrize(("under_way", "looks"), [(FEW, 0), (FEW + 1, 1)])
def test_with_many_questions_under_way_it_looks_when_some_have_begun(under_way: int, looks: int) -> None:
    """As many objects go then as come, and their number says nothing."""
    daemon = Daemon(under_way)
    daemon.collector.made = 0
    for _ in range(3):
        daemon.counts.flights += BEGUN - 1
        assert daemon.turn(2) == []
        daemon.counts.flights += 1
        assert daemon.turn(2) == looks * [YOUNG, "freeze"]


@pytest.mark.parametrize(
    ("memory", "finds", "looks_at_all"),
    [
        pytest.param([ENOUGH] * 3, 0, [False] * 3, id="as much as is enough"),
        pytest.param([ENOUGH + 1] * 3, 0, [True, False, False], id="more, and alive"),
        pytest.param([ENOUGH + 1] * 3, SOME - 1, [True, False, False], id="more, and hardly any garbage"),
        pytest.param([ENOUGH + 1, 2 * ENOUGH + 2, 2 * ENOUGH + 3], 0, [True, False, True], id="twice as much"),
        pytest.param([ENOUGH + 1] * 3, SOME, [True] * 3, id="garbage"),
        pytest.param([ENOUGH + 1, ENOUGH, ENOUGH], SOME, [True, False, False], id="garbage, and then enough"),
    ],
)
def test_all_is_looked_at_where_memory_asks_for_it(memory: list[int], finds: int, looks_at_all: list[bool]) -> None:
    daemon, seen = Daemon(FEW + 1), list[bool]()
    daemon.collector.finds = finds
    for daemon.memory in memory:
        told = daemon.turn(LOOKS)
        assert told[: 2 * (LOOKS - 1)] == [YOUNG, "freeze"] * (LOOKS - 1)
        seen.append(told[-3:] == ["unfreeze", OLDEST, "freeze"])
        assert seen[-1] or told[-2:] == [YOUNG, "freeze"]
    assert seen == looks_at_all


class Knot:
    """Knows itself, until it is cut."""

    def __init__(self) -> None:
        self.self: Knot | None = self


def test_what_was_made_is_what_the_collector_of_cpython_counts() -> None:
    before = gc.get_threshold()
    collecting = Collecting(ResolveCounts(), lambda: 0, ENOUGH)
    try:
        collecting.begin()
        collecting.look()
        knots = [ref(Knot()) for _ in range(MADE // 2)]  # each has a dict besides
        collecting.look()
        assert any(knot() is None for knot in knots)
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def test_garbage_is_found_at_once_or_when_all_is_looked_at_and_what_is_no_cycle_needs_no_look() -> None:
    before, memory = gc.get_threshold(), 0
    counts = ResolveCounts(flights_current=FEW + 1)
    collecting = Collecting(counts, lambda: memory, ENOUGH)

    def look() -> None:
        counts.flights += BEGUN
        collecting.look()

    try:
        collecting.begin()
        knot = Knot()
        young = ref(knot)
        del knot
        look()
        assert young() is None

        knot, cut = Knot(), Knot()
        old, freed = ref(knot), ref(cut)
        look()
        cut.self = None
        del knot, cut
        look()
        assert freed() is None
        assert old() is not None, "a look takes no longer for what lives"
        memory = ENOUGH + 1
        for _ in range(LOOKS):
            look()
        assert old() is None
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
