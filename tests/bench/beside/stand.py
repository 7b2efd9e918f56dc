"""Both servers in one namespace, with the internet of the latency benchmark: this daemon with its limits as shipped, and unbound.

They have one CPU for themselves, where there are two; who loads them, who asks beside, and the servers of that internet have the
others: what one of these waits for another is no time of who is measured.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench.beside.slices import Slice
from tests.bench.latency.__main__ import open_internet
from tests.bench.latency.world import build
from tests.bench.peers.__main__ import pinned
from tests.bench.peers.internet import PORT, SERVER, Internet
from tests.bench.peers.measure import cpu_seconds
from tests.bench.peers.servers import Start, running, start_unbound
from tests.real.harness import config, start
from tests.real.namespaces import why_not

SETTINGS: Final[dict[str, dict[str, object]]] = {"cache": {"max_octets": 1 << 28}}
TOOLS: Final = {"unbound": "unbound", "taskset": "util-linux"}
WARM_UPS: Final = 2


def start_cistern(
    folder: Path,
    internet: Internet,
    prefix: tuple[str, ...],
    *,
    port: int = PORT,
    limits: dict[str, object] | None = None,
) -> subprocess.Popen[bytes]:
    """This daemon. limits: None: as they are shipped."""
    changes = SETTINGS | {"recursion": {"root_hints": str(internet.hints)}, "limits": limits or {}}
    return start(folder, config(SERVER, port, changes), internet.namespace, prefix)[0]


STARTS: Final[dict[int, Start]] = {
    PORT: partial(start_cistern, port=PORT),
    PORT + 1: partial(start_unbound, port=PORT + 1),
}
OURS, THEIRS = STARTS


class Stand:
    """One internet with both servers, and a victim that asks either. name: one that it asks for."""

    def __init__(self, internet: Internet, victim: subprocess.Popen[str], pids: dict[int, int], seconds: float) -> None:
        """seconds: of a slice."""
        self._internet = internet
        self._victim = victim
        self._pids = pids
        self.seconds: Final = seconds
        self.name: Final = next(iter(build().names))

    def ask(self, port: int) -> Slice:
        """What the victim waits at the server of this port in one slice."""
        told, said = self._victim.stdin, self._victim.stdout
        assert told is not None, "it is a pipe"
        assert said is not None, "so is this"
        print(port, self.seconds, file=told, flush=True)
        took: Slice = json.loads(said.readline())
        return took

    def ask_beside(self, port: int, settle: float, *load: str) -> tuple[Slice, str]:
        """The same while `load`, a module and its arguments, runs; and what that says of itself when it is ended by SIGTERM.

        It prints a line when it begins; settle: s from then on.
        """
        with _piped(self._internet.namespace.inside(*pinned()[1], sys.executable, "-m", *load)) as process:
            assert process.stdout is not None, "it is a pipe"
            process.stdout.readline()
            time.sleep(settle)
            took = self.ask(port)
            process.terminate()
            return took, process.stdout.read()

    def cpu(self, port: int) -> float:
        """Seconds of CPU that the server of this port has had."""
        return cpu_seconds(self._pids[port])

    def rss(self, port: int) -> int:
        """Octets of memory that the server of this port has now."""
        return int(Path(f"/proc/{self._pids[port]}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def opened(seconds: float, rate: float) -> Iterator[Stand]:
    """Both servers started, and asked all that the victim asks, `rate` questions a second. seconds: of a slice."""
    if reason := why_not():
        sys.exit(reason)
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not installed (Debian: {package})")
    server_cpu, other_cpus = (*pinned()[0], "nice", "-n", "-20"), pinned()[1]
    victim = (*other_cpus, sys.executable, "-m", "tests.bench.beside.victim", SERVER, str(rate))
    with tempfile.TemporaryDirectory(prefix="cistern-beside-") as name, ExitStack() as stack:
        internet = stack.enter_context(open_internet(Path(name), other_cpus))
        pids = {
            port: stack.enter_context(running(start, Path(name) / str(port), internet, server_cpu, port=port))
            for port, start in STARTS.items()
        }
        stand = Stand(internet, stack.enter_context(_piped(internet.namespace.inside(*victim))), pids, seconds)
        for port in STARTS:
            for _ in range(WARM_UPS):
                stand.ask(port)
        yield stand


@contextmanager
def _piped(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
