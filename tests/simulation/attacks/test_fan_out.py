"""One question that is to become many: delegations and aliases that multiply, circles, and servers that never come to an end."""

import re
from typing import Final

import dns.edns
import dns.message
import pytest
from dns.rcode import Rcode

from resolver.demo.authority import Transport
from resolver.demo.behaviour import Asking, Delivery, Silent
from tests.simulation.scenarios.kit import FROM_MEMORY, Net, given
from tests.simulation.scenarios.servers import DELAY, NETWORK, Said, zone

QUERIES: Final = 200  # to servers for one client question: the budget's, which Unbound and BIND have too
VICTIM: Final = zone("victim.test", "www 300 A 198.51.100.1")
ATTACK: Final = {"X": zone("evil.test"), "V": VICTIM}
X_ADDRESS, V_ADDRESS = f"{NETWORK}11", f"{NETWORK}12"  # as `given` numbers them
THOUSANDS: Final = 1500
CAMP_OF_UNBOUND: Final = 21  # queries that the pattern costs with it: see README.md


def _truncated_over_udp(said: Said, asking: Asking) -> Said:
    return said if asking.transport is Transport.TCP else Said(is_truncated=True)


def _referral(zone_: str, *name_servers: str) -> Said:
    return Said(authority=tuple(f"{zone_}. 60 NS {name}." for name in name_servers), is_authoritative=False)


@given(ATTACK)
async def test_nxnsattack_cve_2020_8616_a_victim_gets_ten_queries_and_not_three_thousand(net: Net) -> None:
    """A referral to 1500 names that the victim's servers are asked about, and that do not exist there."""
    servers = [f"n{place}.victim.test" for place in range(THOUSANDS)]

    def refer(question: str, asking: Asking) -> Said:
        return _truncated_over_udp(_referral("sub.evil.test", *servers), asking)

    net.possess("X", refer)
    await net.ask("www.victim.test")
    net.asked()
    reply = await net.ask("a.sub.evil.test")
    assert (reply.rcode, reply.took < 2) == ("SERVFAIL", True)
    assert net.asked()["V"] <= 10  # five look-ups in vain, over two families
    assert await net.counter("iterate_address_lookups_failed") == 5
    assert await net.counter("iterate_name_servers_ignored") == THOUSANDS - 64
    # whoever asks again costs nobody anything
    assert (await net.ask("a.sub.evil.test")).rcode == "SERVFAIL"
    assert net.asked() == {}


@given(ATTACK)
async def test_nxnsattack_a_thousand_questions_cost_the_victim_a_tenth_of_a_query_each(net: Net) -> None:
    """The same name servers for every subdomain: what the victim said of them is remembered."""
    servers = [f"n{place}.victim.test" for place in range(16)]
    net.possess("X", lambda question, asking: _referral(re.sub(r".*?(s\d+\.evil\.test) .*", r"\1", question), *servers))
    for place in range(300):
        assert (await net.ask(f"www.s{place}.evil.test")).rcode == "SERVFAIL"
    assert net.asked()["V"] <= 2 * len(servers)
    assert (await net.ask("www.victim.test")).answer == ["www.victim.test 300 A 198.51.100.1"]


@given({**ATTACK, "D": zone("dead.test")})
async def test_nrdelegation_cve_2022_3204_a_huge_dead_delegation_costs_a_few_packets_and_seconds(net: Net) -> None:
    """1500 name servers whose own servers are silent: what is tried is bounded, and others are answered meanwhile."""
    servers = [f"n{place}.dead.test" for place in range(THOUSANDS)]
    net.break_server("D", Silent())
    net.possess("X", lambda question, asking: _truncated_over_udp(_referral("sub.evil.test", *servers), asking))
    await net.ask("www.victim.test")
    net.asked()
    reply = await net.ask("a.sub.evil.test")
    assert (reply.rcode, reply.took < 10.5) == ("SERVFAIL", True)
    assert sum(net.asked().values()) <= 50
    assert await net.counter("iterate_address_lookups") <= 16
    assert (await net.ask("www.victim.test")).took < FROM_MEMORY


