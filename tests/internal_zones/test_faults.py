"""What clients get while the state database is unwell: never NXDOMAIN, never an empty list, never silence.

Real files, a real second process, real time: a clock that stands still proves nothing about a file.
"""

# ruff: noqa: ASYNC240 -- these tests break files under a running daemon, and may block to do so

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import apsw
import pytest
import trio

from internal_zones.database import own_thread
from internal_zones.mapping import Mapping
from resolver.demo.corrosion_file import CorrosionWriter
from tests.internal_zones.breaking import ADDRESS, OTHER, WEB, execute, move, on, small_state, until
from tests.internal_zones.platform import State, machine, write_state
from tests.internal_zones.running import Asker, asking, shown

T = TypeVar("T")

NOBODY = 65534


class SlowDisk:
    """A Runner whose jobs take `delay` seconds more."""

    def __init__(self) -> None:
        self.delay = 0.0
        self._run = own_thread()

    async def __call__(self, job: Callable[[], T], /) -> T:
        await trio.sleep(self.delay)
        return await self._run(job)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return small_state(tmp_path)


def test_a_file_missing_at_the_start_is_not_ready_and_is_found_when_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "state.db"

    async def main(asker: Asker) -> None:
        assert await asker.texts("web.internal") == "SERVFAIL 14"
        assert await asker.texts("_api.internal") == ["fdaa:0:18::3"]  # needs no database
        assert asker.zones.status().state == "starting"
        write_state(path, WEB)
        await until(asker, [ADDRESS])
        assert asker.zones.status().is_ready

    on(path, main)


def test_a_file_that_goes_missing_is_served_stale_and_found_again(path: Path) -> None:
    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        path.rename(path.with_name("away.db"))
        await until(asker, [ADDRESS], stale=True)
        answer = await asker.ask("web.internal")
        assert [error.code for error in answer.errors] == [3]
        assert await asker.texts("nosuch.internal") == "SERVFAIL 23"  # doubt is never NXDOMAIN
        assert asker.zones.status().state == "unwell"
        path.with_name("away.db").rename(path)
        await until(asker, [ADDRESS])

    on(path, main)


def test_data_older_than_max_stale_is_a_failure(path: Path) -> None:
    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        path.unlink()
        await until(asker, "SERVFAIL 23")

    on(path, main, max_stale=0)


def test_another_inode_in_the_file_s_place_is_read(path: Path) -> None:
    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        state = State(apps=WEB.apps, machines=[machine("0001", 1, 24, address=OTHER)])
        write_state(path.with_name("fresh.db"), state)
        for suffix in ("-wal", "-shm"):  # they belong to the file that goes
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.with_name("fresh.db").rename(path)
        await until(asker, [OTHER])
        assert asker.zones.counts.openings == 2

    on(path, main)


def test_a_file_moved_into_the_place_of_one_whose_wal_stays_is_not_read(path: Path) -> None:
    """Our own connection keeps the former file's -wal alive: SQLite would take its pages for the new file's."""
    backup = path.with_name("backup.db")
    execute(path, f"VACUUM INTO '{backup}'")

    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        move(path, OTHER)
        await until(asker, [OTHER])
        assert path.with_name(path.name + "-wal").stat().st_size
        backup.rename(path)
        await until(asker, [OTHER], stale=True)
        status = asker.zones.status()
        assert "-wal is still the former one's" in status.fault
        assert set(asker.zones.counts.failed_looks) == {"foreign_wal"}
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink()
        await until(asker, [ADDRESS])  # what the backup holds

    on(path, main)


def test_an_operator_may_take_a_foreign_wal_for_the_file_s_own(path: Path) -> None:
    same = path.with_name("same.db")

    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        move(path, OTHER)
        await until(asker, [OTHER])
        shutil.copy(path, same)
        same.rename(path)
        await until(asker, [OTHER], stale=True)
        asker.zones.accept()
        await until(asker, [OTHER])

    on(path, main)


