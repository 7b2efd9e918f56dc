"""Where does recursion begin before anything is known? At the addresses in a root hints file, or at those built in."""

from typing import Final

from cache.names import ROOT, WireName, from_text
from resolver.env import Address
from resolver.iterate.delegation import Delegation, Origin

# The root zone's name servers, of 2024041801; conf/root.hints says the same. They change once in some years, and priming
# finds out what holds today as long as one of them still answers.
ROOT_SERVERS: Final = """
a 198.41.0.4 2001:503:ba3e::2:30
b 170.247.170.2 2801:1b8:10::b
c 192.33.4.12 2001:500:2::c
d 199.7.91.13 2001:500:2d::d
e 192.203.230.10 2001:500:a8::e
f 192.5.5.241 2001:500:2f::f
g 192.112.36.4 2001:500:12::d0d
h 198.97.190.53 2001:500:1::53
i 192.36.148.17 2001:7fe::53
j 192.58.128.30 2001:503:c27::2:30
k 193.0.14.129 2001:7fd::1
l 199.7.83.42 2001:500:9f::42
m 202.12.27.33 2001:dc3::35
"""


class BadHints(ValueError):
    """The text is no root hints file; the message says why."""


def built_in_hints(port: int) -> Delegation:
    """The root's delegation where nobody has named other servers; they listen on `port`."""
    hosts = [host for line in ROOT_SERVERS.split("\n") for host in line.split()[1:]]
    return Delegation(zone=ROOT, origin=Origin.HINTS, servers=tuple(Address(host, port) for host in hosts))


def parse_hints(text: str, port: int) -> Delegation:
    """The root's delegation; its servers listen on `port`. Raises BadHints, also when no address is in it."""
    import dns.exception  # dnspython's zone files take a tenth of a start, and hardly anybody has other root servers
    import dns.rdatatype
    import dns.zonefile

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
