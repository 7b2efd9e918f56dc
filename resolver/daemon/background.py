"""What goes on beside the answering for as long as the daemon goes by one config."""

from functools import partial
from typing import Final

import trio

from internal_zones import InternalZones
from resolver.daemon.parts import Parts
from resolver.iterate import keep_primed

# s after which nothing begun under an earlier config needs it any more: a question's deadline and some
RETIREMENT: Final = 12.0


async def keep_resolving(parts: Parts, *, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
    """Keep the root's name servers known, and refresh what is asked for, until the scope that is started is cancelled."""
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(
                partial(
                    keep_primed,
                    parts.env,
                    parts.iterator,
                    parts.cache,
                    parts.new_budget,
                    parts.counts.iterate,
                    is_for_clients=parts.trusting is None,
                )
            )
            nursery.start_soon(parts.refresher.run)
            task_status.started(scope)


async def keep_internal(internal: InternalZones, *, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
    """Watch the state database until the scope that is started is cancelled."""
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            await nursery.start(internal.run)
            task_status.started(scope)


async def retire(scope: trio.CancelScope) -> None:
    """End what an earlier config needed, once nothing does."""
    await trio.sleep(RETIREMENT)
    scope.cancel()
