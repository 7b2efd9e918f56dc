"""What the clock tables tell, on values and on a file in Corrosion's shape; random changes are in test_changes."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import apsw
import pytest

from internal_zones.clocks import (
    MAX_CLOCK_ROWS,
    MAX_SITES,
    NEWEST,
    Clocks,
    Commit,
    Listed,
    Span,
    TooMuch,
    Touches,
    Versions,
    arrived,
    read_touches,
    read_versions,
)
from internal_zones.mapping import TOUCHED, Mapping, statements
from internal_zones.rows import Row
from resolver.demo.corrosion_file import CorrosionWriter
from tests.internal_zones.platform import State, app, machine, write_state

CLOCKS = Clocks(
    {
        "apps": frozenset(("id", "name", "network_id")),
        "machines": frozenset(("id", "app_id", "network_id")),
        "checks": frozenset(),
    },
    frozenset(("__corro_members",)),
)
A, B = "61" * 16, "62" * 16


def versions(a: int, b: int, *gaps: tuple[int, int]) -> Versions:
    """Of two sites; the gaps are of the second."""
    return Versions({0: (A, a), 1: (B, b)}, {1: frozenset(gaps)} if gaps else {})


def listed(sites: str, numbers: list[int]) -> list[Row]:
    """The two rows that tell of sites."""
    return [("sites", sites, str(numbers)), ("ordinals", sites, str(list(range(len(numbers)))))]


def torn(found: Versions, *open_versions: int) -> Versions:
    """With versions of the second site that are there in parts."""
    return found._replace(torn={1: frozenset(open_versions)})


NEWS = NEWEST  # versions without an end


@pytest.mark.parametrize(
    ("before", "after", "spans"),
    [
        pytest.param(versions(3, 7), versions(4, 7), {(0, 4, NEWS)}, id="one site has news"),
        pytest.param(versions(3, 7), versions(4, 9), {(0, 4, NEWS), (1, 8, NEWS)}, id="both have"),
        pytest.param(versions(3, 7), versions(3, 7), None, id="a change without a version"),
        pytest.param(versions(3, 7), versions(3, 6), None, id="backwards"),
        pytest.param(versions(3, 7), Versions({0: (B, 3), 1: (A, 7)}, {}), None, id="sites changed places"),
        pytest.param(versions(3, 7), Versions({0: (A, 4)}, {}), None, id="a site is gone"),
        pytest.param(Versions({0: (A, 3)}, {}), versions(3, 7), {(1, 0, NEWS)}, id="a site is new"),
        pytest.param(versions(3, 7), versions(3, 12, (8, 11)), {(1, 8, NEWS)}, id="a gap opens"),
        pytest.param(versions(3, 12, (8, 11)), versions(3, 12), {(1, 8, 11)}, id="a gap closes"),
        pytest.param(
            versions(3, 12, (8, 11)),
            versions(3, 13, (10, 11)),
            {(1, 8, 11), (1, 13, NEWS)},
            id="a gap closes partly, with news",
        ),
        pytest.param(
            versions(3, 12, (5, 5), (9, 9)), versions(3, 12, (5, 5)), {(1, 9, 9)}, id="the later of two gaps closes"
        ),
        pytest.param(versions(3, 12, (8, 11)), versions(3, 14, (8, 11)), {(1, 13, NEWS)}, id="news beside an open gap"),
        pytest.param(
            torn(versions(3, 7), 5),
            torn(versions(4, 7), 5),
            {(0, 4, NEWS), (1, 5, 5)},
            id="news beside an open version",
        ),
        pytest.param(torn(versions(3, 7), 5), versions(3, 7), {(1, 5, 5)}, id="the last part of a version"),
        pytest.param(versions(3, 7), torn(versions(3, 7), 5), {(1, 5, 5)}, id="a part of a version"),
        pytest.param(torn(versions(3, 7), 5), torn(versions(3, 7), 5), None, id="a change that nothing explains"),
        pytest.param(versions(3, 7), versions(3, 7)._replace(books=((1, 2, 3),)), set(), id="bookkeeping alone"),
    ],
)
def test_what_has_arrived_is_known_by_versions_gaps_and_open_versions(
    before: Versions, after: Versions, spans: set[Span] | None
) -> None:
    found = arrived(before, after)
    assert (None if found is None else set(found)) == spans


@pytest.fixture
def writer(tmp_path: Path) -> CorrosionWriter:
    state = State(
        apps=[app(1, "web", 24), app(2, "db", 24), app(3, "web", 57)],
        machines=[machine("01", 1, 24), machine("02", 2, 24), machine("03", 3, 57)],
        checks=[{"machine_id": "02", "name": "x", "status": "passing"}],
    )
    write_state(tmp_path / "state.db", state)
    return CorrosionWriter(tmp_path / "state.db")


def touches_of(
    writer: CorrosionWriter, change: Callable[[], None], ordinal: int = 0, *, with_commits: bool = False
) -> Touches:
    """What is found touched after one commit that makes the change."""

    def query(sql: str, values: tuple[int | str, ...]) -> list[Row]:
        return writer.connection.execute(sql, values).fetchall()

    def place(table: str, keys: Sequence[int]) -> list[list[Row]]:
        sql = statements(Mapping())[TOUCHED]
        return [writer.connection.execute(sql, {"table": table, "key": key}).fetchall() for key in keys]

    before = read_versions(query, CLOCKS.replicated)
    with writer.commit(ordinal):
        change()
    after = read_versions(query, CLOCKS.replicated, before)
    assert after == read_versions(query, CLOCKS.replicated)
    spans = arrived(before, after)
    assert spans is not None
    assert arrived(before._replace(listed=Listed()), after) == spans
    touches = read_touches(query, place, CLOCKS, spans, before.greatest, after.sites)
    assert bool(touches.commits) is bool(spans)
    return touches if with_commits else touches._replace(commits=())


def of(table: str, network: int, app: str, machine: str = "") -> Touches:
    """One row of the table was touched."""
    place = (table, network, app)
    return Touches(CLOCKS.others, frozenset({place}), machines={place: frozenset({machine})})


@pytest.mark.parametrize("ordinal", [0, 2])
def test_a_changed_row_is_placed_in_its_network_and_app(writer: CorrosionWriter, ordinal: int) -> None:
    touches = touches_of(writer, lambda: writer.put("machines", {"id": "02", "state": "stopped"}), ordinal)
    assert touches == of("machines", 24, "db", "02")


def test_a_row_of_another_table_is_placed_by_what_it_belongs_to(writer: CorrosionWriter) -> None:
    row = {"machine_id": "02", "name": "x", "status": "critical"}
    assert touches_of(writer, lambda: writer.put("checks", row)) == of("checks", 24, "db")


def test_a_commit_is_told_with_its_site_its_time_and_its_rows(writer: CorrosionWriter) -> None:
    def change() -> None:
        writer.put("machines", {"id": "01", "state": "stopped"})
        writer.put("apps", {"id": 2, "name": "base"})

    [commit] = touches_of(writer, change, 1, with_commits=True).commits
    [(site,)] = writer.connection.execute("SELECT hex(site_id) FROM crsql_site_id WHERE ordinal = 1").fetchall()
    assert commit == Commit(str(site), commit.ts, frozenset({("machines", 24, "web"), ("apps", None, "")}))
    assert commit.ts > 0


def test_a_new_row_touches_its_own_app_only(writer: CorrosionWriter) -> None:
    touches = touches_of(writer, lambda: writer.put("machines", machine("09", 3, 57)))
    assert touches == of("machines", 57, "web", "09")._replace(fresh=frozenset({"machines"}))


def test_a_row_that_was_there_is_moved_by_a_placing_column_whatever_its_version(writer: CorrosionWriter) -> None:
    """Two sites create a row unseen by each other: the greater value wins, and its column version stays 1."""

    def merge() -> None:
        writer.put("machines", {"id": "02", "app_id": 1})
        writer.connection.execute("UPDATE machines__crsql_clock SET col_version = 1")

    assert "machines" in touches_of(writer, merge).tables


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda it: it.delete("machines", {"id": "02"}), id="deleted"),
        pytest.param(lambda it: it.put("machines", {"id": "02", "app_id": 1}), id="moved to another app"),
        pytest.param(lambda it: it.put("machines", {"id": "02", "network_id": 57}), id="moved to another network"),
    ],
)
def test_a_row_that_may_have_left_a_unit_makes_its_table_due(
    writer: CorrosionWriter, change: Callable[[CorrosionWriter], None]
) -> None:
    assert "machines" in touches_of(writer, lambda: change(writer)).tables


def test_a_row_whose_app_has_not_arrived_is_placed_in_nobody_s_network(writer: CorrosionWriter) -> None:
    touches = touches_of(writer, lambda: writer.put("machines", {"id": "08", "state": "started"}))
    assert touches.rows == {("machines", 0, "")}


def test_a_row_that_came_back_elsewhere_makes_its_table_due(writer: CorrosionWriter) -> None:
    def return_elsewhere() -> None:
        writer.delete("machines", {"id": "02"})
        writer.put("machines", machine("02", 3, 57))

    assert "machines" in touches_of(writer, return_elsewhere).tables


def test_more_than_a_look_may_read_is_said_to_be_too_much(writer: CorrosionWriter) -> None:
    def load() -> None:
        for number in range(MAX_CLOCK_ROWS // 8 + 1):
            writer.put("machines", machine(f"{number + 256:x}", 1, 24))

    with pytest.raises(TooMuch):
        touches_of(writer, load)


def test_more_sites_than_a_look_may_read_are_too_much() -> None:
    with pytest.raises(TooMuch):
        read_versions(lambda sql, values: listed(A * (MAX_SITES + 1), [1] * (MAX_SITES + 1)))
    with pytest.raises(TooMuch):
        read_versions(lambda sql, values: [(f"gap/{number}", 1, 1) for number in range(2 * MAX_SITES + 1)])


def test_sites_that_come_and_go_and_change_places_are_told_apart(writer: CorrosionWriter) -> None:
    """Who they are is compared as text: it must tell whatever may have become of them."""
    run = writer.connection.execute

    def query(sql: str, values: tuple[int | str, ...]) -> list[Row]:
        return run(sql, values).fetchall()

    versions = [read_versions(query)]
    for sql in (
        "INSERT INTO crsql_db_versions VALUES (x'99999999999999999999999999999999', 4)",  # it has no ordinal yet
        "INSERT INTO crsql_site_id VALUES (x'99999999999999999999999999999999', 99)",
        "UPDATE crsql_db_versions SET db_version = 5 WHERE db_version = 4",
        "UPDATE crsql_site_id SET ordinal = 98 WHERE ordinal = 99",
        "UPDATE crsql_db_versions SET db_version = 1 WHERE db_version = 5",
        "DELETE FROM crsql_db_versions WHERE db_version = 1 AND site_id = x'99999999999999999999999999999999'",
    ):
        run(sql)
        versions.append(read_versions(query, (), versions[-1]))
        assert versions[-1] == read_versions(query)
    one = [{**it.sites}.get(99) or it.sites.get(98) for it in versions]
    assert one == [None, None, ("99" * 16, 4), ("99" * 16, 5), ("99" * 16, 5), ("99" * 16, 1), None]
    spans = [arrived(before, after) for before, after in pairwise(versions)]
    assert spans == [None, ((99, 0, NEWEST),), ((99, 5, NEWEST),), None, None, None]


def test_sites_that_are_named_as_no_site_is_are_not_told_apart() -> None:
    with pytest.raises(TooMuch):
        read_versions(lambda sql, values: listed(A + "0F", [1]))


def test_gaps_and_partly_received_versions_are_told_apart(writer: CorrosionWriter) -> None:
    writer.connection.execute("INSERT INTO __corro_bookkeeping_gaps SELECT site_id, 4, 6 FROM crsql_site_id LIMIT 1")
    writer.connection.execute(
        "INSERT INTO __corro_seq_bookkeeping SELECT site_id, 9, 0, 3, 8, '' FROM crsql_site_id WHERE ordinal = 0"
    )
    found = read_versions(lambda sql, values: writer.connection.execute(sql, values).fetchall())
    assert (found.gaps, found.torn) == ({0: frozenset({(4, 6)})}, {0: frozenset({9})})


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO __corro_bookkeeping_gaps VALUES (x'99', 4, 6)",  # of a site that nothing is known of yet
        "INSERT INTO __corro_seq_bookkeeping VALUES (x'99', 9, 0, 3, 8, '')",
        "INSERT INTO __corro_buffered_changes VALUES ('t', x'01', 'c', 1, 1, 9, x'99', 0, 1, '')",
        "INSERT INTO __corro_members VALUES (x'77', '', '{}', 3, 1)",
    ],
)
def test_bookkeeping_that_changes_alone_touches_nothing(writer: CorrosionWriter, sql: str) -> None:
    def query(sql: str, values: tuple[int | str, ...]) -> list[Row]:
        return writer.connection.execute(sql, values).fetchall()

    before = read_versions(query)
    assert arrived(before, read_versions(query)) is None
    writer.connection.execute(sql)
    assert arrived(before, read_versions(query)) == ()


def test_versions_are_those_of_the_commits_that_they_say_were_counted(tmp_path: Path, writer: CorrosionWriter) -> None:
    """While others committed all the time, they were read three times at each look, in the hope that nobody did meanwhile."""
    reader = apsw.Connection(str(tmp_path / "state.db"), flags=apsw.SQLITE_OPEN_READONLY)

    def commit(*_: object) -> int:
        with writer.commit():
            writer.put("machines", {"id": "02", "state": "stopped"})
        return 0

    reader.create_scalar_function("commit_meanwhile", commit, 0)
    before = int(reader.pragma("data_version"))
    sql: list[str] = []

    def query(text: str, values: tuple[int | str, ...]) -> list[Row]:
        sql.append(text)
        return reader.execute(f"SELECT 'book/meanwhile', commit_meanwhile(), 0 UNION ALL {text}", values).fetchall()

    found = read_versions(query)
    assert (len(sql), found.data_version) == (1, before)
    assert read_versions(lambda text, values: reader.execute(text, values).fetchall()).data_version != before


def test_a_file_without_clock_tables_says_so_itself(writer: CorrosionWriter) -> None:
    writer.connection.execute("DROP TABLE crsql_db_versions")
    with pytest.raises(apsw.SQLError):
        read_versions(lambda sql, values: writer.connection.execute(sql, values).fetchall())
