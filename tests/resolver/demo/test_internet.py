"""The small internet of fixtures/: whole, coherent, and changeable while it runs."""

from random import Random

import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from cache.names import ROOT
from resolver.demo.authority import Transport
from resolver.demo.behaviour import Fails, Lame, Silent
from resolver.demo.internet import Internet, build_internet, read_fixtures
from resolver.demo.zone import closest_zone
from resolver.iterate import parse_hints

NOWHERE = {"cycle-a.test.", "cycle-b.example."}  # delegated in a circle, on purpose


@pytest.fixture
def internet() -> Internet:
    return build_internet(read_fixtures())


def said_by(internet: Internet, server: str, qname: str, qtype: str = "A") -> str:
    query = dns.message.make_query(qname, qtype).to_wire()
    deliveries = internet.servers[server].answer(query, Transport.UDP, Random(0))
    if not deliveries:
        return "silence"
    message = dns.message.from_wire(deliveries[0].message)
    return " ".join([message.rcode().name, *(rdata.to_text() for rrset in message.answer for rdata in rrset)])


def test_every_delegation_leads_to_a_zone_with_the_same_name_servers(internet: Internet) -> None:
    zones = {zone.origin: zone for zone in internet.zones()}
    for zone in internet.zones():
        for owner, node in zone.nodes.items():
            if dns.rdatatype.NS in node and owner != zone.origin and owner.to_text() not in NOWHERE:
                assert zones[owner].nodes[owner][dns.rdatatype.NS] == node[dns.rdatatype.NS], owner


def test_every_name_server_has_the_address_of_a_server_and_glue_tells_the_truth(internet: Internet) -> None:
    zones = internet.zones()
    addresses = {address for server in internet.servers.values() for address in server.addresses}
    for zone in zones:
        for owner, node in zone.nodes.items():
            if dns.rdatatype.A in node and owner.labels[0].startswith(b"ns"):
                assert {rdata.to_text() for rdata in node[dns.rdatatype.A]} <= addresses, owner
                closest = closest_zone(zones, owner)
                assert closest is not None
                assert closest.nodes[owner][dns.rdatatype.A] == node[dns.rdatatype.A], owner


def test_no_two_servers_share_an_address(internet: Internet) -> None:
    addresses = [address for server in internet.servers.values() for address in server.addresses]
    assert len(addresses) == len(set(addresses))
    assert all(address.startswith("127.53.0.") for address in addresses)


def test_there_are_a_dozen_zones_and_more(internet: Internet) -> None:
    assert len({zone.origin for zone in internet.zones()}) >= 12 + 3


def test_the_hints_are_a_root_hints_file(internet: Internet) -> None:
    hints = parse_hints(internet.root_hints, internet.port)
    assert hints.zone == ROOT
    assert [str(address) for address in hints.servers] == ["127.53.0.1:5301", "127.53.0.2:5301"]


def test_a_broken_server_is_broken_until_it_is_healed(internet: Internet) -> None:
    assert said_by(internet, "dst", "www.dst.test.") == "NOERROR 198.51.100.1"
    internet.break_server("dst")
    assert said_by(internet, "dst", "www.dst.test.") == "silence"
    internet.break_server("dst", Fails())
    assert said_by(internet, "dst", "www.dst.test.") == "SERVFAIL"
    internet.heal_server("dst")
    assert said_by(internet, "dst", "www.dst.test.") == "NOERROR 198.51.100.1"


def test_a_healed_server_behaves_as_usual_with_it(internet: Internet) -> None:
    internet.break_server("lame", Silent())
    internet.heal_server("lame")
    assert internet.servers["lame"].behaviours == (Lame(),)


def test_a_record_is_published_on_every_server_of_its_zone(internet: Internet) -> None:
    internet.publish("www.multi.example. 20 A 198.51.100.99")
    assert [said_by(internet, name, "www.multi.example.") for name in ("near", "far")] == ["NOERROR 198.51.100.99"] * 2
    internet.withdraw("www.multi.example.", "A")
    assert said_by(internet, "near", "www.multi.example.") == "NOERROR", "AAAA is left"


def test_a_parent_zone_keeps_out_of_what_is_delegated(internet: Internet) -> None:
    changed = internet.publish("new.dst.test. 20 A 198.51.100.99")
    assert [zone.origin.to_text() for zone in changed] == ["dst.test."]


def test_a_weighted_alias_has_several_versions(internet: Internet) -> None:
    server = internet.servers["volatile"]
    query = dns.message.make_query("weighted.volatile.test.", "A").to_wire()
    said = [server.answer(query, Transport.UDP, Random(seed))[0].message for seed in range(20)]
    targets = {dns.message.from_wire(message).answer[0][0].to_text() for message in said}
    assert targets == {"blue.right.example.", "green.right.example."}
