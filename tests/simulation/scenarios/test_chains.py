"""Scenarios 14 to 28: chains of aliases, their ends that are not there, and data that lives for one answer only.

A, B, C … are the servers of one.test, two.test, three.test …; S and D those of an alias and its target.
"""

import pytest
import trio

from resolver.demo.behaviour import Fails
from tests.simulation.scenarios.kit import FROM_MEMORY, Net, Reply, given
from tests.simulation.scenarios.servers import Said, zone

ALIAS = "alias.src.test"

THREE = {
    "A": zone("one.test", "a1 1 CNAME a2.two.test.", "b1 300 CNAME b2.two.test."),
    "B": zone("two.test", "a2 300 CNAME a3.three.test.", "b2 1 CNAME b3.three.test."),
    "C": zone("three.test", "a3 300 A 198.51.100.3", "b3 1 A 198.51.100.4"),
}
PAIR = {
    "S": zone("src.test", "alias 3600 CNAME www.dst.test.", "gone 300 CNAME nothing.src.test.", "only 300 TXT hello"),
    "D": zone("dst.test", "www 300 A 198.51.100.1", minimum=60),
}
A_TO_AND_FRO = {
    "L": zone(
        "left.test",
        *(f"e{place} 600 CNAME e{place + 1}.right.test." for place in range(1, 12, 2)),
        *(f"t{place} 600 CNAME t{place + 1}.right.test." for place in range(1, 13, 2)),
        "t13 600 A 198.51.100.13",
        "self 600 CNAME self",
        "loop 600 CNAME loop.right.test.",
    ),
    "R": zone(
        "right.test",
        *(f"e{place} 600 CNAME e{place + 1}.left.test." for place in range(2, 11, 2)),
        *(f"t{place} 600 CNAME t{place + 1}.left.test." for place in range(2, 13, 2)),
        "e12 600 A 198.51.100.12",
        "loop 600 CNAME loop.left.test.",
    ),
}


@given(THREE)
async def test_scenario_14_only_the_stale_link_of_a_chain_is_refreshed_and_shown_as_stale(net: Net) -> None:
    await net.ask("a1.one.test")
    net.break_server("A", Fails())
    net.asked()
    await net.at(2)
    reply = await net.ask("a1.one.test")
    assert reply.answer == [
        "a1.one.test 30 CNAME a2.two.test.",
        "a2.two.test 298 CNAME a3.three.test.",
        "a3.three.test 298 A 198.51.100.3",
    ]
    assert "STALE_ANSWER" in reply.errors
    assert net.asked() == {"A": 1, "test": 1}  # its parent is asked whether the zone has moved


@given(THREE)
async def test_scenario_15_the_links_behind_a_fresh_one_are_refreshed_without_it(net: Net) -> None:
    await net.ask("b1.one.test")
    net.asked()
    await net.at(2)
    reply = await net.ask("b1.one.test")
    assert reply.answer == [
        "b1.one.test 298 CNAME b2.two.test.",
        "b2.two.test 1 CNAME b3.three.test.",
        "b3.three.test 1 A 198.51.100.4",
    ]
    assert net.asked() == {"B": 1, "C": 1}


@given(THREE)
async def test_scenario_16_a_link_is_shown_once_however_many_stale_passes_it_takes(net: Net) -> None:
    await net.ask("b1.one.test")
    for name in "ABC":
        net.break_server(name)
    await net.at(310)
    for _ in range(2):
        reply = await net.ask("b1.one.test")
        assert reply.answer == [
            "b1.one.test 30 CNAME b2.two.test.",
            "b2.two.test 30 CNAME b3.three.test.",
            "b3.three.test 30 A 198.51.100.4",
        ]


@pytest.mark.parametrize("asked_before", [False, True], ids=["cold", "two links stale"])
@given(THREE)
async def test_scenario_17_a_chain_whose_last_link_fails_is_servfail_and_not_two_aliases(
    net: Net, asked_before: bool
) -> None:
    net.break_server("C", Fails())
    if asked_before:
        await net.ask("a1.one.test")
        net.break_server("A", Fails())
        net.break_server("B", Fails())
        await net.at(310)
    reply = await net.ask("a1.one.test")
    assert reply.rcode == "SERVFAIL"


@given(A_TO_AND_FRO)
async def test_scenario_18_eleven_aliases_are_followed_and_twelve_are_servfail_cold_and_cached_alike(net: Net) -> None:
    eleven = await net.ask("e1.left.test")
    assert (eleven.rcode, len(eleven.answer)) == ("NOERROR", 12)
    assert eleven.answer[-1] == "e12.right.test 600 A 198.51.100.12"
    cold = await net.ask("t1.left.test")
    assert cold.rcode == "SERVFAIL"
    net.asked()
    cached = await net.ask("t1.left.test")
    assert octets(cached) == octets(cold)
    assert net.asked() == {}
    await net.ask("t12.right.test")  # all of the chain is in the cache now, and it is as long as before
    assert octets(await net.ask("t1.left.test")) == octets(cold)


