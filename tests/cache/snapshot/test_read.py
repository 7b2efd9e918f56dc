"""What comes out of a snapshot, in which order, and what is refused although its seal is whole."""

import sqlite3
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.snapshot import Defect, SnapshotReader, Unloadable
from cache.snapshot.file import SEAL, seal
from tests.build import rrset
from tests.cache.snapshot.made import ENTRIES, SAVED_AT, SERVERS, load, save, saved_octets, terms


def forged(path: Path, *statements: str) -> None:
    """A snapshot that somebody changed, and sealed as we do."""
    save(path)
    path.write_bytes(path.read_bytes()[: -SEAL.size])
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    with path.open("r+b") as file:
        seal(file)


def test_all_that_was_saved_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    save(path)
    assert {repr(entry) for entry in load(path)} == {repr(entry) for entry in ENTRIES}
    with SnapshotReader(str(path)) as reader:
        assert (reader.moment, reader.count, reader.servers()) == (SAVED_AT, len(ENTRIES), list(SERVERS))
        assert len(reader.read(100)) == len(ENTRIES)


def test_what_was_asked_most_comes_first_and_of_that_what_lives_longest(tmp_path: Path) -> None:
    entries = [
        rrset(f"{name}.example. {ttl} A 192.0.2.1", 1000.0) for name, ttl in zip("abcde", (5, 9, 7, 8, 6), strict=True)
    ]
    save(tmp_path / "cache.db", entries, hits=[0, 0, 30, 2, 30])
    assert [entry.owner[1:2].decode() for entry in load(tmp_path / "cache.db")] == ["c", "e", "d", "b", "a"]


def test_what_is_of_no_use_any_more_is_not_read(tmp_path: Path) -> None:
    save(tmp_path / "cache.db")
    late = terms(SAVED_AT.monotonic + 3500, max_stale=0)
    assert load(tmp_path / "cache.db", late) == []
    late = terms(SAVED_AT.monotonic + 200, max_stale=0)
    assert sorted(repr(entry).split()[1] for entry in load(tmp_path / "cache.db", late)) == [
        "example.",
        "www.example.",
        "www.example.",
    ]


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        pytest.param("UPDATE entry SET owner = 'a..b' WHERE id = 3", "table entry, row 3: owner: empty label", id="a name"),
        pytest.param("UPDATE entry SET rank = 9 WHERE id = 2", "table entry, row 2", id="a rank that is none"),
        pytest.param("UPDATE entry SET security = -1 WHERE id = 2", "table entry, row 2", id="a security that is none"),
        pytest.param("UPDATE entry SET records = x'0003010203' WHERE id = 1", "table entry, row 1", id="rdata"),
        pytest.param("UPDATE entry SET records = zeroblob(99999) WHERE id = 1", "table entry, row 1", id="too much rdata"),
        pytest.param("UPDATE entry SET ttl = -5 WHERE id = 1", "table entry, row 1", id="a TTL below 0"),
        pytest.param("UPDATE entry SET expires = 9e999 WHERE id = 1", "table entry, row 1", id="no end"),
        pytest.param("UPDATE entry SET received = NULL WHERE id = 1", "table entry, row 1", id="never received"),
        pytest.param("UPDATE entry SET kind = 'rumour' WHERE id = 1", "table entry, row 1", id="a kind that is none"),
        pytest.param("DELETE FROM evidence WHERE type = 6", "table entry, row 8: a denial has an SOA", id="a denial alone"),
        pytest.param("UPDATE evidence SET source = char(27) WHERE entry = 8", "table entry, row 8: source", id="a source"),
        pytest.param("UPDATE server SET srtt = -1", "table server, row 1", id="a round trip before it began"),
        pytest.param("UPDATE server SET address = 'localhost'", "table server, row 1: 'localhost'", id="no address"),
        pytest.param("UPDATE snapshot SET wall = -1", "table snapshot, row 1", id="saved before time began"),
        pytest.param("DELETE FROM snapshot", "table snapshot has 0 rows", id="saved at no time"),
        pytest.param("INSERT INTO snapshot SELECT * FROM snapshot", "table snapshot has 2 rows", id="saved twice"),
    ],
)  # fmt: skip
def test_a_row_that_is_none_is_refused_with_its_place(tmp_path: Path, statement: str, place: str) -> None:
    path = tmp_path / "cache.db"
    forged(path, statement)
    with pytest.raises(Unloadable) as caught:
        load_everything(path)
    assert caught.value.defect == Defect.BAD_ROW
    assert str(caught.value).startswith(place)


def load_everything(path: Path) -> None:
    with SnapshotReader(str(path)) as reader:
        reader.servers()
        while reader.restore(2, terms()) is not None:
            pass


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE entry SET owner = CAST(x'ff' AS TEXT) WHERE id = 1", id="text that is none"),
        pytest.param("UPDATE server SET address = CAST(x'ff' AS TEXT)", id="text that is none, of a server"),
        pytest.param("UPDATE snapshot SET boot = CAST(x'ff' AS TEXT)", id="text that is none, at the head"),
        pytest.param("UPDATE entry SET records = zeroblob(100000000) WHERE id = 1", id="more than fits into memory"),
    ],
)
def test_what_sqlite_cannot_give_is_refused(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "cache.db"
    forged(path, statement)
    with pytest.raises(Unloadable) as caught:
        load_everything(path)
    assert caught.value.defect == Defect.DAMAGED


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["DROP VIEW readable", "CREATE VIEW readable AS SELECT randomblob(1e9)"], id="another view"),
        pytest.param(["CREATE TRIGGER t AFTER INSERT ON entry BEGIN SELECT 1; END"], id="a trigger"),
        pytest.param(["DROP TABLE server"], id="a table less"),
        pytest.param(["ALTER TABLE entry ADD COLUMN more TEXT"], id="a column more"),
    ],
)
def test_tables_that_are_not_ours_are_refused(tmp_path: Path, statements: list[str]) -> None:
    path = tmp_path / "cache.db"
    forged(path, *statements)
    with pytest.raises(Unloadable) as caught:
        SnapshotReader(str(path))
    assert caught.value.defect == Defect.FOREIGN


def test_a_journal_beside_it_is_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    save(path)
    for name in ("cache.db-journal", "cache.db-wal"):
        (tmp_path / name).write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(5000))
    assert len(load(path)) == len(ENTRIES)


def test_reading_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    save(path)
    before = path.read_bytes()
    load_everything(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["cache.db"]


PAGES = saved_octets()[: -SEAL.size]


@given(st.integers(100, len(PAGES) - 1), st.binary(min_size=1, max_size=8))
def test_a_forged_file_with_any_octets_in_it_gives_sound_entries_or_is_refused(at: int, octets: bytes) -> None:
    """Whoever can seal a file may write anything into it; nothing worse comes of it than a refusal."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cache.db"
        path.write_bytes(PAGES[:at] + octets + PAGES[at + len(octets) :])
        with path.open("r+b") as file:
            seal(file)
        with suppress(Unloadable):
            load_everything(path)
