"""Does an answer cost more the more is cached, or the more is waited for? `python -m tests.bench.growth [--sizes 1000 …]`

All but the sockets, in one run: a hit (a random cached name, its reply composed anew), a hit through an alias and a miss, with
so many RRsets in the cache, and with so many flights whose server says nothing. Instructions in user space, counted by callgrind
in a process of its own, say what is ours; CPU time, the best of some, also what the processor waits for memory. Exits 1
where instructions grow by more than is wanted.
"""

import argparse
import gc
import random
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import dns.message
import msgspec
import trio
from rich.console import Console
from rich.table import Table

from cache.form import FORM
from cache.names import WireName
from resolver.service.options import LimitOptions
from tests.bench.bench_miss import UNCHECKED, ZONE, Network, Wired, reply_to, wired
from tests.bench.callgrind import DONE, READY, TOOLS, counted, meet
from tests.build import rrset

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)  # RRsets
FLIGHTS: Final = (1, 100, 8_000)  # no more than 8,192 fly at once (resolver.engine.flights)
PARTS: Final = ("hit", "alias hit", "miss")
RUNS: Final = 3  # of which the times are the best
ROUNDS: Final = 10
QUESTIONS: Final = 50  # a round; none is asked twice, so each reply is composed
SILENT: Final = b"s"  # names that begin with it are never answered
ROOMY: Final = msgspec.structs.replace(
    UNCHECKED,
    cache=msgspec.structs.replace(UNCHECKED.cache, max_octets=2 << 30),
    limits=LimitOptions(
        in_flight=100_000,
        in_flight_per_client=100_000,
        in_flight_per_address=100_000,
    ),
)

MOST: Final = 1.15  # times the instructions of the first state

Rounds = list[list[bytes]]  # queries
Measure = Callable[[Wired, Rounds], float]  # what each of them takes


class PartlySilent(Network):
    """Says nothing of some names."""

    def reply_to(self, message: bytes) -> bytes:
        return b"" if message[13:14].lower() == SILENT else super().reply_to(message)


class State(NamedTuple):
    """With so many RRsets more in the cache than before, and so many flights."""

    what: str
    rrsets: int
    flights: int = 0


class Measured:
    """One daemon. Names with an even number have an address, each other one is an alias of the one before."""

    def __init__(self, daemon: Wired, measure: Measure) -> None:
        self._daemon = daemon
        self._measure = measure
        self._rng = random.Random(1)
        self._filled = 0
        self._asked = 0  # names of the server's zone

    def costs(self, state: State) -> Iterator[float]:
        """Of each of PARTS."""
        begin = self._filled
        self._fill(state.rrsets)
        self._fly(state.flights)
        yield self._measure(self._daemon, self._hits(range(begin, self._filled, 2)))
        yield self._measure(self._daemon, self._hits(range(begin + 1, self._filled, 2)))
        yield self._measure(self._daemon, [[self._fresh() for _ in range(QUESTIONS)] for _ in range(ROUNDS)])

    def _fill(self, rrsets: int) -> None:
        now, cache = self._daemon.now, self._daemon.parts.memory.cache
        address, alias = (rrset(f"filled.test. 86400 {text}", now) for text in ("A 192.0.2.1", "CNAME filled.test."))
        for number in range(self._filled, self._filled + rrsets, 2):
            name, other = (_wire_name(one, address.owner) for one in (number, number + 1))
            cache.put(address.replace(owner=name), now)
            cache.put(alias.replace(owner=other, rdatas=(bytes(name),), alias_target=name), now)
        self._filled += rrsets

    def _fly(self, flights: int) -> None:
        """Have so many questions wait for a server that says nothing."""
        daemon, counts = self._daemon, self._daemon.parts.counts.resolve
        queries = [self._fresh("s") for _ in range(flights - daemon.silent)]
        daemon.silent = flights
        daemon.seconds_for(queries)
        assert counts.flights_current == flights, f"{counts.flights_current} of {flights} fly"

    def _hits(self, among: range) -> Rounds:
        """Names that are cached, none of which was asked before."""
        drawn = [query(f"n{number}.filled.test.") for number in self._rng.sample(among, ROUNDS * QUESTIONS)]
        return [drawn[first : first + QUESTIONS] for first in range(0, len(drawn), QUESTIONS)]

    def _fresh(self, begins: str = "") -> bytes:
        self._asked += 1
        return query(f"{begins}{self._asked:04x}.{ZONE}")  # four octets, as of the name in the template


