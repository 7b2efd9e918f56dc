"""`make bench-hostile`: a victim's p50, p99 and lost questions, and the server's memory, under each of 12 loads, beside unbound.

Both stand in one namespace, with the internet of the latency benchmark, and have one CPU for themselves, where there are two;
load and victim have the others. The victim asks 250 questions a second, all of which were asked before. Each server is loaded and
measured in slices, the one after the other, so that what else the machine does meets both; the time is the kernel's, from the
sending of the query to the coming of the reply. Goals of each row: nothing lost, p99 (of the middle slice) no more than 3 times
unbound's, memory within max_octets and 100 MB. A row has 8 slices of each server, and as many again, twice at most, while nine of
ten drawings of its slices do not all fall on one side of 3. Exits 1 where a goal is missed.
"""

import argparse
import sys
from typing import Final, NamedTuple

from tests.bench.beside.slices import Slice, lost, middle, of_all, ratio
from tests.bench.beside.stand import OURS, STARTS, THEIRS, Stand, opened
from tests.bench.hostile.loads import LOADS
from tests.bench.peers.internet import SERVER

RATE: Final = 250
SECONDS: Final = 1.2
SLICES: Final = 8
ROUNDS: Final = 3  # of as many slices, at most
SETTLE: Final = 0.4  # s of a load before the victim asks
P99: Final = 0.99
TIMES: Final = 3.0  # unbound's p99
MEMORY: Final = (1 << 28) + 100 * 1_000_000  # octets


class Measured(NamedTuple):
    """What the victim met of one server. rss: octets, at most."""

    slices: list[Slice]
    rss: list[int]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.hostile", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of a slice (default: {SECONDS})")
    parser.add_argument("--load", choices=list(LOADS), action="append", help="only these")
    arguments = parser.parse_args()
    with opened(arguments.seconds, RATE) as stand:
        verdicts = [shown(load, row(stand, load)) for load in ("calm", *(arguments.load or LOADS))]
    return 0 if all(verdicts) else 1


def row(stand: Stand, load: str) -> dict[int, Measured]:
    """As many slices as it takes to tell, or ROUNDS times SLICES."""
    found = {port: Measured([], []) for port in STARTS}
    for _ in range(ROUNDS):
        for number in range(SLICES):
            for port in (OURS, THEIRS) if number % 2 else (THEIRS, OURS):
                found[port].slices.append(sliced(stand, load, port))
                found[port].rss.append(stand.rss(port))
        if ratio(found[OURS].slices, found[THEIRS].slices, P99).settles(TIMES):
            break
    return found


def sliced(stand: Stand, load: str, port: int) -> Slice:
    if load == "calm":
        return stand.ask(port)
    words = (load, SERVER, str(port), stand.name, str(stand.seconds + SETTLE + 1.0))
    took, _ = stand.ask_beside(port, SETTLE, "tests.bench.hostile.loads", *words)
    return took


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
