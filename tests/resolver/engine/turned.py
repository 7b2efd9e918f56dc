"""What tests of the engine share: a mesh that trio turns under a clock that jumps, and faults that are not swallowed."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

import trio
import trio.testing

from cache.answer import Answer
from cache.failures import Failures, ServerFailures
from cache.options import CacheOptions
from cache.store import RRsetCache
from resolver.engine import Means, Memory, Mesh
from resolver.iterate.addresses import AddressBook
from resolver.iterate.counts import IterateCounts
from resolver.iterate.options import RecursionOptions, ServerOverride
from resolver.loop import Bridge, MeshTurns
from resolver.loop.streams import Connections, TrioStreams
from resolver.upstream.counts import UpstreamCounts
from tests.resolver.engine.fake_network import FakeEnv

T = TypeVar("T")

SPAWN = trio.lowlevel.spawn_system_task


class SystemTasks:
    """As much of a nursery as the bridge needs; what is under way when the test is over is cancelled."""

    def start_soon(self, *what: object) -> None:
        SPAWN(*what)  # type: ignore[arg-type]  # a function and its arguments


class Turned:
    """A mesh, turned from now on; made within trio. A fault that it reports ends the test."""

    def __init__(self, env: FakeEnv | None = None) -> None:
        """env: the mesh is what its network delivers to."""
        env = env or FakeEnv({})
        self.mesh = Mesh(raise_fault)
        self.bridge = Bridge(self.mesh, env.now)
        self.turns = MeshTurns(self.mesh, env.now, env.post)
        env.world.turned = self.mesh
        SPAWN(env.drive, self.mesh)

    async def run(self, work: Coroutine[object, None, T]) -> T:
        """Await from the test what runs in the mesh."""
        return await self.bridge.wait(work)

    def start(self, work: Coroutine[object, None, None]) -> None:
        """Have the mesh do this, beginning now; nobody waits for it."""

        def begin() -> None:
            self.mesh.start(work, "test")

        self.do(begin)

    def do(self, event: Callable[[], None]) -> None:
        """Have this happen in a turn of its own."""
        self.mesh.turn(trio.current_time(), event)


def means_of(
    turned: Turned,
    env: FakeEnv,
    *,
    memory: Memory | None = None,
    options: RecursionOptions | None = None,
    counts: IterateCounts | None = None,
    upstream_counts: UpstreamCounts | None = None,
    case_randomization: bool = True,
    override: ServerOverride | None = None,
) -> Means:
    """What asks servers on this network; what is not given is new."""
    memory = memory or Memory(RRsetCache(CacheOptions()), Failures(), ServerFailures())
    counts = counts or IterateCounts()
    upstream_counts = upstream_counts or UpstreamCounts()
    return Means(
        turned.mesh,
        env.rng,
        env.network,
        TrioStreams(turned.mesh, env.now, Connections(env.network, SPAWN, upstream_counts), SPAWN),
        memory,
        AddressBook(memory.cache, options or RecursionOptions(), counts, env.rng),
        counts,
        upstream_counts,
        case_randomization=case_randomization,
        overrides=[] if override is None else [override],
    )


def mesh_at(now: float) -> Mesh:
    """A mesh for which it is that late, and no trio turns."""
    mesh = Mesh(raise_fault)
    mesh.turn(now)
    return mesh


def at_once(mesh: Mesh, work: Coroutine[object, None, T]) -> T:
    """What comes of what has to wait for nothing, in one turn."""
    came: list[T] = []

    async def run() -> None:
        came.append(await work)

    def begin() -> None:
        mesh.start(run(), "test")

    mesh.turn(mesh.now, begin)
    return came[0]


def play(main: Callable[[], Awaitable[None]]) -> None:
    """Run on a clock that jumps, within a day of its time."""

    async def bounded() -> None:
        with trio.fail_after(24 * 3600):
            await main()

    trio.run(bounded, clock=trio.testing.MockClock(autojump_threshold=0))


def simulate(test: Callable[[Turned], Awaitable[None]]) -> None:
    """Run the test with a mesh; the flights that are left at its end are forgotten."""
    play(lambda: test(Turned()))


def raise_fault(doing: str, fault: Exception) -> None:
    """What a mesh reports to: a fault of ours fails the test."""
    raise fault


def codes(answer: Answer) -> list[int]:
    """The INFO-CODEs of its Extended DNS Errors."""
    return [error.code for error in answer.errors]
