"""After every commit that real cr-sqlite made, each name is answered as the file says, however often is looked."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest
import trio

from internal_zones.database import inline
from tests.corrosion.recordings import FOLDER, MISSING, NAMES, WAYS, Truth, looks_at, player, wrong_answers
from tests.corrosion.writing import Killed
from tests.internal_zones.running import Asker, asking

pytestmark = [
    pytest.mark.skipif(not (FOLDER / "replay.py").exists(), reason=MISSING),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),  # of the module that plays them
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
RUNS = [pytest.param(name, way, "backup", id=f"{name}-{way}") for name in NAMES for way in WAYS]
RUNS += [
    pytest.param(name, "stops", restore, id=f"{name}-{restore}")
    for name in ("restore", "restore-new-actor", "reseed")
    for restore in ("rename", "rows")
]

MAX_SWEEPS = {"mixed": 5}  # of 481 looks: bookkeeping alone makes nothing due
ANY_NETWORK_S = (
    "fdaa::/16",
)  # rows are merged column by column there: some have left their address's network, and count
MOMENTS = 10  # at which somebody asks
PATIENCE = 20.0  # seconds till somebody has looked, on the slowest of test machines


async def ask_all(asker: Asker, truth: Truth) -> None:
    """Have all names in memory, as if clients asked all the time."""
    assert await wrong_answers(asker, truth) == []


@pytest.mark.parametrize(("name", "way", "restore"), RUNS)
def test_every_answer_is_the_file_s_after_every_look(name: str, way: str, restore: str, tmp_path: Path) -> None:
    play = player()
    recording = play.Recording(FOLDER / name)
    replay = play.Replay(recording, tmp_path / "state.db", restore=restore)
    replay.db.execute("PRAGMA synchronous = OFF")  # the disk is no part of this

    async def main() -> None:
        async with asking(tmp_path / "state.db", run=inline, poll=10.0, max_wait=10.0, prefixes=ANY_NETWORK_S) as asker:
            await ask_all(asker, recording.expected[0]["names"])
            counts, wrong = asker.zones.counts, Counter[int]()
            for n in looks_at(recording, way):
                replay.apply(n)
                await asker.zones._watcher.look()
                for said in await wrong_answers(asker, recording.expected[n]["names"]):
                    wrong[n] += 1
                    print(f"after commit {n}: {said}")
            assert not wrong
            assert counts.stale_answers == counts.failures == 0
            if way == "stops":
                assert counts.sweeping_changes - 1 <= MAX_SWEEPS.get(name, len(recording.commits))

    trio.run(main)


@pytest.mark.parametrize("name", ["mixed", "chunks", "restore", "restore-new-actor"])
def test_the_contract_holds_whatever_is_asked_when_and_whoever_is_killed(name: str, tmp_path: Path) -> None:
    """Another process commits in WAL mode, restores, and dies in the middle of transactions. Looks come after any number of
    commits, and any of the names are asked before and after them: each is answered as the file was at the last look or since."""
    rng, play = Random(name), player()
    restore = rng.choice(["backup", "rename"])
    recording = play.Recording(FOLDER / name)
    writer = Killed(FOLDER / name, tmp_path / "state.db", restore)
    stops = sorted(rng.sample(recording.stops(), MOMENTS))

    async def main() -> None:
        async with asking(tmp_path / "state.db", run=inline, poll=10.0, max_wait=10.0, prefixes=ANY_NETWORK_S) as asker:
            since = [0]  # the commit at the last look, and those at which somebody asked since
            for n in stops:
                writer.upto(n)
                if rng.random() < 0.25:
                    writer.tear()
                since.append(n)
                for key in rng.sample(
                    sorted(recording.expected[n]["names"]), 4
                ):  # some are in memory, others are read now
                    truths = [recording.expected[at]["names"].get(key) for at in since]
                    assert [] in [await wrong_answers(asker, {key: truth}) for truth in truths]
                if rng.random() < 0.7:
                    await asker.zones._watcher.look()
                    since = [n]
                    assert await wrong_answers(asker, recording.expected[n]["names"]) == []
            assert asker.zones.counts.stale_answers == asker.zones.counts.failures == 0

    try:
        trio.run(main)
    finally:
        writer.close()


@pytest.mark.parametrize("name", ["mixed", "chunks", "conflicts"])
def test_every_answer_is_the_file_s_as_looks_come_by_time(name: str, tmp_path: Path) -> None:
    """Another process commits; looks come when they come, and somebody asks all the time."""
    play = player()
    recording = play.Recording(FOLDER / name)
    remote = play.Remote(FOLDER / name, tmp_path / "state.db")

    async def main() -> None:
        async with asking(tmp_path / "state.db", max_wait=10.0, prefixes=ANY_NETWORK_S) as asker:
            await ask_all(asker, recording.expected[0]["names"])
            for n in recording.stops()[::10]:
                await trio.to_thread.run_sync(remote.upto, n)
                committed = trio.current_time()
                with trio.fail_after(PATIENCE):
                    while asker.zones._units.looked_at <= committed:
                        await wrong_answers(asker, recording.expected[n]["names"])  # before the look, some are old
                        await trio.sleep(0.001)
                assert await wrong_answers(asker, recording.expected[n]["names"]) == [], f"after commit {n}"

    try:
        trio.run(main)
    finally:
        remote.close()
