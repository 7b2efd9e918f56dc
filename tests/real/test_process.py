"""The daemon as its operator meets it: how it starts, what it says when it cannot, and how it ends."""

import json
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from resolver.demo.state import make_state
from tests.real.clients import dig, need, run
from tests.real.conftest import Resolve
from tests.real.harness import CISTERN, STOP_TIMEOUT, Daemon, config, serving, start
from tests.real.internet import Internet
from tests.real.namespaces import namespace, why_not
from tests.real.sockets import wait_until


def test_sigterm_ends_it_with_exit_code_0(alone: Resolve) -> None:
    code, seconds = alone().stop()
    assert (code, seconds < STOP_TIMEOUT) == (0, True)


def test_sigterm_ends_it_in_time_with_a_question_in_flight(resolving: Resolve, mended: Internet) -> None:
    daemon = resolving()
    mended.silence("root")
    asking = subprocess.Popen(daemon.inside("dig", f"@{daemon.address}", "+tries=1", "+time=2", "www.site.test"))
    time.sleep(0.5)
    code, seconds = daemon.stop()
    asking.wait()
    assert (code, seconds < STOP_TIMEOUT) == (0, True), daemon.log.read_text()


def test_nothing_of_it_is_left_behind(alone: Resolve) -> None:
    daemon = alone()
    assert wait_until((daemon.folder / "control.sock").exists, timeout=10)  # it answers clients before
    daemon.stop()
    assert not (daemon.folder / "control.sock").exists()


def test_a_taken_port_ends_it_with_exit_code_1_and_its_address(alone: Resolve, tmp_path: Path) -> None:
    first = alone()
    folder = tmp_path / "second"
    folder.mkdir()
    second, log = start(folder, config(first.address, first.port))
    assert second.wait(20) == 1
    assert f"{first.address}:{first.port}" in log.read_text()


def test_a_port_taken_by_another_cistern_is_told_as_such(alone: Resolve) -> None:
    first = alone()
    second, log = start(first.folder, config(first.address, first.port))  # the same config, so the same control socket
    assert second.wait(20) == 1
    assert "another cistern" in log.read_text()
    assert first.stop()[0] == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('[listen]\nadresses = ["127.0.0.1:53"]\n', ["2", "adresses", "addresses"], id="an unknown key"),
        pytest.param('[cache]\nmax_ttl = "long"\n', ["2", "max_ttl", "whole number"], id="a wrong type"),
        pytest.param('[listen]\naddresses = ["nowhere"]\n', ["2", "addresses", "nowhere"], id="a wrong address"),
        pytest.param("[listen\n", ["1", "TOML"], id="no TOML"),
    ],
)
def test_a_wrong_config_ends_it_with_exit_code_2_and_the_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    daemon, log = start(tmp_path, text)
    assert daemon.wait(20) == 2
    said = log.read_text()
    assert said.startswith(f"{tmp_path / 'cistern.toml'}:{expected[0]}:")
    assert all(word in said for word in expected)
    checked = subprocess.run(
        [CISTERN, "check", str(tmp_path / "cistern.toml")], check=False, capture_output=True, text=True
    )
    assert (checked.returncode, checked.stderr) == (2, said)


def test_a_missing_config_ends_it_with_exit_code_2(tmp_path: Path) -> None:
    done = subprocess.run([CISTERN, "serve", "--config", "none.toml"], check=False, capture_output=True, cwd=tmp_path)
    assert done.returncode == 2
    assert b"none.toml" in done.stderr


def test_without_a_state_database_internal_names_fail_and_public_ones_resolve(
    resolving: Resolve, tmp_path: Path
) -> None:
    daemon = resolving({"state": {"database": str(tmp_path / "missing.db")}})
    internal = dig(daemon, "web.internal", "AAAA")
    assert (internal.status, internal.info_codes) == ("SERVFAIL", (14,))
    assert dig(daemon, "www.site.test").status == "NOERROR"


def test_a_state_database_that_comes_later_is_taken(resolving: Resolve, tmp_path: Path) -> None:
    database = tmp_path / "late.db"
    daemon = resolving({"state": {"database": str(database)}})
    assert dig(daemon, "web.internal", "AAAA").status == "SERVFAIL"
    make_state(database)
    assert wait_until(lambda: dig(daemon, "web.internal", "AAAA").status == "NOERROR", timeout=10)


def test_garbage_is_survived(alone: Resolve) -> None:
    need("dig")
    daemon = alone()
    with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.create_connection((daemon.address, daemon.port)) as tcp:
        for seed in range(200):
            udp.sendto(random.Random(seed).randbytes(seed), (daemon.address, daemon.port))
        tcp.sendall(b"\xff\xff not a message")
    assert dig(daemon, "localhost").status == "NOERROR"
    assert daemon.stop()[0] == 0


