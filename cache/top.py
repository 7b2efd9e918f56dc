"""Which names are looked up most just now? Two looks at how often each was, and the difference.

Nothing is counted for it on the way of an answer: a node's `hits` are there anyway. A look costs some 0.2 µs for each name, in
steps between which others run, and while somebody watches 8 octets for each name are held.
"""

import heapq
from array import array
from collections.abc import Iterator
from typing import Final

import msgspec

from cache.names import to_text
from cache.node import Node
from cache.octets import octets_of
from cache.store import RRsetCache

NODES_PER_STEP: Final = 1000  # some 0.2 ms


class TopRow(msgspec.Struct, frozen=True):
    """One name. per_second: lookups of it between the last two looks; hits: since it came in; entries, octets: what it has."""

    owner: str
    per_second: float
    hits: int
    entries: int
    octets: int


class TopFrame(msgspec.Struct, frozen=True):
    """What was looked up in the `seconds` between two looks.

    per_second: lookups of any name that is cached, those that the resolution itself makes included; owners: how many names
    are cached, and how many of them were asked for; rows: the most asked, the first one most.
    """

    seconds: float
    per_second: float
    owners: int
    owners_asked: int
    rows: tuple[TopRow, ...]


class Top:
    """The looks at one cache; the first begins when this is made, and the counts of `look` tell of the time since the last."""

    def __init__(self, store: RRsetCache, most: int) -> None:
        """most: how many rows a frame has at most."""
        self._store = store
        self._most = most
        self._seen = array("Q")  # by a node's place in the ring: its hits at the last look
        self._looked_at = 0.0
        self._best: list[tuple[int, int, Node]] = []
        self._lookups = 0
        self._asked = 0

    def look(self) -> Iterator[None]:
        """Look at every name; yields now and then, so that others can run. Then ask for the `frame`."""
        self._best.clear()
        self._lookups = self._asked = 0
        for number, node in enumerate(self._store.walk_nodes(), start=1):
            more = self._more(node)
            if more:
                self._lookups += more
                self._asked += 1
                self._keep((more, -number, node))
            if number % NODES_PER_STEP == 0:
                yield

    def frame(self, now: float) -> TopFrame:
        """What the last look found; to be asked for once after each."""
        seconds, self._looked_at = now - self._looked_at, now
        best = [node_and_more for node_and_more in sorted(self._best, reverse=True) if node_and_more[2].entries]
        return TopFrame(
            seconds,
            self._lookups / seconds if seconds else 0.0,
            len(self._store),
            self._asked,
            tuple(_row(node, more / seconds if seconds else 0.0) for more, _, node in best),
        )

    def _more(self, node: Node) -> int:
        """How often it was looked up since the last look. Another node that stood in its place then makes it a little less."""
        place, seen = node.place, self._seen
        while len(seen) <= place:
            seen.append(0)
        before, seen[place] = seen[place], node.hits
        return node.hits - before if node.hits >= before else node.hits

    def _keep(self, item: tuple[int, int, Node]) -> None:
        if len(self._best) < self._most:
            heapq.heappush(self._best, item)
        else:
            heapq.heappushpop(self._best, item)


def _row(node: Node, per_second: float) -> TopRow:
    return TopRow(to_text(node.owner), per_second, node.hits, len(node.entries), sum(map(octets_of, node.entries)))
