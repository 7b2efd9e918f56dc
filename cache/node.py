"""What is known of one owner, in one place."""

from typing import Final, final

from mypy_extensions import i32, i64, mypyc_attr

from cache.names import WireName
from cache.rrset import Entry


@final
@mypyc_attr(acyclic=True)
class Node:
    """All entries of one owner: at most one per type, the newest first; see ranking.can_stand_beside for the exception.

    Most owners have one entry, and that one is held by itself; a tuple of one takes 48 octets more, and a dict 224 before it
    holds anything. All entries have one object for their owner's name, the node's.
    octets: what the entries and the node take. hits: how often it was looked up; hits_seen: what `hits` was when the
    eviction last came by. place: where it stands in the ring. Mutable, and shared by nobody but the store and its ring.
    """

    __slots__ = ("_held", "hits", "hits_seen", "octets", "owner", "place")

    def __init__(self, owner: WireName, entries: tuple[Entry, ...] = ()) -> None:
        self.owner: Final = owner
        self._held: Entry | tuple[Entry, ...] = ()
        self.octets: i32 = 0  # this and the next share 8 octets of a compiled node, which has 64 in all
        self.place: i32 = -1
        self.hits: i64 = 0
        self.hits_seen: i64 = 0
        self.hold(entries)

    @property
    def entries(self) -> tuple[Entry, ...]:
        held = self._held
        return held if isinstance(held, tuple) else (held,)

    def hold(self, entries: tuple[Entry, ...]) -> None:
        """Make these all that is known of the owner."""
        owner = self.owner
        for entry in entries:
            if entry.owner is not owner:
                entry.share_owner(owner)
        self._held = entries[0] if len(entries) == 1 else entries

    def find(self, rtype: int | None) -> Entry | None:
        """The entry of this type; None asks for the NXDOMAIN."""
        held = self._held
        if not isinstance(held, tuple):
            return held if held.rtype == rtype else None
        for entry in held:
            if entry.rtype == rtype:
                return entry
        return None

    def begins_with(self, entry: Entry) -> bool:
        """Is `entry` the newest of them?"""
        held = self._held
        return held is entry or (isinstance(held, tuple) and bool(held) and held[0] is entry)
