"""Which owner goes when room is needed? One that nobody asked for since the hand last came by (CLOCK).

A lookup pays one increment and no move in a list. The ring is also what a walk over the cache goes along: nodes keep their
place in it, so a walk may stop, let the cache change, and go on.
"""

from collections.abc import Iterator
from typing import Final

from cache.node import Node

MAX_PASSED: Final = 256  # used owners that one eviction lets live; then the next goes, so that its time is bounded
LOOK_AHEAD: Final = 8  # places in which an expired owner is preferred to the one at hand


class Clock:
    """The ring of all nodes and the hand that goes round it."""

    __slots__ = ("_hand", "_holes", "_ring")

    def __init__(self) -> None:
        self._ring: list[Node | None] = []
        self._holes: list[int] = []
        self._hand = 0

    def add(self, node: Node) -> None:
        """Place a node: where one was removed last, which after an eviction is just behind the hand, or at the end."""
        if self._holes:
            node.place = self._holes.pop()
            self._ring[node.place] = node
        else:
            node.place = len(self._ring)
            self._ring.append(node)

    def remove(self, node: Node) -> None:
        """Take a node out of the ring; the others keep their places."""
        self._ring[node.place] = None
        self._holes.append(node.place)

    def clear(self) -> None:
        """Take all nodes out; a walk under way ends."""
        self._ring.clear()
        self._holes.clear()
        self._hand = 0

    def choose(self, now: float) -> Node:
        """The node to go next. There must be one."""
        passed = 0
        while True:
            node = self._advance()
            if node is None:
                continue
            if node.hits == node.hits_seen or passed == MAX_PASSED:
                return self._expired_ahead(node, now) or node
            node.hits_seen = node.hits
            passed += 1

    def walk(self) -> Iterator[Node]:
        """Every node that is there all the while, once; the ring may change between two steps."""
        place = 0
        while place < len(self._ring):
            node = self._ring[place]
            if node is not None:
                yield node
            place += 1

    def _advance(self) -> Node | None:
        if self._hand >= len(self._ring):
            self._hand = 0
        node = self._ring[self._hand]
        self._hand += 1
        return node

    def _expired_ahead(self, node: Node, now: float) -> Node | None:
        """An unused owner of which everything has expired, a few places on; `node` is then at hand again the next time."""
        for other in self._ring[node.place : node.place + LOOK_AHEAD]:
            if other is not None and other.hits == other.hits_seen and _has_expired(other, now):
                self._hand = node.place
                return other
        return None


def _has_expired(node: Node, now: float) -> bool:
    return all(entry.expires <= now for entry in node.entries)
