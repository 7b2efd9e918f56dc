"""An authoritative server whose zones are signed: what it says to who sets DO has signatures and proofs (RFC 4035 §3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rrset
from dns.message import Message
from dns.name import Name
from dns.rcode import Rcode
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rrset import RRset

from resolver.demo.authority import EDNS_PAYLOAD, TCP_OCTETS, Authority, Transport
from resolver.demo.zone import Zone, closest_zone, parse_record
from tests.signing import DAY, WALL, SignedZone
from tests.simulation.denials import Denials, Kind

OF_DNSSEC: Final = frozenset({RdataType.RRSIG, RdataType.NSEC, RdataType.NSEC3})
MONTH: Final = 30 * DAY


class Flaw(Enum):
    """What is wrong with what a server signs."""

    NONE = "nothing"
    EXPIRED = "the signatures have ended"
    EARLY = "the signatures have not begun"
    FORGED = "the signatures are of something else"
    UNSIGNED = "a copy from before the zone was signed"
    HOLLOW = "nothing but that names which have only others below them are denied"


@dataclass(slots=True)
class Signer:
    """A zone's key, and how it denies."""

    keys: SignedZone
    kind: Kind = Kind.NSEC
    iterations: int = 0
    _made: dict[tuple[str, float, float], RRset] = field(default_factory=dict)

    def rrsig(self, rrset: RRset, owner: Name, flaw: Flaw) -> RRset:
        """The signature of records, for those that have this owner."""
        at = WALL + DAY if flaw is Flaw.EARLY else WALL - MONTH
        until = WALL - DAY if flaw is Flaw.EXPIRED else WALL + MONTH
        key = rrset.to_text(), at, until
        if key not in self._made:
            rdata = self.keys.rrsig(rrset, at=at, until=until)
            self._made[key] = dns.rrset.from_rdata(rrset.name, rrset.ttl, rdata)
        rdata = self._made[key][0]
        if flaw is Flaw.FORGED:
            rdata = rdata.replace(signature=bytes(reversed(rdata.signature)))
        return dns.rrset.from_rdata(owner, rrset.ttl, rdata)

    def denials(self, zone: Zone) -> Denials:
        return Denials(zone, self.kind, self.iterations)


class SigningAuthority(Authority):
    """Zones, of which those with a signer are signed. flaw: may be changed at any time."""

    def __init__(self, zones: Iterable[Zone], signers: Mapping[Name, Signer]) -> None:
        zones = [_with_keys(zone, signers[zone.origin]) if zone.origin in signers else zone for zone in zones]
        super().__init__(zones)
        self.signers = signers
        self.flaw = Flaw.NONE

    def respond(self, query: bytes, transport: Transport) -> bytes | None:
        plain = super().respond(query, Transport.TCP)
        if plain is None:
            return None
        asked, response = dns.message.from_wire(query), dns.message.from_wire(plain)
        if self.flaw is Flaw.UNSIGNED:
            self._forget_keys(response)
        elif asked.ednsflags & dns.flags.DO:
            response.want_dnssec(True)
            self._dress(response)
        name = response.question[0].name
        if self.flaw is Flaw.HOLLOW and any(name in one.names and name not in one.nodes for one in self.zones.values()):
            response.set_rcode(Rcode.NXDOMAIN)
        limit = TCP_OCTETS if transport is Transport.TCP else EDNS_PAYLOAD
        return response.to_wire(max_size=limit, prefer_truncation=True, want_shuffle=False)

    def _dress(self, response: Message) -> None:
        """Put in what proves it."""
        self._show_nsec(response)
        answer, authority = response.answer, response.authority
        response.answer, response.authority = [], []
        name, beside = response.question[0].name, list[RRset]()
        for place, rrset in enumerate(answer):
            is_made = rrset.rdtype == RdataType.CNAME and place > 0 and answer[place - 1].rdtype == RdataType.DNAME
            response.answer.append(rrset)
            if not is_made:
                beside += self._sign(rrset, response.answer)
            if rrset.rdtype == RdataType.CNAME and rrset.name == name:
                name = _target(rrset)
        for rrset in (*authority, *beside):
            response.authority.append(rrset)
            zone = self._zone_of(rrset)
            if rrset.rdtype == RdataType.NS and zone is not None and rrset.name != zone.origin:
                for one in self._of_cut(zone, rrset.name):
                    response.authority.append(one)
                    self._sign(one, response.authority)
                continue
            self._sign(rrset, response.authority)
            if rrset.rdtype == RdataType.SOA:
                self._deny(name, zone, response)

    def _show_nsec(self, response: Message) -> None:
        """Who asks for a name's NSEC record gets it where it has one, in an answer and not in a denial."""
        question = response.question[0]
        if question.rdtype != RdataType.NSEC or response.answer or response.rcode() != Rcode.NOERROR:
            return
        zone = closest_zone(self.zones.values(), question.name)
        signer = self.signers.get(zone.origin) if zone is not None else None
        if zone is None or signer is None or not response.authority or response.authority[0].rdtype != RdataType.SOA:
            return
        found = signer.denials(zone).no_type(question.name)
        if found and found[0].rdtype == RdataType.NSEC and found[0].name == question.name:
            response.answer, response.authority = found[:1], []

    def _sign(self, rrset: RRset, section: list[RRset]) -> list[RRset]:
        """Put its signature in; returns what proves that it is rightly a wildcard's."""
        zone = self._zone_of(rrset)
        signer = self.signers.get(zone.origin) if zone is not None else None
        if zone is None or signer is None:
            return []
        source, proof = rrset, list[RRset]()
        if rrset.name not in zone.nodes and rrset.rdtype not in OF_DNSSEC:
            denials = signer.denials(zone)
            source = dns.rrset.from_rdata_list(denials._wildcard(rrset.name), rrset.ttl, list(rrset))
            proof = denials.no_closer(rrset.name)
        section.append(signer.rrsig(source, rrset.name, self.flaw))
        return proof

    def _deny(self, name: Name, zone: Zone | None, response: Message) -> None:
        signer = self.signers.get(zone.origin) if zone is not None else None
        if zone is None or signer is None:
            return
        denials = signer.denials(zone)
        found = denials.no_name(name) if response.rcode() == Rcode.NXDOMAIN else denials.no_type(name)
        for one in found:
            response.authority.append(one)
            self._sign(one, response.authority)

    def _of_cut(self, zone: Zone, name: Name) -> list[RRset]:
        """The DS RRset beside a referral, or what proves that there is none."""
        signer = self.signers.get(zone.origin)
        if signer is None:
            return []
        ds = zone.nodes[name].get(RdataType.DS)
        return [ds] if ds is not None else signer.denials(zone).no_type(name)

    def _zone_of(self, rrset: RRset) -> Zone | None:
        is_parents = rrset.rdtype == RdataType.DS and rrset.name != dns.name.root
        return closest_zone(self.zones.values(), rrset.name.parent() if is_parents else rrset.name)

    def _forget_keys(self, response: Message) -> None:
        if response.question[0].rdtype == RdataType.DNSKEY and response.answer:
            zone = self._zone_of(response.answer[0])
            assert zone is not None
            response.answer, response.authority = [], [zone.negative_soa]


def _with_keys(zone: Zone, signer: Signer) -> Zone:
    return zone.with_rrset(parse_record(signer.keys.dnskey))


def _target(rrset: RRset) -> Name:
    alias = rrset[0]
    assert isinstance(alias, CNAME)
    return alias.target
