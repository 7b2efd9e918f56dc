"""What goes on beside the answering for as long as the daemon goes by one config."""

from collections.abc import Callable, Mapping
from typing import Final, Never

import trio

from internal_zones import InternalZones
from resolver.daemon.parts import Parts
from resolver.engine import keep_primed
from resolver.observe.boundary import Boundary

# s after which nothing begun under an earlier config needs it any more: a question's deadline and some
RETIREMENT: Final = 12.0
A_SECOND: Final = 1.0


async def keep_resolving(parts: Parts, *, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
    """Keep the root's name servers known, until the scope that is started is cancelled."""
    mesh, counts, is_for_clients = parts.mesh, parts.counts.iterate, parts.trusting is None
    priming = mesh.start(
        keep_primed(mesh, parts.iterator, parts.memory.cache, parts.new_budget, counts, is_for_clients=is_for_clients),
        "priming",
    )
    with trio.CancelScope() as scope:
        task_status.started(scope)
        try:
            await trio.sleep_forever()
        finally:
            priming.end()


async def keep_internal(
    internal: InternalZones, boundary: Boundary, *, task_status: trio.TaskStatus[trio.CancelScope]
) -> None:
    """Watch the state database until the scope that is started is cancelled."""
    with trio.CancelScope() as scope:
        task_status.started(scope)
        await boundary.keep("internal", internal.run)


async def look_each_second(parts: Callable[[], Parts], looks: Mapping[str, Callable[[], None]]) -> Never:
    """Have each of them look once a second, all in one wake: what nobody asks anything sleeps as long as it can.

    parts: of the moment. looks: by what a fault in one of them is called, which ends neither it nor the others.
    """
    while True:
        await trio.sleep(A_SECOND - parts().env.now() % A_SECOND)  # at whole seconds, as all that ticks
        for name, look in looks.items():
            parts().boundary.attempt(name, look)


async def retire(scope: trio.CancelScope) -> None:
    """End what an earlier config needed, once nothing does."""
    await trio.sleep(RETIREMENT)
    scope.cancel()
