"""What counts as a change, and how often is looked."""

from collections.abc import Callable
from typing import Never, TypeVar

import pytest
import trio
import trio.testing
from outcome import Outcome, capture

from internal_zones.counts import InternalCounts
from internal_zones.database import Choose, Fault, Sighting, StateFault, StateFile, choose_none
from internal_zones.jobs import Jobs, Turns
from internal_zones.mending import Mending
from internal_zones.units import Units
from internal_zones.watcher import LEAST_PAUSE, MAX_PAUSE, Warn, Watcher, WatchFile, has_changed, nobody_tells, pause
from resolver.loop import turn_in_trio
from tests.garbage import no_garbage
from tests.internal_zones.running import turns_in_trio

T = TypeVar("T")

SEEN = Sighting(1, 2, 1, 7, 3, {})
MENDING = Mending(Units(9, 1), lambda network: True, ())  # of units that nobody asks for


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        (SEEN, False),
        (SEEN._replace(problems={"apps": "no such table"}), False),
        (SEEN._replace(data_version=8), True),
        (SEEN._replace(data_version=6), True),
        (SEEN._replace(schema_version=4), True),
        (SEEN._replace(opening=2), True),
        (SEEN._replace(inode=3), True),
    ],
)
def test_anything_that_may_mean_other_rows_is_a_change(after: Sighting, wanted: bool) -> None:
    assert has_changed(SEEN, after) is wanted
    assert has_changed(None, after)


def test_pauses_grow_with_failures_up_to_a_bound() -> None:
    assert [pause(failures, 0.025) for failures in (0, 1, 2, 3, 1000)] == [0.025, 0.05, 0.1, 0.2, MAX_PAUSE]
    assert pause(5, 10.0) == 10.0


class AtOnce:
    """Jobs, each done where it is submitted, and told soon."""

    def submit(self, job: Callable[[], T], then: Callable[[Outcome[T]], None], /) -> None:
        trio.lowlevel.current_trio_token().run_sync_soon(then, capture(job))

    async def serve(self) -> Never:
        await trio.sleep_forever()


AT_ONCE = AtOnce()


class FakeFile(StateFile):
    """Shows what the script says, one entry per look; its last entry again and again."""

    def __init__(self, script: list[Sighting | Fault]) -> None:
        super().__init__("nowhere", {})
        self._script = script

    def look(self, choose: Choose = choose_none) -> Sighting:
        seen = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(seen, Fault):
            raise StateFault(seen, "as the script says")
        return seen


def say_nothing(event: str, /, **fields: str | int) -> None: ...


def watcher_of(
    file: StateFile,
    *,
    poll: float = 1,
    jobs: Jobs = AT_ONCE,
    turns: Turns | None = None,
    units: Units | None = None,
    counts: InternalCounts | None = None,
    warn: Warn = say_nothing,
    watch_file: WatchFile = nobody_tells,
) -> Watcher:
    """turns: None where it is only told to look."""
    return Watcher(
        file,
        jobs,
        turns_in_trio()[1] if turns is None else turns,
        Units(9, 1) if units is None else units,
        MENDING,
        now=trio.current_time,
        poll=poll,
        counts=counts or InternalCounts(),
        warn=warn,
        watch_file=watch_file,
    )


def test_a_fault_is_told_once_and_its_end_too() -> None:
    script: list[Sighting | Fault] = [SEEN, Fault.BUSY, Fault.BUSY, SEEN, SEEN._replace(data_version=8)]
    events: list[str] = []
    counts, units = InternalCounts(), Units(100, trusted_for=1)

    def note(event: str, /, **fields: str | int) -> None:
        events.append(event)

    async def main() -> None:
        watcher = watcher_of(FakeFile(script), poll=0.025, units=units, counts=counts, warn=note)
        for _ in range(5):
            await watcher.look()
        assert watcher.fault is None

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert events == ["state_database_unwell", "state_database_well_again"]
    assert (counts.failed_looks, counts.changes, units.generation) == ({"busy": 2}, 2, 2)


def test_a_fault_that_goes_on_leaves_nothing_that_only_the_collector_finds() -> None:
    """A database that is not there is looked for once a second."""

    async def main() -> None:
        watcher = watcher_of(FakeFile([Fault.MISSING]))
        await watcher.look()
        with no_garbage():
            for _ in range(5):
                await watcher.look()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_what_a_look_saw_is_taken_in_before_what_was_done_after_it() -> None:
    """The rows that a read brings may be those of a change that the look before it saw, and that is doubted."""
    units, generations = Units(9, 1), list[int]()

    class AndThen(AtOnce):
        def submit(self, job: Callable[[], T], then: Callable[[Outcome[T]], None], /) -> None:
            super().submit(job, then)
            super().submit(lambda: None, lambda outcome: generations.append(units.generation))

    async def main() -> None:
        watcher = watcher_of(FakeFile([SEEN]), jobs=AndThen(), units=units)
        await watcher.look()

    trio.run(main)
    assert generations == [1]


