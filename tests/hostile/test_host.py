"""A host without descriptors or memory: one query or connection pays, and the daemon goes on."""

import resource
import signal
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import dns.edns
import dns.message
import dns.rcode
import pytest

from resolver.wire.frames import framed
from tests.hostile.process import HOST, LOCAL_NAME, PATIENCE, Victim, logged, victim
from tests.real.sockets import wait_until

MIB = 1 << 20


def test_without_descriptors_questions_are_refused_before_a_socket_is_missing(tmp_path: Path) -> None:
    """`ulimit -n 64` and 240 slow misses: 190 failures counted against healthy servers, and nothing in the log."""
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind((HOST, 0))
        (tmp_path / "root.hints").write_text(f". 3600 NS a.root.test.\na.root.test. 3600 A {HOST}\n")
        recursion = {"root_hints": str(tmp_path / "root.hints"), "port": silent.getsockname()[1]}
        changes = {"recursion": recursion, "log": {"format": "json"}}
        with victim(tmp_path, changes, limits={resource.RLIMIT_NOFILE: (64, 64)}) as daemon:
            replies = ask_at_once(daemon, [f"n{number}.example" for number in range(240)])
            refused = [reply for reply in replies if codes(reply) == {31}]
            assert len(refused) > 200
            assert daemon.counter("upstream_host_errors") == 0
            assert daemon.ask() is not None
            assert daemon.end()[0] == 0
    fitted = [event for event in logged(tmp_path) if event["event"] == "limits_fitted"]
    assert fitted[0]["descriptors"] == 64


def ask_at_once(daemon: Victim, names: list[str]) -> list[dns.message.Message]:
    """The replies that come soon, over UDP from one socket."""
    replies = []
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        for name in names:
            sock.sendto(dns.message.make_query(name, "A", use_edns=0).to_wire(), (HOST, daemon.port))
        sock.settimeout(1.0)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                replies.append(dns.message.from_wire(sock.recv(65535)))
            except TimeoutError:
                break
    return replies


def codes(reply: dns.message.Message) -> set[int]:
    return {int(option.code) for option in reply.options if isinstance(option, dns.edns.EDEOption)}


def test_a_bound_on_open_files_is_raised_as_far_as_the_host_allows(tmp_path: Path) -> None:
    with victim(tmp_path, limits={resource.RLIMIT_NOFILE: (64, 4096)}) as daemon:
        bounds = Path(f"/proc/{daemon.process.pid}/limits").read_text()
        line = next(line for line in bounds.splitlines() if line.startswith("Max open files"))
        assert line.split()[3] == "4096"


def padded(octets: int) -> bytes:
    """A query for a name that is answered here, with an EDNS option of so many octets."""
    option = dns.edns.GenericOption(dns.edns.OptionType.make(65001), bytes(octets))
    return framed(dns.message.make_query(LOCAL_NAME, "A", use_edns=0, options=[option]).to_wire(max_size=65535))


@pytest.mark.parametrize("room", [1 << 18, -(12 << 20)], ids=["hardly any", "less than none"])
def test_without_memory_connections_end_and_the_daemon_does_not(tmp_path: Path, room: int) -> None:
    """`ulimit -v` and large queries over TCP: one connection's MemoryError ended the process, and the cache was not saved.

    So did one within trio's own few lines, until trio had a turn only where there is memory for it.
    """
    with victim(tmp_path, {"log": {"format": "json"}}) as daemon:
        allow(daemon, room)
        query = padded(60_000)
        for _ in range(4):
            with ExitStack() as opened:
                for _ in range(30):
                    send_some(opened, daemon, query[:-1])  # never whole: each holds what it has sent
                wait_until(lambda: not daemon.is_alive(), 0.5)
        daemon.process.send_signal(signal.SIGHUP)  # reads its config in a thread, and that wants 8 MiB for its stack
        wait_until(lambda: not daemon.is_alive(), 0.5)
        assert daemon.is_alive(), (tmp_path / "cistern.log").read_text()
        resource.prlimit(daemon.process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert wait_until(lambda: daemon.ask(seconds=1.0) is not None, PATIENCE)
        assert daemon.counter("fault_sheddings") > 0
        assert daemon.end()[0] == 0
    assert (tmp_path / "cache.db").exists()


def send_some(opened: ExitStack, daemon: Victim, octets: bytes) -> None:
    """Over a connection of its own, which the daemon may not have the memory to keep."""
    with suppress(OSError):
        client = opened.enter_context(daemon.connect())
        client.setblocking(False)
        for _ in range(8):
            client.send(octets)


def allow(daemon: Victim, room: int) -> None:
    """The daemon may take so many octets more than it has from now on, or must be content with less."""
    taken = int(Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(daemon.process.pid, resource.RLIMIT_AS, (taken + room, resource.RLIM_INFINITY))


def test_large_queries_leave_nothing_behind(tmp_path: Path) -> None:
    """16,000 queries of 60 kB for one name: 700 MB."""
    with victim(tmp_path) as daemon, daemon.connect() as client:
        before = daemon.rss()
        for number in range(400):
            query = bytearray(padded(60_000))
            query[2:4] = number.to_bytes(2, "big")
            query[-4:] = number.to_bytes(4, "big")
            client.sendall(query)
            size = int.from_bytes(client.recv(2, socket.MSG_WAITALL), "big")
            reply = dns.message.from_wire(client.recv(size, socket.MSG_WAITALL))
            assert reply.rcode() == dns.rcode.NOERROR
        assert daemon.rss() - before < 12 * MIB
