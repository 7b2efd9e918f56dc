"""Connections that say nothing, or too much: others are served all the same."""

import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import dns.message
import pytest

from resolver.wire.frames import framed
from tests.hostile.process import HOST, LOCAL_NAME, PATIENCE, Victim, victim
from tests.real.harness import CISTERN
from tests.real.sockets import wait_until

SOON = 2.0  # s for what takes some milliseconds; others use this machine, too


def ask_tcp(client: socket.socket) -> bool:
    """Is there a reply on this connection?"""
    query = dns.message.make_query(LOCAL_NAME, "A").to_wire()
    try:
        client.sendall(framed(query))
        return bool(client.recv(2))
    except OSError:
        return False


def test_machines_of_one_network_that_hold_all_tcp_connections_make_room_for_others(tmp_path: Path) -> None:
    with (
        victim(tmp_path, {"limits": {"tcp_connections": 40, "tcp_connections_per_client": 8}}) as daemon,
        ExitStack() as opened,
    ):
        held = [
            opened.enter_context(socket.create_connection((HOST, daemon.port), PATIENCE, (f"127.0.0.{host}", 0)))
            for host in range(2, 7)
            for _ in range(8)
        ]
        assert all(map(ask_tcp, held))
        strangers = [  # held open: the place of one that closed would be the next one's
            opened.enter_context(socket.create_connection((HOST, daemon.port), PATIENCE, (f"127.0.{host}.1", 0)))
            for host in range(1, 4)
        ]
        assert all(map(ask_tcp, strangers))
        assert daemon.counter("service_tcp_evicted") >= 3
        assert sum(map(ask_tcp, held)) >= len(held) - 4


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_silent_http_connections_keep_nobody_from_the_pages(tmp_path: Path, path: str) -> None:
    with victim(tmp_path) as daemon, ExitStack() as opened:
        for _ in range(100):
            opened.enter_context(socket.create_connection((HOST, daemon.http), PATIENCE))
        began = time.monotonic()
        assert daemon.page(path)[0] == 200
        assert time.monotonic() - began < SOON


def test_who_asks_for_metrics_without_end_costs_little(tmp_path: Path) -> None:
    with victim(tmp_path) as daemon:
        before, began = daemon.cpu(), time.monotonic()
        for _ in range(200):
            assert daemon.page("/metrics")[0] == 200
        made = 1 + (time.monotonic() - began) / 0.5
        assert daemon.cpu() - before < 0.2 + 200 * 0.002 + made * 0.1  # of a text each: 200 of them took 2 s


def cistern(daemon: Victim, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the operator's."""
    socket_path = str(daemon.folder / "control.sock")
    return subprocess.run(
        [CISTERN, *words, "--socket", socket_path], check=False, capture_output=True, text=True, timeout=30
    )


def test_silent_control_connections_keep_no_operator_out(tmp_path: Path) -> None:
    with victim(tmp_path) as daemon, ExitStack() as opened:
        for _ in range(40):
            silent = opened.enter_context(socket.socket(socket.AF_UNIX))
            silent.connect(str(tmp_path / "control.sock"))
        shown = cistern(daemon, "stats")
        assert shown.returncode == 0, shown.stderr
        assert "cistern_service_queries_udp" in shown.stdout


def test_a_daemon_that_is_stopped_is_told_as_such(tmp_path: Path) -> None:
    with victim(tmp_path) as daemon:
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            shown = cistern(daemon, "stats")
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        assert shown.returncode == 1
        assert "nobody answers" in shown.stderr


def test_garbage_of_every_kind_ends_nothing(tmp_path: Path) -> None:
    with victim(tmp_path) as daemon:
        garbage = [
            b"",
            b"\0",
            b"\xff" * 3,
            bytes(12),
            b"\xff" * 600,
            b"\0\1\1\0\0\1" + b"\xc0\x0c" * 40,
            b"GET / HTTP/1.1\r\n\r\n",
        ]
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            for octets in garbage * 20:
                sock.sendto(octets, (HOST, daemon.port))
        for octets in garbage:
            with daemon.connect() as client:
                client.sendall(framed(octets))
            with socket.create_connection((HOST, daemon.http), PATIENCE) as client:
                client.sendall(octets)
            with socket.socket(socket.AF_UNIX) as control:
                control.connect(str(tmp_path / "control.sock"))
                control.sendall(octets + b"\n")
        assert wait_until(lambda: daemon.ask(seconds=1.0) is not None, PATIENCE)
        assert daemon.counter("fault_met") == 0
        assert daemon.end()[0] == 0