@pytest.mark.parametrize("has_wal", [False, True])
def test_a_folder_that_cannot_be_written_is_read_where_it_can_and_says_what_to_change_where_not(has_wal: bool) -> None:
    with TemporaryDirectory(prefix="cistern-test-") as name:  # pytest's own folders are closed to others
        folder, path = Path(name), small_state(Path(name))
        if has_wal:
            shutil.copytree(folder, folder / "kept")
            writer = CorrosionWriter(path)
            with writer.commit():
                writer.put("machines", {"id": "0001", "address": OTHER})
            shutil.copy(path.with_name("state.db-wal"), folder / "kept" / "state.db-wal")  # as a crash leaves it
            writer.close()
            path = folder / "kept" / "state.db"
        path.parent.chmod(0o555)
        folder.chmod(0o555)
        path.chmod(0o444)

        async def main(asker: Asker) -> None:
            if has_wal:
                assert await asker.texts("web.internal") == "SERVFAIL 14"
                assert "write to the folder" in asker.zones.status().fault
                return
            await until(asker, [ADDRESS])
            assert any("one that nobody writes to" in remark for remark in asker.zones.status().remarks)
            with as_the_owner():
                move(path, OTHER)
            await until(asker, [OTHER])

        with as_a_user_without_privilege():
            on(path, main)
        folder.chmod(0o755)
        path.parent.chmod(0o755)


def test_a_disk_that_hangs_costs_each_unit_one_wait_and_no_end(path: Path) -> None:
    """The thread that reads it comes back from nothing."""
    disk = threading.Event()

    async def main() -> None:
        async with asking(path, max_wait=0.2) as asker:
            await until(asker, [ADDRESS])
            asker.zones._jobs.submit(disk.wait, lambda outcome: None)
            await trio.sleep(0.6)  # the look hangs: nothing is current any more
            waits = []
            for _ in range(3):
                began = trio.current_time()
                answer = await asker.ask("web.internal")
                assert (shown(answer), answer.is_stale) == ([ADDRESS], True)
                waits.append(trio.current_time() - began)
            assert waits[0] >= 0.2
            assert max(waits[1:]) < 0.1
            assert asker.zones.status().running_for > 0

    trio.run(main)
    disk.set()


