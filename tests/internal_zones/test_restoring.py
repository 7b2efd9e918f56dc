"""What clients get when a backup takes the place of the state database, by the documented procedure and by mistake.

Real files and real time: a clock that stands still proves nothing about a file.
"""

# ruff: noqa: ASYNC240 -- these tests break files under a running daemon, and may block to do so

import shutil
from pathlib import Path

import pytest
import trio

from resolver.demo.corrosion_file import CorrosionWriter
from tests.internal_zones.breaking import ADDRESS, OTHER, PATIENCE, execute, move, on, small_state, until
from tests.internal_zones.platform import machine
from tests.internal_zones.running import Asker

THIRD = "fdaa:0:18:a:b:0:3:2"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return small_state(tmp_path)


@pytest.fixture
def backup(path: Path) -> Path:
    """As `corrosion backup` makes it, of a time when web was at ADDRESS."""
    execute(path, f"VACUUM INTO '{path.with_name('backup.db')}'")
    execute(path.with_name("backup.db"), "PRAGMA journal_mode = WAL")
    return path.with_name("backup.db")


def beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")]


def leave_a_wal(path: Path, commits: int = 199) -> None:
    """Move web to OTHER, have other apps grow, and end as a writer does that is killed: -wal and -shm stay."""
    kept = path.with_name("kept")
    kept.mkdir()
    writer = CorrosionWriter(path)
    for number in range(1, commits + 1):
        with writer.commit():
            writer.put("machines", machine(f"{number:04x}", number, 24, address=OTHER))
    for file in (path, *beside(path)):
        shutil.copyfile(file, kept / file.name)
    writer.close()
    for file in (path, *beside(path)):
        shutil.copyfile(kept / file.name, file)


def test_a_daemon_that_starts_on_a_backup_beside_the_former_s_wal_refuses_it(path: Path, backup: Path) -> None:
    leave_a_wal(path)
    backup.rename(path)

    async def main(asker: Asker) -> None:
        assert await asker.texts("web.internal") == "SERVFAIL 14"
        status = asker.zones.status()
        assert "remove -wal and -shm" in status.fault
        assert not status.is_ready
        assert set(asker.zones.counts.failed_looks) == {"foreign_wal"}
        for file in beside(path):
            file.unlink()
        await until(asker, [ADDRESS])  # what the backup holds

    on(path, main)


def test_a_daemon_that_starts_on_what_a_killed_writer_left_serves_all_of_it(path: Path) -> None:
    leave_a_wal(path)

    async def main(asker: Asker) -> None:
        await until(asker, [OTHER])

    on(path, main)


def test_an_operator_may_take_it_for_the_file_s_own_nevertheless(path: Path) -> None:
    leave_a_wal(path)
    octets = bytearray(path.read_bytes())
    octets[24:28] = octets[92:96] = (77).to_bytes(4)  # the number of the last change: no sign of it in the -wal
    path.write_bytes(octets)

    async def main(asker: Asker) -> None:
        assert await asker.texts("web.internal") == "SERVFAIL 14"
        asker.zones.accept()
        await until(asker, [OTHER])

    on(path, main)


@pytest.mark.parametrize("commits", [1, 199])
def test_a_backup_copied_over_the_file_beside_its_wal_is_not_mixed_with_it(
    path: Path, backup: Path, commits: int
) -> None:
    """`cp backup.db state.db`: the same inode, another file's pages."""
    leave_a_wal(path, commits)

    async def main(asker: Asker) -> None:
        await until(asker, [OTHER])
        shutil.copyfile(backup, path)
        await until(asker, [OTHER], stale=True)
        with trio.fail_after(PATIENCE):
            while "both together are no database" not in asker.zones.status().fault:
                await asker.zones._watcher.look()  # one that came while it was being copied saw half a file
        for file in beside(path):
            file.unlink()
        await until(asker, [ADDRESS])

    on(path, main)


def test_a_backup_copied_over_a_file_without_a_wal_is_read(path: Path, backup: Path) -> None:
    async def main(asker: Asker) -> None:
        writer = CorrosionWriter(path)
        with writer.commit():
            writer.put("machines", {"id": "0001", "address": OTHER})
        await until(asker, [OTHER])
        writer.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        await asker.zones._watcher.next_look()
        shutil.copyfile(backup, path)
        await until(asker, [ADDRESS])
        writer.connection.close(True)

    on(path, main)


def test_checkpoints_are_no_other_file(path: Path) -> None:
    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        writer = CorrosionWriter(path)
        for number in range(20):
            with writer.commit():
                writer.put("machines", {"id": "0001", "address": f"fdaa:0:18:a:b:0:{number + 16:x}:2"})
            writer.connection.execute(
                f"PRAGMA wal_checkpoint({('PASSIVE', 'RESTART', 'TRUNCATE')[number % 3]})"
            ).fetchall()
            await asker.zones._watcher.next_look()
        await until(asker, ["fdaa:0:18:a:b:0:23:2"])
        assert asker.zones.counts.failed_looks == {}
        writer.close()

    on(path, main)


def test_the_documented_procedure_needs_no_restart_of_the_daemon(path: Path, backup: Path) -> None:
    """Stop Corrosion; move the backup into place and remove -wal and -shm; start Corrosion."""

    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        move(path, OTHER)  # opens, commits, and closes as a Corrosion that is stopped
        await until(asker, [OTHER])
        for file in beside(path):
            file.unlink(missing_ok=True)
        backup.rename(path)
        await until(asker, [ADDRESS])
        writer = CorrosionWriter(path)
        with writer.commit():
            writer.put("machines", {"id": "0001", "address": THIRD})
        await until(asker, [THIRD])
        assert asker.zones.status().is_ready
        assert asker.zones.counts.openings == 2
        writer.close()
        await trio.lowlevel.checkpoint()

    on(path, main)
