"""One read-only connection: what it notices, what it refuses, what it never does."""

from pathlib import Path

import apsw
import pytest
import trio

from internal_zones.database import LOOKS_TILL_REOPENING, MAX_ROWS, Fault, StateFault, StateFile, inline, own_thread
from internal_zones.mapping import Mapping, statements
from resolver.demo.corrosion_file import CorrosionWriter
from tests.internal_zones.platform import State, app, machine, write_state

WHERE: dict[str, int | str] = {"network": 24, "app": "web", "address": ""}
WEB = State(apps=[app(1, "web", 24)], machines=[machine("0001", 1, 24)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_state(tmp_path / "state.db", WEB)
    return tmp_path / "state.db"


def file_on(path: Path, mapping: Mapping | None = None) -> StateFile:
    return StateFile(str(path), statements(mapping or Mapping()))


def execute(path: Path, sql: str) -> None:
    writer = CorrosionWriter(path)
    writer.connection.execute(sql)
    writer.close()


def test_a_look_at_an_unchanged_file_sees_the_same(path: Path) -> None:
    file = file_on(path)
    assert file.look() is file.look()


def test_a_commit_of_another_connection_is_seen_by_the_next_look(path: Path) -> None:
    file = file_on(path)
    before = file.look()
    execute(path, "UPDATE machines SET region = 'fra'")
    assert file.look().data_version != before.data_version
    assert file.select("machines", WHERE)[0][1] == "fra"


@pytest.mark.parametrize(
    ("sql", "statement"),
    [
        ("DROP TABLE peers", "peers"),
        ("ALTER TABLE machines RENAME COLUMN region TO place", "machines"),
        ("DROP TABLE services", "services"),
    ],
)
def test_a_look_says_of_every_statement_what_it_is_under_the_schema_of_now(
    path: Path, sql: str, statement: str
) -> None:
    file = file_on(path)
    assert file.look().problems == {}
    execute(path, sql)
    assert statement in file.look().problems


def test_a_look_sees_at_once_that_there_are_no_clocks_any_more(path: Path) -> None:
    file = file_on(path)
    assert file.look().unclocked == ""
    execute(path, "DROP TABLE apps__crsql_pks")
    assert file.look().unclocked == "no such table: apps__crsql_pks"


def test_every_name_is_found_in_any_letter_case_by_its_index(path: Path) -> None:
    file = file_on(path)
    file.look()
    assert file.select("app", WHERE | {"app": "WEB"}) == [("web",)]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT name AS title FROM apps", "yields columns (title): (name) are expected"),
        ("SELECT name FROM apps WHERE network_id = :net", "has the unknown parameter net"),
        ("SELECT name FROM nowhere", "no such table: nowhere"),
        ("SELEKT", 'near "SELEKT": syntax error'),
        ("DELETE FROM crsql_master RETURNING key AS name", "is not one SELECT"),
        ("SELECT name FROM apps; SELECT 1", "is not one SELECT"),
    ],
)
def test_a_statement_that_cannot_be_used_is_named_and_never_run(path: Path, sql: str, reason: str) -> None:
    file = file_on(path, Mapping(apps=sql))
    assert reason in file.look().problems["apps"]
    with pytest.raises(StateFault) as raised:
        file.select("apps", WHERE)
    assert raised.value.fault is Fault.STATEMENT
    assert file.select("app", WHERE) == [("web",)]


def test_the_connection_refuses_to_write(path: Path) -> None:
    file = file_on(path)
    file.look()
    connection = file._connection
    assert connection is not None
    with pytest.raises(apsw.ReadOnlyError):
        connection.execute("CREATE TABLE t (x)")


def test_no_transaction_is_open_after_a_select(path: Path) -> None:
    file = file_on(path)
    file.look()
    file.select("machines", WHERE)
    assert file._connection is not None
    assert not file._connection.in_transaction
    assert file._connection.txn_state("main") == apsw.SQLITE_TXN_NONE


def test_more_rows_than_one_read_may_take_are_refused_whole(path: Path) -> None:
    many = (
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= {MAX_ROWS}) SELECT i AS name FROM n"
    )
    file = file_on(path, Mapping(apps=many))
    file.look()
    with pytest.raises(StateFault) as raised:
        file.select("apps", WHERE)
    assert raised.value.fault is Fault.TOO_MANY_ROWS
    assert file._connection is not None
    assert file._connection.txn_state("main") == apsw.SQLITE_TXN_NONE


def test_a_statement_that_fails_for_one_row_is_no_reason_to_reopen(path: Path) -> None:
    file = file_on(path, Mapping(apps="SELECT json_extract(metadata, '$.x') AS name FROM machines"))
    file.look()
    execute(path, "UPDATE machines SET metadata = 'no JSON'")
    file.look()
    with pytest.raises(StateFault) as raised:
        file.select("apps", WHERE)
    assert raised.value.fault is Fault.STATEMENT
    assert file.look().opening == 1
    assert file.look().problems == {}


def test_text_that_is_no_utf_8_is_a_corrupt_row(path: Path) -> None:
    file = file_on(path)
    file.look()
    execute(path, "UPDATE machines SET region = CAST(x'ff' AS TEXT)")
    with pytest.raises(StateFault) as raised:
        file.select("machines", WHERE)
    assert raised.value.fault is Fault.CORRUPT


def test_after_a_corrupt_page_the_file_is_opened_anew_but_not_at_once(path: Path) -> None:
    execute(path, "PRAGMA journal_mode = DELETE")
    connection = apsw.Connection(str(path))
    [[page]] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'apps_by_name'").fetchall()
    size = int(connection.pragma("page_size"))
    connection.close()
    octets = bytearray(path.read_bytes())
    octets[(int(str(page)) - 1) * size : int(str(page)) * size] = b"\xff" * size
    path.write_bytes(octets)
    file = file_on(path)
    file.look()
    with pytest.raises(StateFault) as raised:
        file.select("app", WHERE)
    assert raised.value.fault is Fault.CORRUPT
    openings = [file.look().opening for _ in range(LOOKS_TILL_REOPENING)]
    assert openings == [1] * (LOOKS_TILL_REOPENING - 1) + [2]


@pytest.mark.parametrize(
    ("octets", "fault"),
    [(b"no database at all" * 100, Fault.CORRUPT), (None, Fault.MISSING)],
    ids=["garbage", "nothing"],
)
def test_what_is_no_database_is_a_fault_of_the_look(tmp_path: Path, octets: bytes | None, fault: Fault) -> None:
    path = tmp_path / "state.db"
    if octets:
        path.write_bytes(octets)
    file = file_on(path)
    for _ in range(2):
        with pytest.raises(StateFault) as raised:
            file.look()
        assert raised.value.fault is fault
    with pytest.raises(StateFault):
        file.select("app", WHERE)


def test_a_path_through_a_file_is_unreadable(path: Path) -> None:
    with pytest.raises(StateFault) as raised:
        file_on(path / "state.db").look()
    assert raised.value.fault is Fault.UNREADABLE


def test_an_empty_file_has_no_statement_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()
    assert file_on(tmp_path / "state.db").look().problems.keys() == statements(Mapping()).keys() - {"touched"}


def test_jobs_of_the_thread_run_one_after_another_in_their_order() -> None:
    done: list[int] = []

    async def main() -> None:
        run = own_thread()
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(run, lambda number=number: done.append(number))
                await trio.lowlevel.checkpoint()
        assert await inline(lambda: 7) == 7

    trio.run(main)
    assert done == list(range(20))
