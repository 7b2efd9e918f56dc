"""How does a server end without breaking off what it began? It takes nothing more and gives its tasks a little time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import trio

DRAIN_SECONDS: Final = 3.0  # of the 5 s in which the daemon ends: the rest is for what stands after it


@asynccontextmanager
async def open_draining_nursery(draining: trio.Event) -> AsyncIterator[trio.Nursery]:
    """A nursery whose body is cancelled once `draining` is set; its tasks may go on for DRAIN_SECONDS after that."""
    async with trio.open_nursery() as around:
        async with trio.open_nursery() as working:
            with trio.CancelScope() as body:
                around.start_soon(_drain, draining, body, working.cancel_scope)
                yield working
        around.cancel_scope.cancel()


async def _drain(draining: trio.Event, body: trio.CancelScope, working: trio.CancelScope) -> None:
    await draining.wait()
    body.cancel()
    await trio.sleep(DRAIN_SECONDS)
    working.cancel()