@contextmanager
def as_a_user_without_privilege() -> Iterator[None]:
    """Root may read everything; where the tests run as root, the block runs as somebody else."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@contextmanager
def as_the_owner() -> Iterator[None]:
    """A moment within that block in which files can be changed."""
    user, owner = os.geteuid(), os.getuid()
    os.seteuid(owner)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_permission_that_is_lost_is_served_stale_and_read_again_when_it_is_regained() -> None:
    with TemporaryDirectory(prefix="cistern-test-") as name:  # pytest's own folders are closed to others
        folder, path = Path(name), small_state(Path(name))
        execute(path, "PRAGMA journal_mode = DELETE")
        folder.chmod(0o755)
        path.chmod(0o644)

        async def main(asker: Asker) -> None:
            await until(asker, [ADDRESS])
            for lost in (folder, path):
                with as_the_owner():
                    lost.chmod(0o000)
                    if lost is path:  # what is open stays readable: only another file has to be opened
                        shutil.copy(path, folder / "other.db")
                        (folder / "other.db").chmod(0o000)
                        (folder / "other.db").rename(path)
                await until(asker, [ADDRESS], stale=True)
                assert asker.zones.status().state == "unwell"
                assert await asker.texts("nosuch.internal") == "SERVFAIL 23"
                with as_the_owner():
                    lost.chmod(0o755)
                await until(asker, [ADDRESS])
            assert set(asker.zones.counts.failed_looks) == {"unreadable"}

        with as_a_user_without_privilege():
            on(path, main)


def locked(path: Path) -> apsw.Connection:
    """A writer that shuts readers out, once none is at it."""
    lock = apsw.Connection(str(path))
    lock.set_busy_timeout(10_000)  # milliseconds
    lock.execute("BEGIN EXCLUSIVE")
    return lock


def test_a_locked_database_is_served_stale_at_once(path: Path) -> None:
    execute(path, "PRAGMA journal_mode = DELETE")  # where a writer's lock shuts readers out, as a restore does

    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        lock = locked(path)
        await until(asker, [ADDRESS], stale=True)
        started = trio.current_time()
        for _ in range(20):
            await asker.ask("web.internal")
        assert trio.current_time() - started < 1
        lock.execute("ROLLBACK")
        lock.close()
        await until(asker, [ADDRESS])

    on(path, main)


def test_a_missing_table_makes_its_own_names_unavailable_and_no_others(path: Path) -> None:
    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        execute(path, "DROP TABLE peers")
        await until(asker, "SERVFAIL 23", "laptop._peer.internal")
        await until(asker, [ADDRESS])
        await trio.sleep(0.2)  # the next look tells why
        status = asker.zones.status()
        assert status.statements["peers"] == "no such table: peers"
        assert status.statements["machines"] == "ready"
        assert not status.is_ready
        execute(path, "CREATE TABLE peers (network_id, name, address)")
        execute(path, "INSERT INTO peers VALUES (24, 'laptop', 'fdaa:0:18:9::1')")
        await until(asker, ["fdaa:0:18:9::1"], "laptop._peer.internal")
        await until(asker, [ADDRESS])
        assert asker.zones.status().is_ready

    on(path, main)


def test_a_missing_column_is_served_stale_and_a_column_more_changes_nothing(path: Path) -> None:
    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        execute(path, "ALTER TABLE machines ADD COLUMN note TEXT NOT NULL DEFAULT ''")
        await until(asker, [ADDRESS])
        execute(path, "ALTER TABLE machines RENAME COLUMN region TO place")
        await until(asker, [ADDRESS], stale=True)
        assert shown(await asker.ask("_apps.internal", "TXT")) == ["web"]
        execute(path, "ALTER TABLE machines RENAME COLUMN place TO region")
        await until(asker, [ADDRESS])

    on(path, main)


def test_without_round_trip_times_nearest_falls_back_and_does_not_fail(path: Path) -> None:
    async def main(asker: Asker) -> None:
        execute(path, "DROP TABLE __corro_members")
        await until(asker, [ADDRESS], "top1.nearest.of.web.internal")

    on(path, main)


def test_a_file_overwritten_with_garbage_is_served_stale_until_it_is_whole(path: Path) -> None:
    execute(path, "PRAGMA journal_mode = DELETE")
    whole = path.read_bytes()

    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        path.with_name("garbage").write_bytes(b"no database at all" * 1000)
        path.with_name("garbage").rename(path)
        await until(asker, [ADDRESS], stale=True)
        path.with_name("whole").write_bytes(whole)
        path.with_name("whole").rename(path)
        await until(asker, [ADDRESS])

    on(path, main)


def test_corrupt_pages_of_one_table_leave_the_other_tables_alone(path: Path) -> None:
    execute(path, "PRAGMA journal_mode = DELETE")
    connection = apsw.Connection(str(path))
    pages = connection.execute("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'peers' AND rootpage").fetchall()
    size = int(connection.pragma("page_size"))
    connection.close()
    octets = bytearray(path.read_bytes())
    for [page] in pages:
        octets[(int(str(page)) - 1) * size : int(str(page)) * size] = b"\xff" * size
    path.write_bytes(octets)

    async def main(asker: Asker) -> None:
        assert await asker.texts("_peer.internal", "TXT") == "SERVFAIL 23"
        assert await asker.texts("web.internal") == [ADDRESS]
        assert asker.zones.counts.failed_reads == {"corrupt": 1}

    on(path, main)


def test_a_statement_of_the_wrong_columns_is_named_in_the_status(path: Path) -> None:
    execute(path, "DROP TABLE apps")
    execute(path, "CREATE VIEW apps AS SELECT 1 AS id, 'web' AS title, 24 AS network_id")

    async def main(asker: Asker) -> None:
        assert await asker.texts("web.internal") == "SERVFAIL 23"
        assert asker.zones.status().statements["apps"] == "no such column: name"

    on(path, main)


def test_a_statement_that_fails_when_it_is_read_is_named_until_it_succeeds(path: Path) -> None:
    peers = "SELECT name, json_extract(address, '$') AS address FROM peers WHERE network_id = :network"
    mapping = Mapping(peers=peers)

    async def main() -> None:
        async with asking(path, mapping=mapping) as asker:
            assert await asker.texts("_peer.internal", "TXT") == "SERVFAIL 23"  # an address is no JSON
            status = asker.zones.status()
            assert status.failing == {"peers": "malformed JSON"}
            assert status.remarks == ("statement peers failed when it was last read: malformed JSON",)
            assert await asker.texts("web.internal") == [ADDRESS]
            execute(path, """UPDATE peers SET address = '"fdaa:0:18:9::1"'""")
            await until(asker, ["fdaa:0:18:9::1"], "laptop._peer.internal")
            assert asker.zones.status().failing == {}

    trio.run(main)


def test_a_statement_that_looks_through_a_large_table_is_remarked_and_does_not_unready(path: Path) -> None:
    for index in ("app", "network", "state"):
        execute(path, f"DROP INDEX machines_by_{index}")
    rows = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
    execute(path, f"{rows} INSERT INTO machines (id, app_id, network_id) SELECT 'm' || i, 9, 24 FROM n")

    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        status = asker.zones.status()
        assert status.is_ready
        assert any("statement machines is slow: " in remark and "machines" in remark for remark in status.remarks)

    on(path, main)


def test_the_reader_holds_no_transaction_and_no_lock_that_a_writer_could_feel(path: Path) -> None:
    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        move(path, OTHER)
        await until(asker, [OTHER])
        writer = CorrosionWriter(path)
        checkpoint = writer.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        assert checkpoint == [(0, 0, 0)]  # not busy: nobody holds up the truncation
        writer.connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        writer.close()

    on(path, main)


def test_the_reader_never_writes(path: Path) -> None:
    """Corrosion's triggers call functions that only its own connections have: a write by ours could not even be prepared."""

    async def main(asker: Asker) -> None:
        before = {
            name: os.stat(path.parent / name).st_mtime_ns for name in os.listdir(path.parent) if "shm" not in name
        }
        await until(asker, [ADDRESS])
        after = {name: os.stat(path.parent / name).st_mtime_ns for name in before}
        assert before == after

    on(path, main)


