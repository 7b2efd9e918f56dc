"""Whom would be asked?"""

from cache.failures import Failures, ServerFailures
from cache.names import ROOT, from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Entry, Rank
from cache.store import RRsetCache
from resolver.engine import Memory
from resolver.env import Address
from resolver.iterate.delegation import Delegation, Origin, configured
from resolver.iterate.options import ForwardZone, RecursionOptions
from resolver.policy.whom import Known, next_query, servers_of
from resolver.upstream.learning import DEAD_AFTER, SAMPLES, note_lame, note_refusal, note_reply
from tests.build import question, rrset

NOW = 10.0
HINTS = Delegation(zone=ROOT, origin=Origin.HINTS, servers=(Address("192.0.2.250", 53),))
NS = rrset("example. 60 NS ns1.example.\nexample. 60 NS ns.other.", rank=Rank.ADDITIONAL)
GLUE = rrset("ns1.example. 60 A 192.0.2.1\nns1.example. 60 A 192.0.2.2", rank=Rank.ADDITIONAL)
GLUE_6 = rrset("ns1.example. 5 AAAA 2001:db8::1", rank=Rank.ADDITIONAL)


def known(*entries: Entry, options: RecursionOptions | None = None, forward: tuple[ForwardZone, ...] = ()) -> Known:
    cache = RRsetCache(CacheOptions())
    for entry in entries:
        assert cache.put(entry, entry.received)
    return Known(
        memory=Memory(cache, Failures(), ServerFailures()),
        hints=HINTS,
        zones=configured(forward, ()),
        options=options or RecursionOptions(),
        stale=StaleOptions(),
    )


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


WWW = question("www.example. A")


def test_the_first_query_is_told_with_the_servers_in_the_order_in_which_they_are_likely_to_be_asked() -> None:
    here = known(NS, GLUE)
    note_reply(here.memory.servers.of(Address("192.0.2.2", 53)), 0.012, 1.0)
    assert next_query(WWW, here, NOW) == (
        "www.example. A from the servers of example.: 192.0.2.2 (ns1.example., 12 ms), "
        "192.0.2.1 (ns1.example., not heard yet), ns.other. (its address would be looked up)"
    )
    assert here.memory.servers.peek(Address("192.0.2.1", 53)) is None


def test_what_a_server_is_not_shown_of_the_name_is_told() -> None:
    here = known()
    assert next_query(question("a.www.example. AAAA"), here, NOW) == (
        "a.www.example. AAAA, of which example. A is shown, from the root servers of the hints: 192.0.2.250 (not heard yet)"
    )
    assert next_query(question("example. DS"), here, NOW).startswith("example. DS from the root servers")
    off = known(options=RecursionOptions(qname_minimisation="off"))
    assert next_query(question("a.www.example. AAAA"), off, NOW).startswith("a.www.example. AAAA from ")


def test_a_forwarder_is_shown_the_whole_name() -> None:
    here = known(forward=(ForwardZone("example.", ("192.0.2.77:5353",)),))
    expected = "a.www.example. A from the forwarders of example.: 192.0.2.77 (not heard yet)"
    assert next_query(question("a.www.example. A"), here, NOW) == expected


def test_servers_in_doubt_stand_last_with_the_reason() -> None:
    here = known(NS, GLUE)
    first, second = Address("192.0.2.1", 53), Address("192.0.2.2", 53)
    note_lame(here.memory.servers.of(first), NS.owner, NOW)
    for _ in range(DEAD_AFTER):
        note_refusal(here.memory.servers.of(second), NOW)
    text = next_query(WWW, here, NOW)
    assert "192.0.2.1 (ns1.example., not heard yet, lame)" in text
    assert "192.0.2.2 (ns1.example., not heard yet, silent, held down for 1 s)" in text
    here.memory.server_failures.note_failure(first, WWW, NOW)
    assert "192.0.2.1 (ns1.example., not heard yet, failed at this, left alone for 5 s)" in next_query(WWW, here, NOW)


def test_servers_are_ranked_by_what_the_daemon_takes_for_typical() -> None:
    """One that nobody has heard stands behind a slow one, but where those heard for the first time are quick."""
    here = known(NS, GLUE)
    note_reply(here.memory.servers.of(Address("192.0.2.2", 53)), 0.2, 1.0)
    assert next_query(WWW, here, NOW).index("192.0.2.2 ") < next_query(WWW, here, NOW).index("192.0.2.1 ")
    for _ in range(SAMPLES):
        here.memory.typical.note(0.02)
    assert next_query(WWW, here, NOW).index("192.0.2.1 ") < next_query(WWW, here, NOW).index("192.0.2.2 ")


def test_servers_of_a_family_that_does_not_work_here_stand_last() -> None:
    here = known(NS, GLUE, GLUE_6)
    six = Address("2001:db8::1", 53)
    note_reply(here.memory.servers.of(six), 0.001, 1.0)
    assert next_query(WWW, here, 1.0).startswith("www.example. A from the servers of example.: 2001:db8::1 ")
    here.memory.families.note_heard(Address("192.0.2.1", 53), 1.0)
    assert here.memory.families.note_no_route(six, 1.0)
    text = next_query(WWW, here, 1.0)
    assert text.index("192.0.2.1 ") < text.index("2001:db8::1 (ns1.example., 1 ms, IPv6 seems not to work here)")


def test_many_servers_are_cut_short() -> None:
    lines = "\n".join(f"ns1.example. 60 A 192.0.2.{last}" for last in range(1, 7))
    assert next_query(WWW, known(NS, rrset(lines, rank=Rank.ADDITIONAL)), NOW).endswith(", …")
