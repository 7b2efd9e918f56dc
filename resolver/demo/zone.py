"""What does a zone say of a name? RFC 1034 §4.3.2 over master-file data, with DNAME (RFC 6672) and wildcards (RFC 4592).

Made of dnspython throughout: what Cistern reads is judged by code that shares nothing with Cistern's own codec and cache.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import dns.name
import dns.rdatatype
import dns.rrset
import dns.zone
from dns.name import Name
from dns.rdataset import Rdataset
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.DNAME import DNAME
from dns.rdtypes.ANY.SOA import SOA
from dns.rrset import RRset

Nodes = Mapping[Name, Mapping[RdataType, RRset]]

# RFC 4034 §2.5, RFC 2181 §10.1: these are asked of the owner of an alias itself
# A DS, too, is answered with the alias where there is one, as NSD, Knot and BIND do: no zone begins there
BESIDE_CNAME = frozenset({RdataType.CNAME, RdataType.NSEC, RdataType.RRSIG})


@dataclass(frozen=True, slots=True)
class Found:
    """The RRset asked for, for ANY each one of the name; a wildcard's under the name asked."""

    rrsets: tuple[RRset, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """rrsets: a CNAME, or a DNAME and the CNAME synthesized from it. target: where to go on."""

    rrsets: tuple[RRset, ...]
    target: Name


@dataclass(frozen=True, slots=True)
class TooLong:
    """Substituting by this DNAME gives a name of more than 255 octets (RFC 6672 §2.2)."""

    dname: RRset


@dataclass(frozen=True, slots=True)
class Referral:
    """The NS RRset of a zone cut at or above the name."""

    name_servers: RRset


@dataclass(frozen=True, slots=True)
class Denial:
    """No such name, or no such type at it. soa: with the negative TTL (RFC 2308 §3)."""

    is_nxdomain: bool
    soa: RRset


Finding = Found | Alias | TooLong | Referral | Denial


@dataclass(frozen=True, slots=True)
class Zone:
    """One version of a zone. names: all that exist in it, empty non-terminals and what lies below zone cuts included."""

    origin: Name
    nodes: Nodes
    names: frozenset[Name]

    def find(self, qname: Name, qtype: RdataType) -> Finding:
        """What the zone says to this question; `qname` is at or below the origin."""
        for name in _path(self.origin, qname):
            if name not in self.names:
                return self._find_wildcard(name.parent(), qname, qtype)
            node = self.nodes.get(name, {})
            is_parents_ds = qtype == RdataType.DS and name == qname  # RFC 4035 §3.1.4.1
            if RdataType.NS in node and name != self.origin and not is_parents_ds:
                return Referral(node[RdataType.NS])
            if RdataType.DNAME in node and name != qname:
                return _substituted(node[RdataType.DNAME], qname)
        return self._find_at(qname, qname, qtype)

    @property
    def negative_soa(self) -> RRset:
        """The SOA as negative answers bring it: with the negative TTL (RFC 2308 §3)."""
        soa = self.nodes[self.origin][RdataType.SOA]
        rdata = soa[0]
        assert isinstance(rdata, SOA)
        return dns.rrset.from_rdata(soa.name, min(soa.ttl, rdata.minimum), rdata)

    def addresses(self, rrset: RRset) -> tuple[RRset, ...]:
        """What the zone knows of the addresses of the name servers in `rrset`, glue included."""
        names = [rdata.to_text() for rdata in rrset]
        nodes = (self.nodes.get(dns.name.from_text(name), {}) for name in names)
        return tuple(node[rtype] for node in nodes for rtype in (RdataType.A, RdataType.AAAA) if rtype in node)

    def with_rrset(self, rrset: RRset) -> "Zone":
        """The zone with `rrset` in place of what it had of that owner and type, and of what may not stand beside it."""
        is_alias = rrset.rdtype == RdataType.CNAME
        beside = {} if is_alias else dict(self.nodes.get(rrset.name, {}))
        beside.pop(RdataType.CNAME, None)
        return _zone(self.origin, {**self.nodes, rrset.name: {**beside, rrset.rdtype: rrset}})

    def without(self, name: Name, rtype: RdataType) -> "Zone":
        """The zone without that RRset; without the name if it held nothing else."""
        node = {of: rrset for of, rrset in self.nodes.get(name, {}).items() if of != rtype}
        nodes = {owner: of for owner, of in self.nodes.items() if owner != name}
        return _zone(self.origin, {**nodes, name: node} if node else nodes)

    def without_tree(self, name: Name) -> "Zone":
        """The zone without anything at or below that name."""
        return _zone(self.origin, {owner: of for owner, of in self.nodes.items() if not owner.is_subdomain(name)})

    def _find_at(self, owner: Name, qname: Name, qtype: RdataType) -> Finding:
        node = self.nodes.get(owner, {})
        if qtype == RdataType.ANY and node:
            return Found(tuple(_owned_by(qname, rrset) for rrset in node.values()))
        if qtype in node:
            return Found((_owned_by(qname, node[qtype]),))
        if RdataType.CNAME in node and qtype not in BESIDE_CNAME:
            alias = _owned_by(qname, node[RdataType.CNAME])
            return Alias((alias,), _target(alias))
        return Denial(False, self.negative_soa)

    def _find_wildcard(self, closest_encloser: Name, qname: Name, qtype: RdataType) -> Finding:
        source = dns.name.Name((b"*", *closest_encloser.labels))
        if source in self.names:
            return self._find_at(source, qname, qtype)
        return Denial(True, self.negative_soa)


def read_zone(path: Path) -> Zone:
    """The zone in a master file that begins with $ORIGIN; raises dns.exception.DNSException."""
    return parse_zone(path.read_text())


def parse_zone(text: str) -> Zone:
    """The zone in master-file text that begins with $ORIGIN; raises dns.exception.DNSException."""
    zone = dns.zone.from_text(text, relativize=False)
    assert zone.origin is not None
    nodes: dict[Name, dict[RdataType, RRset]] = {}
    for owner, rdataset in zone.iterate_rdatasets():
        nodes.setdefault(owner, {})[rdataset.rdtype] = _rrset(owner, rdataset)
    return _zone(zone.origin, nodes)


def parse_record(text: str) -> RRset:
    """The RRset of one record: `owner ttl type rdata`, absolute names."""
    owner, ttl, rtype, rdata = text.split(maxsplit=3)
    return dns.rrset.from_text(owner, int(ttl), "IN", rtype, rdata)


def closest_zone(zones: Iterable[Zone], name: Name) -> Zone | None:
    """The zone with the longest origin that `name` is at or below; None when there is none."""
    around = [zone for zone in zones if name.is_subdomain(zone.origin)]
    return max(around, key=lambda zone: len(zone.origin), default=None)


def _zone(origin: Name, nodes: Nodes) -> Zone:
    return Zone(origin, nodes, frozenset(name for owner in nodes for name in _path(origin, owner)))


def _path(origin: Name, name: Name) -> Iterator[Name]:
    """The names from `origin` down to `name`."""
    for depth in range(len(origin), len(name) + 1):
        yield name.split(depth)[1]


def _owned_by(owner: Name, rrset: RRset) -> RRset:
    return rrset if owner == rrset.name else _rrset(owner, rrset)


def _rrset(owner: Name, rdatas: Rdataset) -> RRset:
    return dns.rrset.from_rdata_list(owner, rdatas.ttl, list(rdatas))


def _target(alias: RRset) -> Name:
    rdata = alias[0]
    assert isinstance(rdata, CNAME | DNAME)
    return rdata.target


def _substituted(dname: RRset, qname: Name) -> Alias | TooLong:
    prefix = qname.relativize(dname.name)
    try:
        target = prefix.concatenate(_target(dname))
    except dns.name.NameTooLong:
        return TooLong(dname)
    cname = dns.rrset.from_text(qname, dname.ttl, "IN", "CNAME", target.to_text())
    return Alias((dname, cname), target)
