"""How a connection to the file is had, and what can be told of what stands beside it without one."""

import os
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from internal_zones.mapping import Mapping, statements
from internal_zones.opening import NO_FILE, connect, connect_to_what_is_there, reads_of, stamp_of, wal_of
from internal_zones.wal_origin import see
from tests.internal_zones.breaking import OTHER, move, small_state


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return small_state(tmp_path)


def test_to_connect_takes_no_wal_for_the_file_s_own(path: Path) -> None:
    """Nothing is made or read beside the file before somebody has asked whose the -wal is."""
    for file in path.parent.iterdir():
        if file != path:
            file.unlink()
    connection = connect(str(path))
    with reads_of(connection, str(path)) as (file_at, wal_at):
        assert file_at(0, 16) == b"SQLite format 3\0"
        assert wal_at(0, 32) == b""
    assert list(path.parent.iterdir()) == [path]
    connection.close()


def test_the_connection_cannot_write_and_maps_no_memory(path: Path) -> None:
    connection, is_immutable = connect_to_what_is_there(connect(str(path)), str(path))
    assert not is_immutable
    assert connection.pragma("mmap_size") == 0
    with pytest.raises(apsw.ReadOnlyError):
        connection.execute("DELETE FROM __corro_members")
    connection.close()


def test_a_statement_is_not_planned_anew_for_other_values(path: Path) -> None:
    """A SQLite with STAT4 did so at each read, which took longer than the reading."""
    connection, _ = connect_to_what_is_there(connect(str(path)), str(path))
    looked_up: list[str | None] = []  # while a statement is prepared

    def note(action: int, table: str | None, *_: str | None) -> int:
        looked_up.append(table)
        return apsw.SQLITE_OK

    connection.authorizer = note
    for network in (24, 24, 57):
        looked_up.clear()
        connection.execute(statements(Mapping())["machines"], {"network": network, "app": "web"}).fetchall()
    assert looked_up == []
    connection.close()


def test_what_is_no_database_is_found_out_and_let_go(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no database" * 100)
    connection = connect(str(tmp_path / "x"))
    with pytest.raises(apsw.NotADBError):
        connect_to_what_is_there(connection, str(tmp_path / "x"))
    with pytest.raises(apsw.ConnectionClosedError):
        connection.execute("SELECT 1")


def test_the_wal_and_the_headers_are_seen_beside_a_connection(path: Path) -> None:
    connection, _ = connect_to_what_is_there(connect(str(path)), str(path))
    move(path, OTHER)
    wal = wal_of(str(path))
    assert wal.octets > 32
    assert wal.is_same_file(wal_of(str(path)))
    assert not wal.is_same_file(NO_FILE)
    with reads_of(connection, str(path)) as reads:
        assert see(*reads).are_whole
    connection.close()


def test_a_write_leaves_another_stamp(path: Path) -> None:
    before = stamp_of(path.stat())
    path.write_bytes(path.read_bytes() + bytes(4096))
    assert stamp_of(path.stat()) != before


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["FIFO", "folder"])
def test_what_is_no_file_is_not_opened(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """To open a FIFO waits for somebody who writes to it: the database was not looked at again, whatever took its place."""
    make(tmp_path / "state.db")
    with pytest.raises(apsw.CantOpenError, match="no regular file"):
        connect(str(tmp_path / "state.db"))
