"""What has any authority ever published? The oracle of «nothing poisoned, nothing invented», and of what is true now."""

from collections.abc import Iterable
from typing import NamedTuple

import dns.name
from dns.name import Name
from dns.rcode import Rcode
from dns.rdatatype import RdataType
from dns.rrset import RRset

from resolver.demo.zone import Alias, Denial, Finding, Found, Referral, TooLong, Zone

MAX_ALIASES = 11  # scenario 18


class Outcome(NamedTuple):
    """What a question comes to in the end: rdatas as text."""

    rcode: Rcode
    rdatas: frozenset[str] = frozenset()


class Published:
    """All versions of all zones, since the beginning."""

    def __init__(self, zones: Iterable[Zone]) -> None:
        self._versions: dict[Name, list[Zone]] = {}
        self._memo: dict[tuple[Name, RdataType], list[Finding]] = {}
        self.note(zones)

    def note(self, zones: Iterable[Zone]) -> None:
        """These versions are served from now on."""
        self._memo.clear()
        for zone in zones:
            versions = self._versions.setdefault(zone.origin, [])
            if not any(zone is version for version in versions):
                versions.append(zone)

    def findings(self, name: Name, rtype: RdataType) -> list[Finding]:
        """What each version of the closest zone says to this question."""
        if (name, rtype) not in self._memo:
            self._memo[name, rtype] = [zone.find(name, rtype) for zone in self._closest(name, rtype)]
        return self._memo[name, rtype]

    def rrsets(self, name: Name, rtype: RdataType) -> list[RRset]:
        """Every RRset of that name and type that was ever given out, synthesized ones included."""
        found: list[RRset] = []
        for finding in self.findings(name, rtype):
            match finding:
                case Found(rrset):
                    found.append(rrset)
                case Alias(rrsets):
                    found += rrsets
                case TooLong(dname):
                    found.append(dname)
                case _:
                    pass
        return [rrset for rrset in found if rrset.name == name and rrset.rdtype == rtype]

    def negative_ttl(self, apex: Name) -> int:
        """The longest TTL that the SOA of that zone ever had in a negative answer; 0 when there is no such zone."""
        return max((zone.negative_soa.ttl for zone in self._versions.get(apex, [])), default=0)

    def was_denied(self, name: Name, rtype: RdataType, *, is_nxdomain: bool) -> bool:
        """Was there ever no such name (or no such type at it)?"""
        denials = (finding for finding in self.findings(name, rtype) if isinstance(finding, Denial))
        return any(denial.is_nxdomain == is_nxdomain for denial in denials)

    def was_too_long(self, name: Name, rtype: RdataType) -> bool:
        """Did a DNAME ever lead from here to a name that is too long?"""
        return any(isinstance(finding, TooLong) for finding in self.findings(name, rtype))

    def outcomes(self, name: Name, rtype: RdataType, aliases: int = 0) -> set[Outcome]:
        """Everything that the question can come to, by any version of each link; a failure where no server can say more."""
        if aliases > MAX_ALIASES:
            return {Outcome(Rcode.SERVFAIL)}
        found: set[Outcome] = set()
        for finding in self.findings(name, rtype):
            match finding:
                case Found(rrset):
                    found.add(Outcome(Rcode.NOERROR, frozenset(rdata.to_text() for rdata in rrset)))
                case Denial(is_nxdomain):
                    found.add(Outcome(Rcode.NXDOMAIN if is_nxdomain else Rcode.NOERROR))
                case TooLong():
                    found.add(Outcome(Rcode.YXDOMAIN))
                case Referral():
                    found.add(Outcome(Rcode.SERVFAIL))
                case Alias(target=target):
                    found |= self.outcomes(target, rtype, aliases + 1)
        return found

    def _closest(self, name: Name, rtype: RdataType) -> list[Zone]:
        """All versions of the closest zone: of the one above, for the DS at an apex (RFC 4035 §3.1.4.1)."""
        zone = name
        if rtype == RdataType.DS and name != dns.name.root:
            zone = name.parent()
        while zone not in self._versions:
            zone = zone.parent()
        return self._versions[zone]