def test_the_operators_commands_reach_it(resolving: Resolve) -> None:
    daemon = resolving()
    dig(daemon, "alias.site.test")
    for command in (
        ["cache", "show", "www.dst.example"],
        ["cache", "list", "--sort", "ttl"],
        ["cache", "top", "--once", "--interval", "1"],
        ["cache", "flush", "none.dst.example", "--negative", "--failures"],
        ["servers"],
        ["servers", "site.test"],
        ["explain", "alias.site.test", "A"],
        ["explain", "--resolve", "alias.site.test", "A"],
        ["stats"],
    ):
        done = operate(daemon, *command, "--json")
        assert done.returncode == 0, done.stderr
        assert [json.loads(line) for line in done.stdout.splitlines()], command
        assert operate(daemon, *command).stdout, command


def test_a_resolution_is_drawn_with_the_servers_that_were_really_asked(resolving: Resolve) -> None:
    daemon = resolving()
    drawn = operate(daemon, "explain", "--resolve", "alias.site.test").stdout
    steps, _, rest = drawn.partition("\n\n")
    assert steps.count("→") >= steps.count("←") >= 3  # some servers are asked beside others, to get to know them
    assert "referral down to site.test." in steps
    assert rest.rstrip().endswith("The client sees: NOERROR")
    again = operate(daemon, "explain", "--resolve", "alias.site.test").stdout
    assert "→" not in again
    assert "www.dst.example. A: known: " in again


def test_failures_are_listed_and_the_server_that_lost_the_queries_is_known(
    resolving: Resolve, mended: Internet
) -> None:
    daemon = resolving()
    dig(daemon, "www.site.test")
    mended.silence("alias")
    failure = None
    for _ in range(8):  # the pause after silence begins at 1 s, which a command takes on a busy machine, and doubles
        assert dig(daemon, "other.site.test").status == "SERVFAIL"
        rows = [json.loads(line) for line in operate(daemon, "cache", "list", "--failed", "--json").stdout.splitlines()]
        failure = next((row for row in rows if row["owner"] == "other.site.test." and not row["server"]), None)
        if failure is not None:
            break
    assert failure is not None
    assert failure["attempts"] >= 1
    assert failure["info_code"] == 22
    assert 0 < failure["left"] <= failure["pause"]
    rows = [json.loads(line) for line in operate(daemon, "servers", "site.test", "--json").stdout.splitlines()]
    assert sum(row["losses"] for row in rows) >= 3


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (["explain", "a..b"], "a..b"),
        (["explain", "www.site.test", "NOPE"], "NOPE"),
        (["explain", "www.site.test", "--network", "x"], "'x'"),
        (["explain", "web.internal"], "--network"),
        (["cache", "list", "--zone", "a..b"], "a..b"),
        (["cache", "flush", "www.site.test", "--type", "NOPE"], "NOPE"),
        (["servers", "192.0.2.300"], "192.0.2.300"),
        (["servers", "no.such.zone"], "no.such.zone."),
    ],
)
def test_what_is_wrong_on_the_command_line_is_named_with_exit_code_2(
    alone: Resolve, command: list[str], named: str
) -> None:
    done = operate(alone(), *command)
    assert done.returncode == 2
    assert named in done.stderr


def operate(daemon: Daemon, *command: str) -> subprocess.CompletedProcess[str]:
    """A command of the operator's, and what it said."""
    return run(daemon, CISTERN, *command, "--socket", str(daemon.folder / "control.sock"))


EAR = """
import socket
with socket.socket(type=socket.SOCK_DGRAM) as sock:
    sock.bind(("127.0.0.53", 53))
    print("listens", flush=True)
    while True:
        print(sock.recvfrom(512)[1][1], flush=True)
"""


def test_no_question_leaves_from_a_port_that_is_reserved_or_to_be_avoided(tmp_path: Path) -> None:
    """A service that comes for its port later would not get it."""
    if reason := why_not():
        pytest.skip(reason)
    hints = tmp_path / "root.hints"
    hints.write_text(". 86400 IN NS ns.\nns. 86400 IN A 127.0.0.53\n")
    changes = {"recursion": {"root_hints": str(hints), "avoid_ports": ["50000-54999"]}}
    with namespace() as inside:
        reserve = "echo 1024-49999 > /proc/sys/net/ipv4/ip_local_reserved_ports"
        subprocess.run(inside.inside("sh", "-c", reserve), check=True)
        ear = subprocess.Popen(inside.inside(sys.executable, "-c", EAR), stdout=subprocess.PIPE, text=True)
        with ear, serving(tmp_path, "127.0.0.1", 5300, changes, inside):
            assert ear.stdout is not None
            assert ear.stdout.readline() == "listens\n"
            ports = [int(ear.stdout.readline()) for _ in range(6)]  # of priming, over and over, as nobody answers
            ear.kill()
    assert min(ports) >= 55000, ports
