"""The file looks like Corrosion's to a reader, and refuses writers that are not Corrosion's."""

from pathlib import Path

import apsw
import pytest

from resolver.demo.corrosion_file import SENTINEL, CorrosionWriter, create

SCHEMA = "CREATE TABLE m (id TEXT NOT NULL PRIMARY KEY, app TEXT NOT NULL DEFAULT '', n INTEGER NOT NULL DEFAULT 0);"
SITES = [b"a" * 16, b"b" * 16]


@pytest.fixture
def writer(tmp_path: Path) -> CorrosionWriter:
    create(tmp_path / "state.db", SCHEMA, SITES)
    return CorrosionWriter(tmp_path / "state.db")


def clocks(writer: CorrosionWriter) -> list[tuple[object, ...]]:
    sql = "SELECT col_name, col_version, db_version, site_id, seq FROM m__crsql_clock ORDER BY col_name"
    return writer.connection.execute(sql).fetchall()


def test_a_reader_without_the_extension_cannot_write(tmp_path: Path, writer: CorrosionWriter) -> None:
    plain = apsw.Connection(str(tmp_path / "state.db"))
    with pytest.raises(apsw.SQLError, match="no such function: crsql_internal_sync_bit"):
        plain.execute("INSERT INTO m (id) VALUES ('x')")
    assert plain.execute("SELECT id FROM m").fetchall() == []


def test_each_changed_column_has_a_clock_of_the_site_and_version_that_changed_it(writer: CorrosionWriter) -> None:
    with writer.commit():
        writer.put("m", {"id": "x", "app": "web", "n": 1})
    with writer.commit(ordinal=1):
        writer.put("m", {"id": "x", "n": 2})
    assert clocks(writer) == [("app", 1, 1, 0, 0), ("n", 2, 1, 1, 0)]
    versions = writer.connection.execute("SELECT db_version FROM crsql_db_versions").fetchall()
    assert versions == [(1,), (1,)]


def test_a_deleted_row_leaves_a_tombstone(writer: CorrosionWriter) -> None:
    with writer.commit():
        writer.put("m", {"id": "x", "app": "web"})
    with writer.commit():
        writer.delete("m", {"id": "x"})
    assert clocks(writer) == [(SENTINEL, 2, 2, 0, 0)]
    assert writer.connection.execute("SELECT id FROM m").fetchall() == []


def test_a_failed_commit_changes_nothing(writer: CorrosionWriter) -> None:
    with pytest.raises(apsw.SQLError), writer.commit():
        writer.put("m", {"id": "x", "nosuch": 1})
    assert clocks(writer) == []
    assert writer.connection.execute("SELECT max(db_version) FROM crsql_db_versions").fetchall() == [(0,)]


def test_the_schema_is_tracked_and_the_journal_is_a_wal(writer: CorrosionWriter) -> None:
    assert writer.connection.execute("SELECT tbl_name, type FROM __corro_schema").fetchall() == [("m", "table")]
    assert writer.connection.pragma("journal_mode") == "wal"