def test_a_slow_disk_serves_stale_within_the_wait_and_fails_what_it_never_read(path: Path) -> None:
    disk = SlowDisk()

    async def main() -> None:
        async with asking(path, run=disk) as asker:
            await until(asker, [ADDRESS])
            disk.delay = 2
            await trio.sleep(0.4)  # the last look is too long ago to be sure of anything
            started = trio.current_time()
            answer = await asker.ask("web.internal")
            assert (shown(answer), answer.is_stale) == ([ADDRESS], True)
            assert await asker.texts("never-read.internal") == "SERVFAIL 23"
            assert trio.current_time() - started < 1
            assert asker.zones.counts.slow_reads == 2
            disk.delay = 0
            await until(asker, [ADDRESS])

    trio.run(main)


def test_a_full_queue_is_refused_at_once(path: Path) -> None:
    async def main() -> None:
        async with asking(path, queue=1) as asker, trio.open_nursery() as nursery:
            await until(asker, [ADDRESS])
            got: list[list[str] | str] = []

            async def ask(number: int) -> None:
                got.append(await asker.texts(f"app{number}.internal"))

            for number in range(50):
                nursery.start_soon(ask, number)
            await trio.sleep(1)
            assert "SERVFAIL 23" in got
            assert set(got) <= {"SERVFAIL 23", "NXDOMAIN"}
            assert asker.zones.counts.full_queue == got.count("SERVFAIL 23")

    trio.run(main)


def test_questions_for_one_app_join_one_read(path: Path) -> None:
    async def main(asker: Asker) -> None:
        async with trio.open_nursery() as nursery:
            for region in ("ams", "fra", "x", "y"):
                nursery.start_soon(asker.ask, f"{region}.web.internal")
        assert asker.zones.counts.reads == 1
        assert asker.zones.counts.joined_reads == 3

    on(path, main)


def test_reads_that_wait_when_the_database_is_locked_do_not_time_out_one_by_one(path: Path) -> None:
    execute(path, "PRAGMA journal_mode = DELETE")

    async def main(asker: Asker) -> None:
        await until(asker, [ADDRESS])
        lock = locked(path)
        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(asker.ask, f"app{number}.internal")
        await trio.sleep(0.5)
        assert asker.zones.status().waiting_reads == 0
        lock.execute("ROLLBACK")
        lock.close()
        await until(asker, [ADDRESS])

    on(path, main)