def test_an_unusable_statement_is_told_once() -> None:
    sick = SEEN._replace(problems={"apps": "no such table: apps"})
    events: list[tuple[str, dict[str, str | int]]] = []

    def note(event: str, /, **fields: str | int) -> None:
        events.append((event, fields))

    async def main() -> None:
        watcher = watcher_of(FakeFile([sick]), warn=note)
        for _ in range(3):
            await watcher.look()

    trio.run(main)
    assert events == [("state_statement_unusable", {"statement": "apps", "reason": "no such table: apps"})]


def test_a_hurried_look_comes_at_once_and_never_later_than_the_poll() -> None:
    assert looks_of(hurried_at=[]) == [0, 10, 20]
    assert looks_of(hurried_at=[3, 8]) == [0, 3, 8, 18]
    assert looks_of(hurried_at=[0, 0, 0]) == pytest.approx([0, LEAST_PAUSE, 10 + LEAST_PAUSE, 20 + LEAST_PAUSE])


def test_looks_are_never_closer_than_the_least_pause_however_often_they_are_hurried() -> None:
    looks = looks_of(hurried_at=[number * 0.0001 for number in range(1000)], seconds=1)
    assert len(looks) <= 0.1 / LEAST_PAUSE + 2


def test_a_hurried_look_does_not_shorten_the_pauses_of_a_fault() -> None:
    assert looks_of(hurried_at=[3], script=[Fault.BUSY, SEEN], seconds=15) == [0, 10]


def test_early_changes_are_those_that_a_hurried_look_found() -> None:
    counts = InternalCounts()
    later = SEEN._replace(data_version=8)
    looks_of(hurried_at=[3, 4], script=[SEEN, SEEN, later], counts=counts)
    assert (counts.hurried_looks, counts.early_changes, counts.changes) == (2, 1, 2)


def test_a_look_that_cannot_begin_does_not_end_the_watching() -> None:
    faults: list[Exception] = []
    looks: list[float] = []

    class OnceLacking(AtOnce):
        """There is no memory for the second look."""

        def submit(self, job: Callable[[], T], then: Callable[[Outcome[T]], None], /) -> None:
            looks.append(trio.current_time())
            if len(looks) == 2:
                raise MemoryError
            super().submit(job, then)

    async def main() -> None:
        mesh, turns = turns_in_trio(faults.append)
        watcher = watcher_of(FakeFile([SEEN]), poll=10, jobs=OnceLacking(), turns=turns)
        with trio.move_on_after(25):
            async with trio.open_nursery() as nursery:
                await nursery.start(turn_in_trio, mesh, trio.current_time)
                nursery.start_soon(watcher.watch)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert looks == [0, 10, 10 + MAX_PAUSE, 20 + MAX_PAUSE]
    assert [type(fault) for fault in faults] == [MemoryError]


class Script:
    """Notices at the moments of a script; then nobody tells any more, or (ends=False) nothing happens."""

    def __init__(self, moments: list[float], *, ends: bool = False) -> None:
        self._moments, self._ends = list(moments), ends

    def watch_file(self, path: str) -> "Script":
        return self

    async def wait(self) -> None:
        if self._moments:
            await trio.sleep_until(self._moments.pop(0))
            return
        if self._ends:
            raise OSError("its folder is gone")
        await trio.sleep_forever()

    def close(self) -> None: ...


def test_while_the_kernel_tells_looks_come_every_second_and_at_once_when_something_happens() -> None:
    assert looks_told([], seconds=3.5) == pytest.approx([0, 1, 2, 3])
    looks = looks_told([1.5], seconds=3)
    # A notice comes with the write, the commit a little later: it is looked at once, and again and again for a moment.
    assert looks == pytest.approx([0, 1, 1.5, 1.501, 1.51, 1.53, 1.6, 2])


def test_a_burst_of_notices_costs_one_look_in_each_pause() -> None:
    counts = InternalCounts()
    looks = looks_told([1.5 + number * 0.0001 for number in range(1000)], seconds=1.6, counts=counts)
    assert len(looks) <= 2 + 0.1 / LEAST_PAUSE + 2
    assert max(looks) >= 1.59
    assert counts.notices <= len(looks), "nobody reads notices again before a look has seen what the first was about"


