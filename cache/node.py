"""What is known of one owner, in one place."""

from typing import final

from mypy_extensions import i32, i64, mypyc_attr

from cache.names import WireName
from cache.rrset import Entry


@final
@mypyc_attr(acyclic=True)
class Node:
    """All entries of one owner: at most one per type, the newest first; see ranking.can_stand_beside for the exception.

    A tuple, not a map: most owners have one or two entries, and a dict takes 224 octets before it holds anything.
    octets: what the entries and the node take. hits: how often it was looked up; hits_seen: what `hits` was when the
    eviction last came by. place: where it stands in the ring. Mutable, and shared by nobody but the store and its ring.
    """

    __slots__ = ("entries", "hits", "hits_seen", "octets", "owner", "place")

    def __init__(self, owner: WireName, entries: tuple[Entry, ...] = ()) -> None:
        self.owner = owner
        self.entries = entries
        self.octets: i32 = 0
        self.hits: i64 = 0
        self.hits_seen: i64 = 0
        self.place: i32 = -1

    def find(self, rtype: int | None) -> Entry | None:
        """The entry of this type; None asks for the NXDOMAIN."""
        for entry in self.entries:
            if entry.rtype == rtype:
                return entry
        return None
