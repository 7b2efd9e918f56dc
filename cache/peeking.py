"""How are the cache and the failures read by somebody who must not count as a user of them? Nothing is marked as used."""

from collections.abc import Set as AbstractSet

from cache.answer import Question
from cache.failures import Failures, RememberedFailure, Remembering
from cache.names import WireName
from cache.node import Node
from cache.readable import Readable
from cache.rrset import RRset
from cache.store import RRsetCache


class Peeking(Readable):
    """A store, read without marking use: looking at a name must not keep it in the cache, nor rank it among the most asked."""

    def __init__(self, store: RRsetCache) -> None:
        self._store = store

    def use(self, owner: WireName) -> Node | None:
        return self._store.peek_node(owner)

    def get(self, owner: WireName, rtype: int) -> RRset | None:
        entry = self._store.peek(owner, rtype)
        return entry if type(entry) is RRset else None

    def how_many_speak_below(self) -> int:
        return self._store.speaks_below

    def configured(self) -> AbstractSet[WireName]:
        return self._store.apexes


class PeekedFailures(Remembering):
    """The remembered failures, read without marking use."""

    def __init__(self, failures: Failures) -> None:
        self._failures = failures

    def find(self, question: Question, now: float) -> RememberedFailure | None:
        return self._failures.peek(question, now)
