"""How is the cache read by somebody who must not count as a user of it? Through a Peeking, which marks nothing as used."""

from collections.abc import Set as AbstractSet
from typing import Protocol

from cache.names import WireName
from cache.node import Node
from cache.rrset import RRset
from cache.store import RRsetCache


class Readable(Protocol):
    """What lookups need of a store: RRsetCache is one, Peeking another."""

    @property
    def apexes(self) -> AbstractSet[WireName]:
        """Of zones of which nothing above them may speak."""

    @property
    def speaks_below(self) -> int:
        """How many entries say something of the names below their owner."""

    def use(self, owner: WireName) -> Node | None:
        """All that is known of `owner`; to be read only."""

    def get(self, owner: WireName, rtype: int) -> RRset | None:
        """The RRset, fresh or not."""


class Peeking:
    """A store, read without marking use: looking at a name must not keep it in the cache, nor rank it among the most asked."""

    def __init__(self, store: RRsetCache) -> None:
        self._store = store

    @property
    def apexes(self) -> AbstractSet[WireName]:
        return self._store.apexes

    @property
    def speaks_below(self) -> int:
        return self._store.speaks_below

    def use(self, owner: WireName) -> Node | None:
        return self._store.peek_node(owner)

    def get(self, owner: WireName, rtype: int) -> RRset | None:
        entry = self._store.peek(owner, rtype)
        return entry if type(entry) is RRset else None
