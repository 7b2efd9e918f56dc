"""The servers that are compared, each started alone in the namespace: this daemon, and Debian's unbound and pdns-recursor."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.bench.peers.internet import PORT, SERVER, Internet
from tests.real.harness import STOP_TIMEOUT, config, start
from tests.real.sockets import is_listening, wait_until

START_TIMEOUT: Final = 20.0  # s

# One thread, as the daemon runs; buffers and tables large enough that none of them is what is measured.
UNBOUND: Final = """\
server:
  num-threads: 1
  module-config: "{modules}"
  interface: {address}@{port}
  do-not-query-localhost: no
  root-hints: "{hints}"
  local-zone: "test." nodefault
  msg-cache-size: 128m
  rrset-cache-size: 256m
  outgoing-range: 4096
  num-queries-per-thread: 2048
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  logfile: "{folder}/unbound.log"
  do-daemonize: no
remote-control:
  control-enable: no
"""
PDNS: Final = """\
local-address={address}
local-port={port}
hint-file={hints}
dnssec={dnssec}
lua-config-file={folder}/anchors.lua
dont-query=
query-local-address=0.0.0.0, ::
threads=1
pdns-distributes-queries=no
socket-dir={folder}
write-pid=no
daemon=no
security-poll-suffix=
export-etc-hosts=no
serve-rfc1918=no
disable-syslog=yes
quiet=yes
loglevel=3
"""

Start = Callable[[Path, Internet, tuple[str, ...]], subprocess.Popen[bytes]]


def start_cistern(
    folder: Path, internet: Internet, prefix: tuple[str, ...], *, is_validating: bool = False
) -> subprocess.Popen[bytes]:
    changes: dict[str, dict[str, object]] = {
        "recursion": {"root_hints": str(internet.hints)},
        "cache": {"max_octets": 1 << 28, "snapshot": ""},  # each run begins cold
        # dnsperf is one client and asks as fast as it is answered
        "limits": {"in_flight_per_address": 512},
        "dnssec": {"validate": is_validating, "trust_anchors": str(internet.anchors) if is_validating else ""},
    }
    return start(folder, config(SERVER, PORT, changes), internet.namespace, prefix)[0]


def start_unbound(
    folder: Path, internet: Internet, prefix: tuple[str, ...], *, is_validating: bool = False, port: int = PORT
) -> subprocess.Popen[bytes]:
    file = folder / "unbound.conf"
    modules = "validator iterator" if is_validating else "iterator"
    anchors = f'server:\n  trust-anchor-file: "{internet.anchors}"\n' if is_validating else ""
    text = UNBOUND.format(address=SERVER, port=port, hints=internet.hints, folder=folder, modules=modules)
    file.write_text(anchors + text)
    command = internet.namespace.inside(*prefix, "unbound", "-d", "-c", str(file))
    null = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=null, stdout=null, stderr=null)


def start_pdns(
    folder: Path, internet: Internet, prefix: tuple[str, ...], *, is_validating: bool = False
) -> subprocess.Popen[bytes]:
    dnssec = "validate" if is_validating else "off"
    text = PDNS.format(address=SERVER, port=PORT, hints=internet.hints, folder=folder, dnssec=dnssec)
    (folder / "recursor.conf").write_text(text)
    (folder / "anchors.lua").write_text(_lua_anchors(internet.anchors if is_validating else None))
    return started(folder, internet.namespace.inside(*prefix, "pdns_recursor", f"--config-dir={folder}"))


def _lua_anchors(anchors: Path | None) -> str:
    """What pdns-recursor reads its trust anchors from: those of a file of DS records, and none that are built in."""
    records = anchors.read_text().splitlines() if anchors is not None else []
    return "\n".join(("clearTA()", *(f"addTA('.', '{record.partition(' DS ')[2]}')" for record in records))) + "\n"


def started(folder: Path, command: list[str]) -> subprocess.Popen[bytes]:
    """The process of this command; what it prints is in the folder's server.log."""
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)


@contextmanager
def running(
    start: Start,
    folder: Path,
    internet: Internet,
    prefix: tuple[str, ...],
    patience: float = START_TIMEOUT,
    port: int = PORT,
) -> Iterator[int]:
    """The process id of the server that `start` starts, for as long as the block runs; ended by SIGTERM.

    patience: s until it listens. port: where it will.
    """
    folder.mkdir(parents=True)
    process = start(folder, internet, prefix)
    try:
        wait_until(lambda: process.poll() is not None or is_listening(process.pid, SERVER, port), patience)
        if not is_listening(process.pid, SERVER, port):
            said = "\n".join(log.read_text() for log in folder.glob("*.log"))
            raise SystemExit(f"the server does not listen:\n{said}")
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(2 * STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
