"""`make bench-latency`: how long clients wait on a bad network, for this daemon and beside it for Debian's resolvers.

One simulated internet in a network namespace, one row per state of it, one run from an empty cache per row and resolver. With
--signed every zone of it is signed, and every resolver validates.
"""

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.latency.figures import HEADINGS, Figures, figures
from tests.bench.latency.resolvers import PROGRAMS, RESOLVERS, VALIDATING
from tests.bench.latency.world import NETWORK4, NETWORK6, build, root_hints
from tests.bench.peers.internet import PORT, SERVER, Internet
from tests.bench.peers.measure import cpu_seconds, run
from tests.bench.peers.servers import running
from tests.real.namespaces import namespace, why_not
from tests.real.sockets import wait_until

RATE: Final = 200  # questions a second
SECONDS, QUICK_SECONDS = 60, 15
START_TIMEOUT: Final = 60.0  # s; 50,000 signatures take their time
ROOT: Final = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Row:
    """A state of the internet: the chance that a datagram is lost, each way; is a quarter of the servers dead?"""

    name: str
    loss: float
    has_dead: bool


ROWS: Final = {
    "calm": Row("no loss", 0.0, has_dead=False),
    "loss2": Row("2 % loss", 0.02, has_dead=False),
    "loss5": Row("5 % loss", 0.05, has_dead=False),
    "dead": Row("a quarter of the servers dead", 0.0, has_dead=True),
}


def main() -> int:
    arguments = _arguments()
    if reason := why_not():
        sys.exit(reason)
    missing = [name for name in arguments.resolvers if name in PROGRAMS and shutil.which(PROGRAMS[name]) is None]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="cistern-latency-") as name, ExitStack() as stack:
        internet = stack.enter_context(open_internet(Path(name), is_signed=arguments.signed))
        bench = Bench(Path(name), internet, QUICK_SECONDS if arguments.quick else arguments.seconds)
        for key in arguments.rows:
            print(f"\n{ROWS[key].name}{', signed' if arguments.signed else ''}\n{HEADINGS}")
            for resolver in arguments.resolvers:
                print(bench.measure(resolver, ROWS[key]).line(resolver), flush=True)
    return 0


class Bench:
    """One internet, in which resolvers are started and asked one after the other."""

    def __init__(self, folder: Path, internet: Internet, seconds: int) -> None:
        self._folder = folder
        self._internet = internet
        self._seconds = seconds
        self._runs = 0

    def measure(self, resolver: str, row: Row) -> Figures:
        self._runs += 1
        folder = self._folder / f"run-{self._runs}"
        self._tell({"loss": row.loss, "has_dead": row.has_dead})
        start = (RESOLVERS if self._internet.anchors is None else VALIDATING)[resolver]
        with running(start, folder, self._internet, ()) as pid:
            before = cpu_seconds(pid)
            client = ("tests.bench.latency.client", SERVER, str(PORT), str(RATE), str(self._seconds))
            printed = run(*self._internet.namespace.inside(sys.executable, "-m", *client))
            spent = cpu_seconds(pid) - before
        return figures(json.loads(printed), self._tell({})["packets"], spent)

    def _tell(self, what: dict[str, float | bool]) -> dict[str, int]:
        """Set the weather, if told; the packets since it was set last."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            ours = self._folder / "client.sock"
            ours.unlink(missing_ok=True)
            sock.bind(str(ours))
            sock.sendto(json.dumps(what).encode(), str(self._folder / CONTROL))
            answer: dict[str, int] = json.loads(sock.recv(4096))
            return answer


CONTROL: Final = "authority.sock"


@contextmanager
def open_internet(folder: Path, prefix: tuple[str, ...] = (), *, is_signed: bool = False) -> Iterator[Internet]:
    """All its servers, in one process of a namespace of its own; `prefix` (such as taskset) is put before it."""
    hints = folder / "root.hints"
    hints.write_text(root_hints(build()))
    control, anchors = folder / CONTROL, folder / "root.key" if is_signed else None
    with namespace() as inside:
        for network in (NETWORK4, NETWORK6):
            run("ip", "-n", inside.name, f"-{network.version}", "route", "add", "local", str(network), "dev", "lo")
        authority = (sys.executable, "-m", "tests.bench.latency.authority", str(control), str(anchors or ""))
        command = inside.inside(*prefix, *authority)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=ROOT)
        try:
            wait_until(lambda: process.poll() is not None or control.exists(), START_TIMEOUT)
            yield Internet(inside, hints, anchors)
        finally:
            process.kill()
            process.wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.latency", description=__doc__)
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"of each run (default: {SECONDS})")
    parser.add_argument("--quick", action="store_true", help=f"runs of {QUICK_SECONDS} s")
    parser.add_argument("--signed", action="store_true", help="every zone is signed, and every resolver validates")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--resolvers", nargs="+", choices=list(RESOLVERS), default=list(RESOLVERS))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
