"""What another process commits is in the answers, quickly and whole, however it came into the file.

Real files, real second processes; time is real where another process is followed, and bounds nothing but patience.
"""

# ruff: noqa: ASYNC220, ASYNC240 -- these tests drive other processes, and may block to do so

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import trio
import trio.testing

from internal_zones.database import inline
from resolver.demo.corrosion_file import CorrosionWriter
from resolver.demo.state import make_state
from tests.internal_zones.breaking import ADDRESS, OTHER, PATIENCE, WEB, execute, move, on, small_state, until
from tests.internal_zones.platform import State, app, machine, write_state
from tests.internal_zones.running import Asker, asking, shown


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return small_state(tmp_path)


def test_a_commit_of_another_process_is_visible(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.internal_zones.breaking import move\n"
        "for line in sys.stdin: move(Path(sys.argv[1]), line.strip()); print('done', flush=True)\n"
    )

    async def main(asker: Asker) -> None:
        took = []
        with subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdin
            assert writer.stdout
            for number in range(10, 30):
                address = f"fdaa:0:18:a:b:0:{number}:2"
                print(address, file=writer.stdin, flush=True)
                await trio.to_thread.run_sync(writer.stdout.readline)  # the commit is done
                took.append(await until(asker, [address]))
            writer.stdin.close()
        took.sort()
        print(f"visible after a commit: median {took[10] * 1000:.0f} ms, longest {took[-1] * 1000:.0f} ms")

    on(path, main)


def test_the_demo_s_changes_are_followed(tmp_path: Path) -> None:
    """The process that the demo runs beside the daemon, and the daemon's answers after each of its commits."""
    make_state(tmp_path / "state.db")

    async def main(asker: Asker) -> None:
        command = [sys.executable, "-m", "resolver.demo.change_state", str(tmp_path / "state.db")]
        command += ["--seed", "3", "--interval", "0.005", "--count", "100", "--quiet"]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.run_process, command)
            while len(nursery.child_tasks):
                for name in ("web.internal", "_instances.internal", "top2.nearest.of.web.internal"):
                    assert (await asker.ask(name, "ANY")).rcode == 0
                await trio.sleep(0.005)
        assert asker.zones.counts.changes > 5
        assert asker.zones.counts.stale_answers == 0

    on(tmp_path / "state.db", main, max_wait=10.0)


@pytest.mark.parametrize("is_busy", [False, True])
def test_a_restore_in_place_is_neither_held_up_nor_missed(path: Path, is_busy: bool) -> None:
    backup = path.with_name("backup.db")
    changed = State(apps=WEB.apps, machines=[machine("0001", 1, 24, address=OTHER)])
    write_state(path.with_name("changed.db"), changed)
    execute(path.with_name("changed.db"), f"VACUUM INTO '{backup}'")
    execute(backup, "PRAGMA journal_mode = WAL")
    move(path, ADDRESS)

    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        inode = path.stat().st_ino
        async with trio.open_nursery() as nursery:
            if is_busy:
                nursery.start_soon(keep_asking, asker, nursery.cancel_scope)
            started = trio.current_time()
            command = [sys.executable, "-m", "tests.internal_zones.restore_in_place", str(backup), str(path)]
            await trio.run_process(command)
            assert trio.current_time() - started < PATIENCE
            await until(asker, [OTHER])
            nursery.cancel_scope.cancel()
        assert path.stat().st_ino == inode
        assert asker.zones.counts.openings == 1

    on(path, main)


def test_a_restored_older_backup_takes_rows_and_versions_back(path: Path) -> None:
    backup = path.with_name("backup.db")
    execute(path, f"VACUUM INTO '{backup}'")
    execute(backup, "PRAGMA journal_mode = WAL")
    writer = CorrosionWriter(path)
    for number in range(2, 9):
        with writer.commit():
            writer.put("machines", machine(f"{number:04x}", 1, 24))
    writer.close()

    async def main(asker: Asker) -> None:
        assert len(await asker.texts("web.internal")) == 8
        command = [sys.executable, "-m", "tests.internal_zones.restore_in_place", str(backup), str(path)]
        await trio.run_process(command)
        await until(asker, [ADDRESS])
        assert await asker.texts("0008.vm.web.internal") == "NXDOMAIN"  # the file says so, and it is well
        assert await asker.texts("vms.web.internal", "TXT") == ["0001 ams"]
        move(path, OTHER)  # at a version that was there before
        await until(asker, [OTHER])

    on(path, main)


