"""Between trio and the mesh: trio waits for what the mesh does, and the mesh for what trio does. Both live in one thread."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Generic, TypeVar, final

import trio

from resolver.engine.mesh import Landing, Mesh
from resolver.errors import ResolutionFailure

T = TypeVar("T")


@final
class _Outcome(Generic[T]):
    """What came of it, once it has landed."""

    def __init__(self) -> None:
        self.landing = Landing()
        self.values: list[T] = []
        self.fault: BaseException | None = None

    def result(self) -> T:
        if isinstance(self.fault, ResolutionFailure):
            raise self.fault.with_traceback(None)  # one for all who wait: it would grow by everybody's frames
        if self.fault is not None:
            raise self.fault
        return self.values[0]


@final
class Bridge:
    """One for the daemon."""

    def __init__(self, mesh: Mesh, now: Callable[[], float], nursery: trio.Nursery) -> None:
        """nursery: where lives what trio does for the mesh."""
        self._mesh = mesh
        self._now = now
        self._nursery = nursery

    async def wait(self, work: Coroutine[object, None, T], what: str = "waited for in trio") -> T:
        """Await from trio what runs in the mesh; raises what that raises. Cancelled, it goes on without a waiter."""
        outcome = _Outcome[T]()
        landed = trio.Event()

        async def run() -> None:
            try:
                outcome.values.append(await work)
            except Exception as fault:  # raised where it is waited for
                outcome.fault = fault
            landed.set()

        self._mesh.turn(self._now(), lambda: self._start(run(), what))
        await landed.wait()
        return outcome.result()

    async def outside(self, work: Callable[[], Awaitable[T]]) -> T:
        """Await from the mesh what runs in trio; raises what that raises."""
        outcome = _Outcome[T]()
        self._nursery.start_soon(self._do, work, outcome)
        await self._mesh.landed(outcome.landing)
        return outcome.result()

    def _start(self, work: Coroutine[object, None, None], what: str) -> None:
        self._mesh.start(work, what)

    async def _do(self, work: Callable[[], Awaitable[T]], outcome: _Outcome[T]) -> None:
        try:
            outcome.values.append(await work())
        except Exception as fault:  # raised where it is waited for
            outcome.fault = fault
        self._mesh.turn(self._now(), outcome.landing.land)