def test_while_looks_see_changes_the_next_one_waits_for_nobody_to_tell() -> None:
    """Each notice would take a turn of its own, and a look that comes anyway sees what it is about."""
    counts = InternalCounts()
    changes = [SEEN._replace(data_version=number) for number in range(8, 58)]
    looks = looks_told([1.5], seconds=1.5445, script=[SEEN, SEEN, *changes], counts=counts)
    assert len(looks) == 2 + 45
    assert (counts.notices, counts.changes) == (1, 46)


def test_where_nobody_tells_any_more_looks_come_as_without() -> None:
    events: list[str] = []
    looks = looks_told([], seconds=0.2, ends=True, events=events)
    assert len(looks) >= 8
    assert events == ["state_database_polled"]


def test_a_notice_that_is_lost_is_made_up_for_within_a_second() -> None:
    units = Units(9, trusted_for=0.275)
    looks_told([], seconds=1.9, script=[SEEN, SEEN._replace(data_version=8)], units=units)
    assert units.generation == 2


def test_trust_lasts_till_the_next_look_is_late_and_ends_soon_after_one_that_failed() -> None:
    units = Units(9, trusted_for=0.275)
    looks_told([], seconds=0.5, units=units)
    assert units.is_trusted(1.2)
    assert not units.is_trusted(1.3)
    looks_told([0.4], seconds=0.5, script=[SEEN, Fault.MISSING], units=units)
    assert units.is_trusted(0.6)
    assert not units.is_trusted(0.7)


def test_who_begins_to_tell_leaves_no_gap_of_trust() -> None:
    """The look before is good for a poll, and the next one comes within a second: a daemon said `unwell` as it began."""
    units = Units(9, trusted_for=0.275)

    async def main() -> None:
        mesh, turns = turns_in_trio()
        watcher = watcher_of(FakeFile([SEEN]), poll=0.025, turns=turns, units=units, watch_file=Script([]).watch_file)
        async with trio.open_nursery() as nursery:
            await nursery.start(turn_in_trio, mesh, trio.current_time)
            nursery.start_soon(watcher.watch)
            await trio.sleep(0.11)
            nursery.start_soon(watcher.listen, "state.db")
            for _ in range(200):
                await trio.sleep(0.01)
                assert units.is_trusted(trio.current_time())
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def looks_told(
    moments: list[float],
    seconds: float,
    *,
    ends: bool = False,
    script: list[Sighting | Fault] | None = None,
    events: list[str] | None = None,
    units: Units | None = None,
    counts: InternalCounts | None = None,
) -> list[float]:
    """When looks come while the kernel tells at these moments."""
    looks: list[float] = []

    class Noting(FakeFile):
        def look(self, choose: Choose = choose_none) -> Sighting:
            looks.append(trio.current_time())
            return super().look()

    def warn(event: str, /, **fields: str | int) -> None:
        if events is not None:
            events.append(event)

    async def main() -> None:
        mesh, turns = turns_in_trio()
        watcher = watcher_of(
            Noting(script or [SEEN]),
            poll=0.025,
            turns=turns,
            units=units,
            counts=counts,
            warn=warn,
            watch_file=Script(moments, ends=ends).watch_file,
        )
        with trio.move_on_after(seconds):
            async with trio.open_nursery() as nursery:
                await nursery.start(turn_in_trio, mesh, trio.current_time)
                nursery.start_soon(watcher.listen, "state.db")
                nursery.start_soon(watcher.watch)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    return looks


def looks_of(
    hurried_at: list[float],
    script: list[Sighting | Fault] | None = None,
    seconds: float = 25,
    counts: InternalCounts | None = None,
) -> list[float]:
    """When looks come that are due every 10 s, and are hurried at these moments."""
    looks: list[float] = []

    class Noting(FakeFile):
        def look(self, choose: Choose = choose_none) -> Sighting:
            looks.append(trio.current_time())
            return super().look()

    async def main() -> None:
        mesh, turns = turns_in_trio()
        watcher = watcher_of(Noting(script or [SEEN]), poll=10, turns=turns, counts=counts)
        with trio.move_on_after(seconds):
            async with trio.open_nursery() as nursery:
                await nursery.start(turn_in_trio, mesh, trio.current_time)
                nursery.start_soon(watcher.watch)
                for moment in hurried_at:
                    await trio.sleep_until(moment)
                    watcher.hurry()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    return looks
