import pytest
import trio

from cache.lookup import find_link
from cache.rrset import Rank
from cache.rrtypes import NS
from resolver.engine.priming import FIRST_RETRY, MAX_REST, keep_primed, seconds_until_due
from resolver.iterate.budget import Budget
from resolver.iterate.delegation import configured
from resolver.iterate.options import ForwardZone
from tests.resolver.engine.turned import play
from tests.resolver.engine.world import ROOT, World, small_internet
from tests.resolver.iterate.zone_text import name


async def primed_for(world: World, seconds: float, *, is_for_clients: bool = True) -> None:
    """Let priming run, and wait for so long."""
    world.turned.start(
        keep_primed(
            world.turned.mesh,
            world.iterator,
            world.cache,
            world.new_budget,
            world.counts,
            is_for_clients=is_for_clients,
        )
    )
    await trio.sleep(seconds)


def test_the_root_is_primed_at_the_start() -> None:
    async def main() -> None:
        world = World(small_internet())
        await primed_for(world, 1.0)
        stored = world.cache.get(name("."), NS)
        assert stored is not None
        assert stored.ttl == 3600
        assert world.counts.primings == 1
        assert world.sent == 1

    play(main)


def test_it_is_primed_again_before_it_expires() -> None:
    async def main() -> None:
        world = World(small_internet())
        await primed_for(world, 3500.0)
        assert world.counts.primings == 2
        stored = world.cache.get(name("."), NS)
        assert stored is not None
        assert stored.expires > 3600 + 3000

    play(main)


def test_failing_to_prime_is_retried_ever_more_rarely_and_hinders_nobody() -> None:
    async def main() -> None:
        servers = small_internet()
        del servers[ROOT].said[". NS"]
        world = World(servers)
        await primed_for(world, 600.0)
        assert 8 < world.counts.primings_failed < 30
        assert (await world.iterate("www.example. A")).link is not None

    play(main)


def test_it_can_be_ended_while_it_waits_after_a_failure() -> None:
    """A reload ends it: compiled, the daemon of a host without network died of that."""

    async def main() -> None:
        servers = small_internet()
        del servers[ROOT].said[". NS"]
        world = World(servers)
        mesh = world.turned.mesh
        work = keep_primed(mesh, world.iterator, world.cache, world.new_budget, world.counts)
        priming = mesh.start(work, "priming")
        await trio.sleep(60)
        failed = world.counts.primings_failed
        priming.end()
        await trio.sleep(600)
        assert world.counts.primings_failed == failed > 0

    play(main)


def test_a_flush_is_noticed() -> None:
    async def main() -> None:
        world = World(small_internet())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(primed_for, world, 3 * MAX_REST)
            await trio.sleep(5)
            world.cache.forget(name("."), NS)
        assert world.counts.primings == 2

    play(main)


def test_the_hints_are_not_asked_when_the_root_is_forwarded() -> None:
    async def main() -> None:
        world = World(small_internet(), zones=configured([ForwardZone(".", ("192.0.2.40:53",))], []))
        await primed_for(world, 600.0)
        assert world.sent == 0

    play(main)


@pytest.mark.parametrize(("after", "due"), [(0.0, 3240.0), (3239.0, 1.0), (3241.0, 0.0), (5000.0, 0.0)])
def test_priming_is_due_with_a_tenth_of_the_ttl_left(after: float, due: float) -> None:
    async def main() -> None:
        world = World(small_internet())
        await primed_for(world, 1.0)
        stored = world.cache.get(name("."), NS)
        assert stored is not None
        assert seconds_until_due(world.cache, stored.received + after) == pytest.approx(due)

    play(main)


def test_what_is_primed_answers_nobody_where_answers_are_validated() -> None:
    async def main() -> None:
        world = World(small_internet())
        await primed_for(world, 1.0, is_for_clients=False)
        stored = world.cache.get(name("."), NS)
        assert stored is not None
        assert stored.rank is Rank.ADDITIONAL
        assert find_link(world.cache, name("."), NS, world.env.now()) is None

    play(main)


def test_a_fault_of_ours_is_reported_and_the_root_tried_again() -> None:
    async def main() -> None:
        world, faults = World(small_internet()), list[str]()
        world.turned.mesh.report = lambda doing, fault: faults.append(doing)
        budgets = iter([world.new_budget()])

        def first_none() -> Budget:
            """The second time there is one."""
            if not faults:
                raise ZeroDivisionError
            return next(budgets)

        world.turned.start(keep_primed(world.turned.mesh, world.iterator, world.cache, first_none, world.counts))
        await trio.sleep(FIRST_RETRY + 1)
        assert faults == ["priming"]
        assert (world.counts.primings_failed, world.counts.primings) == (1, 1)

    play(main)
