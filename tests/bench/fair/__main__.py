"""`make bench-fair`: what do its neighbours notice of one client that floods with names nobody has asked for?

200 questions a second of neighbours, all asked before, in slices of calm and, in turns with them, in slices in which another
address sends 20,000 a second for names that nobody has asked for; at this daemon and at unbound (bench/beside). Wanted of the
p99 of the middle slice under the flood: at most twice that of the middle slice of calm or, where two CPUs cannot give that, at
most 1.5 times unbound's beside the same flood; and that all of the neighbours' questions are answered. There are 8 slices of
each, and as many again where it is not sure: where nine of ten drawings of them do not say the same. Then a client is alone: it
is to have as many new names a second as with no limits at all. Exits 1 where one of these is missed.
"""

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from tests.bench.beside.slices import Ratio, Slice, lost, middle, of_all, ratio
from tests.bench.beside.stand import OURS, STARTS, THEIRS, Stand, opened, start_cistern
from tests.bench.fair.lone import NO_LIMITS, lone_rate
from tests.bench.fair.lone import WANTED as LONE_WANTED
from tests.bench.latency.__main__ import open_internet
from tests.bench.peers.internet import SERVER
from tests.bench.peers.servers import Start, running

RATE: Final = 200  # questions a second of the neighbours
FLOOD: Final = 20_000  # questions a second of the client that floods
SECONDS: Final = 1.5
SLICES: Final = 8
ROUNDS: Final = 2  # of as many slices, at most
SETTLE: Final = 0.7  # s that the flood is on before the neighbours' questions count
SPARE: Final = 5.0  # s more that a flood would last
LULL: Final = 1.0  # s after it, in which what is left of it is answered
SPAN: Final = 1_000_000  # names, which no flood comes to the end of
FLOODER: Final = "127.0.0.66"
CALM: Final = 2.0  # times the p99 of calm
PEER: Final = 1.5  # times unbound's beside the flood
P50, P99 = 0.5, 0.99
SERVFAIL, NXDOMAIN = 2, 3


class Flood(NamedTuple):
    """What one flood sent and was answered, each a second; cpu: the share of its CPU that the server took meanwhile."""

    sent: float
    answered: float
    refused: float
    cpu: float


class Measured(NamedTuple):
    """What the neighbours met of one server, and what the floods did."""

    calm: list[Slice]
    flooded: list[Slice]
    floods: list[Flood]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fair", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of a slice (default: {SECONDS})")
    parser.add_argument("--flood", type=float, default=FLOOD, help=f"questions a second (default: {FLOOD})")
    arguments = parser.parse_args()
    with opened(arguments.seconds, RATE) as stand:
        found = measured(stand, arguments.flood)
    shown("cistern", found[OURS])
    shown("unbound", found[THEIRS])
    calm, peer = compared(found)
    print(f"p99 of cistern beside the flood: {told(calm)} times that of calm (wanted: {CALM})")
    print(f"or {told(peer)} times unbound's beside it (wanted: {PEER})", flush=True)
    is_fair = (calm.value <= CALM or peer.value <= PEER) and not lost(found[OURS].flooded)
    return 0 if _is_alone_free() and is_fair else 1


def measured(stand: Stand, rate: float) -> dict[int, Measured]:
    """As many slices as it takes to tell, or ROUNDS times SLICES."""
    found, first = {port: Measured([], [], []) for port in STARTS}, count(step=SPAN)
    for _ in range(ROUNDS):
        for number in range(SLICES):
            for port in (OURS, THEIRS) if number % 2 else (THEIRS, OURS):
                found[port].calm.append(stand.ask(port))
                slice, flood = flooded(stand, port, rate, next(first))
                found[port].flooded.append(slice)
                found[port].floods.append(flood)
                time.sleep(LULL)
        if is_told(*compared(found)):
            break
    return found


def flooded(stand: Stand, port: int, rate: float, first: int) -> tuple[Slice, Flood]:
    """A slice beside so many questions a second, from this number on."""
    words = (SERVER, str(port), FLOODER, str(rate), str(stand.seconds + SETTLE + SPARE), str(first))
    before, began = stand.cpu(port), time.monotonic()
    took, said = stand.ask_beside(port, SETTLE, "tests.bench.fair.flood", *words)
    cpu = (stand.cpu(port) - before) / (time.monotonic() - began)
    told = json.loads(said)
    rcodes, seconds = told["rcodes"], told["seconds"]
    answered, refused = (rcodes.get(str(rcode), 0) / seconds for rcode in (NXDOMAIN, SERVFAIL))
    return took, Flood(told["sent"] / seconds, answered, refused, cpu)


def compared(found: dict[int, Measured]) -> tuple[Ratio, Ratio]:
    """This daemon's p99 beside the flood: how many times that of calm, and unbound's?"""
    ours = found[OURS]
    return ratio(ours.flooded, ours.calm, P99), ratio(ours.flooded, found[THEIRS].flooded, P99)


def is_told(calm: Ratio, peer: Ratio) -> bool:
    """Is it clear that one of them is as wanted, or neither?"""
    is_sure = calm.high <= CALM or peer.high <= PEER
    return is_sure or (calm.settles(CALM) and peer.settles(PEER))


def shown(name: str, found: Measured) -> None:
    """Print what was measured of this server."""
    for state, slices in (("calm", found.calm), ("flooded", found.flooded)):
        p50, p99, all99 = (1000 * value for value in (middle(slices, P50), middle(slices, P99), of_all(slices, P99)))
        times = f"p50 {p50:.3f} ms  p99 {p99:.3f} ms  (of all slices together {all99:.3f})"
        print(f"{name:8} {state:8} {times}  not answered {lost(slices)}")
    sent, answered, refused, cpu = (median(column) for column in zip(*found.floods, strict=True))
    print(
        f"{name:8} flood    {sent:.0f} a second, of these {answered:.0f} answered, {refused:.0f} refused; CPU {cpu:.0%}"
    )
    print(f"{name:8} p99      {told(ratio(found.flooded, found.calm, P99))} times that of calm")


def told(times: Ratio) -> str:
    return f"{times.value:.2f} ({times.low:.2f} to {times.high:.2f})"


def _is_alone_free() -> bool:
    """Has a lone client of this daemon as much as if there were no limits?"""
    rates = [_lone_rate(start) for start in (start_cistern, partial(start_cistern, limits=dict(NO_LIMITS)))]
    print(
        f"alone: {rates[0]:.0f} new names a second; {rates[1]:.0f} with no limits (wanted: {LONE_WANTED:.0%} of that)"
    )
    return rates[0] >= LONE_WANTED * rates[1]


def _lone_rate(start: Start) -> float:
    with (
        tempfile.TemporaryDirectory(prefix="cistern-fair-") as name,
        open_internet(Path(name)) as internet,
        running(start, Path(name) / "run", internet, ()),
    ):
        return lone_rate(internet, Path(name))


if __name__ == "__main__":
    sys.exit(main())
