"""A file is loaded only if it is whole, unchanged, ours, and of a version that we know."""

import os
import sqlite3
import stat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.rrset import Denial
from cache.snapshot.file import MAX_ASIDE, SEAL, VERSION, Defect, Unloadable, check, seal, set_aside
from cache.snapshot.write import NotSaved
from tests.cache.snapshot.made import ENTRIES, load, save, saved_octets

WHOLE: Final = saved_octets()


def defect_of(octets: bytes) -> Defect | None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cache.db"
        path.write_bytes(octets)
        try:
            check(str(path))
        except Unloadable as refused:
            return refused.defect
        return None


def test_a_saved_file_is_whole() -> None:
    assert defect_of(WHOLE) is None


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_cut_off_at_any_octet_is_refused(octets: int) -> None:
    assert defect_of(WHOLE[:octets]) is not None


@given(st.integers(0, 8 * len(WHOLE) - 1))
def test_a_file_with_any_bit_flipped_is_refused(bit: int) -> None:
    octets = bytearray(WHOLE)
    octets[bit // 8] ^= 1 << bit % 8
    assert defect_of(bytes(octets)) is not None


@given(st.binary(min_size=1, max_size=300))
def test_a_file_with_something_behind_it_is_refused(tail: bytes) -> None:
    assert defect_of(WHOLE + tail) == Defect.DAMAGED


@given(st.binary(max_size=5000))
def test_garbage_is_refused(octets: bytes) -> None:
    assert defect_of(octets) is not None


def sealed(path: Path) -> bytes:
    with path.open("r+b") as file:
        seal(file)
    return path.read_bytes()


def test_an_sqlite_file_of_another_program_is_foreign(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE entry (x)")
    connection.commit()
    connection.close()
    assert defect_of(sealed(path)) == Defect.FOREIGN


def test_a_text_is_foreign() -> None:
    assert defect_of(b"example. NS ns.example.\n" * 20) == Defect.FOREIGN


def test_a_file_of_a_later_version_is_refused_as_such(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    path.write_bytes(WHOLE[: -SEAL.size])
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.commit()
    connection.close()
    assert defect_of(sealed(path)) == Defect.LATER_VERSION


@pytest.mark.parametrize("before", [1, 2])
def test_a_file_of_a_version_before_is_read(tmp_path: Path, before: int) -> None:
    """What is `rank` now is called `trust` in it; that of version 1 has no proofs of RRsets."""
    path = tmp_path / "cache.db"
    entries = [entry for entry in ENTRIES if before > 1 or isinstance(entry, Denial) or not entry.proof]
    save(path, entries)
    path.write_bytes(path.read_bytes()[: -SEAL.size])
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {before}")
    connection.execute("PRAGMA writable_schema = 1")
    connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'rank', 'trust')")
    connection.execute("UPDATE code SET field = 'trust' WHERE field = 'rank'")
    connection.commit()
    connection.close()
    sealed(path)
    assert {repr(entry) for entry in load(path)} == {repr(entry) for entry in entries}


def test_a_file_that_somebody_wrote_to_has_lost_its_seal(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    path.write_bytes(WHOLE)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE entry SET expires = expires + 86400")
    connection.commit()
    connection.close()
    assert defect_of(path.read_bytes()) == Defect.DAMAGED


def test_a_fifo_in_its_place_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    os.mkfifo(path)
    with pytest.raises(Unloadable, match="no regular file"):
        check(str(path))


def test_a_file_that_is_not_there_is_not_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check(str(tmp_path / "cache.db"))


def test_refused_files_are_kept_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    for number in range(MAX_ASIDE + 2):
        path.write_text(str(number))
        os.utime(path, (number, number))
        set_aside(str(path))
        assert not path.exists()
    kept = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert kept == {"cache.db.refused-1": "3", "cache.db.refused-2": "4", "cache.db.refused-3": "2"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_in_its_place_is_neither_renamed_nor_replaced(tmp_path: Path) -> None:
    """`cache.snapshot = "/dev/zero"` and root: the device was renamed, and a file put in its place."""
    path = tmp_path / "cache.db"
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    with pytest.raises(OSError, match="no regular file"):
        set_aside(str(path))
    with pytest.raises(NotSaved, match="no regular file"):
        save(path, ENTRIES)
    assert path.is_char_device()
    assert list(tmp_path.iterdir()) == [path]
