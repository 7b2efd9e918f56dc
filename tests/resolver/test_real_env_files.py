"""The kernel tells who writes to a file, to its WAL, or puts another in its place."""

import os
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from resolver.env import FileNotices
from resolver.real_env import RealEnv
from resolver.real_env_files import HEADER, IN_ENDED, IN_MODIFY, OVERFLOWN, concerns, file_system_of

PATIENCE = 10.0  # seconds for the kernel on the slowest of test machines
NAMES = frozenset((b"state.db", b"state.db-wal"))


def event(mask: int, name: bytes = b"") -> bytes:
    padded = name + bytes(-len(name) % 16) if name else b""
    return HEADER.pack(1, mask, 0, len(padded)) + padded


@pytest.mark.parametrize(
    ("octets", "is_ours"),
    [
        pytest.param(b"", False, id="nothing"),
        pytest.param(event(IN_MODIFY, b"state.db-wal"), True, id="the WAL"),
        pytest.param(event(IN_MODIFY, b"other") + event(IN_MODIFY, b"state.db"), True, id="one of two"),
        pytest.param(event(IN_MODIFY, b"state.db-shm") + event(IN_MODIFY, b"x-state.db"), False, id="others"),
        pytest.param(event(OVERFLOWN), True, id="notices were lost"),
        pytest.param(event(IN_MODIFY, b"state.db")[:-20], False, id="cut short"),
    ],
)
def test_an_event_is_ours_by_its_name(octets: bytes, is_ours: bool) -> None:
    assert concerns(octets, NAMES) is is_ours


def test_a_watch_that_ended_is_an_error() -> None:
    with pytest.raises(OSError, match="its folder is gone"):
        concerns(event(IN_ENDED), NAMES)
    assert struct.calcsize("iIII") == HEADER.size


def on(path: Path, act: Callable[[], object]) -> None:
    """Nothing is told before the act, and something after it."""

    async def main() -> None:
        notices: FileNotices = RealEnv().watch_file(str(path))
        with trio.move_on_after(0.05) as early:
            await notices.wait()
        assert early.cancelled_caught
        act()
        with trio.fail_after(PATIENCE):
            await notices.wait()
        notices.close()

    trio.run(main)


def test_a_commit_of_a_writer_in_wal_mode_is_told(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE t (x)")
    writer.commit()

    def commit() -> None:
        writer.execute("INSERT INTO t VALUES (1)")
        writer.commit()

    on(path, commit)
    writer.close()


def test_a_file_that_comes_goes_or_is_replaced_is_told(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    on(path, lambda: path.write_bytes(b"new"))
    (tmp_path / "other.db").write_bytes(b"other")
    on(path, lambda: (tmp_path / "other.db").rename(path))
    on(path, path.unlink)


def test_other_files_of_the_folder_are_not_told_of(tmp_path: Path) -> None:
    async def main() -> None:
        notices = RealEnv().watch_file(str(tmp_path / "state.db"))
        (tmp_path / "state.db-shm").write_bytes(b"x")
        (tmp_path / "other").write_bytes(b"x")
        with trio.move_on_after(0.1) as scope:
            await notices.wait()
        assert scope.cancelled_caught
        notices.close()

    trio.run(main)


def test_a_link_is_followed_to_where_the_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "state.db").write_bytes(b"")
    (tmp_path / "link.db").symlink_to(tmp_path / "real" / "state.db")
    on(tmp_path / "link.db", lambda: (tmp_path / "real" / "state.db").write_bytes(b"x"))


def test_a_folder_that_is_not_there_or_goes_away_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        RealEnv().watch_file(str(tmp_path / "nowhere" / "state.db"))

    async def main() -> None:
        (tmp_path / "folder").mkdir()
        notices = RealEnv().watch_file(str(tmp_path / "folder" / "state.db"))
        (tmp_path / "folder").rmdir()
        with trio.fail_after(PATIENCE), pytest.raises(OSError, match="its folder is gone"):
            await notices.wait()
        notices.close()

    trio.run(main)


def test_the_file_system_of_a_folder_is_that_of_the_closest_mount() -> None:
    assert file_system_of("/proc/self") == "proc"
    assert file_system_of(os.getcwd())
