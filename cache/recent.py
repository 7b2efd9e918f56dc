"""A map of bounded size: when it is full, what was used least recently goes.

To use an entry costs one look-up and a number: nothing is moved. Who is the least recent is found out only when there is no
room, for a sixteenth of them at once.
"""

from collections.abc import Hashable, Iterator
from typing import Final, Generic, TypeVar, final

from mypy_extensions import i64

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SHARE: Final = 16  # one of so many goes at once


@final
class _Slot(Generic[V]):
    """A value, and when it was used last: the number of that use."""

    __slots__ = ("used", "value")

    def __init__(self, value: V, used: i64) -> None:
        self.value = value
        self.used: i64 = used


@final
class Recent(Generic[K, V]):
    """At most `limit` entries. Looking at one is no use of it; getting it, and putting it in, is."""

    __slots__ = ("_limit", "_slots", "_uses")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._slots: dict[K, _Slot[V]] = {}
        self._uses: i64 = 0

    def __len__(self) -> int:
        return len(self._slots)

    def get(self, key: K) -> V | None:
        """The value of `key`, which is used; None when there is none."""
        slot = self._slots.get(key)
        if slot is None:
            return None
        self._uses += 1
        slot.used = self._uses
        return slot.value

    def peek(self, key: K) -> V | None:
        """The value of `key`; None when there is none."""
        slot = self._slots.get(key)
        return None if slot is None else slot.value

    def put(self, key: K, value: V) -> None:
        """Make this the value of `key`, if need be in the place of others."""
        self._uses += 1
        slot = self._slots.get(key)
        if slot is not None:
            slot.value = value
            slot.used = self._uses
            return
        if len(self._slots) >= self._limit:
            self._make_room()
        self._slots[key] = _Slot(value, self._uses)

    def drop(self, key: K) -> bool:
        """Forget `key`; was it there?"""
        return self._slots.pop(key, None) is not None

    def clear(self) -> None:
        """Forget all."""
        self._slots.clear()

    def walk(self) -> Iterator[tuple[K, V]]:
        """Every key and its value; they may change between two steps."""
        for key in list(self._slots):
            slot = self._slots.get(key)
            if slot is not None:
                yield key, slot.value

    def _make_room(self) -> None:
        by_use = sorted([(slot.used, key) for key, slot in self._slots.items()], key=_use_of)
        for _, key in by_use[: max(1, self._limit // SHARE)]:
            del self._slots[key]


def _use_of(one: tuple[int, object]) -> int:
    return one[0]
