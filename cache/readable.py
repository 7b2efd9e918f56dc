"""What do lookups need of a store? RRsetCache gives it and marks what is read as used; Peeking gives it and marks nothing.

A trait and not a Protocol: compiled, to call it takes no look at attributes by name.
"""

from abc import ABCMeta, abstractmethod
from collections.abc import Set as AbstractSet

from mypy_extensions import trait

from cache.names import WireName
from cache.node import Node
from cache.rrset import RRset


@trait
class Readable(metaclass=ABCMeta):
    """What is known, by owner."""

    __slots__ = ()

    @abstractmethod
    def use(self, owner: WireName) -> Node | None:
        """All that is known of `owner`; to be read only."""

    @abstractmethod
    def get(self, owner: WireName, rtype: int) -> RRset | None:
        """The RRset, fresh or not."""

    @abstractmethod
    def how_many_speak_below(self) -> int:
        """How many entries say something of the names below their owner."""

    @abstractmethod
    def configured(self) -> AbstractSet[WireName]:
        """The apexes of zones of which nothing above them may speak."""
