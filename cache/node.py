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

    def peek(self, rtype: int) -> Entry | None:
        """The entry that speaks of this type: its own, or the NXDOMAIN."""
        return self.find(rtype) or self.find(None)

    def begins_with(self, entry: Entry) -> bool:
        """Is `entry` the newest of them?"""
        held = self._held
        return held is entry or (isinstance(held, tuple) and bool(held) and held[0] is entry)


@mypyc_attr(acyclic=True)
class Held:
    """An entry, and where it is held: for who has made something of it, and gives that again for as long.

    It goes by no map: a node that has left the store has no entries any more, and never will.
    rtype: what `node` was asked for when it gave the entry.
    """

    __slots__ = ("_is_of_type", "entry", "node", "rtype")

    def __init__(self, node: Node, entry: Entry, rtype: int) -> None:
        self.node: Final = node
        self.entry: Final = entry
        self.rtype: Final = rtype
        self._is_of_type: Final = entry.rtype == rtype  # here the processor finds it sooner than in the entry

    @final
    def is_there(self) -> bool:
        """Does the node give the entry for this type still? Marks use."""
        node, entry = self.node, self.entry
        node.hits += 1
        return (self._is_of_type and node.begins_with(entry)) or node.peek(self.rtype) is entry
