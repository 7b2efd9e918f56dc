"""Which owner goes when room is needed? What has expired, then a newcomer that nobody asked for again, then by CLOCK.

A name that is asked for once, in a scan of reverse names or of made-up ones, must not push out what is asked all day. So
newcomers are on probation: when they are more than a tenth of all, the oldest of them goes, unless it was asked for again;
then it is kept, and from then on goes when nobody asked for it since the hand last came by (S3-FIFO: Yang et al., "FIFO
queues are all you need for cache eviction", SOSP 2023). A newcomer that went too early and comes back is kept at once.

A lookup pays one increment and no move in a list. The ring is also what a walk over the cache goes along: nodes keep their
place in it, so a walk may stop, let the cache change, and go on.
"""

from array import array
from collections import deque
from collections.abc import Iterator
from typing import Final
from zlib import crc32

from cache.names import WireName
from cache.node import Node

MAX_PASSED: Final = 256  # owners that one eviction lets live; then the next goes, so that its time is bounded
SWEPT: Final = 4  # places of the ring that one eviction searches for what has expired
PROBATION: Final = (
    10  # one in so many may be a newcomer: measured best between 5 and 20 (tests/bench/bench_eviction.py)
)
ON_PROBATION: Final = -1  # hits_seen of a newcomer, which the hand passes over


class Clock:
    """The ring of all nodes, the hand that goes round it, and the newcomers among them.

    _gone: how many of `_newcomers` are not in the ring any more. _sweeper: a second hand, which finds what has expired.
    _returning: fingerprints of newcomers that went, each in the one place that its own value gives it; a newer one there
    makes the older forgotten, so the memory is bounded without being ordered. Made when the first goes.
    """

    __slots__ = ("_gone", "_hand", "_holes", "_newcomers", "_returning", "_ring", "_sweeper")

    def __init__(self) -> None:
        self._ring: list[Node | None] = []
        self._holes: list[int] = []
        self._hand = 0
        self._sweeper = 0
        self._newcomers: deque[Node] = deque()
        self._gone = 0
        self._returning = array("I")

    def add(self, node: Node) -> None:
        """Place a node: where one was removed last, or at the end. It is a newcomer unless it went a short while ago."""
        if self._holes:
            node.place = self._holes.pop()
            self._ring[node.place] = node
        else:
            node.place = len(self._ring)
            self._ring.append(node)
        if self._returning and self._is_returning(node.owner):
            node.hits_seen = node.hits
        else:
            node.hits_seen = ON_PROBATION
            self._newcomers.append(node)

    def remove(self, node: Node) -> None:
        """Take a node out of the ring; the others keep their places."""
        self._ring[node.place] = None
        self._holes.append(node.place)
        if node.hits_seen == ON_PROBATION:
            self._gone += 1
            if 2 * self._gone > len(self._newcomers):  # names that come and go must not make a long queue
                self._newcomers = deque(one for one in self._newcomers if self._ring[one.place] is one)
                self._gone = 0

    def choose(self, now: float) -> Node:
        """The node to go next. There must be one."""
        return self._expired(now) or self._unwanted_newcomer() or self._unused()

    def walk(self) -> Iterator[Node]:
        """Every node that is there all the while, once; the ring may change between two steps."""
        place = 0
        while place < len(self._ring):
            node = self._ring[place]
            if node is not None:
                yield node
            place += 1

    def _expired(self, now: float) -> Node | None:
        """An unused owner of which everything has expired, if there is one in the next few places."""
        if self._sweeper >= len(self._ring):
            self._sweeper = 0
        start = self._sweeper
        self._sweeper += SWEPT
        for node in self._ring[start : start + SWEPT]:
            if node is not None and node.hits == max(node.hits_seen, 0) and _has_expired(node, now):
                self._sweeper = node.place + 1
                return node
        return None

    def _unwanted_newcomer(self) -> Node | None:
        """The oldest newcomer that was not asked for again; those before it are kept. None: there are few newcomers."""
        newcomers, passed = self._newcomers, 0
        most = max(1, (len(self._ring) - len(self._holes)) // PROBATION)  # one: who has just come does not go at once
        while len(newcomers) - self._gone > most and passed < MAX_PASSED:
            node = newcomers.popleft()
            if self._ring[node.place] is not node:
                self._gone -= 1
                continue
            node.hits_seen = node.hits
            if not node.hits:
                self._remember(node.owner)
                return node
            passed += 1
        return None

    def _unused(self) -> Node:
        """The next node at the hand that was not used since it last came by."""
        passed = 0
        while True:
            node = self._advance()
            if node is None:
                continue
            if passed == MAX_PASSED:
                return node
            passed += 1
            if node.hits_seen == ON_PROBATION:
                continue
            if node.hits == node.hits_seen:
                return node
            node.hits_seen = node.hits

    def _advance(self) -> Node | None:
        if self._hand >= len(self._ring):
            self._hand = 0
        node = self._ring[self._hand]
        self._hand += 1
        return node

    def _remember(self, owner: WireName) -> None:
        if not self._returning:
            places = 1 << (len(self._ring) - 1).bit_length()
            self._returning = array("I", bytes(array("I").itemsize * places))
        fingerprint = crc32(owner)
        self._returning[fingerprint & (len(self._returning) - 1)] = fingerprint

    def _is_returning(self, owner: WireName) -> bool:
        fingerprint = crc32(owner)
        return self._returning[fingerprint & (len(self._returning) - 1)] == fingerprint


def _has_expired(node: Node, now: float) -> bool:
    return all(entry.expires <= now for entry in node.entries)
