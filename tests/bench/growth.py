"""Does an answer cost more the more is cached, or the more is waited for? `python -m tests.bench.growth [--sizes 1000 …]`

CPU time of the daemon's parts, all but the sockets, the best of some rounds in one run: a hit (a random cached name, its reply
composed anew) and a miss, with so many RRsets in the cache, and with so many flights whose server says nothing.
"""

import argparse
import random
from collections.abc import Sequence
from typing import Final

import dns.message
import msgspec
import trio
from rich.console import Console
from rich.table import Table

from cache.names import WireName
from resolver.service.options import LimitOptions
from tests.bench.bench_miss import UNCHECKED, ZONE, Network, Wired, reply_to, wired
from tests.build import rrset

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)  # RRsets
FLIGHTS: Final = (1, 100, 8_000)  # no more than 8,192 fly at once (resolver.engine.flights)
ROUNDS: Final = 5
QUESTIONS: Final = 200  # a round; none is asked twice, so each reply is composed
SILENT: Final = b"\6silent"  # names below it are never answered
ROOMY: Final = msgspec.structs.replace(
    UNCHECKED,
    cache=msgspec.structs.replace(UNCHECKED.cache, max_octets=2 << 30),
    limits=LimitOptions(
        in_flight=100_000,
        in_flight_per_client=100_000,
        in_flight_per_address=100_000,
    ),
)


class PartlySilent(Network):
    """Says nothing of what is below `silent.`"""

    def reply_to(self, message: bytes) -> bytes:
        return b"" if SILENT in message.lower() else super().reply_to(message)


def query(name: str) -> bytes:
    return dns.message.make_query(name, "A", id=7, payload=1232).to_wire()


class Measured:
    """One daemon. number: of the names asked so far, that none is asked twice."""

    def __init__(self, daemon: Wired) -> None:
        self._daemon = daemon
        self._rng = random.Random(1)
        self._number = 0

    def fill(self, begin: int, end: int) -> None:
        now, cache = self._daemon.now, self._daemon.parts.memory.cache
        one = rrset("filled.test. 86400 A 192.0.2.1", now)
        for number in range(begin, end):
            label = b"n%d" % number
            cache.put(one.replace(owner=WireName(bytes((len(label),)) + label + one.owner)), now)

    def fly(self, flights: int) -> None:
        """Have so many more questions wait for a server that says nothing."""
        before = self._daemon.parts.counts.resolve.flights_current
        self._daemon.seconds_for([self._fresh("silent.") for _ in range(flights)])
        flying = self._daemon.parts.counts.resolve.flights_current - before
        assert flying == flights, f"{flying} of {flights} fly"

    def hit(self, begin: int, end: int) -> float:
        """Microseconds; of names of this range, none of which was asked before."""
        drawn = self._rng.sample(range(begin, end), ROUNDS * QUESTIONS)
        rounds = [drawn[first : first + QUESTIONS] for first in range(0, len(drawn), QUESTIONS)]
        return self._best([[query(f"n{number}.filled.test.") for number in chosen] for chosen in rounds])

    def miss(self) -> float:
        """Microseconds."""
        return self._best([[self._fresh() for _ in range(QUESTIONS)] for _ in range(ROUNDS)])

    def _fresh(self, below: str = "") -> bytes:
        self._number += 1
        return query(f"{self._number:04x}.{below}{ZONE}")  # four octets, as of the name in the template

    def _best(self, rounds: Sequence[list[bytes]]) -> float:
        return min(self._seconds_for(queries) for queries in rounds) / QUESTIONS * 1e6

    def _seconds_for(self, queries: list[bytes]) -> float:
        spent = self._daemon.seconds_for(queries)
        assert self._daemon.listener.replies == len(queries), "each was answered"
        return spent


async def main(sizes: Sequence[int], flights: Sequence[int]) -> None:
    table = Table("what", "hit µs", "of the first", "miss µs", "of the first", title="growth, one run")
    network = PartlySilent(reply_to("name.zone.test.").to_wire())
    async with wired(network, ROOMY) as daemon:
        measured = Measured(daemon)
        first: tuple[float, float] | None = None
        filled = 0
        for size in sizes:
            measured.fill(filled, size)
            first = _told(table, f"{size:,} RRsets cached", (measured.hit(filled, size), measured.miss()), first)
            filled = size
    async with wired(network, ROOMY) as daemon:
        measured = Measured(daemon)
        first, flying = None, 0
        for step, count in enumerate(flights):
            measured.fly(count - flying)
            flying = count
            begin, end = step * sizes[0], (step + 1) * sizes[0]
            measured.fill(begin, end)
            first = _told(table, f"{count:,} flights wait", (measured.hit(begin, end), measured.miss()), first)
    Console(width=100).print(table)


def _told(
    table: Table, what: str, figures: tuple[float, float], first: tuple[float, float] | None
) -> tuple[float, float]:
    first = first or figures
    cells = [
        cell for figure, base in zip(figures, first, strict=True) for cell in (f"{figure:.1f}", f"{figure / base:.2f}")
    ]
    table.add_row(what, *cells)
    return first


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--flights", type=int, nargs="+", default=FLIGHTS)
    chosen = parser.parse_args()
    trio.run(main, chosen.sizes, chosen.flights)