def query(name: str) -> bytes:
    return dns.message.make_query(name, "A", id=7, payload=1232).to_wire()


def _wire_name(number: int, zone: WireName) -> WireName:
    label = b"n%d" % number
    return WireName(bytes((len(label),)) + label + zone)


def microseconds(daemon: Wired, rounds: Rounds) -> float:
    """Of CPU time, in the best round."""
    return min(_answered(daemon, queries) for queries in rounds) / QUESTIONS * 1e6


def announced(daemon: Wired, rounds: Rounds) -> float:
    """What another process counts (tests.bench.callgrind); the first round comes before, and warms what is warm in life."""
    first, *others = rounds
    _answered(daemon, first)
    meet(READY)
    for queries in others:
        _answered(daemon, queries)
    meet(DONE)
    return 0.0


def _answered(daemon: Wired, queries: list[bytes]) -> float:
    spent = daemon.seconds_for(queries)
    assert daemon.listener.replies == len(queries), "each was answered"
    return spent


async def measured(states: Iterable[State], measure: Measure) -> list[float]:
    """The costs in each of the states, one after the other in one daemon."""
    async with wired(PartlySilent(reply_to("name.zone.test.").to_wire()), ROOMY) as daemon:
        daemon.parts.handler.now = lambda: daemon.now  # else what is slow, as what is counted is, waits for its turn
        one = Measured(daemon, measure)
        costs = [cost for state in states for cost in one.costs(state)]
    gc.collect()  # before the next daemon begins, and what is alive then counts as its program
    return costs


def states_of(sizes: Sequence[int], flights: Sequence[int]) -> tuple[list[State], list[State]]:
    """Those of the cache, and those of flights, beside each of which a few RRsets are cached to be asked for."""
    grown = [State(f"{size:,} RRsets cached", size - below) for below, size in zip((0, *sizes), sizes, strict=False)]
    return grown, [State(f"{count:,} flights wait", sizes[0], count) for count in flights]


def main(arguments: argparse.Namespace) -> int:
    both = states_of(arguments.sizes, arguments.flights)
    if arguments.announce:
        for states in both:
            trio.run(measured, states, announced)
        return 0
    options = ("--sizes", *map(str, arguments.sizes), "--flights", *map(str, arguments.flights))
    has_tools = all(map(shutil.which, TOOLS))
    counts = counted("-m", "tests.bench.growth", "--announce", *options) if has_tools else iter(())
    is_flat = True
    for states in both:
        times = [
            min(costs) for costs in zip(*(trio.run(measured, states, microseconds) for _ in range(RUNS)), strict=True)
        ]
        table = Table(f"{FORM}", *(f"{part}: {unit}" for part in PARTS for unit in ("instructions", "µs")))
        instructions = [next(counts, 0) / QUESTIONS / (ROUNDS - 1) for _ in times]
        for place, state in enumerate(states):
            table.add_row(state.what, *_cells(place, instructions, times))
        Console(width=140).print(table)
        is_flat = is_flat and all(
            figure <= MOST * instructions[place % len(PARTS)] for place, figure in enumerate(instructions)
        )
    return 0 if is_flat else 1


def _cells(place: int, *kinds: Sequence[float]) -> Iterator[str]:
    """Each figure, and how many times that of the first state it is."""
    for part in range(len(PARTS)):
        for figures, digits in zip(kinds, (0, 1), strict=True):
            figure, first = figures[place * len(PARTS) + part], figures[part]
            yield f"{figure:,.{digits}f} ({figure / first:.2f})" if first else "–"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--flights", type=int, nargs="+", default=FLIGHTS)
    parser.add_argument("--announce", action="store_true", help="say to another process what is to be counted")
    sys.exit(main(parser.parse_args()))
