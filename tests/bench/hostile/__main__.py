"""`make bench-hostile`: a victim's p50, p99 and lost questions, and the server's memory, under each of 12 loads, beside unbound.

Both stand in one namespace, with the internet of the latency benchmark, one after the other; the victim asks 100 questions a
second, each for the second time. Goals of each row: nothing lost that is answered in calm, p99 no more than 3 times unbound's (or
5 ms), memory within max_octets and 100 MB. Exits 1 where one is missed. Each load takes `--seconds` twice; 6 by default.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.fair.__main__ import start_cistern
from tests.bench.hostile.loads import LOADS
from tests.bench.latency.__main__ import open_internet
from tests.bench.latency.client import PATIENCE, Result
from tests.bench.latency.figures import percentile
from tests.bench.latency.world import build
from tests.bench.peers.internet import PORT, SERVER, Internet
from tests.bench.peers.measure import run
from tests.bench.peers.servers import Start, running, start_unbound
from tests.real.namespaces import why_not

RATE: Final = 100
SECONDS: Final = 6.0
TIMES: Final = 3.0  # unbound's p99
FLOOR: Final = 0.005  # s: below this nobody waits
MEMORY: Final = (1 << 28) + 100 * 1_000_000  # octets
STARTS: Final = {"cistern": start_cistern, "unbound": start_unbound}


class Row(NamedTuple):
    """What the victim met. lost: questions without a reply; rss: octets of the server."""

    p50: float
    p99: float
    lost: int
    rss: int


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.hostile", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--load", choices=list(LOADS), action="append", help="only these")
    arguments = parser.parse_args()
    if reason := why_not():
        sys.exit(reason)
    loads = ["calm", *(arguments.load or LOADS)]
    with tempfile.TemporaryDirectory(prefix="cistern-hostile-") as name, open_internet(Path(name)) as internet:
        found = {
            server: measured(start, Path(name) / server, internet, loads, arguments.seconds)
            for server, start in STARTS.items()
        }
    verdicts = [shown(load, found["cistern"][load], found["unbound"][load]) for load in loads]
    return 0 if all(verdicts) else 1


def measured(start: Start, folder: Path, internet: Internet, loads: list[str], seconds: float) -> dict[str, Row]:
    """A row for each load."""
    rows = {}
    with running(start, folder, internet, ()) as pid:
        ask(internet, seconds)
        for load in loads:
            attack = None if load == "calm" else begin(load, internet, seconds + 1.0)
            took = sorted(seconds for seconds, rcode in ask(internet, seconds) if rcode is not None)
            lost = int(RATE * seconds) - len(took)
            rows[load] = Row(percentile(took, 0.5), percentile(took, 0.99), lost, rss(pid))
            if attack is not None:
                attack.wait()
    return rows


def ask(internet: Internet, seconds: float) -> list[Result]:
    client = ("tests.bench.latency.client", SERVER, str(PORT), str(RATE), str(seconds))
    results: list[Result] = json.loads(run(*internet.namespace.inside(sys.executable, "-m", *client)))
    return results


def begin(load: str, internet: Internet, seconds: float) -> subprocess.Popen[bytes]:
    words = ("tests.bench.hostile.loads", load, SERVER, str(PORT), next(iter(build().names)), str(seconds))
    command = internet.namespace.inside(sys.executable, "-m", *words)
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def rss(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def shown(load: str, ours: Row, theirs: Row) -> bool:
    """Print the row; is it as it should be?"""
    is_good = ours.p99 <= max(FLOOR, TIMES * theirs.p99) and ours.lost <= theirs.lost and ours.rss <= MEMORY
    cells = [
        f"{1000 * row.p50:8.2f} {1000 * min(row.p99, PATIENCE):8.2f} {row.lost:5} {row.rss / 1e6:6.0f}"
        for row in (ours, theirs)
    ]
    times = f"{ours.p99 / theirs.p99:5.1f}"
    print(f"{load:24} | {cells[0]} | {cells[1]} | {times} | {'' if is_good else 'MISSED'}", flush=True)
    return is_good


if __name__ == "__main__":
    print(f"{'':24} | {'cistern: p50 ms, p99 ms, lost, MB':30} | {'unbound':30} | times its p99")
    sys.exit(main())
