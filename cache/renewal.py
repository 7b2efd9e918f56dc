"""Has the parent confirmed the delegation under which this was heard, so that it may still be given stale?

A lease ends with the delegation that was known when an entry was heard. If the parent, asked anew, still delegates the name
to the very server that said it, the delegation has not ended, and neither has the right to give the last good answer. Only a
live NS RRset in the parent's own words counts: what a zone says of itself renews nothing, or a withdrawn zone would keep
itself alive (ghost domains, CVE-2012-1033). That NS RRset has the leases of all zones above in its own, and hands on no more.
"""

import ipaddress
from collections.abc import Iterator

from cache.names import ROOT, WireName, ancestors, fold, parent
from cache.rrset import Entry, Rank, RRset
from cache.rrtypes import AAAA, CNAME, DS, NS, A
from cache.store import RRsetCache


def renew_leases(cache: RRsetCache, owner: WireName, qtype: int, now: float) -> None:
    """Give those entries of `owner` that speak to a question for qtype the lease of today's delegation, if they may have it."""
    node = cache.peek_node(owner)
    for entry in node.entries if node is not None else ():
        if entry.lease <= now and entry.rtype in (qtype, None, CNAME) and entry.rank > Rank.ADDITIONAL:
            lease = renewed_lease(cache, entry, now)
            if lease is not None:
                cache.renew(entry, lease)


def renewed_lease(cache: RRsetCache, entry: Entry, now: float) -> float | None:
    """The end of today's delegation of the zone of `entry`; None unless it names the server that said `entry`."""
    name_servers = _delegation_of(cache, entry, now)
    if name_servers is None or not any(entry.source == said for said in _addresses(cache, name_servers, now)):
        return None
    return name_servers.expires


def _delegation_of(cache: RRsetCache, entry: Entry, now: float) -> RRset | None:
    """The closest live NS RRset, if it is the parent's."""
    name = parent(entry.owner) if entry.rtype == DS else entry.owner  # a DS RRset is heard from the parent
    for zone in ancestors(name):
        if zone == ROOT:
            return None  # nobody delegates the root, and so nothing that it says has a lease
        known = _live(cache, zone, NS, now)
        if known is not None:
            return known if known.rank == Rank.ADDITIONAL else None
    return None


def _addresses(cache: RRsetCache, name_servers: RRset, now: float) -> Iterator[str]:
    for rdata in name_servers.rdatas:
        for rtype in (A, AAAA):
            known = _live(cache, fold(rdata), rtype, now)
            for address in known.rdatas if known is not None else ():
                if len(address) in (4, 16):
                    yield str(ipaddress.ip_address(address))


def _live(cache: RRsetCache, owner: WireName, rtype: int, now: float) -> RRset | None:
    """The newest RRset of this type, from a referral too, that has not expired."""
    node = cache.peek_node(owner)
    for one in node.entries if node is not None else ():
        if isinstance(one, RRset) and one.rtype == rtype and now < one.expires:
            return one
    return None
