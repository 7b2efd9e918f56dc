"""`make bench-peers`: what a query costs this daemon, beside Debian's unbound on the same internet in the same run.

Signed rows have pdns-recursor, too, if it is installed: shown, and not judged by.

`python -m tests.bench.peers --profile misses` runs only the daemon, under cProfile, and prints where its time goes; with
`--count misses` under callgrind, and prints how many instructions a query takes.
"""

import argparse
import os
import pstats
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench.peers.internet import Internet, internet
from tests.bench.peers.measure import Cost, count, measure
from tests.bench.peers.servers import Start, running, start_cistern, start_pdns, start_unbound
from tests.bench.peers.workloads import Workload, workloads
from tests.real.namespaces import why_not

SERVERS: Final[dict[str, Start]] = {"cistern": start_cistern, "unbound": start_unbound}
VALIDATING: Final[dict[str, Start]] = {
    "cistern": partial(start_cistern, is_validating=True),
    "unbound": partial(start_unbound, is_validating=True),
}
OURS: Final = "cistern"
PEER: Final = "unbound"
THIRD: Final = partial(start_pdns, is_validating=True)
TOOLS: Final = {"nsd": "nsd", "unbound": "unbound", "dnsperf": "dnsperf", "taskset": "util-linux"}
PROFILE_LINES: Final = 25
COUNTER_PATIENCE: Final = 120.0  # s until the daemon listens under callgrind
MIN_ANSWERED: Final = 0.99  # a server that drops queries is not cheap


def main() -> int:
    arguments = _arguments()
    if reason := why_not():
        sys.exit(reason)
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not installed (Debian: {package})")
    server_cpu, other_cpus = pinned()
    with tempfile.TemporaryDirectory(prefix="cistern-bench-") as name, internet(Path(name), other_cpus) as made:
        bench = Bench(Path(name), made, server_cpu, other_cpus, arguments.seconds)
        if arguments.count:
            print(f"{arguments.count}: {bench.instructions(workloads()[arguments.count]):.0f} instructions per query")
            return 0
        if arguments.profile:
            bench.profile(workloads()[arguments.profile])
            return 0
        return compare(bench, arguments.rounds, arguments.only or ())


def pinned() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Prefixes that keep the server on one CPU, and dnsperf and NSD on others; empty on a machine with one."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        return (), ()
    return ("taskset", "-c", str(cpus[0])), ("taskset", "-c", ",".join(map(str, cpus[1:])))


class Bench:
    """One internet, in which servers are started and measured one after the other."""

    def __init__(
        self, folder: Path, made: Internet, server_cpu: tuple[str, ...], other_cpus: tuple[str, ...], seconds: int
    ) -> None:
        self._folder = folder
        self._internet = made
        self._server_cpu = server_cpu
        self._other_cpus = other_cpus
        self._seconds = seconds
        self._runs = 0

    def cost(self, start: Start, workload: Workload, profiler: tuple[str, ...] = ()) -> Cost:
        """What `workload` costs a server that was started for it alone."""
        self._runs += 1
        folder = self._folder / f"run-{self._runs}"
        with running(start, folder, self._internet, (*self._server_cpu, *profiler)) as pid:
            return measure(pid, workload, folder, self._internet.namespace, self._other_cpus, self._seconds)

    def instructions(self, workload: Workload) -> float:
        """What our daemon takes for a question of `workload` in user space, sockets and all; more where less comes in a turn."""
        self._runs += 1
        folder = self._folder / f"run-{self._runs}"
        output = self._folder / "callgrind"
        counter = ("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={output}")
        start = (VALIDATING if workload.is_validated else SERVERS)[OURS]
        with running(start, folder, self._internet, (*self._server_cpu, *counter), COUNTER_PATIENCE) as pid:
            answered = count(pid, workload, folder, self._internet.namespace, self._other_cpus)
        total = re.search(r"^totals: (\d+)", output.read_text(), re.MULTILINE)
        assert total is not None, "callgrind says how many there were"
        return int(total[1]) / answered

    def profile(self, workload: Workload) -> None:
        """Print the functions in which our daemon spends its own time under `workload`."""
        output = self._folder / "profile"
        cost = self.cost(
            (VALIDATING if workload.is_validated else SERVERS)[OURS],
            workload,
            (sys.executable, "-m", "cProfile", "-o", str(output)),
        )
        print(f"{workload.name}: {cost.cpu:.0f} µs per query under the profiler, {cost.answered:.1%} answered")
        pstats.Stats(str(output)).strip_dirs().sort_stats("tottime").print_stats(PROFILE_LINES)


def compare(bench: Bench, rounds: int, only: Sequence[str] = ()) -> int:
    """Print the table, or these rows of it; 0 if every ratio is as wanted."""
    print(f"{'':12}{'µs of CPU per query':>24}{'queries per second':>24}{'packets per query':>20}{'answered':>20}")
    print(f"{'workload':12}" + f"{OURS:>12}{PEER:>12}" * 2 + f"{OURS:>10}{PEER:>10}" * 2 + f"{'ratio':>8}{'wanted':>9}")
    is_as_wanted = True
    for workload in (workloads()[name] for name in only or workloads()):
        servers = VALIDATING if workload.is_validated else SERVERS
        # in turns: else whichever comes first has the worse minute of a machine that was idle before
        costs = [(bench.cost(servers[OURS], workload), bench.cost(servers[PEER], workload)) for _ in range(rounds)]
        ours, peer = map(best, zip(*costs, strict=True))
        ratio = ours.cpu / peer.cpu
        is_good = ours.answered >= MIN_ANSWERED and ratio <= workload.wanted
        is_as_wanted &= is_good
        wanted = f"<= {workload.wanted}"
        print(
            f"{workload.name:12}{ours.cpu:12.1f}{peer.cpu:12.1f}{ours.rate:12.0f}{peer.rate:12.0f}"
            f"{ours.packets:10.2f}{peer.packets:10.2f}"
            f"{ours.answered:10.1%}{peer.answered:10.1%}{ratio:8.2f}{wanted:>9}{'' if is_good else '  MISSED'}",
            flush=True,
        )
        if workload.is_validated and shutil.which("pdns_recursor") is not None:
            third = best([bench.cost(THIRD, workload) for _ in range(rounds)])
            print(
                f"{'':12}pdns-recursor: {third.cpu:.1f} µs, {third.rate:.0f} a second, {third.answered:.1%}", flush=True
            )
    return 0 if is_as_wanted else 1


def best(costs: Sequence[Cost]) -> Cost:
    """The cheapest run: whatever else the machine does only adds."""
    return min(costs, key=lambda cost: cost.cpu)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="of each measured run (default: 5)")
    parser.add_argument("--rounds", type=int, default=2, help="runs per server and workload; the cheapest counts")
    parser.add_argument("--profile", choices=list(workloads()), help="profile our daemon under this workload instead")
    parser.add_argument("--count", choices=list(workloads()), help="count our daemon's instructions (valgrind) instead")
    parser.add_argument(
        "--only", choices=list(workloads()), action="append", help="this row alone; more than once: these"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
