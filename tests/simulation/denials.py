"""Which NSEC or NSEC3 records does a zone prove a denial with? Made of dnspython throughout, as its signatures are."""

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rrset import RRset

from resolver.demo.zone import Zone

AT_A_CUT: Final = frozenset({RdataType.NS, RdataType.DS})
LAST_HASH: Final = "v" * 32


class Kind(Enum):
    """How a zone denies."""

    NSEC = "NSEC"
    NSEC3 = "NSEC3"
    OPT_OUT = "NSEC3 that leaves out delegations to unsigned zones"


@dataclass(frozen=True, slots=True)
class Denials:
    """The denials of one version of a zone. ttl: of its records. iterations: of NSEC3."""

    zone: Zone
    kind: Kind = Kind.NSEC
    iterations: int = 0
    ttl: int = 300

    def no_type(self, name: Name) -> list[RRset]:
        """The name is there, or a wildcard gives it, but not this type."""
        if name in self.zone.names:
            return self._at(name)
        return [*self._no_name(name), *self._at(self._wildcard(name))]

    def no_name(self, name: Name) -> list[RRset]:
        """Neither the name is there nor a wildcard."""
        return _once([*self._no_name(name), *self._over(self._wildcard(name))])

    def no_closer(self, name: Name) -> list[RRset]:
        """A wildcard gives this name: nothing closer is there."""
        return self._over(self._next_closer(name)) if self.kind is not Kind.NSEC else self._over(name)

    def _no_name(self, name: Name) -> list[RRset]:
        if self.kind is Kind.NSEC:
            return self._over(name)
        return [*self._at(self._closest(name)), *self._over(self._next_closer(name))]

    def _at(self, name: Name) -> list[RRset]:
        if self.kind is Kind.NSEC:
            return [self._nsec(name)] if name in self.zone.nodes else self._over(name)
        if name in self._chained():
            return [self._nsec3(self._hash(name))]
        return _once([*self._at(name.parent()), *self._over(name)])  # opted out (RFC 5155 §7.2.4)

    def _over(self, name: Name) -> list[RRset]:
        if self.kind is Kind.NSEC:
            return [self._nsec(max(one for one in self._chained() if one <= name))]
        hashed, hashes = self._hash(name), self._hashes()
        return [self._nsec3(max((one for one in hashes if one < hashed), default=hashes[-1]))]

    def _nsec(self, owner: Name) -> RRset:
        chained = self._chained()
        following = dict(pairwise([*chained, self.zone.origin]))[owner]
        types = " ".join([*self._types(owner), "RRSIG", "NSEC"])
        return dns.rrset.from_text(owner, self.ttl, "IN", "NSEC", f"{following} {types}")

    def _nsec3(self, hashed: str) -> RRset:
        hashes = self._hashes()
        following = dict(pairwise([*hashes, hashes[0]]))[hashed]
        owner = next(one for one in self._chained() if self._hash(one) == hashed)
        types = [*self._types(owner), "RRSIG"] if self._types(owner) else []
        flags = int(self.kind is Kind.OPT_OUT)
        text = f"1 {flags} {self.iterations} - {following} {' '.join(types)}"
        return dns.rrset.from_text(Name((hashed.encode(), *self.zone.origin.labels)), self.ttl, "IN", "NSEC3", text)

    def _types(self, owner: Name) -> list[str]:
        node = self.zone.nodes.get(owner, {})
        is_cut = RdataType.NS in node and owner != self.zone.origin
        return [dns.rdatatype.to_text(one) for one in node if not is_cut or one in AT_A_CUT]

    def _chained(self) -> list[Name]:
        """The names that have a record, in canonical order (RFC 4034 §6.1)."""
        names = self.zone.nodes if self.kind is Kind.NSEC else self.zone.names
        return sorted(one for one in names if not self._is_below_a_cut(one) and not self._is_left_out(one))

    def _is_below_a_cut(self, name: Name) -> bool:
        return any(RdataType.NS in self.zone.nodes.get(above, {}) for above in self._between(name))

    def _between(self, name: Name) -> list[Name]:
        """The names below the origin and above this one."""
        return [name.split(depth)[1] for depth in range(len(self.zone.origin) + 1, len(name))]

    def _is_left_out(self, name: Name) -> bool:
        node = self.zone.nodes.get(name, {})
        is_unsigned_cut = RdataType.NS in node and name != self.zone.origin and RdataType.DS not in node
        return self.kind is Kind.OPT_OUT and is_unsigned_cut

    def _closest(self, name: Name) -> Name:
        """The closest encloser."""
        return name if name in self.zone.names else self._closest(name.parent())

    def _next_closer(self, name: Name) -> Name:
        return name.split(len(self._closest(name)) + 1)[1]

    def _wildcard(self, name: Name) -> Name:
        return dns.name.Name((b"*", *self._closest(name).labels))

    def _hashes(self) -> list[str]:
        return sorted(map(self._hash, self._chained()))

    def _hash(self, name: Name) -> str:
        return dns.dnssec.nsec3_hash(name, "", self.iterations, 1).lower()


def _once(records: list[RRset]) -> list[RRset]:
    return list({(one.name, one.rdtype): one for one in records}.values())
