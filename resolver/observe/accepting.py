"""Who may connect to those who look at the daemon? Whoever wants to: when there are too many, the longest silent one goes.

So nobody keeps others out by connections that ask for nothing, and one that is being answered is not broken off for another.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import trio

from resolver.observe.boundary import Boundary

Accept = Callable[[], Awaitable[trio.abc.Stream]]
Serve = Callable[[trio.abc.Stream, "Silent"], Awaitable[None]]


class Silent:
    """The connections that have nothing to be answered, the longest silent first; each ends after `patience` seconds."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._scopes: dict[int, trio.CancelScope] = {}  # bounded by the connections

    @contextmanager
    def while_waiting(self) -> Iterator[None]:
        """Around the wait for a request; it is left early when that takes too long or another needs the place."""
        with trio.move_on_after(self._patience) as scope:
            self._scopes[id(scope)] = scope
            try:
                yield
            finally:
                del self._scopes[id(scope)]

    def end_longest(self) -> None:
        """End the connection that has been silent longest, if there is one."""
        scope = next((one for one in self._scopes.values() if not one.cancel_called), None)
        if scope is not None:
            scope.cancel()


async def serve_each(what: str, accept: Accept, serve: Serve, boundary: Boundary, silent: Silent, most: int) -> None:
    """Serve the connections that are accepted, at most so many at a time, until cancelled; a fault ends that connection alone.

    what: as faults are told of it. serve: says by `silent` when it may be ended for another.
    """
    room = trio.Semaphore(most)

    async def serve_one(stream: trio.abc.Stream) -> None:
        try:
            await boundary.run(f"{what}_connection", serve, stream, silent)
        finally:
            room.release()
            await trio.aclose_forcefully(stream)

    async def accept_all(nursery: trio.Nursery) -> None:
        while True:
            stream = await accept()
            if not room.value:
                silent.end_longest()
            await room.acquire()
            nursery.start_soon(serve_one, stream)

    async with trio.open_nursery() as nursery:
        await boundary.keep(what, accept_all, nursery)
