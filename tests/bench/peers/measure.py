"""What one workload costs one server: CPU time and datagrams from /proc, completed queries from dnsperf."""

import os
import re
import subprocess
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from tests.bench.peers.internet import PORT, SERVER
from tests.bench.peers.workloads import Workload
from tests.real.namespaces import Namespace

TICKS: Final = os.sysconf("SC_CLK_TCK")  # per second, the unit of /proc/PID/stat
CLIENTS: Final = 10
OUTSTANDING: Final = 100
WARM_UP_OUTSTANDING: Final = 20
WARM_UPS: Final = 2  # the second fetches what the first lost
MAX_SECONDS: Final = 60  # of a warm-up
COUNTED: Final = 3_000  # questions: under callgrind some hundred a second are answered


@dataclass(frozen=True, slots=True)
class Cost:
    """cpu: microseconds of user and system time per completed query. answered: share of queries with NOERROR.

    packets: queries to authoritative servers over UDP per completed query.
    """

    cpu: float
    rate: float
    answered: float
    packets: float


def measure(
    pid: int, workload: Workload, folder: Path, namespace: Namespace, prefix: tuple[str, ...], seconds: int
) -> Cost:
    """One bounded run of `workload` against the server `pid`; `prefix` (such as taskset) is put before dnsperf."""
    folder.mkdir(parents=True, exist_ok=True)
    asked, warm_up = folder / "questions", folder / "warm-up"
    asked.write_text(workload.questions)
    warm_up.write_text(workload.warm_up)
    command = namespace.inside(*prefix, "dnsperf", "-s", SERVER, "-p", str(PORT), "-c", str(CLIENTS))
    for _ in range(WARM_UPS):
        run(*command, "-d", str(warm_up), "-n", "1", "-l", str(MAX_SECONDS), "-q", str(WARM_UP_OUTSTANDING))
    once = () if workload.is_endless else ("-n", "1")
    before, left = cpu_seconds(pid), datagrams(namespace)
    report = run(*command, "-d", str(asked), *once, "-l", str(seconds), "-q", str(OUTSTANDING))
    return cost_from(report, cpu_seconds(pid) - before, datagrams(namespace) - left)


def count(pid: int, workload: Workload, folder: Path, namespace: Namespace, prefix: tuple[str, ...]) -> int:
    """Have callgrind, which runs the server `pid`, count what COUNTED questions take; how many of them were answered."""
    lines = workload.questions.splitlines(keepends=True)
    questions = list(islice(cycle(lines) if workload.is_endless else lines, 2 * COUNTED))
    before, counted = folder / "before", folder / "counted"
    before.write_text(workload.warm_up * WARM_UPS + "".join(questions[:COUNTED]))
    counted.write_text("".join(questions[COUNTED:]))
    command = namespace.inside(*prefix, "dnsperf", "-s", SERVER, "-p", str(PORT), "-c", str(CLIENTS))
    command += ["-n", "1", "-l", str(MAX_SECONDS), "-q", str(OUTSTANDING), "-t", str(MAX_SECONDS)]
    run(*command, "-d", str(before))
    run("callgrind_control", "-i", "on", str(pid))
    report = run(*command, "-d", str(counted))
    run("callgrind_control", "-i", "off", str(pid))
    return int(_number(report, r"Queries completed: +(\d+)"))


def cost_from(report: str, spent: float, datagrams: int) -> Cost:
    """What dnsperf's `report`, the CPU seconds `spent` and all `datagrams` that were sent meanwhile come to.

    Those are the clients' queries, their replies, and as many queries of the server as replies to it.
    """
    sent, completed = (int(_number(report, rf"Queries {what}: +(\d+)")) for what in ("sent", "completed"))
    noerror = re.search(r"NOERROR (\d+)", report)
    if not completed:
        raise SystemExit(f"no query was answered:\n{report}")
    return Cost(
        cpu=spent / completed * 1e6,
        rate=float(_number(report, r"Queries per second: +([\d.]+)")),
        answered=int(noerror[1]) / sent if noerror else 0.0,
        packets=(datagrams - sent - completed) / 2 / completed,
    )


def cpu_seconds(pid: int) -> float:
    """User and system time of the process with all its threads, so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def datagrams(namespace: Namespace) -> int:
    """That were sent in the namespace so far, over IPv4 and IPv6."""
    names, values, *rest = (
        line.split()[1:]
        for line in run(*namespace.inside("cat", "/proc/net/snmp", "/proc/net/snmp6")).splitlines()
        if line.startswith(("Udp:", "Udp6OutDatagrams "))
    )
    return int(values[names.index("OutDatagrams")]) + sum(int(value) for (value,) in rest)


def run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _number(report: str, pattern: str) -> str:
    found = re.search(pattern, report)
    if found is None:
        raise SystemExit(f"dnsperf's report has no {pattern!r}:\n{report}")
    return found[1]
