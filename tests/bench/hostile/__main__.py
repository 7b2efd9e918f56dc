"""`make bench-hostile`: a victim's p50, p99 and lost questions, and the server's memory, under each of 12 loads, beside unbound.

Both stand in one namespace, with the internet of the latency benchmark, and have one CPU for themselves, where there are two;
load and victim have the others. The victim asks 250 questions a second, all of which were asked before. Each server is loaded and
measured in slices, the one after the other, so that what else the machine does meets both; the time is the kernel's, from the
sending of the query to the coming of the reply. Goals of each row: nothing lost, p99 (of the middle slice) no more than 3 times
unbound's, memory within max_octets and 100 MB. A row has 8 slices of each server, and as many again, twice at most, while nine of
ten drawings of its slices do not all fall on one side of 3. Exits 1 where a goal is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.fair.__main__ import start_cistern
from tests.bench.hostile.loads import LOADS
from tests.bench.hostile.slices import Slice, lost, middle, of_all, ratio
from tests.bench.latency.__main__ import open_internet
from tests.bench.latency.world import build
from tests.bench.peers.__main__ import pinned
from tests.bench.peers.internet import PORT, SERVER, Internet
from tests.bench.peers.servers import Start, running, start_unbound
from tests.real.namespaces import why_not

RATE: Final = 250
SECONDS: Final = 1.2
SLICES: Final = 8
ROUNDS: Final = 3  # of as many slices, at most
SETTLE: Final = 0.4  # s of a load before the victim asks
WARM_UPS: Final = 2
P99: Final = 0.99
TIMES: Final = 3.0  # unbound's p99
MEMORY: Final = (1 << 28) + 100 * 1_000_000  # octets
STARTS: Final[dict[int, Start]] = {
    PORT: partial(start_cistern, port=PORT),
    PORT + 1: partial(start_unbound, port=PORT + 1),
}
OURS, THEIRS = STARTS


class Measured(NamedTuple):
    """What the victim met of one server. rss: octets, at most."""

    slices: list[Slice]
    rss: list[int]


class Bench:
    """One internet with both servers, and a victim that asks either."""

    def __init__(self, internet: Internet, victim: subprocess.Popen[str], pids: dict[int, int], seconds: float) -> None:
        self._internet = internet
        self._victim = victim
        self._pids = pids
        self._seconds = seconds
        self._name = next(iter(build().names))

    def row(self, load: str) -> dict[int, Measured]:
        """As many slices as it takes to tell, or ROUNDS times SLICES."""
        found = {port: Measured([], []) for port in self._pids}
        for _ in range(ROUNDS):
            for number in range(SLICES):
                for port in (OURS, THEIRS) if number % 2 else (THEIRS, OURS):
                    found[port].slices.append(self._slice(load, port))
                    found[port].rss.append(rss(self._pids[port]))
            if ratio(found[OURS].slices, found[THEIRS].slices, P99).settles(TIMES):
                break
        return found

    def ask(self, port: int) -> Slice:
        told, said = self._victim.stdin, self._victim.stdout
        assert told is not None, "it is a pipe"
        assert said is not None, "so is this"
        print(port, self._seconds, file=told, flush=True)
        took: Slice = json.loads(said.readline())
        return took

    def _slice(self, load: str, port: int) -> Slice:
        if load == "calm":
            return self.ask(port)
        words = ("tests.bench.hostile.loads", load, SERVER, str(port), self._name, str(self._seconds + SETTLE + 1.0))
        with started(*self._internet.namespace.inside(*pinned()[1], sys.executable, "-m", *words)) as attack:
            assert attack.stdout is not None, "it is a pipe"
            attack.stdout.readline()  # it has begun
            time.sleep(SETTLE)
            return self.ask(port)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.hostile", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of a slice (default: {SECONDS})")
    parser.add_argument("--load", choices=list(LOADS), action="append", help="only these")
    arguments = parser.parse_args()
    if reason := why_not():
        sys.exit(reason)
    with opened(arguments.seconds) as bench:
        for port in STARTS:
            for _ in range(WARM_UPS):
                bench.ask(port)
        verdicts = [shown(load, bench.row(load)) for load in ("calm", *(arguments.load or LOADS))]
    return 0 if all(verdicts) else 1


@contextmanager
def opened(seconds: float) -> Iterator[Bench]:
    server_cpu, other_cpus = (*pinned()[0], "nice", "-n", "-20"), pinned()[1]
    victim = (*other_cpus, sys.executable, "-m", "tests.bench.hostile.victim", SERVER, str(RATE))
    with tempfile.TemporaryDirectory(prefix="cistern-hostile-") as name, ExitStack() as stack:
        internet = stack.enter_context(open_internet(Path(name)))
        pids = {
            port: stack.enter_context(running(start, Path(name) / str(port), internet, server_cpu, port=port))
            for port, start in STARTS.items()
        }
        yield Bench(internet, stack.enter_context(started(*internet.namespace.inside(*victim))), pids, seconds)


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def rss(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def shown(load: str, found: dict[int, Measured]) -> bool:
    """Print the row; is it as it should be?"""
    ours, theirs = found[OURS], found[THEIRS]
    times = ratio(ours.slices, theirs.slices, P99)
    is_good = times.value <= TIMES and not lost(ours.slices) and max(ours.rss) <= MEMORY
    cells = [
        f"{1000 * middle(one.slices, 0.5):6.3f} {1000 * middle(one.slices, P99):6.3f} "
        f"{1000 * of_all(one.slices, P99):7.3f} {lost(one.slices):4} {max(one.rss) / 1e6:4.0f}"
        for one in (ours, theirs)
    ]
    spread = f"{times.value:5.2f} ({times.low:.2f} to {times.high:.2f}) of {len(ours.slices)}"
    print(f"{load:24} | {cells[0]} | {cells[1]} | {spread:28} {'' if is_good else 'MISSED'}", flush=True)
    return is_good


if __name__ == "__main__":
    print(f"{'':24} | {'cistern: p50 ms, p99, lost, MB':27} | {'unbound':27} | times its p99, of slices")
    sys.exit(main())
