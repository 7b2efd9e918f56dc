"""Whom would be asked?"""

from cache.names import ROOT, from_text
from cache.options import CacheOptions
from cache.peeking import Peeking
from cache.rrset import RRset, Trust
from cache.servers import Servers
from cache.store import RRsetCache
from resolver.env import Address
from resolver.iterate.delegation import Delegation, Origin, configured
from resolver.iterate.options import ForwardZone, RecursionOptions
from resolver.policy.whom import Known, servers_of
from tests.build import rrset

NOW = 10.0
HINTS = Delegation(zone=ROOT, origin=Origin.HINTS, servers=(Address("192.0.2.250", 53),))
NS = rrset("example. 60 NS ns1.example.\nexample. 60 NS ns.other.", trust=Trust.ADDITIONAL)
GLUE = rrset("ns1.example. 60 A 192.0.2.1\nns1.example. 60 A 192.0.2.2", trust=Trust.ADDITIONAL)
GLUE_6 = rrset("ns1.example. 5 AAAA 2001:db8::1", trust=Trust.ADDITIONAL)


def known(*entries: RRset, options: RecursionOptions | None = None, forward: tuple[ForwardZone, ...] = ()) -> Known:
    cache = RRsetCache(CacheOptions())
    for entry in entries:
        assert cache.put(entry, entry.received)
    return Known(Peeking(cache), Servers(), configured(forward, ()), HINTS, options or RecursionOptions())


def test_the_closest_zone_and_the_addresses_of_its_servers_that_are_in_hand() -> None:
    here = known(NS, GLUE, GLUE_6)
    delegation = here.closest(from_text("www.example."), 1.0)
    assert delegation.zone == from_text("example.")
    assert list(servers_of(delegation, here, 1.0)) == [
        ("ns1.example.", [Address("192.0.2.1", 53), Address("192.0.2.2", 53), Address("2001:db8::1", 53)]),
        ("ns.other.", []),
    ]


def test_addresses_that_have_expired_or_are_of_a_family_that_is_not_used_are_none() -> None:
    here = known(NS, GLUE, GLUE_6, options=RecursionOptions(ipv4=False))
    delegation = here.closest(from_text("www.example."), NOW)
    assert list(servers_of(delegation, here, NOW)) == [("ns1.example.", []), ("ns.other.", [])]


def test_where_nothing_is_known_the_hints_are_asked() -> None:
    here = known()
    assert list(servers_of(here.closest(from_text("www.example."), NOW), here, NOW)) == [("", list(HINTS.servers))]


def test_a_forward_zone_is_its_servers() -> None:
    here = known(NS, GLUE, forward=(ForwardZone("example.", ("192.0.2.77:5353",)),))
    delegation = here.closest(from_text("www.example."), NOW)
    assert list(servers_of(delegation, here, NOW)) == [("", [Address("192.0.2.77", 5353)])]
