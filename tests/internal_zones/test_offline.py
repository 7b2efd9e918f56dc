"""A file is looked at without a daemon: its statements, the indexes they lack, its bad rows."""

from pathlib import Path

import pytest
import trio

from internal_zones import FileReport, StateFault, StateOptions, check_file
from tests.internal_zones.breaking import execute
from tests.internal_zones.platform import State, app, machine, write_state


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_state(tmp_path / "state.db", State(apps=[app(1, "web", 24)], machines=[machine("01", 1, 24)]))
    return tmp_path / "state.db"


def report_on(path: Path) -> FileReport:
    return trio.run(check_file, StateOptions(database=str(path)))


def test_a_file_of_the_shipped_schema_would_serve(path: Path) -> None:
    report = report_on(path)
    assert report.would_serve
    assert (set(report.statements.values()), report.slow, report.clocks, report.faults) == ({"ready"}, {}, "ready", [])


def test_an_index_that_is_missing_is_told_though_the_table_is_small(path: Path) -> None:
    execute(path, "DROP INDEX apps_by_name")
    report = report_on(path)
    assert "an index on apps" in report.slow["app"]
    assert report.would_serve


def test_bad_rows_are_listed(path: Path) -> None:
    execute(path, "UPDATE machines SET address = '192.0.2.1'")
    report = report_on(path)
    assert [(row.network, row.app, row.table, row.id, row.column) for row in report.faults] == [
        (24, "web", "machines", "01", "address")
    ]
    assert not report.would_serve


def test_a_statement_that_does_not_fit_is_told_with_its_reason(path: Path) -> None:
    execute(path, "ALTER TABLE machines RENAME COLUMN region TO place")
    report = report_on(path)
    assert "no such column" in report.statements["machines"]
    assert report.unread
    assert not report.would_serve


def test_what_only_an_order_rests_on_may_be_missing(path: Path) -> None:
    execute(path, "DROP TABLE __corro_members")
    report = report_on(path)
    assert report.statements["hosts"] == "no such table: __corro_members"
    assert report.would_serve


def test_what_is_no_database_cannot_be_looked_at(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no database at all" * 100)
    with pytest.raises(StateFault):
        report_on(tmp_path / "x")
