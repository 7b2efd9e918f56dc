"""`cistern cache export` and `import`, with a pretended daemon behind the control socket."""

import json
from pathlib import Path

import msgspec
import pytest

from cache.snapshot import SnapshotReader, saved
from resolver.cli.snapshot import SENT_ENTRIES, SENT_OCTETS, _bounded
from resolver.service.control_protocol import MAX_REQUEST_OCTETS
from tests.build import replace
from tests.cache.snapshot.made import ENTRIES, SAVED_AT, SHIFT, load, many, save
from tests.cache.snapshot.test_read import forged
from tests.resolver.cli.conftest import Served, cistern


def test_export_writes_what_the_daemon_says(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "out.db"
    done = cistern("cache", "export", file, "--socket", served.socket)
    assert (done.exit_code, done.output) == (0, f"{len(ENTRIES)} entries written to {file}\n")
    assert {repr(entry) for entry in load(file)} == {repr(entry) for entry in ENTRIES}
    with SnapshotReader(str(file)) as reader:
        assert reader.moment == SAVED_AT
        assert reader.read(1)[0].hits == 7


def test_export_for_programs(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "out.db"
    done = cistern("cache", "export", file, "--json", "--socket", served.socket)
    assert json.loads(done.output) == {"schema": 2, "entries": len(ENTRIES), "octets": file.stat().st_size}


def test_a_file_that_cannot_be_written_is_a_failure(served: Served, tmp_path: Path) -> None:
    done = cistern("cache", "export", tmp_path / "missing" / "out.db", "--socket", served.socket)
    assert done.exit_code == 1
    assert "was not written" in done.output
    assert "No such file or directory" in done.output


def test_without_a_daemon_nothing_is_written(tmp_path: Path) -> None:
    done = cistern("cache", "export", tmp_path / "out.db", "--socket", str(tmp_path / "none"))
    assert done.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_import_sends_every_entry_the_best_first(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "in.db"
    entries = list(many(0, SENT_ENTRIES + 5))
    save(file, entries, hits=[0, 0, 9])
    done = cistern("cache", "import", file, "--socket", served.socket)
    assert (done.exit_code, done.output) == (0, "103 entries taken in, 2 not: expired, known better, or no room\n")
    (_, moment, first), (_, _, second) = served.daemon.asked
    assert moment == SAVED_AT
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert (first[0], len(first), len(second)) == ("host2.zone2.example.", SENT_ENTRIES, 5)


def test_import_for_programs(served: Served, tmp_path: Path) -> None:
    save(tmp_path / "in.db")
    done = cistern("cache", "import", tmp_path / "in.db", "--json", "--socket", served.socket)
    assert json.loads(done.output) == {"schema": 2, "taken": len(ENTRIES) - 1, "passed_over": 1}


@pytest.mark.parametrize(
    ("octets", "said"),
    [(b"", "damaged"), (b"example. NS ns.example.", "foreign"), (None, "No such file or directory")],
)
def test_a_file_that_is_no_snapshot_is_refused_before_anything_is_sent(
    served: Served, tmp_path: Path, octets: bytes | None, said: str
) -> None:
    file = tmp_path / "in.db"
    if octets is not None:
        file.write_bytes(octets)
    done = cistern("cache", "import", file, "--socket", served.socket)
    assert done.exit_code == 1
    assert said in done.output
    assert served.daemon.asked == []
    assert file.exists() == (octets is not None)  # the operator's file is not renamed


def test_a_row_that_is_none_is_refused_before_anything_is_sent(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "in.db"
    forged(file, "UPDATE entry SET owner = 'a..b' WHERE id = 3")
    done = cistern("cache", "import", file, "--socket", served.socket)
    assert done.exit_code == 1
    assert "bad row: table entry, row 3: owner" in done.output
    assert served.daemon.asked == []


def test_what_one_request_holds_is_bounded_in_octets_too() -> None:
    """Of JSON: names count as records do. One that has more by itself is sent alone."""
    entry = saved(ENTRIES[0], 0, SHIFT)
    some, larger = replace(entry, records=bytes(30_000)), replace(entry, records=bytes(SENT_OCTETS))
    lists = list(_bounded([some] * 5 + [larger] * 2 + [some]))
    assert [len(one) for one in lists] == [3, 2, 1, 1, 1]
    assert all(len(msgspec.json.encode(one)) <= SENT_OCTETS + len(one) + 1 for one in lists if larger not in one)
    assert len(msgspec.json.encode([larger])) < MAX_REQUEST_OCTETS // 2
