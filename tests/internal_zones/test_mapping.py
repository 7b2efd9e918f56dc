"""The default mapping fits the schema we ship, and every question is served by an index."""

from pathlib import Path

import apsw
import pytest

from internal_zones.mapping import COLUMNS, READS_ALL, Mapping, shape_problem, statements
from tests.internal_zones.platform import State, write_state

ASKED = {"network": 1, "app": "a", "address": "", "table": "apps", "key": 1, "limit": 1, "offset": 0}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> apsw.Connection:
    path: Path = tmp_path_factory.mktemp("state") / "state.db"
    write_state(path, State())
    return apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)


@pytest.mark.parametrize("name", COLUMNS)
def test_no_question_scans_a_table(connection: apsw.Connection, name: str) -> None:
    sql = statements(Mapping())[name]
    plan = [str(row[3]) for row in connection.execute("EXPLAIN QUERY PLAN " + sql, ASKED)]
    assert plan
    of_a_table = [step for step in plan if step != "SCAN p"]  # p: the ids of one page
    assert name in READS_ALL or not any(step.startswith("SCAN") or "AUTOMATIC" in step for step in of_a_table), plan


def test_every_statement_has_its_columns() -> None:
    assert tuple(statements(Mapping())) == tuple(COLUMNS)


@pytest.mark.parametrize(
    ("columns", "parameters", "problem"),
    [
        (("name",), ("network",), None),
        (("name",), (), None),
        (("title",), (), "yields columns (title): (name) are expected"),
        (("name", "id"), (), "yields columns (name, id): (name) are expected"),
        (("name",), ("net",), "has the unknown parameter net: address, app, network are known"),
        (("name",), (None,), "has the unknown parameter ?: address, app, network are known"),
    ],
)
def test_a_statement_of_another_shape_is_refused(
    columns: tuple[str, ...], parameters: tuple[str | None, ...], problem: str | None
) -> None:
    assert shape_problem("apps", columns, parameters) == problem