def _camp(question: str, asking: Asking) -> Said | None:
    """Aliases times NXNS: every link stands in a zone of its own, each with sixteen name servers in sixteen further zones."""
    qname = question.split()[0]
    link = re.fullmatch(r"(?:.*\.)?(z\d+)\.evil\.test", qname)
    deeper = re.fullmatch(r"(?:.*\.)?(d[\d-]+)\.evil\.test", qname)
    if link is not None:
        return _referral(f"{link[1]}.evil.test", *(f"ns.d{link[1][1:]}-{place}.evil.test" for place in range(16)))
    if deeper is not None:
        return _referral(f"{deeper[1]}.evil.test", *(f"ns.{deeper[1]}-{place}.evil.test" for place in range(16)))
    return None


@given(ATTACK)
async def test_camp_delegations_below_delegations_end_with_the_budget(net: Net) -> None:
    net.possess("X", _camp)
    reply = await net.ask("a.z1.evil.test")
    assert reply.rcode == "SERVFAIL"
    assert sum(net.asked().values()) <= 1.5 * CAMP_OF_UNBOUND
    assert await net.counter("iterate_budget_exhausted") >= 1
    assert (await net.ask("www.victim.test")).rcode == "NOERROR"


LINKS: Final = ".".join(["www", *"abcdefgh"])


def _links_of_thirty_queries(question: str, asking: Asking) -> Said | None:
    """Aliases, each behind eight zone cuts with a name server to be looked up: no step of them is out of the ordinary."""
    qname, qtype = question.split()
    link = re.fullmatch(r"(www\.)?((?:[a-h]\.)*)l(\d+)\.evil\.test", qname)
    if qname.startswith("ns-"):
        return Said((f"{qname}. 60 A {X_ADDRESS}.".removesuffix("."),)) if qtype == "A" else None
    if link is None:
        return None
    if link[1]:
        return Said((f"{qname}. 60 CNAME {LINKS}.l{int(link[3]) + 1}.evil.test.",))
    return _referral(qname, "ns-" + qname.replace(".evil.test", "").replace(".", "-") + ".evil.test")


@given(ATTACK)
async def test_camp_cve_2026_50045_following_an_alias_gives_no_new_budget(net: Net) -> None:
    """Ten links of thirty queries each: it is over in the middle of the chain, and the restarts have reset nothing."""
    net.possess("X", _links_of_thirty_queries)
    reply = await net.ask(f"{LINKS}.l0.evil.test")
    assert reply.rcode == "SERVFAIL"
    assert QUERIES / 2 < sum(net.asked().values()) <= QUERIES
    assert await net.counter("iterate_budget_exhausted") >= 1
    assert len(await net.cached(f"{LINKS}.l2.evil.test")) > 0
    assert await net.cached(f"{LINKS}.l9.evil.test") == {}


@given(ATTACK)
async def test_pdns_sa_2026_01_aliases_that_come_with_60_kilobytes_each_end_with_the_budget(net: Net) -> None:
    """Few packets, many octets: after four of the longest messages the question is over."""
    junk = tuple(f'junk.evil.test. 60 TXT "{place:0>240}"' for place in range(230))

    def answer(question: str, asking: Asking) -> Said:
        qname = question.split()[0]
        place = int(qname.removeprefix("a").partition(".")[0])
        return _truncated_over_udp(Said((f"{qname}. 60 CNAME a{place + 1}.evil.test.",), junk), asking)

    net.possess("X", answer)
    reply = await net.ask("a0.evil.test")
    assert reply.rcode == "SERVFAIL"
    assert net.asked()["X"] <= 2 * 5  # over UDP and over TCP
    assert await net.counter("iterate_budget_exhausted") == 1
    assert (await net.ask("www.victim.test")).rcode == "NOERROR"