@pytest.mark.parametrize("name", ["self.left.test", "loop.left.test"])
@given(A_TO_AND_FRO)
async def test_scenario_19_a_loop_is_servfail_within_ten_queries_and_asks_nobody_again(net: Net, name: str) -> None:
    cold = await net.ask(name)
    assert cold.rcode == "SERVFAIL"
    assert 0 < sum(net.asked().values()) < 10
    cached = await net.ask(name)
    assert octets(cached) == octets(cold)
    assert net.asked() == {}


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
@given(PAIR)
async def test_scenario_20_two_aliases_at_one_owner_are_no_answer_in_either_order(
    net: Net, order: tuple[int, int]
) -> None:
    """RFC 2181 §10.1."""
    both = tuple(f"alias.src.test. 300 CNAME www{place}.dst.test." for place in order)
    net.say("S", f"{ALIAS} A", Said(both))
    reply = await net.ask(ALIAS)
    assert (reply.rcode, reply.answer) == ("SERVFAIL", [])
    assert "INVALID_DATA" in reply.errors
    assert "D" not in net.asked()
    assert await net.cached(ALIAS) == {}


@given({"S": zone("src.test"), "D": zone("dst.test", "a 300 A 198.51.100.1", "b 300 AAAA 2001:db8::1")})
async def test_scenario_21_a_weighted_alias_gives_each_type_a_closed_answer(net: Net) -> None:
    """Whatever alias the other type saw: the target that is shown owns the addresses that are shown."""
    net.publish("a.dst.test. 300 AAAA 2001:db8::a")
    net.publish("b.dst.test. 300 A 198.51.100.2")
    net.say("S", f"{ALIAS} A", Said((f"{ALIAS}. 5 CNAME a.dst.test.",)))
    net.say("S", f"{ALIAS} AAAA", Said((f"{ALIAS}. 5 CNAME b.dst.test.",)))
    owned = {
        "a.dst.test.": {"A": "198.51.100.1", "AAAA": "2001:db8::a"},
        "b.dst.test.": {"A": "198.51.100.2", "AAAA": "2001:db8::1"},
    }

    async def check(qtype: str) -> None:
        reply = await net.ask(f"{ALIAS} {qtype}")
        target = reply.answer[0].split()[-1]
        assert reply.answer[1].split()[::3] == [target.rstrip("."), owned[target][qtype]]

    for turn in range(10):
        await net.at(turn * 6)  # the alias has expired
        async with trio.open_nursery() as nursery:
            for qtype in ("A", "AAAA", "A"):
                nursery.start_soon(check, qtype)


@given(THREE)
async def test_scenario_22_a_chain_that_is_cached_in_part_is_shown_in_its_order(net: Net) -> None:
    """tests/real/test_clients.py has the same with glibc's getaddrinfo, which needs it so."""
    await net.ask("a3.three.test")
    await net.at(100)
    await net.ask("a2.two.test")
    await net.at(200)
    net.asked()
    reply = await net.ask("a1.one.test")
    assert reply.answer == [
        "a1.one.test 1 CNAME a2.two.test.",
        "a2.two.test 200 CNAME a3.three.test.",
        "a3.three.test 100 A 198.51.100.3",
    ]
    assert net.asked() == {"A": 1, "test": 1}


@given({"S": zone("src.test", "alias 300 CNAME www.dst.test."), "D": zone("dst.test", "www 20 A 198.51.100.1")})
async def test_scenario_23_each_record_of_an_answer_counts_its_own_ttl_down(net: Net) -> None:
    assert (await net.ask(ALIAS)).answer == [
        "alias.src.test 300 CNAME www.dst.test.",
        "www.dst.test 20 A 198.51.100.1",
    ]
    net.asked()
    await net.at(15)
    assert (await net.ask(ALIAS)).answer == ["alias.src.test 285 CNAME www.dst.test.", "www.dst.test 5 A 198.51.100.1"]
    assert net.asked() == {}
    await net.at(21)
    reply = await net.ask(ALIAS)
    assert reply.answer == ["alias.src.test 279 CNAME www.dst.test.", "www.dst.test 20 A 198.51.100.1"]
    assert net.asked() == {"D": 1}


@given(PAIR)
async def test_scenario_24_nodata_behind_an_alias_is_kept_at_its_target_for_its_own_zones_time(net: Net) -> None:
    reply = await net.ask(f"{ALIAS} AAAA")
    assert (reply.rcode, reply.answer) == ("NOERROR", ["alias.src.test 3600 CNAME www.dst.test."])
    assert reply.soa == "dst.test 60"
    assert await net.cached(ALIAS) == {"CNAME": "fresh"}
    assert await net.cached("www.dst.test") == {"AAAA": "nodata"}
    net.asked()
    assert (await net.ask(ALIAS)).answer[1:] == ["www.dst.test 300 A 198.51.100.1"]
    assert net.asked() == {"D": 1}
    await net.at(61)
    await net.ask(f"{ALIAS} AAAA")
    assert net.asked() == {"D": 1}


