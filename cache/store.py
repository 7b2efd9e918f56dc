"""The store of everything known: one truth per owner and type, bounded in octets. The only holder of the map."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from cache.counts import CacheCounts
from cache.eviction import Clock
from cache.names import ROOT, WireName, ancestors, is_at_or_below, is_below
from cache.node import Node
from cache.octets import NODE_OCTETS, octets_of, octets_of_all
from cache.options import CacheOptions
from cache.ranking import can_stand_beside, heir, may_replace, survivors
from cache.readable import Readable
from cache.rrset import Denial, Entry, Rank, RRset, Security
from cache.rrtypes import ANY, DNAME, DS

MAX_RECORDS: Final = 256  # of one RRset (PowerDNS' max_rrset_size); thousands at one owner are an attack on memory
MAX_RDATA_OCTETS: Final = 65535  # of one RRset: more fits into no message
MAX_ENTRIES_OF_OWNER: Final = 100  # BIND's max-types-per-name
OWNERS_PER_STEP: Final = 1000  # looked at in one step of a long walk: some 0.2 ms


class RRsetCache(Readable):
    """RRsets and denials by owner and type.

    octets: what the entries take, by the estimate of octets.py. speaks_below: how many entries say something of the names
    below their owner; while there is none, nobody needs to look above a name. apexes: of zones whose servers are configured:
    what the zones above one say speaks neither of it, but for its DS, nor of the names below it.
    """

    __slots__ = ("_clock", "_nodes", "apexes", "counts", "max_octets", "octets", "speaks_below")

    def __init__(
        self, options: CacheOptions, counts: CacheCounts | None = None, apexes: AbstractSet[WireName] = frozenset()
    ) -> None:
        self.apexes = apexes
        self.counts = CacheCounts() if counts is None else counts
        self.octets = 0
        self.speaks_below = 0
        self.max_octets = options.max_octets  # the bound of `octets`
        self._nodes: dict[WireName, Node] = {}
        self._clock = Clock()

    def __len__(self) -> int:
        """How many owners are known."""
        return len(self._nodes)

    def adopt(self, options: CacheOptions) -> None:
        """Go by these options from now on. Make room before a lower `max_octets`: what is over it goes with the next entry."""
        self.max_octets = options.max_octets

    def make_room(self, octets: int, now: float, most: int) -> bool:
        """Evict at most `most` owners until the entries take no more than `octets`; is that reached?"""
        for _ in range(most):
            if self.octets <= octets or len(self._nodes) <= 1:
                return True
            self._keep(self._clock.choose(now), ())
            self.counts.evicted += 1
        return False

    def use(self, owner: WireName) -> Node | None:
        """All that is known of `owner`, marked as used; to be read only."""
        node = self._nodes.get(owner)
        if node is not None:
            node.hits += 1
        return node

    def get(self, owner: WireName, rtype: int) -> RRset | None:
        """The RRset, fresh or not, from referrals too: the caller looks at `expires` and `rank`. Marks use."""
        node = self.use(owner)
        entry = node.find(rtype) if node is not None else None
        return entry if type(entry) is RRset else None

    def how_many_speak_below(self) -> int:
        return self.speaks_below

    def configured(self) -> AbstractSet[WireName]:
        return self.apexes

    def peek(self, owner: WireName, rtype: int) -> Entry | None:
        """The entry that speaks of this owner and type, RRset, NODATA or NXDOMAIN, fresh or not. Does not mark use."""
        node = self._nodes.get(owner)
        return node.peek(rtype) if node is not None else None

    def peek_node(self, owner: WireName) -> Node | None:
        """All that is known of `owner`; to be read only. Does not mark use."""
        return self._nodes.get(owner)

    def put(self, entry: Entry, now: float) -> bool:
        """Take `entry` in if nothing that it contradicts is better (ranking.py); False: refused, and nothing changed.

        What it contradicts is gone afterwards. An entry with TTL 0 does that much and is itself not kept: it is good for
        the one answer it came for (RFC 1035 §3.2.1), but the world has moved on from what was known before.
        """
        fault = _fault_now(entry, now)
        if fault:
            return self._refuse(fault)
        node = self._nodes.get(entry.owner)
        beside: list[Entry] = []
        for old in node.entries if node is not None else ():
            if can_stand_beside(old, entry, now):
                beside.append(old)
            elif may_replace(old, entry, now):
                entry = heir(old, entry, now)
            else:
                return self._refuse("outranked")
        if len(beside) >= MAX_ENTRIES_OF_OWNER:
            return self._refuse("too many types")
        if entry.ttl == 0:
            self._displace(node, tuple(beside))
            return self._refuse("ttl 0")
        self._store(node, entry, tuple(beside), now)
        return True

    def restore(self, entry: Entry, hits: int, now: float) -> bool:
        """Take `entry`, known before a restart, back in; True if it is there now. hits: lookups of its owner before.

        Fresh or stale, it is kept where it would stand now had it been here all the while (ranking.survivors). Unlike put it
        makes no room for itself: when the cache is full, what is there was heard since, or was more worth to be kept.
        """
        if (
            entry.lease <= now
            or entry.ttl == 0
            or _fault(entry)
            or (self.apexes and _is_from_above(entry, self.apexes))
        ):
            return False
        if self.octets + NODE_OCTETS + octets_of(entry) > self.max_octets:
            return False
        node = self._nodes.get(entry.owner)
        held = node.entries if node is not None else ()
        kept: list[Entry] = []
        for old in held:
            left = survivors(old, entry)
            if left == (old,):
                return False
            if old in left:
                kept.append(old)
            else:
                entry = left[0]
        if len(kept) >= MAX_ENTRIES_OF_OWNER:
            return False
        if node is None:
            node = self._add(entry.owner)
        self.counts.displaced += len(held) - len(kept)
        self.counts.stored += 1
        self._keep(node, tuple(sorted((*kept, entry), key=_received, reverse=True)))
        node.hits = max(node.hits, hits)
        return True

    def renew(self, entry: Entry, lease: float) -> None:
        """Hold `entry`, if it is held, under a later lease; when it stops being fresh does not change (renewal.py)."""
        node = self._nodes.get(entry.owner)
        if node is not None and lease > entry.lease:
            longer = entry.replace(lease=lease)
            self.counts.leases_renewed += any(one is entry for one in node.entries)
            node.hold(tuple(longer if one is entry else one for one in node.entries))

    def forget(
        self, owner: WireName, rtype: int | None = None, *, subtree: bool = False, denials_only: bool = False
    ) -> int:
        """Remove what is known of `owner`, or what speaks of its `rtype`; `subtree`: of all names below it, too.

        denials_only: NXDOMAIN and NODATA go, records stay.

        Returns how many entries went, a referral's proof that there is no DS among them. With a type, its RRset, its NODATA
        and an NXDOMAIN go: the next question for it is asked upstream, unless the owner is an alias.
        """
        if subtree:
            return sum(self.forget_below(owner, rtype, denials_only=denials_only))
        node = self._nodes.get(owner)
        return self._forget_of(node, rtype, denials_only) if node is not None else 0

    def forget_below(self, zone: WireName, rtype: int | None = None, *, denials_only: bool = False) -> Iterator[int]:
        """As `forget` of a subtree, in steps, for who lets others run between them: how many entries went in each.

        What is taken in meanwhile may stay. The time is that of looking at every owner, some 0.1 s for a million.
        """
        forgotten = 0
        for number, node in enumerate(self._clock.walk(), start=1):
            # the plain comparison of octets leaves few for the comparison of labels
            if zone == ROOT or (node.owner.endswith(zone) and is_at_or_below(node.owner, zone)):
                forgotten += self._forget_of(node, rtype, denials_only)
            if number % OWNERS_PER_STEP == 0:
                yield forgotten
                forgotten = 0
        yield forgotten

    def walk(self) -> Iterator[Entry]:
        """Every entry; the store may change between two steps. Does not mark use."""
        for node in self._clock.walk():
            yield from node.entries

    def walk_nodes(self) -> Iterator[Node]:
        """Every owner's node, to be read only; the store may change between two steps. Does not mark use."""
        return self._clock.walk()

    def _refuse(self, reason: str) -> bool:
        self.counts.refused[reason] = self.counts.refused.get(reason, 0) + 1
        return False

    def _store(self, node: Node | None, entry: Entry, beside: tuple[Entry, ...], now: float) -> None:
        if node is None:
            node = self._add(entry.owner)
        self.counts.displaced += len(node.entries) - len(beside)
        self._keep(node, (entry, *beside))
        self.counts.stored += 1
        while self.octets > self.max_octets and len(self._nodes) > 1:
            self._keep(self._clock.choose(now), ())
            self.counts.evicted += 1

    def _add(self, owner: WireName) -> Node:
        node = self._nodes[owner] = Node(owner)
        self._clock.add(node)
        return node

    def _displace(self, node: Node | None, beside: tuple[Entry, ...]) -> None:
        if node is not None:
            self.counts.displaced += len(node.entries) - len(beside)
            self._keep(node, beside)

    def _keep(self, node: Node, entries: tuple[Entry, ...]) -> None:
        """Make `entries` all that the node has; the one place where entries come and go. A node without any goes."""
        for old in node.entries:
            if speaks_below(old):
                self.speaks_below -= 1
        for new in entries:
            if speaks_below(new):
                self.speaks_below += 1
        octets = octets_of_all(entries) if entries else 0
        self.octets += octets - node.octets
        node.octets = octets
        node.hold(entries)
        if not entries:
            del self._nodes[node.owner]
            self._clock.remove(node)

    def _forget_of(self, node: Node, rtype: int | None, denials_only: bool) -> int:
        kept = tuple(
            one
            for one in node.entries
            if (rtype is not None and one.rtype not in (rtype, None)) or (denials_only and type(one) is not Denial)
        )
        forgotten = len(node.entries) - len(kept)
        if rtype in (DS, None) and any(map(denies_ds, kept)):
            kept = tuple(one.replace(proof=()) if denies_ds(one) else one for one in kept)
            forgotten += 1
        self.counts.forgotten += forgotten
        if forgotten:
            self._keep(node, kept)
        return forgotten


