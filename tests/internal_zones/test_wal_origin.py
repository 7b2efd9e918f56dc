"""A -wal beside another file than its own is told from one that stands beside its own, by the octets of both."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

import apsw
import pytest

from internal_zones import database
from internal_zones.mapping import Mapping, statements
from internal_zones.opening import reads_of
from internal_zones.wal_origin import DATABASE, FRAME, NOTHING_SEEN, WAL, ReadAt, Seen, foreign_by, see

PAGE = 512
SALTS = b"12345678"


def header(counter: int, size: int, cookie: int, page_size: int = PAGE) -> bytes:
    octets = bytearray(DATABASE.pack(counter, size, cookie))
    octets[16:18] = page_size.to_bytes(2)
    return bytes(octets)


def wal_of(*frames: tuple[int, int, bytes], page_size: int = PAGE, salts: bytes = SALTS) -> bytes:
    """Of frames (page, pages of the file after the commit, beginning of the page)."""
    held = (FRAME.pack(page, size, SALTS) + octets.ljust(page_size, b"\0") for page, size, octets in frames)
    return WAL.pack(page_size, salts) + b"".join(held)


def judged(file: bytes, wal: bytes) -> str:
    return foreign_by(lambda at, octets: file[at : at + octets], lambda at, octets: wal[at : at + octets])


@pytest.mark.parametrize(
    ("file", "wal", "said"),
    [
        pytest.param(header(5, 9, 3), b"", "", id="no -wal"),
        pytest.param(header(5, 9, 3), b"12345", "", id="a -wal that has hardly begun"),
        pytest.param(b"", wal_of((1, 9, header(6, 9, 3))), "", id="an empty file"),
        pytest.param(header(5, 9, 3), wal_of((2, 9, b"")), "", id="of the same size"),
        pytest.param(header(5, 9, 3), wal_of((2, 0, b""), (3, 9, b"")), "", id="a commit of several pages"),
        pytest.param(header(5, 9, 3), wal_of((2, 8, b"")), "of 8 pages, this one has 9", id="of another size"),
        pytest.param(header(5, 9, 3), wal_of((1, 10, header(6, 10, 3))), "", id="the next change"),
        pytest.param(header(6, 9, 3), wal_of((1, 10, header(6, 10, 3))), "", id="the same writer's next change"),
        pytest.param(
            header(6, 10, 3), wal_of((1, 10, header(6, 10, 3)), (1, 11, header(7, 11, 3))), "", id="copied back"
        ),
        pytest.param(header(1, 9, 3), wal_of((1, 10, header(6, 10, 3))), "begins at change 6", id="an older file"),
        pytest.param(header(7, 9, 3), wal_of((1, 10, header(6, 10, 3))), "the file is at 7", id="a newer file"),
        pytest.param(header(5, 9, 4), wal_of((1, 10, header(6, 10, 3))), "schema", id="VACUUM INTO raises the cookie"),
        pytest.param(header(5, 9, 3), wal_of((1, 10, header(6, 10, 4))), "", id="a new table"),
        pytest.param(
            header(5, 9, 3),
            wal_of((2, 8, b""), (1, 10, header(6, 10, 3))),
            "of 8 pages",
            id="a commit before the header",
        ),
        pytest.param(
            header(5, 9, 3),
            wal_of((2, 9, b""), (1, 8, header(6, 8, 3)), (2, 8, b"")),
            "",
            id="a commit after the header",
        ),
        pytest.param(header(5, 9, 3, 4096), wal_of((2, 9, b"")), "512 octets, the file's 4096", id="another page size"),
        pytest.param(header(5, 9, 3), wal_of((2, 8, b""), salts=b"87654321"), "", id="frames of an earlier round"),
        pytest.param(header(5, 9, 3), wal_of(*[(2, 8, b"")] * 4001), "", id="more than is read"),
    ],
)
def test_whose_a_wal_is(file: bytes, wal: bytes, said: str) -> None:
    assert said in judged(file, wal)
    assert bool(said) is bool(judged(file, wal))


def test_nothing_is_said_while_somebody_copies_back() -> None:
    files = iter((header(5, 9, 3), header(6, 8, 3)))
    wal = wal_of((2, 8, b""))
    assert foreign_by(lambda at, octets: next(files), lambda at, octets: wal[at : at + octets]) == ""


@pytest.mark.parametrize(
    ("now", "wal", "is_foreign"),
    [
        pytest.param(header(5, 9, 3), wal_of((2, 9, b"")), False, id="nothing was copied back"),
        pytest.param(header(6, 9, 3), wal_of((1, 9, header(6, 9, 3))), False, id="the first page was"),
        pytest.param(header(6, 9, 3), wal_of((2, 9, b"")), True, id="another header, which is not in the -wal"),
        pytest.param(header(6, 9, 3), wal_of((2, 9, b""), salts=b"87654321"), False, id="the -wal has begun anew"),
    ],
)
def test_a_header_comes_from_the_wal_while_that_is_the_same(now: bytes, wal: bytes, is_foreign: bool) -> None:
    before = Seen(header(5, 9, 3), WAL.pack(PAGE, SALTS))
    said = foreign_by(lambda at, octets: now[at : at + octets], lambda at, octets: wal[at : at + octets], before)
    assert bool(said) is is_foreign


@pytest.mark.parametrize("seed", range(8))
def test_a_file_s_own_wal_is_never_taken_for_another_s(seed: int, tmp_path: Path) -> None:
    """A life of several writers, with tables that come, checkpoints and vacuums; asked again and again."""
    rng, path = Random(seed), tmp_path / "state.db"
    writers = [apsw.Connection(str(path)) for _ in range(rng.choice([1, 3]))]
    for writer in writers:
        writer.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF").fetchall()
        writer.execute(f"PRAGMA wal_autocheckpoint = {rng.choice([0, 20])}").fetchall()
    writers[0].execute("CREATE TABLE t (a, b)")
    backup, seen = tmp_path / "backup.db", NOTHING_SEEN
    for step in range(60):
        _live(rng.choice(writers), rng, step)
        if step == 20:
            writers[0].execute(f"VACUUM INTO '{backup}'")
        said, seen = asked(path, seen)
        assert said == ""
    if path.with_name("state.db-wal").stat().st_size:
        shutil.copyfile(path, tmp_path / "kept.db")
        shutil.copyfile(backup, path)  # as `cp backup.db state.db` does
        assert asked(path, seen)[0]
        shutil.copyfile(tmp_path / "kept.db", path)
    for writer in writers:
        writer.close()


@pytest.mark.parametrize("seed", range(8))
def test_what_writers_do_in_the_middle_of_a_look_makes_no_wal_another_s(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, path = Random(seed), tmp_path / "state.db"
    writer = apsw.Connection(str(path))
    writer.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 20").fetchall()
    writer.execute("CREATE TABLE t (a, b)")
    steps = iter(range(10_000))

    def lived(read: ReadAt, at: int, octets: int) -> bytes:
        for _ in range(rng.choice([9, *[0] * 15])):
            _live(writer, rng, next(steps))
        return read(at, octets)

    @contextmanager
    def reads_of_what_lives(connection: apsw.Connection, path: str) -> Iterator[tuple[ReadAt, ReadAt]]:
        with reads_of(connection, path) as (file, wal):
            yield partial(lived, file), partial(lived, wal)

    monkeypatch.setattr(database, "reads_of", reads_of_what_lives)
    file = database.StateFile(str(path), statements(Mapping()))
    for _ in range(150):
        file.look()  # raises no StateFault
        _live(writer, rng, next(steps))
    file.close()
    writer.close()


def _live(writer: apsw.Connection, rng: Random, step: int) -> None:
    match rng.randrange(12):
        case 0:
            writer.execute(f"CREATE TABLE t{step} (a)")
        case 1:
            writer.execute(f"PRAGMA wal_checkpoint({rng.choice(['PASSIVE', 'RESTART', 'TRUNCATE'])})").fetchall()
        case 2:
            writer.execute("VACUUM")
        case 3 | 4:
            writer.execute("DELETE FROM t WHERE a = ?", (rng.randrange(9),))
        case _:
            writer.execute("INSERT INTO t VALUES (?, randomblob(?))", (rng.randrange(9), rng.randrange(3000)))


def asked(path: Path, before: Seen) -> tuple[str, Seen]:
    """As the daemon asks."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    wal = os.open(f"{path}-wal", os.O_RDONLY)

    def of_file(at: int, octets: int) -> bytes:
        return connection.read("main", 0, at, octets)[1]

    def of_wal(at: int, octets: int) -> bytes:
        return os.pread(wal, octets, at)

    try:
        return foreign_by(of_file, of_wal, before), see(of_file, of_wal)
    finally:
        os.close(wal)
        connection.close()
