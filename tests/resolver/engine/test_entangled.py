"""Zones whose name servers lie in each other, some of them broken, and all their names asked for at once.

Flights wait for shared questions and these for flights: whatever depends on whatever, everything ends and nothing is left.
"""

from random import Random

import pytest
import trio

from resolver.iterate.budget import Budget, BudgetLimits
from tests.resolver.engine.fake_network import Behaviour, silent
from tests.resolver.engine.test_descent import Asking, Flying, over_tcp_only
from tests.resolver.engine.turned import play
from tests.resolver.engine.world import DEADLINE, HINTS, ROOT, Table, World
from tests.seeds import seeds

ZONES = "abcd"
FIRST_HOST = 30
SOON = 8.0  # s: before the deadline of any question


def host_of(zone: str) -> str:
    return f"192.0.2.{FIRST_HOST + ZONES.index(zone)}"


def entangled(rng: Random) -> dict[str, Behaviour]:
    """Each zone has a server, and name servers with names in whatever zone, with glue for a few of them."""
    root = Table({". NS": (HINTS.splitlines()[0], "", HINTS.splitlines()[1])})
    servers: dict[str, Behaviour] = {ROOT: root}
    for zone in ZONES:
        homes = [rng.choice(ZONES) for _ in range(rng.randint(1, 3))]
        names = {f"ns{rng.randint(1, 2)}.{home}.": host_of(home) for home in homes}
        with_glue = [name for name in names if rng.random() < 0.25]
        root.said[f"under {zone}."] = (
            "",
            "\n".join(f"{zone}. 3600 NS {name}" for name in names),
            "\n".join(f"{name} 3600 A {names[name]}" for name in with_glue),
        )
        table = Table({f"under {zone}.": ("", f"{zone}. 300 SOA ns1.{zone}. admin.{zone}. 1 2 3 4 60")})
        for number in range(4):
            table.said[f"w{number}.{zone}. A"] = (f"w{number}.{zone}. 60 A 198.51.100.1",)
        for number in (1, 2):
            if rng.random() < 0.8:
                table.said[f"ns{number}.{zone}. A"] = (f"ns{number}.{zone}. 60 A {host_of(zone)}",)
        broken = Table({}, rcodes={"under .": 2})
        kinds: list[Behaviour] = [table, table, table, silent, broken, over_tcp_only(table)]
        servers[host_of(zone)] = rng.choice(kinds)
    return servers


def some_budget(rng: Random, world: World) -> Budget:
    """Mostly a client's; of some there is little time, or little else, left."""
    kind = rng.random()
    if kind < 0.2:
        return Budget(world.env.now() + rng.choice((0.05, 0.3, 1.0)))
    if kind < 0.4:
        return Budget(world.env.now() + DEADLINE, BudgetLimits(queries=rng.randint(1, 6)))
    return world.new_budget()


@pytest.mark.parametrize("kind", [World, Flying])
@pytest.mark.parametrize("seed", seeds(range(5)))
def test_everything_ends_and_nothing_is_left(seed: int, kind: type[World]) -> None:
    print(f"replay: CISTERN_SEED={seed} .venv/bin/python -m pytest {__file__}")
    rng = Random(seed)

    async def main() -> None:
        world = kind(entangled(rng))
        if seed % 2:  # otherwise all begin at the root hints
            iteration = await world.turned.run(world.iterator.prime(world.new_budget()))
            for entry in iteration.learned:
                world.cache.put(entry, world.env.now())
        asking, began = Asking(world), world.env.now()
        names = [f"{host}.{zone}. A" for zone in ZONES for host in ("w0", "w1", "w2", "ns1", "ns2")]
        rng.shuffle(names)
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for name in names:
                    nursery.start_soon(asking.ask, name, some_budget(rng, world))
                    if rng.random() < 0.4:
                        await trio.sleep(rng.random() / 20)
        assert asking.outcomes.keys() == set(names)
        assert max(asking.ended.values()) - began < SOON, "nobody waits for who waits for him, until a deadline ends it"
        await trio.sleep(DEADLINE)
        assert world.iterator._under_way == world.iterator._under_way_in_short == {}
        assert len(world.turned.mesh.timers) == 0
        assert world.upstream_counts.lingering_current == 0
        assert all(channel.is_closed for channel in world.env.world.channels)

    play(main)
