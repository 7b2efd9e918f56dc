"""Several servers are asked the same: which of them says something first?

Each is listened to by a task of its own, which outlives the question: what a late reply tells about its server is learned
even when nobody needs the reply any more.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import trio

from resolver.errors import ResolutionFailure
from resolver.upstream.choose import Pending
from resolver.upstream.exchange import Exchange, Reply
from resolver.upstream.faults import Fault
from resolver.upstream.shared import Upstream

MAX_LINGERING: Final = 256  # servers listened to for no question, each with a socket; more are let go

Outcome = Reply | Fault | Exception


class Race:
    """The servers that one question has been put to. running: those still listened to; landed: what the others said."""

    def __init__(self, upstream: Upstream) -> None:
        self.running: dict[Exchange, trio.CancelScope] = {}
        self.landed: list[tuple[Exchange, Outcome]] = []
        self._upstream = upstream
        self._waiting: trio.CancelScope | None = None
        self._beside: list[trio.CancelScope] = []
        self._fault: Exception | None = None
        self._is_over = False

    def enter(self, exchange: Exchange) -> None:
        """Listen to this one, too; somebody else was asked because of those that run already."""
        for other in self.running:
            other.caused_another = True
        scope = self.running[exchange] = trio.CancelScope()
        self._upstream.spawn(self._listen, exchange, scope)

    def pending(self) -> list[Pending]:
        """Those still listened to."""
        return [Pending(one.server, one.sent_at, one.late_at, one.ends_at) for one in self.running]

    def accompany(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have this done meanwhile. It ends with the race; what it raises is raised by `next`."""
        scope = trio.CancelScope()
        self._beside.append(scope)
        self._upstream.spawn(self._do, work, scope)

    def wake(self) -> None:
        """Let whoever waits look about: something has changed, though nobody said anything."""
        if self._waiting is not None:
            self._waiting.cancel()

    def interrupts(self, scope: trio.CancelScope) -> None:
        """Cancel this as soon as somebody says something."""
        self._waiting = scope
        if self.landed:
            scope.cancel()

    async def next(self, seconds: float) -> tuple[Exchange, Reply | Fault] | None:
        """Who said something, and what; None when nobody has for so long, or at a `wake`. Raises what an exchange raised."""
        if not self.landed:
            with trio.move_on_after(max(0.0, seconds)) as scope:
                self.interrupts(scope)
                await trio.sleep_forever()
        if self._fault is not None:
            raise self._fault
        if not self.landed:
            return None
        exchange, outcome = self.landed.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return exchange, outcome

    def leave(self) -> None:
        """The question needs nobody any more."""
        self._is_over = True
        for beside in self._beside:
            beside.cancel()
        counts = self._upstream.counts
        for exchange, scope in list(self.running.items()):
            exchange.is_wanted = False
            if counts.lingering_current < MAX_LINGERING:
                counts.lingering_current += 1
            else:
                counts.unlistened += 1
                del self.running[exchange]
                scope.cancel()

    async def _do(self, work: Callable[[], Awaitable[None]], scope: trio.CancelScope) -> None:
        try:
            with scope:
                await work()
        except Exception as fault:  # whoever asked raises it; it must not end the daemon
            if self._is_over:
                self._upstream.counts.listener_faults += 1
            self._fault = fault
            self.wake()

    async def _listen(self, exchange: Exchange, scope: trio.CancelScope) -> None:
        try:
            with scope:
                self._land(exchange, await exchange.finish())
        except Exception as failure:  # whoever asked raises it; it must not end the daemon
            self._land(exchange, failure)
        finally:
            exchange.close()

    def _land(self, exchange: Exchange, outcome: Outcome) -> None:
        del self.running[exchange]
        if not self._is_over:
            self.landed.append((exchange, outcome))
            self.wake()
            return
        counts = self._upstream.counts
        counts.lingering_current -= 1
        if isinstance(outcome, Exception) and not isinstance(outcome, ResolutionFailure):
            counts.listener_faults += 1
