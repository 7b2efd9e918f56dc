"""A network that loses the greater part of its rows at once is doubted for a while; whom the clocks tell of is believed."""

import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
import trio.testing

from internal_zones.census import SHOWN, Census, Count
from internal_zones.clocks import MANY_GONE, Touches
from internal_zones.counts import InternalCounts
from internal_zones.database import inline
from internal_zones.watcher import gone_in
from resolver.demo.corrosion_file import CorrosionWriter
from tests.internal_zones.breaking import execute
from tests.internal_zones.platform import State, app, machine, write_state
from tests.internal_zones.running import Asker, asking, shown

BEFORE = Count(4, 40)
ADDRESSES = [f"fdaa:0:18:a:b:0:{number:x}:2" for number in range(1, 5)]
FOUR = State(
    apps=[app(1, "web", 24), app(2, "api", 24)], machines=[machine(f"{number:02x}", 1, 24) for number in range(1, 5)]
)


def census(events: list[str] | None = None, min_share: float = 0.5) -> Census:
    def warn(event: str, /, **fields: str | int) -> None:
        if events is not None:
            events.append(event)

    found = Census(min_share, 60.0, InternalCounts(), warn)
    found.judge(24, BEFORE, 0.0, gone=0)
    return found


@pytest.mark.parametrize(
    ("found", "is_doubted"),
    [
        pytest.param(Count(0, 0), True, id="emptied"),
        pytest.param(Count(4, 19), True, id="most machines gone"),
        pytest.param(Count(1, 40), True, id="most apps gone"),
        pytest.param(Count(2, 20), False, id="half is left"),
        pytest.param(Count(40, 400), False, id="grown"),
    ],
)
def test_less_than_the_share_at_once_is_doubted(found: Count, is_doubted: bool) -> None:
    counted = census()
    counted.judge(24, Count(4, 40), 0.0, gone=0)
    counted.suspect(None)
    assert counted.to_count([24, 24, 57]) == [24]
    counted.judge(24, found, 1.0, gone=0)
    assert counted.is_doubted(24) is is_doubted
    assert counted.to_count([24]) == ([24] if is_doubted else [])


def test_what_nobody_suspects_is_believed() -> None:
    counted = census()
    counted.judge(24, Count(0, 0), 0.0, gone=0)
    assert not counted.is_doubted(24)


def test_a_doubt_ends_by_time_by_the_rows_coming_back_and_by_the_operator() -> None:
    events: list[str] = []
    for way in ("time", "rows", "operator"):
        counted = census(events)
        counted.suspect(None)
        counted.judge(24, Count(0, 0), 1.0, gone=0)
        counted.judge(24, Count(0, 0), 30.0, gone=0)  # still so: no new doubt
        assert (counted.next_end, counted.end(60.0)) == (61.0, False)
        if way == "time":
            assert counted.end(61.0)
        elif way == "rows":
            counted.judge(24, Count(4, 38), 31.0, gone=0)
        else:
            assert counted.accept() == 1
        assert not counted.is_doubted(24)
        assert counted.to_count([24]) == []
    assert events.count("state_network_doubted") == 3


def test_a_share_of_nothing_counts_nobody() -> None:
    counted = census(min_share=0.0)
    counted.suspect(None)
    assert (counted.to_count([24]), counted.uncounted([57])) == ([], [])


def test_doubts_are_remarked_up_to_a_bound() -> None:
    counted = census()
    for network in range(SHOWN + 5):
        counted.judge(network, BEFORE, 0.0, gone=0)
    counted.suspect(None)
    for network in range(SHOWN + 5):
        counted.judge(network, Count(0, 0), 0.0, gone=0)
    assert len(counted.remarks) == SHOWN + 1
    assert "0 of 4 apps and 0 of 40 machines are left" in counted.remarks[0]


@pytest.mark.parametrize(("gone", "told"), [(MANY_GONE - 1, MANY_GONE - 1), (MANY_GONE, None)])
def test_very_many_rows_at_once_are_no_customer_s_doing(gone: int, told: int | None) -> None:
    assert gone_in(Touches(frozenset(), frozenset(), gone=gone)) == told
    assert gone_in(None) is None


def test_rows_that_were_told_to_have_gone_are_not_missed_later() -> None:
    counted = census()
    counted.suspect(25)
    assert counted.to_count([24]) == [24]  # when it is read next
    counted.suspect(None)
    counted.judge(24, Count(4, 10), 1.0, gone=25)
    assert not counted.is_doubted(24)


def on_emptied(
    tmp_path: Path, main: Callable[[Asker, Path], Awaitable[None]], sql: str = "DELETE FROM machines"
) -> None:
    path = tmp_path / "state.db"
    write_state(path, FOUR)

    async def run() -> None:
        async with asking(path, run=inline) as asker:
            assert sorted(await asker.texts("web.internal")) == ADDRESSES
            assert await asker.texts("api.internal") == "NODATA"
            await trio.sleep(0.1)
            execute(path, sql)
            await trio.sleep(0.1)
            await main(asker, path)

    trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


