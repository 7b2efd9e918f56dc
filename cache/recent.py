"""A map of bounded size: when it is full, what was used least recently goes.

Whatever is asked of it but `walk` and `clear` takes as long with ten thousand entries as with ten: no turn of the loop is long
because somebody filled it.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar, final

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@final
class Recent(Generic[K, V]):
    """At most `limit` entries. Looking at one is no use of it; getting it, and putting it in, is."""

    __slots__ = ("_entries", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[K, V] = OrderedDict()  # the least recently used one first

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """The value of `key`, which is used; None when there is none."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def peek(self, key: K) -> V | None:
        """The value of `key`; None when there is none."""
        return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        """Make this the value of `key`, if need be in the place of another."""
        entries = self._entries
        entries[key] = value
        entries.move_to_end(key)
        if len(entries) > self._limit:
            entries.popitem(last=False)

    def oldest(self) -> tuple[K, V] | None:
        """What was used least recently; None when there is nothing."""
        return next(iter(self._entries.items()), None)

    def drop(self, key: K) -> bool:
        """Forget `key`; was it there?"""
        return self._entries.pop(key, None) is not None

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def walk(self) -> Iterator[tuple[K, V]]:
        """Every key and its value, the least recently used first; they may change between two steps."""
        for key in list(self._entries):
            value = self._entries.get(key)
            if value is not None:
                yield key, value
