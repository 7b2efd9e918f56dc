"""What has any authority ever published? The oracle of «nothing poisoned, nothing invented», and of what is true now."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
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


@dataclass(slots=True)
class Version:
    """One version of a zone, and when it was served: moments on the simulated clock."""

    zone: Zone
    since: float
    until: float = inf


class Told(NamedTuple):
    """An RRset that authorities gave out, and when."""

    rrset: RRset
    since: float
    until: float


class Published:
    """All versions of all zones, since the beginning."""

    def __init__(self, zones: Iterable[Zone]) -> None:
        self._versions: dict[Name, list[Version]] = {}
        self._memo: dict[tuple[Name, RdataType], list[tuple[Finding, Version]]] = {}
        self.note(zones, 0.0)

    def note(self, zones: Iterable[Zone], now: float) -> None:
        """From now on these are the versions of their zones that are served; zones of others stay as they are."""
        zones = list(zones)
        self._memo.clear()
        for origin in {zone.origin: None for zone in zones}:
            serving = [zone for zone in zones if zone.origin == origin]
            versions = self._versions.setdefault(origin, [])
            current = [version for version in versions if version.until == inf]
            for version in current:
                if not any(version.zone is zone for zone in serving):
                    version.until = now
            known = [version.zone for version in current]
            for zone in serving:
                if not any(zone is one for one in known):
                    versions.append(Version(zone, now))
                    known.append(zone)

    def findings(self, name: Name, rtype: RdataType) -> list[Finding]:
        """What each version of the closest zone says to this question."""
        return [finding for finding, _ in self._findings(name, rtype)]

    def told(self, name: Name, rtype: RdataType) -> list[Told]:
        """Every RRset of that name and type that was ever given out, synthesized ones included."""
        found: list[Told] = []
        for finding, version in self._findings(name, rtype):
            rrsets: tuple[RRset, ...] = ()
            match finding:
                case Found(given):
                    rrsets = given
                case Alias(rrsets=given):
                    rrsets = given
                case TooLong(dname):
                    rrsets = (dname,)
                case _:
                    pass
            found += [
                Told(one, version.since, version.until) for one in rrsets if (one.name, one.rdtype) == (name, rtype)
            ]
        return found

    def negative_ttl(self, apex: Name) -> int:
        """The longest TTL that the SOA of that zone ever had in a negative answer; 0 when there is no such zone."""
        return max((version.zone.negative_soa.ttl for version in self._versions.get(apex, [])), default=0)

    def was_denied(self, name: Name, rtype: RdataType, *, is_nxdomain: bool) -> bool:
        """Was there ever no such name (or no such type at it)?"""
        return bool(self.denials(name, rtype, is_nxdomain=is_nxdomain))

    def denials(self, name: Name, rtype: RdataType, *, is_nxdomain: bool) -> list[Told]:
        """The SOAs with which that was denied, and when."""
        return [
            Told(finding.soa, version.since, version.until)
            for finding, version in self._findings(name, rtype)
            if isinstance(finding, Denial) and finding.is_nxdomain == is_nxdomain
        ]

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
                case Found(rrsets):
                    texts = (rdata.to_text() for rrset in rrsets for rdata in rrset)
                    found.add(Outcome(Rcode.NOERROR, frozenset(texts)))
                case Denial(is_nxdomain):
                    found.add(Outcome(Rcode.NXDOMAIN if is_nxdomain else Rcode.NOERROR))
                case TooLong():
                    found.add(Outcome(Rcode.YXDOMAIN))
                case Referral():
                    found.add(Outcome(Rcode.SERVFAIL))
                case Alias(target=target):
                    found |= self.outcomes(target, rtype, aliases + 1)
        return found

    def _findings(self, name: Name, rtype: RdataType) -> list[tuple[Finding, Version]]:
        if (name, rtype) not in self._memo:
            versions = self._closest(name, rtype)
            self._memo[name, rtype] = [(version.zone.find(name, rtype), version) for version in versions]
        return self._memo[name, rtype]

    def _closest(self, name: Name, rtype: RdataType) -> list[Version]:
        """All versions of the closest zone: of the one above, for the DS at an apex (RFC 4035 §3.1.4.1)."""
        zone = name
        if rtype == RdataType.DS and name != dns.name.root:
            zone = name.parent()
        while zone not in self._versions:
            zone = zone.parent()
        return self._versions[zone]
