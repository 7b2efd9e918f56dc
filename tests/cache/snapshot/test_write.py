"""A snapshot is there as a whole or not at all, whatever happens while it is written."""

import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cache.snapshot import NotSaved, SnapshotReader, SnapshotWriter, saved
from cache.snapshot.file import check
from cache.snapshot.write import SUFFIX
from tests.cache.snapshot.made import ENTRIES, SAVED_AT, SERVERS, SHIFT, load, save

SAVING = [sys.executable, "-m", "tests.cache.snapshot.saving"]
ROOM = 1 << 20  # octets, of a disk that is too small for what saving.py saves


def test_nothing_of_it_can_be_seen_before_it_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    save(path)
    before = path.read_bytes()
    with SnapshotWriter(str(path), SAVED_AT) as writer:
        writer.write(saved(entry, 0, SHIFT) for entry in ENTRIES[:1])
        assert path.read_bytes() == before
        assert writer.finish() == path.stat().st_size
    assert len(load(path)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["cache.db"]


def test_one_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with SnapshotWriter(str(path), SAVED_AT) as writer:
        writer.write(saved(entry, 0, SHIFT) for entry in ENTRIES)
    assert list(tmp_path.iterdir()) == []


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    before = os.umask(0)
    try:
        save(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_sqlite3_opens_it_and_finds_nothing_wrong(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    save(path, hits=[5])
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("SELECT entries, boot FROM snapshot").fetchall() == [(len(ENTRIES), "this boot")]
    assert connection.execute("SELECT count(*) FROM server").fetchone() == (len(SERVERS),)
    rows = connection.execute(
        "SELECT type, rank, security, expires, hits, records FROM readable WHERE owner = ?", ("www.example.",)
    )
    assert rows.fetchall() == [
        ("A", "ANSWER_AA", "UNCHECKED", "2026-08-01 00:04:50", 5, "0004C00002010004C0000202"),
        ("AAAA", "ANSWER_AA", "SECURE", "2026-08-01 00:04:50", 0, "001020010DB8000000000000000000000001"),
        ("TXT", "AUTHORITY_AA", "SECURE", "2026-08-01 00:00:40", 0, ""),
    ]
    connection.close()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotSaved, match="No such file or directory"):
        save(tmp_path / "missing" / "cache.db")


def test_what_a_killed_process_left_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    (tmp_path / f"cache.db{SUFFIX}").write_bytes(b"half a snapshot")
    save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["cache.db"]


def test_a_link_in_the_place_of_what_is_written_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f"cache.db{SUFFIX}").symlink_to(victim)
    save(tmp_path / "cache.db")
    assert victim.read_text() == "precious"
    assert load(tmp_path / "cache.db")


def test_two_processes_do_not_save_into_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with SnapshotWriter(str(path), SAVED_AT) as first:
        with pytest.raises(NotSaved, match="another process is saving there"):
            SnapshotWriter(str(path), SAVED_AT)
        first.finish()
    assert load(path) == []


@pytest.mark.parametrize("slices", [0, 1, 7, 30, 59, 60])
def test_kill_9_while_it_is_saved_leaves_the_file_from_before(tmp_path: Path, slices: int) -> None:
    path = tmp_path / "cache.db"
    save(path)
    before = path.read_bytes()
    with subprocess.Popen([*SAVING, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(slices):
            assert process.stdout.readline()
        process.kill()
    check(str(path))
    if slices < 60:  # after the last slice it may just have been finished
        assert path.read_bytes() == before
    save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["cache.db"]


def test_a_disk_that_is_full_leaves_the_file_from_before(tmp_path: Path) -> None:
    """The kernel refuses to let the file grow, as on a full disk."""
    path = tmp_path / "cache.db"
    save(path)
    before = path.read_bytes()

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))

    done = subprocess.run([*SAVING, str(path)], preexec_fn=limit, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("not saved: ")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["cache.db"]


def test_a_file_system_without_room_leaves_the_file_from_before(tmp_path: Path) -> None:
    script = f"""
mount -t tmpfs -o size={2 * ROOM} full {tmp_path} || exit 77
{sys.executable} -m tests.cache.snapshot.saving {tmp_path}/cache.db 3 >/dev/null || exit 1
cp {tmp_path}/cache.db {tmp_path}/before
{" ".join(SAVING)} {tmp_path}/cache.db >/dev/null
test $? = 3 && cmp {tmp_path}/cache.db {tmp_path}/before && ls {tmp_path}
"""
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("needs the right to mount")
    assert (done.returncode, done.stdout.split()) == (0, ["before", "cache.db"]), done.stderr
    assert "full" in done.stderr


def test_a_snapshot_without_entries_is_one(tmp_path: Path) -> None:
    save(tmp_path / "cache.db", [])
    with SnapshotReader(str(tmp_path / "cache.db")) as reader:
        assert (reader.count, reader.read(9)) == (0, [])
