"""A daemon that is stopped and started again answers from what it knew, and a daemon that is killed loses minutes at most."""

import shutil
import time
from pathlib import Path

from tests.real.clients import dig
from tests.real.conftest import Resolve
from tests.real.internet import Internet
from tests.real.sockets import wait_until


def test_a_chain_is_answered_after_a_restart_with_its_ttls_less_the_downtime(
    resolving: Resolve, mended: Internet, tmp_path: Path
) -> None:
    first = resolving()
    fresh = dig(first, "alias.site.test")
    assert fresh.status == "NOERROR"
    assert first.stop()[0] == 0
    assert "snapshot_saved" in first.log.read_text()
    for server in ("root", "tld", "alias", "target"):
        mended.silence(server)
    time.sleep(2)
    second = resolving()
    assert wait_until(lambda: "snapshot_loaded" in second.log.read_text(), timeout=10)
    again = dig(second, "alias.site.test")
    assert (again.status, again.rdatas) == ("NOERROR", fresh.rdatas)
    assert all(now <= before - 2 for now, before in zip(again.ttls, fresh.ttls, strict=True))
    assert again.info_codes == ()


def test_a_damaged_file_is_renamed_and_the_daemon_starts_empty(resolving: Resolve, tmp_path: Path) -> None:
    first = resolving()
    dig(first, "www.site.test")
    first.stop()
    file = tmp_path / "cache.db"
    octets = bytearray(file.read_bytes())
    octets[5000] ^= 4
    file.write_bytes(octets)
    second = resolving()
    assert wait_until(lambda: "snapshot_refused" in second.log.read_text(), timeout=10)
    assert (tmp_path / "cache.db.refused-1").read_bytes() == octets
    assert dig(second, "www.site.test").status == "NOERROR"


def test_a_folder_that_is_gone_keeps_it_neither_from_answering_nor_from_ending(alone: Resolve, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    daemon = alone({"cache": {"snapshot": str(folder / "cache.db")}})
    shutil.rmtree(folder)
    assert dig(daemon, "localhost").status == "NOERROR"
    assert daemon.stop()[0] == 0
    assert "snapshot_not_saved" in daemon.log.read_text()
