"""Clients that take less than others do: HAProxy compares letters, and musl before 1.2.4 has neither EDNS nor TCP."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.internal_zones.platform import State, actor_of, app, machine, write_state
from tests.real.clients import need, run
from tests.real.conftest import Resolve
from tests.real.harness import ROOT, Daemon
from tests.real.internet import UNTIDY, Internet
from tests.real.sockets import wait_until

PATIENCE: Final = 30.0  # s for what takes some milliseconds on a machine with nothing else to do

HAPROXY: Final = """\
global
    stats socket {folder}/haproxy.sock mode 600
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
resolvers daemon
    nameserver daemon 127.0.0.53:53
    resolve_retries 3
    timeout resolve 1s
    timeout retry 1s
    accepted_payload_size 1232
frontend front
    bind 127.0.0.1:8000
    default_backend back
backend back
    server one al.case.site.test:80 resolvers daemon resolve-prefer ipv4 init-addr none check inter 60s
"""

LOOK_UP: Final = """\
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    char text[64];
    int wrong = argc < 2 ? EAI_NONAME : getaddrinfo(argv[1], 0, &hints, &found);
    if (wrong) {
        puts(gai_strerror(wrong));
        return 1;
    }
    for (; found; found = found->ai_next) {
        void *address = found->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)found->ai_addr)->sin_addr
                                                    : (void *)&((struct sockaddr_in6 *)found->ai_addr)->sin6_addr;
        puts(inet_ntop(found->ai_family, address, text, sizeof text));
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def musl(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A program that looks a name up with musl's getaddrinfo."""
    need("musl-gcc")
    folder = tmp_path_factory.mktemp("musl")
    (folder / "look_up.c").write_text(LOOK_UP)
    subprocess.run(["musl-gcc", "-static", "-o", folder / "look_up", folder / "look_up.c"], check=True, timeout=60)
    return str(folder / "look_up")


def looked_up(daemon: Daemon, program: str, name: str) -> list[str]:
    done = run(daemon, program, name)
    assert done.returncode == 0, f"{name}: {done.stdout}"
    return done.stdout.split()


@pytest.mark.parametrize("name", ["crowd.site.test", "to-crowd.site.test"])
def test_musl_gets_some_of_a_set_that_is_too_large_for_it(resolving: Resolve, musl: str, name: str) -> None:
    """60 addresses: with TC and no record it said that the name does not resolve."""
    daemon = resolving()
    assert len(looked_up(daemon, musl, name)) > 20
    assert len(looked_up(daemon, musl, name)) > 20  # from the cache


def test_musl_gets_some_machines_of_an_app_of_many(resolving: Resolve, musl: str, tmp_path: Path) -> None:
    machines = [machine(f"{number:x}", 1, 24) for number in range(1, 33)]
    write_state(
        tmp_path / "state.db",
        State(
            apps=[app(1, "big", 24)],
            machines=machines,
            hosts=[{"name": "h1", "region": "ams", "actor_id": actor_of("h1")}],
        ),
    )
    daemon = resolving({"state": {"database": str(tmp_path / "state.db")}})
    found = set(looked_up(daemon, musl, "big.internal"))
    assert len(found) > 10
    assert found <= {str(one["address"]) for one in machines}


@contextmanager
def running(mended: Internet, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program in the namespace, as long as the block runs."""
    process = subprocess.Popen(mended.namespace.inside(*command), cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def server_addresses(folder: Path) -> list[str]:
    """What HAProxy has found for the servers of its backend; [] while it does not say."""
    try:
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(PATIENCE)
            control.connect(str(folder / "haproxy.sock"))
            control.sendall(b"show servers state back\n")
            with control.makefile() as said:
                lines = [line.split() for line in said if line.startswith(("2 ", "3 ", "4 "))]
    except OSError:
        return []
    return [fields[4] for fields in lines if len(fields) > 4]


def test_haproxy_finds_the_server_behind_an_alias_in_other_letter_case(
    resolving: Resolve, mended: Internet, tmp_path: Path
) -> None:
    """It looks for the target's records under the letters that the CNAME has."""
    need("haproxy")
    resolving()
    (tmp_path / "haproxy.cfg").write_text(HAPROXY.format(folder=tmp_path))
    with (
        running(mended, sys.executable, "-m", "tests.real.untidy", UNTIDY, "53"),
        running(mended, "haproxy", "-q", "-f", str(tmp_path / "haproxy.cfg")),
    ):
        assert wait_until(lambda: server_addresses(tmp_path) == ["192.0.2.99"], PATIENCE), server_addresses(tmp_path)
