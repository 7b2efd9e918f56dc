"""`python -m tests.bench.latency.virtual`: the same internet and clients in virtual time, where a busy machine changes nothing.

The engine alone, several seeds of chance for each row; what two versions of it differ by is seen, what clients wait for a
processor is not. One process, no namespace and no other resolver; 25 s of it take some 5 s.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address
from random import Random
from statistics import mean
from typing import Final, cast

from cache.answer import Question
from cache.names import from_text
from cache.rrtypes import NOERROR, A
from resolver.errors import ResolutionFailure
from resolver.iterate import parse_hints
from tests.bench.latency.__main__ import RATE, ROWS, Row
from tests.bench.latency.client import PATIENCE, Result
from tests.bench.latency.figures import percentile
from tests.bench.latency.records import reply
from tests.bench.latency.world import Host, Operator, build, questions, root_hints
from tests.simulation.machine.internet import Internet
from tests.simulation.machine.world import World

SECONDS: Final = 25
SEEDS: Final = 8
HEADINGS: Final = f"{'':32}{'packets/q':>10}{'p90':>7}{'p99':>7}{'p99.9':>7}{'failed':>8}"
AtServer = tuple[Host, Operator]


class Servers:
    """Who answers at each address (tests.simulation.machine.internet.Internet, as far as a channel needs one)."""

    def __init__(self, *, has_dead: bool) -> None:
        self._has_dead = has_dead
        self.world = build()
        self.servers: dict[str, AtServer] = {
            str(ip_address(address)): (host, operator)
            for operator in self.world.operators
            for host in operator.hosts
            for address in (host.ipv4, host.ipv6)
        }

    def reply(self, server: AtServer, message: bytes, *, over_tcp: bool) -> Sequence[tuple[float, bytes]]:
        """What comes back, and after how many seconds."""
        host, operator = server
        return () if self._has_dead and host.may_be_dead else ((host.rtt, reply(message, operator.zones)),)


def results_of(row: Row, seed: int, seconds: float) -> tuple[list[Result], int]:
    """What the questions of one run came to, from an empty cache; the packets that it took."""
    servers = Servers(has_dead=row.has_dead)
    world = World(seed, internet=cast(Internet, servers), hints=parse_hints(root_hints(servers.world), 53))
    world.loss = row.loss
    rng, results = Random(f"{seed}/clients"), list[Result]()
    public, at = world.recursion.public, world.clock.now

    async def ask(question: Question, began: float) -> None:
        try:
            rcode = (await public.resolve(question, world.recursion.new_budget())).rcode
        except ResolutionFailure as failure:
            rcode = failure.answer().rcode
        results.append((world.clock.now - began, rcode))

    def begin(question: Question) -> None:
        now = world.clock.now
        answer = public.find(question, now)
        if answer is not None:
            results.append((0.0, answer.rcode))
        else:
            world.mesh.start(ask(question, now), "a client")

    for name in questions(servers.world.names, int(RATE * seconds), rng):
        at += rng.expovariate(RATE)
        world.clock.at(at, partial(begin, Question(from_text(name), A)))
    world.clock.run(world.mesh, at + PATIENCE)
    return results, len(world.trace)


def line(row: Row, seeds: range, seconds: float) -> str:
    """Means over the seeds; times in milliseconds."""
    runs = [results_of(row, seed, seconds) for seed in seeds]
    packets = mean(sent / len(results) for results, sent in runs)
    took = [sorted(after if rcode == NOERROR else PATIENCE for after, rcode in results) for results, _ in runs]
    times = (mean(percentile(one, share) for one in took) for share in (0.9, 0.99, 0.999))
    failed = sum(rcode != NOERROR for results, _ in runs for _, rcode in results)
    return f"{row.name:32}{packets:10.3f}" + "".join(f"{1000 * one:7.0f}" for one in times) + f"{failed:8}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.latency.virtual", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of each run (default: {SECONDS})")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"runs of each row (default: {SEEDS})")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    arguments = parser.parse_args()
    print(HEADINGS)
    for key in arguments.rows:
        print(line(ROWS[key], range(arguments.seeds), arguments.seconds), flush=True)


if __name__ == "__main__":
    main()
