"""What is known of one owner, in one place."""

import msgspec

from cache.names import WireName
from cache.rrset import Entry


class Node(msgspec.Struct, gc=False):
    """All entries of one owner: at most one per type, the newest first; see ranking.can_stand_beside for the exception.

    A tuple, not a map: most owners have one or two entries, and a dict takes 224 octets before it holds anything.
    octets: what the entries and the node take. hits: how often it was looked up; hits_seen: what `hits` was when the
    eviction last came by. place: where it stands in the ring. Mutable, and shared by nobody but the store and its ring.
    """

    owner: WireName
    entries: tuple[Entry, ...] = ()
    octets: int = 0
    hits: int = 0
    hits_seen: int = 0
    place: int = -1

    def find(self, rtype: int | None) -> Entry | None:
        """The entry of this type; None asks for the NXDOMAIN."""
        for entry in self.entries:
            if entry.rtype == rtype:
                return entry
        return None
