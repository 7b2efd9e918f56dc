"""A daemon takes the place of another under load, and nobody who asks notices; or it cannot, and nothing has happened."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from resolver.wire.frames import framed
from tests.real.clients import dig, need
from tests.real.conftest import Resolve
from tests.real.harness import CISTERN, Daemon, config, start
from tests.real.sockets import bound_pair, wait_until

QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09localhost\x00\x00\x01\x00\x01"
EVERY = 0.002  # s between two questions of a client
REPLACEMENTS = int(os.environ.get("CISTERN_TEST_REPLACEMENTS", "3"))  # some seconds each; 20 before a release
PATIENCE = 2.0  # s for a reply; no retry: what is not answered is lost


class Asker:
    """Asks again and again, in a thread, and counts what stays without an answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked = 0
        self.lost: list[str] = []
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(ask,)) for ask in (self._ask_udp, self._ask_tcp)]

    def __enter__(self) -> "Asker":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, ask: Callable[[], None]) -> None:
        while not self._is_over.wait(EVERY):
            self.asked += 1
            try:
                ask()
            except OSError as error:
                self.lost.append(repr(error))

    def _ask_udp(self) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(("127.0.0.1", self.port))
            sock.send(QUERY)
            assert sock.recv(512)[:2] == QUERY[:2]

    def _ask_tcp(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as sock:
            sock.sendall(framed(QUERY))
            if sock.recv(512)[2:4] != QUERY[:2]:
                raise ConnectionError("closed without an answer")


@pytest.fixture
def successors() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are ended with the test."""
    found: list[subprocess.Popen[bytes]] = []
    yield found
    for process in found:
        if process.poll() is None:
            process.kill()
        process.wait()


def replace(daemon: Daemon) -> subprocess.Popen[bytes]:
    """Another daemon of the same config that takes the place of whoever runs."""
    with daemon.log.open("ab") as output:
        return subprocess.Popen(
            [CISTERN, "serve", "--replace", "--config", str(daemon.folder / "cistern.toml")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def times_taken_over(daemon: Daemon) -> int:
    return daemon.log.read_text().count(" taken_over pid=")


def stats(daemon: Daemon, name: str) -> float:
    """A counter of whoever answers on the control socket."""
    done = subprocess.run(
        [CISTERN, "stats", "--json", "--socket", str(daemon.folder / "control.sock")],
        check=True,
        capture_output=True,
        text=True,
    )
    [value] = [row["value"] for row in map(json.loads, done.stdout.splitlines()) if row["name"] == name]
    return float(value)


def test_no_query_is_lost_while_daemons_take_each_others_place(
    alone: Resolve, successors: list[subprocess.Popen[bytes]]
) -> None:
    daemon = alone()
    with Asker(daemon.port) as asker:
        for count in range(1, REPLACEMENTS + 1):
            successors.append(replace(daemon))
            assert wait_until(lambda: times_taken_over(daemon) == count, 30), daemon.log.read_text()  # noqa: B023  # called before the next turn
        assert [process.wait(30) for process in (daemon.process, *successors[:-1])] == [0] * REPLACEMENTS
    assert asker.lost == []
    assert asker.asked > 50 * REPLACEMENTS
    successors[-1].send_signal(signal.SIGTERM)
    assert successors[-1].wait(10) == 0
    assert not (daemon.folder / "control.sock").exists()


def test_the_cache_goes_along(resolving: Resolve, successors: list[subprocess.Popen[bytes]]) -> None:
    daemon = resolving({"cache": {"snapshot": ""}})
    assert dig(daemon, "www.site.test").status == "NOERROR"
    with daemon.log.open("ab") as output:
        successors.append(
            subprocess.Popen(
                daemon.inside(CISTERN, "serve", "--replace", "--config", str(daemon.folder / "cistern.toml")),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        )
    assert daemon.process.wait(30) == 0, daemon.log.read_text()
    shown = subprocess.run(
        daemon.inside(
            CISTERN, "cache", "show", "www.site.test", "--json", "--socket", str(daemon.folder / "control.sock")
        ),
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(shown.stdout.splitlines()[0])["owner"] == "www.site.test."


def test_a_successor_that_is_not_ready_leaves_the_daemon_in_its_place_and_says_so(alone: Resolve) -> None:
    daemon = alone()
    file = daemon.folder / "cistern.toml"
    file.write_text(file.read_text().replace('"database" = ""', '"database" = "none.db"'))
    with Asker(daemon.port) as asker:
        assert replace(daemon).wait(30) == 1
    said = daemon.log.read_text()
    assert "not_taken_over" in said
    assert "none.db" in said
    assert "not_replaced" in said
    assert asker.lost == []
    assert stats(daemon, "cistern_service_faults_total") == 0  # it answers on its control socket, too
    assert daemon.stop()[0] == 0


def test_a_daemon_that_is_stuck_is_named_with_its_pid(alone: Resolve) -> None:
    daemon = alone()
    os.kill(daemon.process.pid, signal.SIGSTOP)
    try:
        assert replace(daemon).wait(30) == 1
        second, log = start(daemon.folder, config(daemon.address, daemon.port))
        assert second.wait(30) == 1
    finally:
        os.kill(daemon.process.pid, signal.SIGCONT)
    said = log.read_text()
    assert f"the daemon with pid {daemon.process.pid} does not answer" in said
    assert f"another cistern, pid {daemon.process.pid}," in said


def test_where_nobody_runs_there_is_nobody_to_replace(
    tmp_path: Path, alone: Resolve, successors: list[subprocess.Popen[bytes]]
) -> None:
    daemon = alone()
    assert daemon.stop()[0] == 0
    successors.append(replace(daemon))
    assert wait_until(lambda: (daemon.folder / "control.sock").exists(), 20)
    assert "nobody_to_replace" in daemon.log.read_text()


def test_sockets_that_the_service_manager_has_bound_are_served(
    tmp_path: Path, successors: list[subprocess.Popen[bytes]]
) -> None:
    need("bash")  # redirects descriptors over 9
    with (
        bound_pair() as (udp, tcp),
        socket.socket(type=socket.SOCK_DGRAM) as client,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        port = udp.getsockname()[1]
        tcp.listen(16)
        client.settimeout(20)
        client.sendto(QUERY, ("127.0.0.1", port))  # waits in the socket for whoever comes
        (tmp_path / "cistern.toml").write_text(config("127.0.0.1", port))
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        successors.append(_activated(tmp_path, udp, tcp))
        assert client.recv(512)[:2] == QUERY[:2]
        told = ""
        while "READY=1" not in told:
            told = manager.recv(4096).decode()
        assert f"MAINPID={successors[0].pid}" in told
        assert "STATUS=ready" in told
        while "WATCHDOG=1" not in told:
            told = manager.recv(4096).decode()
        with socket.create_connection(("127.0.0.1", port), 20) as asking:
            asking.sendall(framed(QUERY))
            assert asking.recv(512)[2:4] == QUERY[:2]
        successors[0].send_signal(signal.SIGTERM)
        while "STOPPING=1" not in told:
            told = manager.recv(4096).decode()


def _activated(folder: Path, *sockets: socket.socket) -> subprocess.Popen[bytes]:
    """A daemon as systemd starts one with these sockets (sd_listen_fds(3))."""
    # the shell knows its own pid, which stays that of what it becomes
    passed = " ".join(f"{3 + at}<&{sock.fileno()}" for at, sock in enumerate(sockets))
    command = f'exec env LISTEN_PID=$$ LISTEN_FDS={len(sockets)} "{CISTERN}" serve --config cistern.toml {passed}'
    environ = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "300000"}
    return subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environ,
        pass_fds=[sock.fileno() for sock in sockets],
        stdin=subprocess.DEVNULL,
    )


def test_at_sigusr2_a_daemon_starts_its_successor(alone: Resolve) -> None:
    daemon = alone()
    daemon.process.send_signal(signal.SIGUSR2)
    assert daemon.process.wait(30) == 0, daemon.log.read_text()
    [pid] = re.findall(r"replaced by=(\d+)", daemon.log.read_text())
    try:
        assert stats(daemon, "cistern_service_faults_total") == 0  # somebody answers
    finally:
        os.kill(int(pid), signal.SIGTERM)
    assert wait_until(lambda: not (daemon.folder / "control.sock").exists(), 10)
