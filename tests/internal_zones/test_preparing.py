"""What is known of the statements once they are prepared on a file."""

from pathlib import Path

import apsw
import pytest

from internal_zones.mapping import Mapping, statements
from internal_zones.preparing import prepare
from tests.internal_zones.breaking import small_state


@pytest.fixture
def connection(tmp_path: Path) -> apsw.Connection:
    return apsw.Connection(str(small_state(tmp_path)))


def test_the_shipped_statements_fit_the_shipped_schema(connection: apsw.Connection) -> None:
    found = prepare(connection, statements(Mapping()), large=0)
    assert (found.problems, found.slow, found.unclocked) == ({}, {}, "")
    assert found.reads["machines"] == {"apps", "machines"}
    assert found.clocks is not None
    assert found.clocks.others == {"__corro_members"}
    assert found.clocks.replicated["machines"] >= {"app_id", "network_id"}


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT name FROM nowhere", "no such table: nowhere"),
        ("SELECT 1 AS a, 2 AS b", "yields columns (a, b)"),
        ("SELECT name FROM apps WHERE id = :id", "has the unknown parameter id"),
        ("SELECT name FROM apps; SELECT name FROM apps", "SELECT"),
    ],
)
def test_a_statement_that_cannot_be_used_leaves_the_others(connection: apsw.Connection, sql: str, reason: str) -> None:
    found = prepare(connection, statements(Mapping(app=sql)), large=0)
    assert set(found.problems) == {"app"}
    assert reason in found.problems["app"]


def test_without_an_index_a_statement_is_slow_and_only_on_a_large_table(connection: apsw.Connection) -> None:
    connection.execute("DROP INDEX peers_by_address")
    sql = statements(Mapping(peer_at="SELECT name FROM peers WHERE address = :address"))
    assert set(prepare(connection, sql, large=0).slow) == {"peer_at"}
    assert prepare(connection, sql, large=1000).slow == {}


def test_without_clock_tables_changes_cannot_be_told_apart(connection: apsw.Connection) -> None:
    connection.execute("DROP TABLE peers__crsql_pks")
    found = prepare(connection, statements(Mapping()), large=0)
    assert found.clocks is None
    assert "peers__crsql_pks" in found.unclocked
    assert found.problems == {}
