"""One statement for many questions says of each what it says when it is asked alone."""

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from internal_zones.rows import Row
from internal_zones.together import Question, count_of_each, counted_together, rows_of_each, together

SQL = "SELECT machine, status FROM checks WHERE network = :network AND app = :app COLLATE NOCASE ORDER BY machine"
QUESTIONS: list[Question] = [(24, "web", "1"), (24, "db", "1"), (7, "web", "2"), (24, "none", "")]


def database(*rows: tuple[object, ...]) -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE checks (network, app TEXT, machine, status)")
    connection.executemany("INSERT INTO checks VALUES (?, ?, ?, ?)", rows)
    return connection


def of_each(connection: apsw.Connection, sql: str, most: int = 100) -> object:
    def query(sql: str, values: tuple[int | str, ...]) -> list[Row]:
        return connection.execute(sql, values).fetchall()

    return rows_of_each(query, together("checks", sql), QUESTIONS, most)


def one_by_one(connection: apsw.Connection, sql: str) -> list[list[Row]]:
    return [
        connection.execute(sql, dict(zip(("network", "app", "address"), it, strict=False))).fetchall()
        for it in QUESTIONS
    ]


values = st.one_of(
    st.text(st.characters(codec="utf-8")),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.none(),
)


@given(st.lists(st.tuples(st.sampled_from((24, 7)), st.sampled_from(("web", "WEB", "db")), st.integers(), values)))
def test_each_question_gets_the_rows_that_it_gets_alone(rows: list[tuple[int, str, int, object]]) -> None:
    connection = database(*((network, app, f"{machine}", status) for network, app, machine, status in rows))
    assert of_each(connection, SQL) == one_by_one(connection, SQL)


@pytest.mark.parametrize("octets", [b"", b"\0", b"\x17abc", b"x", b"\x0c\x17a", b"\xff"])
def test_what_cannot_be_told_in_json_is_not_told(octets: bytes) -> None:
    """Some BLOBs SQLite takes for JSON of its own: taken for NULL, an address that cannot be read would have half arrived."""
    assert of_each(database((24, "web", "1", octets)), SQL) is None


def test_a_question_with_too_many_rows_is_asked_alone() -> None:
    connection = database((24, "web", "1", "a"), (24, "web", "2", "a"), (24, "db", "3", "a"))
    assert of_each(connection, SQL, 2) == one_by_one(connection, SQL)
    assert of_each(connection, SQL, 1) is None


@pytest.mark.parametrize(
    "column",
    [
        "json(status)",
        "json_extract(status, '$.a')",
        "status -> '$.a'",
        "status -> '$.b'",
        "status ->> '$.a'",
        "json_object('a', status)",
    ],
)
def test_json_of_an_operators_statement_stays_text(column: str) -> None:
    connection = database((24, "web", "1", '{"a":{"x":[1]},"b":"y"}'), (24, "db", "1", '{"a":"12","b":null}'))
    sql = SQL.replace("status", f"{column} AS status", 1)
    assert of_each(connection, sql) == one_by_one(connection, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ':app' AS machine, status FROM checks WHERE app = :app",
        'SELECT machine AS "machine", status FROM checks -- of \':network\n WHERE app = $app AND network = @network',
        "SELECT machine, status FROM checks /* :address */ WHERE app = :app AND (machine, status) NOT IN (SELECT ':', '::a')",
        "SELECT machine, status FROM checks WHERE app = :app UNION ALL SELECT :network, :app",
    ],
)
def test_only_parameters_are_taken_for_parameters(sql: str) -> None:
    connection = database((24, "web", "1", "a"), (7, "db", "2", "b"))
    assert of_each(connection, sql) == one_by_one(connection, sql)


@pytest.mark.parametrize("end", [";", " ; \n", " -- as they come", ";\n"])
def test_a_statement_may_end_as_it_does_alone(end: str) -> None:
    connection = database((24, "web", "1", "a"), (7, "web", "2", "b"))
    assert of_each(connection, SQL + end) == one_by_one(connection, SQL + end)


def test_an_address_is_a_parameter_as_the_others_are() -> None:
    connection = database((24, "web", "1", "a"), (24, "web", "2", "b"), (7, "web", "2", "c"))
    sql = "SELECT machine, status FROM checks WHERE network = :network AND machine = :address"
    assert of_each(connection, sql) == one_by_one(connection, sql) == [[("1", "a")], [("1", "a")], [("2", "c")], []]


@pytest.mark.parametrize("most", [1, 2, 100])
def test_rows_are_counted_together_as_they_are_alone(most: int) -> None:
    connection = database((24, "web", "1", b"a"), (24, "web", "2", "a"), (24, "web", "3", "a"), (24, "db", "3", "a"))

    def query(sql: str, values: tuple[int | str, ...]) -> list[Row]:
        return connection.execute(sql, values).fetchall()

    alone = [min(len(rows), most + 1) for rows in one_by_one(connection, SQL)]
    assert count_of_each(query, counted_together("checks", SQL), QUESTIONS, most) == alone


def test_a_statement_with_other_parameters_is_read_alone() -> None:
    assert together("checks", "SELECT machine, status FROM checks LIMIT :limit") == ""
