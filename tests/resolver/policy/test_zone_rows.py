"""The zones that clients wait for."""

from cache.inspection import SILENT_STEPS
from cache.names import from_text
from resolver.engine import Waits
from resolver.policy.zone_rows import ZoneRow, worst_zones

SLOW, BROKEN, OLD = from_text("slow.example."), from_text("broken.example."), from_text("old.example.")


def test_the_slowest_come_first_and_then_what_fails_most() -> None:
    waits = Waits()
    waits.note(OLD, 0.0, 9.0, failed=True)
    for seconds in (0.5, 1.5):
        waits.note(SLOW, 11.0 - seconds, 11.0, failed=seconds > 1)
    for zone, times in ((BROKEN, 3), (from_text("."), 1)):
        for _ in range(times):
            waits.note(zone, 11.0, 11.0, failed=True)
    rows = [row for row in worst_zones(waits, 10.0, 8) if row is not None]
    assert rows == [
        ZoneRow("slow.example.", 2, 1, 2.0, 1.5),
        ZoneRow("broken.example.", 3, 3, 0.0, 0.0),
        ZoneRow(".", 1, 1, 0.0, 0.0),
    ]
    assert [row for row in worst_zones(waits, 10.0, 1) if row is not None] == rows[:1]
    assert list(worst_zones(waits, 11.0, 8)) == []


def test_a_long_walk_lets_others_run() -> None:
    waits = Waits()
    for _ in range(1000):
        waits.note(SLOW, 0.0, 11.0, failed=False)
    assert len([row for row in worst_zones(waits, 0.0, 8) if row is None]) == -(-1000 // SILENT_STEPS)