async def is_last_good(asker: Asker) -> bool:
    answer = await asker.ask("web.internal")
    assert sorted(shown(answer)) == ADDRESSES
    assert [error.code for error in answer.errors] == ([3] if answer.is_stale else [])
    return answer.is_stale


def test_an_emptied_database_is_served_as_last_good_and_believed_after_a_while(tmp_path: Path) -> None:
    async def main(asker: Asker, path: Path) -> None:
        assert await is_last_good(asker)
        assert await asker.texts("nosuch.internal") == "SERVFAIL 23"  # nothing of this network is an absence now
        assert "0 of 4 machines" in asker.zones.status().remarks[0]
        await trio.sleep(50)
        assert await is_last_good(asker)
        await trio.sleep(12)
        assert await asker.texts("web.internal") == "NODATA"
        assert asker.zones.counts.doubted_networks == 1

    on_emptied(tmp_path, main)


def test_what_is_read_between_a_change_and_the_news_of_it_is_doubted_too(tmp_path: Path) -> None:
    """One job after another: the look sees that nothing is left, and the read finds it so before anybody was told."""
    path, gate = tmp_path / "state.db", threading.Event()
    write_state(path, FOUR)

    async def main() -> None:
        async with asking(path, poll=10.0, max_wait=10.0) as asker, trio.open_nursery() as nursery:
            assert sorted(await asker.texts("web.internal")) == ADDRESSES
            with trio.fail_after(10):
                while asker.zones._census.uncounted([24]):  # noqa: ASYNC110  # it is counted when nobody waits
                    await trio.sleep(0.001)
            execute(path, "DELETE FROM machines")
            asker.zones._jobs.submit(gate.wait, lambda outcome: None)
            nursery.start_soon(asker.zones._watcher.look)
            await trio.testing.wait_all_tasks_blocked()
            said: list[list[str] | str] = []

            async def ask() -> None:
                said.append(await asker.texts("_instances.internal", "TXT"))

            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            gate.set()
            while not said:  # noqa: ASYNC110  # the nursery tells nobody
                await trio.sleep(0.001)
            assert said == ["SERVFAIL 23"]

    trio.run(main)


def test_what_is_read_before_any_look_has_seen_the_change_is_doubted_too(tmp_path: Path) -> None:
    """The other way round: the read comes first, and what it found would be the last good data afterwards."""
    path = tmp_path / "state.db"
    write_state(path, FOUR)

    async def main() -> None:
        async with asking(path, poll=10.0, max_wait=10.0) as asker:
            assert sorted(await asker.texts("web.internal")) == ADDRESSES
            with trio.fail_after(10):
                while asker.zones._census.uncounted([24]):  # noqa: ASYNC110  # it is counted when nobody waits
                    await trio.sleep(0.001)
            asker.zones._units.outdate()  # an earlier change: the unit is due
            execute(path, "DELETE FROM machines")
            assert await is_last_good(asker)

    trio.run(main)


def test_what_an_app_really_loses_is_gone_once_a_look_has_seen_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    of_api = [machine(f"{number:02x}", 2, 24) for number in range(5, 15)]
    write_state(path, State(apps=FOUR.apps, machines=[*FOUR.machines, *of_api]))

    async def main() -> None:
        async with asking(path, poll=10.0, max_wait=10.0) as asker:
            assert sorted(await asker.texts("web.internal")) == ADDRESSES
            asker.zones._units.outdate()
            execute(path, "DELETE FROM machines WHERE app_id = 1")
            with trio.fail_after(5):  # the look is not waited for until it is due
                assert await asker.texts("web.internal") == "NODATA"

    trio.run(main)


def test_an_operator_ends_the_doubt(tmp_path: Path) -> None:
    async def main(asker: Asker, path: Path) -> None:
        assert await is_last_good(asker)
        asker.zones.accept()
        answer = await asker.ask("web.internal")
        assert (shown(answer), answer.is_stale) == ("NODATA", False)

    on_emptied(tmp_path, main)


def test_rows_that_come_back_end_the_doubt(tmp_path: Path) -> None:
    async def main(asker: Asker, path: Path) -> None:
        assert await is_last_good(asker)
        writer = CorrosionWriter(path)
        with writer.commit():
            for row in FOUR.machines:
                writer.put("machines", row)
        writer.close()
        await trio.sleep(0.1)
        assert not await is_last_good(asker)

    on_emptied(tmp_path, main)


def test_what_the_share_allows_is_believed_at_once(tmp_path: Path) -> None:
    async def main(asker: Asker, path: Path) -> None:
        assert sorted(await asker.texts("web.internal")) == ADDRESSES[:2]

    on_emptied(tmp_path, main, "DELETE FROM machines WHERE id > '02'")


def test_a_customer_who_removes_his_machines_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    write_state(path, FOUR)

    async def main() -> None:
        async with asking(path, run=inline) as asker:
            await asker.ask("web.internal")
            await trio.sleep(0.1)
            writer = CorrosionWriter(path)
            with writer.commit():
                for row in FOUR.machines:
                    writer.delete("machines", row)
            writer.close()
            await trio.sleep(0.1)
            answer = await asker.ask("web.internal")
            assert (shown(answer), answer.is_stale) == ("NODATA", False)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
