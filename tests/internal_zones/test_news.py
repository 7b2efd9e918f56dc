"""How long commits take to become visible, and who is told of them."""

from pathlib import Path

import pytest
import trio
import trio.testing

from internal_zones.clocks import Commit
from internal_zones.counts import InternalCounts
from internal_zones.database import inline
from internal_zones.news import FIRST_TIME, MAX_SITES, NTP64, ChangeRow, News, shown
from resolver.demo.corrosion_file import CorrosionWriter
from tests.internal_zones.breaking import OTHER, small_state
from tests.internal_zones.running import asking

SITE = "0A" * 16
NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def commit(at: float, site: str = SITE, *rows: tuple[str, int | None, str]) -> Commit:
    return Commit(site, int(at * NTP64), frozenset(rows or {("machines", 24, "web")}))


def test_the_figures_of_a_site_are_of_its_last_delays() -> None:
    clock, counts = Clock(), InternalCounts()
    news = News(clock, counts)
    for number in range(1, 101):
        clock.now = NOW + 10 * number
        news.note([commit(clock.now - number / 1000)])
    label = shown(SITE)
    assert label == "0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a"
    assert counts.replication_min_seconds[label] == pytest.approx(0.001, abs=1e-6)
    assert counts.replication_p50_seconds[label] == pytest.approx(0.051, abs=1e-6)
    assert counts.replication_p99_seconds[label] == pytest.approx(0.1, abs=1e-6)


def test_a_commit_that_comes_in_parts_is_measured_once() -> None:
    clock, counts = Clock(), InternalCounts()
    news = News(clock, counts)
    for _ in range(3):
        news.note([commit(NOW - 1)])
        clock.now += 60
    assert counts.replication_p99_seconds == {shown(SITE): pytest.approx(1.0)}


def test_a_clock_that_is_ahead_shows_as_a_delay_below_zero() -> None:
    counts = InternalCounts()
    News(Clock(), counts).note([commit(NOW + 3)])
    assert counts.replication_min_seconds == {shown(SITE): pytest.approx(-3.0)}


@pytest.mark.parametrize("ts", [0, 17, FIRST_TIME * NTP64 - 1])
def test_what_is_no_time_is_no_delay(ts: int) -> None:
    counts, heard = InternalCounts(), list[ChangeRow]()
    news = News(Clock(), counts)
    with news.heard_by(heard.append):
        news.note([Commit(SITE, ts, frozenset({("machines", 24, "web")}))])
    assert counts.replication_min_seconds == {}
    assert heard == [ChangeRow(NOW, None, shown(SITE), "machines", 24, "web")]


def test_who_listens_no_more_is_told_no_more() -> None:
    heard = list[ChangeRow]()
    news = News(Clock(), InternalCounts())
    with news.heard_by(heard.append):
        news.note([commit(NOW - 1, SITE, ("machines", 24, "web"), ("machines", None, ""))])
    news.note([commit(NOW)])
    assert [(row.network, row.app, row.delay) for row in heard] == [(24, "web", 1.0), (None, "", 1.0)]


def test_sites_are_bounded_and_forgotten_with_their_figures() -> None:
    counts = InternalCounts()
    news = News(Clock(), counts)
    for number in range(MAX_SITES + 5):
        news.note([commit(NOW - 1, f"{number:032X}")])
    assert len(counts.replication_min_seconds) == len(counts.replication_p99_seconds) == MAX_SITES
    assert shown(f"{0:032X}") not in counts.replication_min_seconds


def test_a_change_is_heard_of_as_it_becomes_visible_with_its_delay(tmp_path: Path) -> None:
    """Every row that the clocks tell of, where it is now; a row that is gone is nobody's."""
    path, clock, heard = small_state(tmp_path), Clock(), list[ChangeRow]()

    async def main() -> None:
        async with asking(path, run=inline, poll=10.0, max_wait=10.0, wall=clock) as asker:
            await asker.ask("web.internal")
            writer = CorrosionWriter(path, lambda: NOW - 0.25)
            with asker.zones.news.heard_by(heard.append):
                with writer.commit():
                    writer.put("machines", {"id": "0001", "address": OTHER})
                await asker.zones._watcher.look()
                assert await asker.texts("web.internal") == [OTHER]
                with writer.commit(1):
                    writer.delete("peers", {"network_id": 24, "name": "laptop"})
                await asker.zones._watcher.look()
            writer.close()
            assert len(asker.zones.counts.replication_p50_seconds) == 2

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert [(row.delay, row.table, row.network, row.app) for row in heard] == [
        (0.25, "machines", 24, "web"),
        (0.25, "peers", None, ""),
    ]
