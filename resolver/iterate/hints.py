"""Where does recursion begin before anything is known? At the addresses in a root hints file, read as zone-file text."""

import dns.exception
import dns.rdatatype
import dns.zonefile

from cache.names import ROOT, WireName, from_text
from resolver.env import Address
from resolver.iterate.delegation import Delegation, Origin


class BadHints(ValueError):
    """The text is no root hints file; the message says why."""


def parse_hints(text: str, port: int) -> Delegation:
    """The root's delegation; its servers listen on `port`. Raises BadHints, also when no address is in it."""
    try:
        rrsets = dns.zonefile.read_rrsets(text, rdclass=None, default_rdclass="IN", default_ttl=3600, relativize=False)
    except (dns.exception.DNSException, ValueError) as error:
        raise BadHints(f"root hints: {error}") from error
    name_servers: list[WireName] = []
    addresses: dict[WireName, list[Address]] = {}
    for rrset in rrsets:
        owner = from_text(rrset.name.to_text())
        for rdata in rrset:
            if rrset.rdtype == dns.rdatatype.NS and owner == ROOT:
                name_servers.append(from_text(rdata.to_text()))
            elif rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
                addresses.setdefault(owner, []).append(Address(rdata.to_text(), port))
    servers = tuple(address for name in name_servers for address in addresses.get(name, ()))
    if not servers:
        raise BadHints("root hints: no NS of the root with an address")
    return Delegation(zone=ROOT, origin=Origin.HINTS, servers=servers)
