"""What do the operator's own records say? Names and zones of the `[local]` table, which are never asked upstream."""

from collections.abc import Iterable
from typing import Final

from cache.answer import Answer
from cache.names import WireName, ancestors
from cache.rrset import RRset
from cache.rrtypes import ANY
from resolver.policy.special_use import LOCALHOST, soa_of, within

NEGATIVE_TTL: Final = 300  # s; an operator may add the record that somebody has just asked for


class Local:
    """The local data of this daemon. A name that has records has no other types; the names around it are ordinary ones."""

    def __init__(
        self, rrsets: Iterable[RRset] = (), zones: Iterable[WireName] = (), elsewhere: Iterable[WireName] = ()
    ) -> None:
        """zones: which have no names but those of `rrsets`. elsewhere: forward and stub zones: the most specific zone counts."""
        self._names: dict[WireName, dict[int, RRset]] = {}
        for rrset in rrsets:
            self._names.setdefault(rrset.owner, {})[rrset.rtype] = rrset
        self._zones = frozenset(zones)
        self._elsewhere = frozenset((*elsewhere, LOCALHOST))
        # every name that exists because something at or below it is configured (RFC 8020)
        self.named: Final = frozenset(
            above for name in (*self._names, *self._zones, *self._elsewhere) for above in ancestors(name)
        )

    def find(self, qname: WireName, qtype: int) -> Answer | None:
        """The local answer, or None when the name is an ordinary one. To ANY it is one of the RRsets (RFC 8482 §4.1)."""
        if not self._names and not self._zones:
            return None
        held = self._names.get(qname)
        if held is not None:
            rrset = next(iter(held.values())) if qtype == ANY else held.get(qtype)
            if rrset is not None:
                return Answer(answer=(rrset,), authoritative=True)
        zone = self._zone_of(qname) if self._zones else None
        if zone is not None:
            return within(zone, qname, qtype, NEGATIVE_TTL, exists=qname in self.named)
        return None if held is None else Answer(authority=(soa_of(qname, NEGATIVE_TTL),), authoritative=True)

    def option_of(self, qname: WireName) -> str:
        """Which option says what the name, a local one, is."""
        return "local.records" if qname in self._names else "local.zones"

    def _zone_of(self, qname: WireName) -> WireName | None:
        for name in ancestors(qname):
            if name in self._elsewhere:
                return None
            if name in self._zones:
                return name
        return None


NO_LOCAL: Final = Local()
