"""The log's file is full, slow or gone: lines are lost, and nothing else is."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hostile.process import Victim, logged, victim
from tests.real.harness import STOP_TIMEOUT
from tests.real.sockets import wait_until

LOOKS = 10.0  # s within which a page shows what the daemon sees once a second


def events(daemon: Victim) -> float:
    """How many lines it has logged or lost."""
    return daemon.counter("log_lines") + daemon.counter("log_lost")


def make_it_log(daemon: Victim, times: int = 20) -> None:
    """A line for each of these signals, at a moment when nothing else is logged."""
    for _ in range(times):
        before = events(daemon)
        daemon.process.send_signal(signal.SIGUSR1)
        assert wait_until(lambda before=before: events(daemon) > before, 10)  # type: ignore[misc]  # mypy infers no default


def fill(pipe: int) -> None:
    """Write until there is no room for more."""
    os.set_blocking(pipe, False)
    try:
        while True:
            os.write(pipe, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(pipe, True)


def ends_well(daemon: Victim) -> None:
    """It still answers, drains and saves."""
    assert daemon.ask() is not None
    assert wait_until(lambda: "remark: log: lines are lost" in daemon.page("/readyz")[1], LOOKS)
    assert daemon.page("/readyz")[0] == 200
    assert daemon.counter("log_lost") > 0
    code, seconds = daemon.end()
    assert (code, seconds < 2 * STOP_TIMEOUT) == (0, True)
    assert (daemon.folder / "cache.db").exists()


def test_a_device_that_is_full_ends_nobody(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full, victim(tmp_path, stderr=full) as daemon:
        make_it_log(daemon, 3)
        ends_well(daemon)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 16 kB."""
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(folder)], check=False).returncode:
        pytest.skip("no right to mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_ends_nobody_and_is_told_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, (disk / "log").open("ab") as file:
        (disk / "ballast").write_bytes(b"x" * 8192)
        with victim(tmp_path, {"log": {"format": "json"}}, stderr=file) as daemon:
            (disk / "more").write_bytes(b"x" * (4096 - 512))
            while not daemon.counter("log_lost"):
                make_it_log(daemon, 1)
            assert wait_until(lambda: "remark: log" in daemon.page("/readyz")[1], LOOKS)
            (disk / "ballast").unlink()
            make_it_log(daemon, 2)
            assert wait_until(lambda: "remark: log" not in daemon.page("/readyz")[1], LOOKS)
            assert daemon.end()[0] == 0
        assert b"log_lines_lost" in (disk / "log").read_bytes()


def test_a_reader_that_has_gone_ends_nobody(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with open(writing, "wb") as pipe, victim(tmp_path, stderr=pipe) as daemon:
        os.close(reading)
        make_it_log(daemon, 3)
        ends_well(daemon)


def test_a_pipe_that_nobody_reads_stops_nobody(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with open(writing, "wb") as pipe, victim(tmp_path, stderr=pipe) as daemon:
        fill(writing)
        for _ in range(5):
            daemon.process.send_signal(signal.SIGUSR1)
            assert daemon.ask() is not None
        code, seconds = daemon.end()
        assert (code, seconds < 2 * STOP_TIMEOUT) == (0, True)
        assert (tmp_path / "cache.db").exists()
    os.close(reading)


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR1"])  # SIGUSR2 starts a successor: tests/real/test_handover.py
def test_signals_that_ask_for_no_end_bring_none(tmp_path: Path, name: str) -> None:
    with victim(tmp_path, {"log": {"format": "json"}}) as daemon:
        daemon.process.send_signal(signal.Signals[name])
        assert wait_until(lambda: daemon.ask() is not None and len(logged(tmp_path)) > 2, 10)
        assert daemon.is_alive()
        assert daemon.end()[0] == 0


def test_quit_drains_and_saves_like_term(tmp_path: Path) -> None:
    with victim(tmp_path, {"log": {"format": "json"}}) as daemon:
        assert daemon.end(signal.SIGQUIT)[0] == 0
    assert {"drained", "snapshot_saved"} <= {str(one["event"]) for one in logged(tmp_path)}
