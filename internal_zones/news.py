"""How long ago was what has become visible committed, by the clock of the host that did it?

The true delay of replication: of Corrosion's gossip, of this host's disk and of our looks together. A host whose clock is wrong
shows in it: its delays may be below zero.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Final

import msgspec
from cachetools import LRUCache

from internal_zones.clocks import Commit
from internal_zones.counts import InternalCounts

GROUPS: Final = (0, 8, 12, 16, 20, 32)  # of a UUID's digits (RFC 9562 §4)
NTP64: Final = 1 << 32  # of its units are a second, from the Unix epoch on
FIRST_TIME: Final = 1_500_000_000  # seconds: 2017; what is less is no time
MAX_SITES: Final = 1_000  # of which delays are kept
KEPT: Final = 200  # delays of a site
MAX_KNOWN: Final = 4_000  # commits that are known: one that comes in parts is seen again with each
FIGURED_EVERY: Final = 1.0  # seconds between two figures of a site

Take = Callable[["ChangeRow"], object]


class ChangeRow(msgspec.Struct, frozen=True):
    """What has become visible. at: Unix time; site: of the host that committed it, as Corrosion shows its actors.

    delay: seconds since it was committed; None: it does not say when. network, app: whose names may differ now; network None: the
    row is gone, or was moved.
    """

    at: float
    delay: float | None
    site: str
    table: str
    network: int | None
    app: str


class _Site:
    """The last delays of a site."""

    __slots__ = ("delays", "figured_at")

    def __init__(self) -> None:
        self.delays: deque[float] = deque(maxlen=KEPT)
        self.figured_at = float("-inf")


class News:
    """Notes when each commit became visible, and tells those who listen."""

    def __init__(self, wall: Callable[[], float] | None, counts: InternalCounts) -> None:
        """wall: Unix time; None: nobody knows, and no delay is told."""
        self._wall, self._counts = wall, counts
        self._sites: LRUCache[str, _Site] = LRUCache(MAX_SITES)
        self._known: LRUCache[tuple[str, int], None] = LRUCache(MAX_KNOWN)
        self._listeners: list[Take] = []

    def note(self, commits: Sequence[Commit]) -> None:
        """These have just become visible, or parts of them."""
        at = self._wall() if self._wall else 0.0
        for commit in commits:
            delay = at - commit.ts / NTP64 if self._wall and commit.ts >= FIRST_TIME * NTP64 else None
            if delay is not None and (commit.site, commit.ts) not in self._known:
                self._known[commit.site, commit.ts] = None
                self._note_delay(commit.site, delay, at)
            for take in self._listeners:
                for table, network, app in sorted(commit.rows, key=str):
                    take(ChangeRow(at, delay, shown(commit.site), table, network, app))

    @contextmanager
    def heard_by(self, take: Take) -> Iterator[None]:
        """Have `take` called with each change as long as the block lasts."""
        self._listeners.append(take)
        try:
            yield
        finally:
            self._listeners.remove(take)

    def _note_delay(self, name: str, delay: float, at: float) -> None:
        site = self._sites.get(name)
        if site is None:
            while len(self._sites) >= MAX_SITES:
                self._forget(self._sites.popitem()[0])
            site = self._sites[name] = _Site()
        site.delays.append(delay)
        if at - site.figured_at >= FIGURED_EVERY:
            site.figured_at = at
            ordered, label = sorted(site.delays), shown(name)
            self._counts.replication_min_seconds[label] = ordered[0]
            self._counts.replication_p50_seconds[label] = ordered[len(ordered) // 2]
            self._counts.replication_p99_seconds[label] = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]

    def _forget(self, name: str) -> None:
        counts = self._counts
        for figures in (counts.replication_min_seconds, counts.replication_p50_seconds, counts.replication_p99_seconds):
            figures.pop(shown(name), None)


def shown(site: str) -> str:
    """A site's id in hex as Corrosion shows it."""
    site = site.lower()
    return "-".join(site[start:end] for start, end in pairwise(GROUPS)) if len(site) == GROUPS[-1] else site