CYCLE: Final = {
    "A": zone("one.test", "www 300 A 198.51.100.1", name_servers=("ns.two.test.",)),
    "B": zone("two.test", "www 300 A 198.51.100.2", name_servers=("ns.one.test.",)),
    "V": VICTIM,
}


@given(CYCLE)
async def test_tsuname_name_servers_that_need_each_other_are_left_alone(net: Net) -> None:
    """The same two names, asked for twice a second for a minute; the parent hears of it a few times."""
    sent = 0
    while net.seconds < 60:
        for name in ("www.one.test", "www.two.test"):
            assert (await net.ask(name)).rcode == "SERVFAIL"
        sent += sum(net.asked().values())
        await net.at(net.seconds + 0.5)
    assert sent <= 40
    assert (await net.ask("www.victim.test")).rcode == "NOERROR"


@given(CYCLE)
async def test_tsuname_new_names_below_the_circle_cost_the_parent_less_than_one_query_each(net: Net) -> None:
    sent = 0
    for place in range(120):
        assert (await net.ask(f"w{place}.one.test")).rcode == "SERVFAIL"
        sent += sum(net.asked().values())
        await net.at(net.seconds + 0.5)
    assert sent <= 40


@pytest.mark.parametrize("aliases", [("loop CNAME loop",), ("loop CNAME other", "other CNAME loop")])
@given({"X": zone("evil.test"), "V": VICTIM})
async def test_alias_loops_hickory_3566_are_servfail_and_remembered(net: Net, aliases: tuple[str, ...]) -> None:
    for line in aliases:
        owner, rtype, target = line.split()
        net.publish(f"{owner}.evil.test. 300 {rtype} {target}.evil.test.")
    for _ in range(3):
        reply = await net.ask("loop.evil.test")
        assert (reply.rcode, reply.took < 1) == ("SERVFAIL", True)
    assert sum(net.asked().values()) <= 6


@given({"S": zone("src.test", "loop 300 CNAME loop.dst.test."), "D": zone("dst.test", "loop 300 CNAME loop.src.test.")})
async def test_alias_loops_through_two_zones_cost_one_query_each(net: Net) -> None:
    for _ in range(5):
        assert (await net.ask("loop.src.test")).rcode == "SERVFAIL"
    asked = net.asked()
    assert (asked["S"], asked["D"]) == (1, 1)


def _flips(question: str, asking: Asking) -> list[Delivery]:
    """FORMERR to a query with EDNS, BADVERS to one without, and so on for ever."""
    query = dns.message.from_wire(asking.query)
    response = dns.message.make_response(query)
    if query.edns >= 0:
        response.use_edns(False)
        response.set_rcode(Rcode.FORMERR)
    else:
        response.use_edns(0)
        response.set_rcode(Rcode.BADVERS)
    return [Delivery(DELAY, response.to_wire())]


@given(ATTACK)
async def test_cve_2026_5950_a_server_that_flips_between_formerr_and_badvers_is_given_up(net: Net) -> None:
    net.possess("X", _flips)
    reply = await net.ask("www.evil.test")
    assert (reply.rcode, reply.took < 2) == ("SERVFAIL", True)
    assert net.asked()["X"] <= 4


@pytest.mark.parametrize("rcode", [Rcode.FORMERR, Rcode.NOTIMP, Rcode.BADVERS, Rcode.SERVFAIL, Rcode.BADCOOKIE])
@given(ATTACK)
async def test_a_server_that_always_says_the_same_error_is_given_up(net: Net, rcode: Rcode) -> None:
    def fail(question: str, asking: Asking) -> list[Delivery]:
        response = dns.message.make_response(dns.message.from_wire(asking.query))
        if rcode > 15:
            response.use_edns(0)
        response.set_rcode(rcode)
        return [Delivery(DELAY, response.to_wire())]

    net.possess("X", fail)
    reply = await net.ask("www.evil.test")
    assert (reply.rcode, reply.took < 2) == ("SERVFAIL", True)
    assert net.asked()["X"] <= 6
