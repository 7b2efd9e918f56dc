"""One server: it counts what it is asked, and what it is asked next is answered by what it serves now."""

from random import Random

import dns.message
import dns.name

from resolver.demo.authority import Transport
from resolver.demo.behaviour import Silent
from resolver.demo.server import Server
from resolver.demo.zone import parse_record, parse_zone

ZONE = parse_zone("$ORIGIN z.test.\n@ 60 SOA ns1 h 1 1 1 1 1\n@ 60 NS ns1\nwww 60 A 192.0.2.9")


def ask(server: Server, qname: str = "www.z.test.", seed: int = 0) -> str:
    query = dns.message.make_query(qname, "A").to_wire()
    said = server.answer(query, Transport.UDP, Random(seed))
    return dns.message.from_wire(said[0].message).answer[0][0].to_text() if said else "silence"


def test_a_server_answers_after_its_delay() -> None:
    server = Server("near", ("192.0.2.1",), [(ZONE,)], delay=0.03)
    query = dns.message.make_query("www.z.test.", "A").to_wire()
    assert [one.after for one in server.answer(query, Transport.UDP, Random(0))] == [0.03]


def test_queries_are_counted_by_name_and_type_also_those_that_get_no_answer() -> None:
    server = Server("one", ("192.0.2.1",), [(ZONE,)], behaviours=(Silent(),))
    for qname in ("www.z.test.", "WWW.z.test.", "other.z.test."):
        assert ask(server, qname) == "silence"
    server.answer(b"garbage", Transport.UDP, Random(0))
    assert (server.times_asked(), server.times_asked("www.z.test."), server.times_asked("www.z.test.", "AAAA")) == (
        3,
        2,
        0,
    )
    server.forget_asked()
    assert server.times_asked() == 0


def test_a_changed_zone_is_answered_from_at_once() -> None:
    server = Server("one", ("192.0.2.1",), [(ZONE,)])
    (changed,) = server.change(ZONE.origin, lambda zone: zone.with_rrset(parse_record("www.z.test. 60 A 192.0.2.10")))
    assert ask(server) == "192.0.2.10"
    assert changed.origin == ZONE.origin


def test_a_zone_that_is_not_served_here_is_not_changed() -> None:
    server = Server("one", ("192.0.2.1",), [(ZONE,)])
    assert server.change(dns.name.from_text("other.test."), lambda zone: zone) == []


def test_of_several_versions_one_is_picked_for_each_query() -> None:
    other = ZONE.with_rrset(parse_record("www.z.test. 60 A 192.0.2.10"))
    server = Server("weighted", ("192.0.2.1",), [(ZONE,), (other,)])
    assert {ask(server, seed=seed) for seed in range(20)} == {"192.0.2.9", "192.0.2.10"}
