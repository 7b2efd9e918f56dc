"""What does an authoritative server answer? Zones in, response octets out; no I/O, no state but a memo.

Aliases are followed through all zones of the server, as NSD does; a resolver must not believe what is not the asked server's
to say, and this gives it the opportunity.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, assert_never

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rdataclass
from dns.name import Name
from dns.rcode import Rcode
from dns.rdatatype import RdataType
from dns.rrset import RRset

from resolver.demo.zone import Alias, Denial, Found, Referral, TooLong, Zone, closest_zone

HEADER_OCTETS: Final = 12
QUESTION_FIXED_OCTETS: Final = 4  # type and class
PLAIN_UDP_OCTETS: Final = 512  # RFC 1035 §4.2.1
EDNS_PAYLOAD: Final = 1232  # DNS Flag Day 2020
TCP_OCTETS: Final = 65535
MAX_ALIASES: Final = 16  # followed in one response; a loop ends here
MAX_MEMO: Final = 4096  # responses kept; the whole small internet has fewer
QR_OCTET: Final = 0x80  # of the header's third


class Transport(Enum):
    """What a query came over."""

    UDP = "udp"
    TCP = "tcp"


@dataclass(slots=True)
class Said:
    """The sections of a response before there is a message."""

    rcode: Rcode = Rcode.NOERROR
    is_authoritative: bool = True
    answer: list[RRset] = field(default_factory=list)
    authority: list[RRset] = field(default_factory=list)
    additional: list[RRset] = field(default_factory=list)


def look_up(zones: Iterable[Zone], qname: Name, qtype: RdataType) -> Said:
    """The answer that these zones give together."""
    zones = tuple(zones)
    said = Said()
    name = qname
    for _ in range(MAX_ALIASES):
        zone = _zone_for(zones, name, qtype)
        if zone is None:
            return said if said.answer else Said(Rcode.REFUSED, is_authoritative=False)
        finding = zone.find(name, qtype)
        if not isinstance(finding, Alias):
            _end(said, zone, finding)
            return said
        said.answer += [rrset for rrset in finding.rrsets if rrset not in said.answer]
        name = finding.target
    return said


class Authority:
    """An authoritative server's zones. The same query but for ID and letter case gets the same response but for these."""

    def __init__(self, zones: Iterable[Zone]) -> None:
        self.zones = {zone.origin: zone for zone in zones}
        self._memo: dict[tuple[bytes, bytes, bytes, Transport], bytes | None] = {}

    def publish(self, zone: Zone) -> None:
        """Serve this version of the zone from now on."""
        self.zones[zone.origin] = zone
        self._memo.clear()

    def respond(self, query: bytes, transport: Transport) -> bytes | None:
        """The response to these octets; None for silence, where a response could only feed a loop."""
        if len(query) < HEADER_OCTETS or query[2] & QR_OCTET:
            return None
        end = question_end(query)
        key = query[2:HEADER_OCTETS], query[HEADER_OCTETS:end].lower(), query[end:], transport
        if key not in self._memo:
            if len(self._memo) >= MAX_MEMO:
                self._memo.clear()
            self._memo[key] = compose(self.zones.values(), query, transport)
        response = self._memo[key]
        if response is None:
            return None
        return query[:2] + response[2:HEADER_OCTETS] + query[HEADER_OCTETS:end] + response[end:]


def compose(zones: Iterable[Zone], query: bytes, transport: Transport) -> bytes | None:
    """The response to the query in these octets, made without a memo."""
    try:
        asked = dns.message.from_wire(query)
    except (dns.exception.DNSException, ValueError):
        return _bare_formerr(query)
    response = dns.message.make_response(asked, our_payload=EDNS_PAYLOAD)
    if asked.opcode() != dns.opcode.QUERY:
        response.set_rcode(Rcode.NOTIMP)
    elif asked.edns > 0:
        response.set_rcode(Rcode.BADVERS)  # RFC 6891 §6.1.3
    elif len(asked.question) != 1:
        response.set_rcode(Rcode.FORMERR)
    elif asked.question[0].rdclass != dns.rdataclass.IN:
        response.set_rcode(Rcode.REFUSED)
    else:
        _fill(response, look_up(zones, asked.question[0].name, asked.question[0].rdtype))
    return response.to_wire(max_size=_limit(asked, transport), prefer_truncation=True, want_shuffle=False)


def question_end(query: bytes) -> int:
    """Where the first question of a message ends; the header's end if there is none to be read."""
    at = HEADER_OCTETS
    while at < len(query) and 0 < query[at] < 64:
        at += 1 + query[at]
    end = at + 1 + QUESTION_FIXED_OCTETS
    return end if end <= len(query) and not query[at] else HEADER_OCTETS


def _zone_for(zones: tuple[Zone, ...], name: Name, qtype: RdataType) -> Zone | None:
    """The closest zone, or the one above it for the DS at its apex (RFC 4035 §3.1.4.1)."""
    zone = closest_zone(zones, name)
    if zone is not None and qtype == RdataType.DS and name == zone.origin and len(name) > 1:
        return closest_zone(zones, name.parent()) or zone
    return zone


def _end(said: Said, zone: Zone, finding: Found | TooLong | Referral | Denial) -> None:
    """Put what ends the chain into the sections; its RCODE is the response's (RFC 6604 §3)."""
    match finding:
        case Found(rrsets):
            said.answer += rrsets
            for rrset in rrsets:
                if rrset.rdtype == RdataType.NS:
                    said.additional += zone.addresses(rrset)
        case TooLong(dname):
            said.answer.append(dname)
            said.rcode = Rcode.YXDOMAIN
        case Referral(name_servers):
            said.is_authoritative = bool(said.answer)  # RFC 1034 §4.3.2: AA speaks of the first owner in the answer
            said.authority.append(name_servers)
            said.additional += zone.addresses(name_servers)
        case Denial(is_nxdomain, soa):
            said.authority.append(soa)
            said.rcode = Rcode.NXDOMAIN if is_nxdomain else Rcode.NOERROR
        case _:
            assert_never(finding)


def _fill(response: dns.message.Message, said: Said) -> None:
    response.answer += said.answer
    response.authority += said.authority
    response.additional += said.additional
    response.set_rcode(said.rcode)
    if said.is_authoritative:
        response.flags |= dns.flags.AA


def _limit(asked: dns.message.Message, transport: Transport) -> int:
    if transport is Transport.TCP:
        return TCP_OCTETS
    return max(PLAIN_UDP_OCTETS, min(asked.payload, EDNS_PAYLOAD)) if asked.edns >= 0 else PLAIN_UDP_OCTETS


def _bare_formerr(query: bytes) -> bytes:
    """A header only: the ID, opcode and RD of the query, and the error."""
    return query[:2] + bytes((QR_OCTET | query[2] & 0x79, Rcode.FORMERR)) + bytes(HEADER_OCTETS - 4)
