"""The changes: the same for the same seed, and never the end of an app."""

import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from resolver.demo.change_state import Changer, Dice
from resolver.demo.state import make_state


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make_state(tmp_path / "state.db")
    return tmp_path / "state.db"


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(path))
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_machines_start_stop_and_migrate_but_keep_their_addresses(path: Path) -> None:
    addresses = "SELECT id, address FROM machines ORDER BY id"
    apps = "SELECT DISTINCT app_id FROM machines WHERE state = 'started' ORDER BY 1"
    before = rows(path, addresses), rows(path, apps)
    changer = Changer(path, seed=5)
    said = " ".join(changer.change() for _ in range(300))
    changer.close()
    assert (rows(path, addresses), rows(path, apps)) == before
    for word in ("migrates", "starts", "stops", "stays"):
        assert word in said


def test_every_change_is_a_version_of_the_host_it_happened_on(path: Path) -> None:
    changer = Changer(path, seed=5)
    before = rows(path, "SELECT sum(db_version) FROM crsql_db_versions")
    said = [changer.change() for _ in range(20)]
    changer.close()
    changes = sum("stays" not in words for words in said)
    [[earlier]], [[later]] = before, rows(path, "SELECT sum(db_version) FROM crsql_db_versions")
    assert int(str(later)) - int(str(earlier)) == changes


def test_it_runs_as_a_process_of_its_own(path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "resolver.demo.change_state",
        str(path),
        "--seed",
        "2",
        "--interval",
        "0",
        "--count",
        "3",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(said) == 3


def test_dice_depend_on_the_seed_alone() -> None:
    one, same, other = ([dice.pick(list(range(100))) for _ in range(10)] for dice in (Dice(1), Dice(1), Dice(2)))
    assert one == same != other