@given(PAIR)
async def test_scenario_24_the_time_of_a_denial_is_the_lesser_of_its_soas_ttl_and_minimum(net: Net) -> None:
    """RFC 2308 §5; a server should send the lesser as the TTL, and this one does not."""
    soa = "dst.test. 3600 SOA ns.dst.test. hostmaster.dst.test. 1 1800 900 604800 60"
    net.say("D", "www.dst.test AAAA", Said(authority=(soa,)))
    assert (await net.ask("www.dst.test AAAA")).soa == "dst.test 60"


@given(PAIR)
async def test_scenario_25_nxdomain_behind_an_alias_is_kept_at_the_target_for_every_type(net: Net) -> None:
    """RFC 6604 §3: the RCODE is the last link's. RFC 2308 §2.1: what is denied is the target."""
    reply = await net.ask("gone.src.test")
    assert (reply.rcode, reply.answer) == ("NXDOMAIN", ["gone.src.test 300 CNAME nothing.src.test."])
    assert await net.cached("gone.src.test") == {"CNAME": "fresh"}
    assert await net.cached("nothing.src.test") == {"*": "nxdomain"}
    net.asked()
    again = await net.ask("gone.src.test TXT")
    assert (again.rcode, again.answer) == (reply.rcode, reply.answer)
    assert (await net.ask("nothing.src.test MX")).rcode == "NXDOMAIN"
    assert net.asked() == {}


@given(PAIR)
async def test_scenario_25_nxdomain_beside_an_alias_out_of_the_zone_is_not_the_asked_servers_to_say(net: Net) -> None:
    soa = "src.test. 60 SOA ns.src.test. hostmaster.src.test. 1 1800 900 604800 60"
    net.say("S", f"{ALIAS} A", Said((f"{ALIAS}. 3600 CNAME www.dst.test.",), (soa,), rcode="NXDOMAIN"))
    reply = await net.ask(ALIAS)
    assert (reply.rcode, reply.answer[1:]) == ("NOERROR", ["www.dst.test 300 A 198.51.100.1"])


@given(PAIR)
async def test_scenario_26_where_there_is_no_alias_the_other_types_are_there_all_the_same(net: Net) -> None:
    denied = await net.ask("www.dst.test CNAME")
    assert (denied.rcode, denied.answer) == ("NOERROR", [])
    reply = await net.ask("www.dst.test")
    assert (reply.rcode, reply.answer) == ("NOERROR", ["www.dst.test 300 A 198.51.100.1"])
    assert await net.cached("www.dst.test") == {"A": "fresh", "CNAME": "nodata"}


@given(PAIR)
async def test_scenario_27_an_address_of_ttl_0_ends_the_nxdomain_before_it(net: Net) -> None:
    assert (await net.ask("late.dst.test")).rcode == "NXDOMAIN"
    net.publish("late.dst.test. 0 A 198.51.100.5")
    await net.at(61)
    assert (await net.ask("late.dst.test")).answer == ["late.dst.test 0 A 198.51.100.5"]
    assert await net.cached("late.dst.test") == {}
    net.break_server("D")
    assert (await net.ask("late.dst.test")).rcode == "SERVFAIL"  # and not the NXDOMAIN of before, as stale data


@given({"D": zone("dst.test", "www 0 A 198.51.100.1")})
async def test_scenario_28_a_record_of_ttl_0_answers_all_who_wait_for_it_and_nobody_later(net: Net) -> None:
    replies: list[Reply] = []

    async def ask(client: int) -> None:
        replies.append(await net.ask("www.dst.test", client=client))

    async with trio.open_nursery() as nursery:
        for place in range(30):
            nursery.start_soon(ask, place % 3)
    assert [reply.answer for reply in replies] == [["www.dst.test 0 A 198.51.100.1"]] * 30
    assert net.asked()["D"] == 1
    assert (await net.ask("www.dst.test")).took > FROM_MEMORY
    assert net.asked() == {"D": 1}
    net.break_server("D")
    assert (await net.ask("www.dst.test")).rcode == "SERVFAIL"


@given({"D": zone("dst.test", "alias 0 CNAME www", "www 0 A 198.51.100.1")})
async def test_scenario_28_a_chain_of_ttl_0_is_whole_and_takes_a_query_for_each_link(net: Net) -> None:
    for _ in range(2):
        reply = await net.ask("alias.dst.test")
        assert reply.answer == ["alias.dst.test 0 CNAME www.dst.test.", "www.dst.test 0 A 198.51.100.1"]
        assert net.asked()["D"] == 2


def octets(reply: Reply) -> bytes:
    """The message but for its ID."""
    assert reply.message.wire is not None
    return reply.message.wire[2:]