def test_clock_tables_that_vanish_leave_every_change_visible(path: Path) -> None:
    """As in a snapshot for re-seeding, between its restore and the start of its agent."""

    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        writer = CorrosionWriter(path)
        listed = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB '*__crsql_*'"
        for name in [str(row[0]) for row in writer.connection.execute(listed)]:
            writer.connection.execute(f'DROP TABLE "{name}"')
        writer.connection.execute("UPDATE machines SET address = ?", (OTHER,))
        writer.close()
        await until(asker, [OTHER])
        await trio.sleep(0.2)  # the read may have been sooner than the look
        status = asker.zones.status()
        assert status.is_ready
        assert status.clocks.startswith("no such table: ")

    on(path, main)


def test_truncating_checkpoints_are_never_held_up_by_a_busy_reader(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from resolver.demo.corrosion_file import CorrosionWriter\n"
        "writer = CorrosionWriter(Path(sys.argv[1]))\n"
        "for number in range(100):\n"
        "    with writer.commit(): writer.put('machines', {'id': '0001', 'address': f'fdaa:0:18:a:b:0:{number + 16:x}:2'})\n"
        "    print(writer.connection.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall()[0][0], flush=True)\n"
    )

    async def main(asker: Asker) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_asking, asker, nursery.cancel_scope)
            done = await trio.run_process([sys.executable, "-c", program, str(path)], capture_stdout=True)
            await until(asker, ["fdaa:0:18:a:b:0:73:2"])
            nursery.cancel_scope.cancel()
        assert done.stdout.split() == [b"0"] * 100  # 1: somebody was in the way
        assert asker.zones.counts.reads > 10

    on(path, main)


async def keep_asking(asker: Asker, scope: trio.CancelScope) -> None:
    number = 0
    while not scope.cancel_called:
        number += 1
        assert shown(await asker.ask(f"app{number}.internal")) in ("NXDOMAIN", "SERVFAIL 23")
        await trio.lowlevel.checkpoint()


def test_every_commit_of_a_busy_writer_is_in_the_answers_of_the_next_look(tmp_path: Path) -> None:
    """Commits come in bursts of any length, looks between them; how fast that goes is the benchmark's."""
    rng, path = Random(1), tmp_path / "state.db"
    apps = [app(number, f"app{number}", 24) for number in range(1, 41)]
    write_state(path, State(apps=apps, machines=[machine(f"{number:04x}", number, 24) for number in range(1, 41)]))
    writer = CorrosionWriter(path)
    writer.connection.execute("PRAGMA synchronous = OFF").fetchall()

    async def main() -> None:
        async with asking(path, run=inline, poll=10.0, max_wait=10.0) as asker:
            held = {number: await asker.texts(f"app{number}.internal") for number in range(1, 41)}
            for look in range(40):
                for burst in range(rng.choice([1, 2, 25])):
                    number = rng.randint(1, 40)
                    held[number] = [f"fdaa:0:18:a:b:{look + 1:x}:{burst + 1:x}:2"]
                    with writer.commit(burst % 5):
                        writer.put("machines", {"id": f"{number:04x}", "address": held[number][0]})
                await asker.zones._watcher.look()
                found = {number: await asker.texts(f"app{number}.internal") for number in held}
                assert found == held
            counts = asker.zones.counts
            assert counts.stale_answers == counts.failures == 0
            assert counts.sweeping_changes == 1  # the first look
            assert counts.reads < 40 * 40 / 2  # what nobody touched was not read again

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    writer.close()