def speaks_below(entry: Entry) -> bool:
    """Does it say something of all names below its owner? A DNAME does, and a validated NXDOMAIN (RFC 8020 §2).

    RFC 8020 §4.1 leaves it to us whom to believe that much: an NXDOMAIN that was not validated is not.
    """
    if entry.rtype == DNAME:
        return type(entry) is RRset and entry.rank != Rank.ADDITIONAL and entry.security != Security.BOGUS
    return entry.rtype is None and entry.security == Security.SECURE


def denies_ds(entry: Entry) -> bool:
    """Is it a referral's NS RRset with the proof that the zone has no DS?"""
    return type(entry) is RRset and entry.rank == Rank.ADDITIONAL and bool(entry.proof)


def _is_from_above(entry: Entry, apexes: AbstractSet[WireName]) -> bool:
    """Does it deny what a zone of `apexes` has in the words of one above it? It was heard before that zone was configured."""
    if type(entry) is not Denial or entry.rtype == DS:
        return False
    apex = next((one for one in ancestors(entry.owner) if one in apexes), None)
    return apex is not None and is_below(apex, entry.soa.owner)


def _received(entry: Entry) -> float:
    return entry.received


def _fault_now(entry: Entry, now: float) -> str:
    """Why `entry` cannot be put at `now`, whatever is there already; "" if it can."""
    if entry.expires <= now and (entry.ttl > 0 or entry.lease <= now):
        return "expired"
    return _fault(entry)


def _fault(entry: Entry) -> str:
    """Why `entry` could never be kept; "" if it could."""
    if type(entry) is Denial:
        if entry.rtype == ANY:
            return "of any type"  # what is learned of the name next would make it untrue
        return "" if entry.soa.rdatas else "no SOA"  # RFC 2308 §5
    assert isinstance(entry, RRset)
    octets = 0
    for rdata in entry.rdatas:
        octets += len(rdata)
    return "too large" if len(entry.rdatas) > MAX_RECORDS or octets > MAX_RDATA_OCTETS else ""
