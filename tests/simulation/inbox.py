"""Things on their way: each has a moment at which it arrives, and is handed out then, in that order."""

from heapq import heappop, heappush
from math import inf
from typing import Generic, TypeVar

import trio

T = TypeVar("T")


class Inbox(Generic[T]):
    """What one socket will receive."""

    def __init__(self) -> None:
        self._coming: list[tuple[float, int, T]] = []
        self._put = 0
        self._changed = trio.Event()
        self._is_closed = False

    def put(self, at: float, item: T) -> None:
        """`item` arrives at this moment; what arrives at the same one is handed out in the order it was put."""
        heappush(self._coming, (at, self._put, item))
        self._put += 1
        self._changed.set()

    async def get(self) -> T:
        """The next thing that arrives; raises trio.ClosedResourceError once closed."""
        await trio.lowlevel.checkpoint()
        while not self._has_arrived():
            self._changed = trio.Event()
            with trio.move_on_at(self._coming[0][0] if self._coming else inf):
                await self._changed.wait()
        return self._take()

    def take_arrived(self) -> list[T]:
        """All that has arrived by now."""
        arrived = []
        while self._has_arrived():
            arrived.append(self._take())
        return arrived

    def close(self) -> None:
        """Hand out nothing more."""
        self._is_closed = True
        self._changed.set()

    def _has_arrived(self) -> bool:
        if self._is_closed:
            raise trio.ClosedResourceError
        return bool(self._coming) and self._coming[0][0] <= trio.current_time()

    def _take(self) -> T:
        return heappop(self._coming)[2]
