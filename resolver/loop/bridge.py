"""Between trio and the mesh, which live in one thread: trio waits for what the mesh does."""

from collections.abc import Callable, Coroutine
from typing import TypeVar, final

import trio

from resolver.engine.mesh import Mesh
from resolver.errors import ResolutionFailure

T = TypeVar("T")


@final
class Bridge:
    """One for the daemon."""

    def __init__(self, mesh: Mesh, now: Callable[[], float]) -> None:
        self._mesh = mesh
        self._now = now

    async def wait(self, work: Coroutine[object, None, T], what: str = "waited for in trio") -> T:
        """Await from trio what runs in the mesh; raises what that raises. Cancelled, it goes on without a waiter."""
        landed = trio.Event()
        values: list[T] = []
        faults: list[Exception] = []

        async def run() -> None:
            try:
                values.append(await work)
            except Exception as fault:  # raised where it is waited for
                faults.append(fault)
            landed.set()

        self._mesh.turn(self._now(), lambda: self._start(run(), what))
        await landed.wait()
        for fault in faults:
            # a ResolutionFailure is one for all who wait: it would grow by everybody's frames
            raise fault.with_traceback(None) if isinstance(fault, ResolutionFailure) else fault
        return values[0]

    def _start(self, work: Coroutine[object, None, None], what: str) -> None:
        self._mesh.start(work, what)
