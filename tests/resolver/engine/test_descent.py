"""Questions taken down a scripted internet."""

import errno
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
import trio

from cache.answer import Question
from cache.chain import Alias, Link
from cache.lookup import find_link
from cache.names import from_text
from cache.rrset import Denial, Rank, RRset
from cache.rrtypes import AAAA, CNAME, NS, A
from resolver.engine import Flights, Landing, ResolveCounts
from resolver.engine.parents import PARENT_PAUSE
from resolver.env import Address
from resolver.errors import (
    CachedFailure,
    DeadlinePassed,
    HostExhausted,
    InvalidData,
    NameTooLong,
    NetworkError,
    NoReachableAuthority,
    ResolutionFailure,
    WorkExhausted,
)
from resolver.iterate.budget import Budget, BudgetLimits
from resolver.iterate.delegation import ZoneServer, configured
from resolver.iterate.learn import Iteration
from resolver.iterate.options import ForwardZone, RecursionOptions, StubZone
from tests.resolver.engine.fake_network import Behaviour, Said, reply_to, silent
from tests.resolver.engine.turned import play
from tests.resolver.engine.world import DEADLINE, EXAMPLE, ROOT, RTT, TEST, Table, World, small_internet
from tests.resolver.iterate.zone_text import name, question

OTHER = "192.0.2.11"  # the second server of `example.`
ADDRESS_1 = bytes([198, 51, 100, 1])
ADDRESS_2 = bytes([198, 51, 100, 2])
STRICT = RecursionOptions(ipv6=False, qname_minimisation="strict")
UNMINIMISED = RecursionOptions(ipv6=False, qname_minimisation="off")


def address(iteration: Iteration) -> bytes:
    """The one address answered."""
    assert isinstance(iteration.link, RRset)
    (rdata,) = iteration.link.rdatas
    return rdata


def test_a_cold_question_takes_one_query_per_zone() -> None:
    async def main() -> None:
        world = World(small_internet())
        assert address(await world.iterate("www.example. A")) == ADDRESS_1
        assert world.sent == 2
        assert world.counts.referrals == 1

    play(main)


def test_what_is_known_of_a_zone_is_used() -> None:
    async def main() -> None:
        world = World(small_internet())
        await world.iterate("www.example. A")
        await world.iterate("www.example. AAAA")
        assert world.sent == 3

    play(main)


def test_servers_see_no_more_of_a_name_than_they_need() -> None:
    async def main() -> None:
        servers = small_internet()
        servers[EXAMPLE].said["a.b.c.example. TXT"] = ('a.b.c.example. 60 TXT "here"',)
        await World(servers).iterate("a.b.c.example. TXT")
        assert servers[ROOT].asked == ["example. A"]
        assert servers[EXAMPLE].asked == ["c.example. A", "b.c.example. A", "a.b.c.example. TXT"]

    play(main)


def test_without_minimisation_every_server_sees_the_question() -> None:
    async def main() -> None:
        servers = small_internet()
        await World(servers, options=UNMINIMISED).iterate("www.example. A")
        assert servers[ROOT].asked == ["www.example. A"]

    play(main)


@pytest.mark.parametrize("rcode", [dns.rcode.NXDOMAIN, dns.rcode.REFUSED, dns.rcode.SERVFAIL])
def test_servers_that_fail_on_an_empty_non_terminal_are_shown_the_whole_name(rcode: int) -> None:
    async def main() -> None:
        servers = small_internet()
        servers[EXAMPLE].said["www.ent.example. A"] = ("www.ent.example. 60 A 198.51.100.1",)
        servers[EXAMPLE].rcodes["ent.example. A"] = rcode
        world = World(servers)
        assert address(await world.iterate("www.ent.example. A")) == ADDRESS_1
        assert world.counts.minimisation_given_up == 1

    play(main)


def test_strictly_nothing_lies_below_a_name_that_does_not_exist() -> None:
    """RFC 8020."""

    async def main() -> None:
        servers = small_internet()
        servers[EXAMPLE].rcodes["ent.example. A"] = dns.rcode.NXDOMAIN
        servers[EXAMPLE].said["ent.example. A"] = servers[EXAMPLE].said["under example."]
        iteration = await World(servers, options=STRICT).iterate("www.ent.example. A")
        assert isinstance(iteration.link, Denial)
        assert iteration.link.is_nxdomain
        assert iteration.link.owner == name("www.ent.example.")
        assert servers[EXAMPLE].asked == ["ent.example. A"]

    play(main)


NSEC = "\nem.example. 60 NSEC ez.example. A NSEC\nexample. 60 NSEC a.example. NS SOA NSEC"


@pytest.mark.parametrize(
    ("validates", "proof", "asked"),
    [
        pytest.param(True, NSEC, ["ent.example. A"], id="proof that will be checked"),
        pytest.param(True, "", ["ent.example. A", "www.ent.example. A"], id="no proof"),
        pytest.param(False, NSEC, ["ent.example. A", "www.ent.example. A"], id="proof that nobody checks"),
    ],
)
def test_what_lies_below_a_name_that_is_proven_not_to_exist_is_shown_to_nobody(
    validates: bool, proof: str, asked: list[str]
) -> None:
    """RFC 8020 §2. Who signs a zone does not deny its empty non-terminals, or cannot prove it."""

    async def main() -> None:
        servers = small_internet()
        servers[EXAMPLE].rcodes |= {"ent.example. A": dns.rcode.NXDOMAIN, "www.ent.example. A": dns.rcode.NXDOMAIN}
        soa = servers[EXAMPLE].said["under example."][1]
        servers[EXAMPLE].said |= {"ent.example. A": ("", soa + proof), "www.ent.example. A": ("", soa + proof)}
        iteration = await World(servers, validates=validates).iterate("www.ent.example. A")
        assert isinstance(iteration.link, Denial)
        assert (iteration.link.is_nxdomain, iteration.link.owner) == (True, name("www.ent.example."))
        assert len(iteration.link.proof) == (2 if proof else 0)
        assert servers[EXAMPLE].asked == asked

    play(main)


def test_the_first_link_of_an_alias_chain_is_returned_alone() -> None:
    async def main() -> None:
        world = World(small_internet())
        iteration = await world.iterate("alias.example. A")
        assert isinstance(iteration.link, Alias)
        assert iteration.link.target == name("www.test.")
        assert [shown.rtype for shown in iteration.link.shown] == [CNAME]
        assert iteration.find_link(question("www.test. A")) is None
        assert address(await world.iterate("www.test. A")) == ADDRESS_2

    play(main)


def over_tcp_only(server: Behaviour) -> Behaviour:
    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        return (
            server(query, True) if over_tcp else [(RTT, reply_to(query, flags=dns.flags.AA | dns.flags.TC).to_wire())]
        )

    return behave


def with_cookies(server: Behaviour) -> Behaviour:
    """It echoes the cookie that it gets, with one of its own."""

    def behave(query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        sent = next(option for option in query.options if isinstance(option, dns.edns.CookieOption))
        for after, data in server(query, over_tcp):
            reply = dns.message.from_wire(data)
            reply.use_edns(0, options=[dns.edns.CookieOption(sent.client, b"8 octets")])
            yield after, reply.to_wire()

    return behave


def test_what_a_reply_has_behind_an_alias_is_not_believed() -> None:
    async def main() -> None:
        iteration = await World(small_internet()).iterate("near.example. A")
        assert isinstance(iteration.link, Alias)
        assert iteration.find_link(question("www.example. A")) is None

    play(main)


@pytest.mark.parametrize("make", [over_tcp_only, with_cookies])
def test_further_links_of_the_same_zone_come_along_when_nobody_can_have_forged_them(
    make: Callable[[Behaviour], Behaviour],
) -> None:
    async def main() -> None:
        servers: dict[str, Behaviour] = dict(small_internet())
        servers[EXAMPLE] = make(servers[EXAMPLE])
        iteration = await World(servers).iterate("near.example. A")
        further = iteration.find_link(question("www.example. A"))
        assert isinstance(further, RRset)
        assert further.rdatas == (ADDRESS_1,)
        assert further in iteration.learned

    play(main)


def test_a_negative_answer_is_a_value() -> None:
    async def main() -> None:
        iteration = await World(small_internet()).iterate("www.example. AAAA")
        assert isinstance(iteration.link, Denial)
        assert (iteration.link.rtype, iteration.link.ttl) == (AAAA, 60)
        assert iteration.link.soa.owner == name("example.")

    play(main)


def test_glueless_name_servers_are_looked_up() -> None:
    async def main() -> None:
        servers = small_internet()
        servers[ROOT].said["under glueless."] = ("", "glueless. 3600 NS ns.test.")
        servers[TEST].said["www.glueless. A"] = ("www.glueless. 60 A 198.51.100.1",)
        world = World(servers)
        assert address(await world.iterate("www.glueless. A")) == ADDRESS_1
        assert world.counts.address_lookups == 1

    play(main)


def test_name_servers_that_need_each_other_fail_at_once() -> None:
    """TsuNAME."""

    async def main() -> None:
        servers = small_internet()
        servers[ROOT].said["under a."] = ("", "a. 3600 NS ns.b.")
        servers[ROOT].said["under b."] = ("", "b. 3600 NS ns.a.")
        world = World(servers)
        with pytest.raises(NoReachableAuthority):
            await world.iterate("www.a. A")
        assert world.sent < 10
        assert world.env.now() < 1.0

    play(main)


def test_a_delegation_to_a_thousand_names_takes_a_few_queries() -> None:
    """NXNSAttack, CVE-2020-8616."""

    async def main() -> None:
        servers = small_internet()
        many = "\n".join(f"victim. 3600 NS ns{number}.example." for number in range(100))
        servers[ROOT].said["under victim."] = ("", many)
        world = World(servers)
        with pytest.raises(NoReachableAuthority):
            await world.iterate("www.victim. A")
        assert world.counts.address_lookups <= 5
        assert world.counts.name_servers_ignored == 36
        assert world.sent <= 15

    play(main)


def test_out_of_zone_glue_is_not_believed_beyond_its_delegation() -> None:
    async def main() -> None:
        servers = small_internet()
        servers[EXAMPLE].said["under sub.example."] = ("", "sub.example. 60 NS ns.test.", "ns.test. 60 A 203.0.113.66")
        servers[TEST].said["www.sub.example. A"] = ("www.sub.example. 60 A 198.51.100.1",)
        world = World(servers)
        assert address(await world.iterate("www.sub.example. A")) == ADDRESS_1
        cached = world.cache.get(name("ns.test."), A)
        assert cached is not None
        assert cached.rdatas == (bytes([192, 0, 2, 20]),)

    play(main)


def test_out_of_zone_glue_is_the_last_resort_for_delegations_that_need_each_other() -> None:
    async def main() -> None:
        servers = small_internet()
        servers[ROOT].said["under one."] = ("", "one. 60 NS ns.one.", "ns.one. 60 A 192.0.2.31")
        servers[ROOT].said["under two."] = ("", "two. 60 NS ns.two.", "ns.two. 60 A 192.0.2.32")
        servers["192.0.2.31"] = Table({"under a.one.": ("", "a.one. 60 NS ns.a.two.", "ns.a.two. 60 A 192.0.2.33")})
        servers["192.0.2.32"] = Table({"under a.two.": ("", "a.two. 60 NS ns.a.one.", "ns.a.one. 60 A 192.0.2.34")})
        servers["192.0.2.33"] = Table({"www.a.one. A": ("www.a.one. 60 A 198.51.100.1",)})
        assert address(await World(servers).iterate("www.a.one. A")) == ADDRESS_1

    play(main)


def test_another_server_is_asked_when_one_is_lame() -> None:
    async def main() -> None:
        servers = small_internet()
        servers[ROOT].said["under example."] = (
            "",
            "example. 3600 NS ns.example.\nexample. 3600 NS lame.example.",
            "ns.example. 3600 A 192.0.2.10\nlame.example. 3600 A 192.0.2.11",
        )
        servers["192.0.2.11"] = Table({"under example.": ("", "example. 3600 NS ns.example.")})
        for seed in range(6):
            assert address(await World(servers, seed=seed).iterate("www.example. A")) == ADDRESS_1
        assert servers["192.0.2.11"].asked

    play(main)


def two_servers() -> dict[str, Table]:
    """`example.` has a second server, which knows another address."""
    servers = small_internet()
    servers[ROOT].said["under example."] = (
        "",
        "example. 3600 NS ns.example.\nexample. 3600 NS other.example.",
        "ns.example. 3600 A 192.0.2.10\nother.example. 3600 A 192.0.2.11",
    )
    servers[OTHER] = Table({**servers[EXAMPLE].said, "www.example. A": ("www.example. 60 A 198.51.100.2",)})
    return servers


def avoiding(zone: str, *hosts: str) -> set[ZoneServer]:
    return {ZoneServer(from_text(zone), Address(host, 53)) for host in hosts}


def test_a_server_that_is_to_be_avoided_is_not_asked_in_its_zone() -> None:
    async def main() -> None:
        for seed in range(6):
            servers = two_servers()
            world = World(servers, seed=seed)
            asked = "www.example. A"
            first = await world.bring(asked, world.new_budget())
            assert first.said_by in avoiding("example.", EXAMPLE, OTHER)
            second = await world.bring(asked, world.new_budget(), {first.said_by})
            assert {first.said_by, second.said_by} == avoiding("example.", EXAMPLE, OTHER)
            assert address(first) != address(second)

    play(main)


def test_a_server_that_is_avoided_in_one_zone_is_asked_in_another() -> None:
    async def main() -> None:
        servers = two_servers()
        world = World(servers)
        await world.bring("www.example. A", world.new_budget(), avoiding("test.", EXAMPLE, OTHER))
        assert servers[EXAMPLE].asked or servers[OTHER].asked

    play(main)


def test_when_all_servers_are_to_be_avoided_the_parent_is_asked_whether_there_are_others() -> None:
    """A zone that has moved, and whose former servers go on with an old copy of it."""

    async def main() -> None:
        servers = small_internet()
        world = World(servers)
        await world.iterate("www.example. A")
        servers[OTHER] = Table({"www.example. A": ("www.example. 60 A 198.51.100.2",)})
        world.env.world.servers[Address(OTHER, 53)] = servers[OTHER]
        asked, avoided = "www.example. A", avoiding("example.", EXAMPLE)
        with pytest.raises(NoReachableAuthority):
            await world.bring(asked, world.new_budget(), avoided)
        servers[ROOT].said["under example."] = ("", "example. 3600 NS ns2.example.", "ns2.example. 3600 A 192.0.2.11")
        await trio.sleep(PARENT_PAUSE)
        assert address(await world.bring(asked, world.new_budget(), avoided)) == ADDRESS_2

    play(main)


@pytest.mark.parametrize("fallback", [True, False])
def test_when_all_forwarders_are_to_be_avoided_the_question_is_taken_from_the_root_if_that_is_allowed(
    fallback: bool,
) -> None:
    async def main() -> None:
        servers = small_internet()
        servers[OTHER] = Table({"www.example. A": ("www.example. 60 A 198.51.100.2",)}, flags=dns.flags.RA)
        zones = configured([ForwardZone("example.", (f"{OTHER}:53",), fallback=fallback)], [])
        world = World(servers, zones=zones)
        asked = "www.example. A"
        first = await world.bring(asked, world.new_budget())
        assert (address(first), first.said_by) == (ADDRESS_2, *avoiding("example.", OTHER))
        sent = world.sent
        if fallback:
            again = await world.bring(asked, world.new_budget(), avoiding("example.", OTHER))
            assert address(again) == ADDRESS_1
        else:
            with pytest.raises(NoReachableAuthority):
                await world.bring(asked, world.new_budget(), avoiding("example.", OTHER))
            assert world.sent == sent

    play(main)


def test_a_recursive_servers_answer_counts_when_there_is_no_other() -> None:
    async def main() -> None:
        servers = small_internet()
        servers[EXAMPLE].flags = dns.flags.RA
        world = World(servers)
        iteration = await world.iterate("www.example. A")
        assert address(iteration) == ADDRESS_1
        assert isinstance(iteration.link, RRset)
        assert iteration.link.rank is Rank.ANSWER
        assert world.counts.last_resorts == 1

    play(main)


def test_dead_servers_fail_within_a_few_seconds() -> None:
    async def main() -> None:
        servers = small_internet()
        del servers[EXAMPLE]
        world = World(servers)
        with pytest.raises(NoReachableAuthority, match="example"):
            await world.iterate("www.example. A")
        first = world.env.now()
        assert first < 5.0
        with pytest.raises(NoReachableAuthority):
            await world.iterate("other.example. A")
        assert world.env.now() - first < 2.5

    play(main)


def test_a_dead_server_beside_a_live_one_costs_one_timeout() -> None:
    async def main() -> None:
        for seed in range(8):
            servers = small_internet()
            servers[ROOT].said["under example."] = (
                "",
                "example. 3600 NS ns.example.\nexample. 3600 NS dead.example.",
                "ns.example. 3600 A 192.0.2.10\ndead.example. 3600 A 192.0.2.11",
            )
            world = World(servers, seed=seed)
            started = world.env.now()
            assert address(await world.iterate("www.example. A")) == ADDRESS_1
            assert world.env.now() - started < 0.5

    play(main)


def test_a_server_that_came_back_answers_again_within_six_seconds() -> None:
    async def main() -> None:
        servers = small_internet()
        world = World(servers)
        alive = world.env.world.servers.pop(next(key for key in world.env.world.servers if key.host == EXAMPLE))
        with pytest.raises(NoReachableAuthority):
            await world.iterate("www.example. A")
        for number in range(4):
            with pytest.raises((NoReachableAuthority, CachedFailure)):
                await world.iterate(f"n{number}.example. A")
        world.env.world.servers[next(iter(world.env.world.servers))._replace(host=EXAMPLE)] = alive
        await trio.sleep(5.0)
        started = world.env.now()
        assert address(await world.iterate("www.example. A")) == ADDRESS_1
        assert world.env.now() - started < 0.5

    play(main)


def test_without_any_root_server_the_question_fails_soon() -> None:
    async def main() -> None:
        world = World({})
        with pytest.raises(NoReachableAuthority):
            await world.iterate("www.example. A")
        assert world.env.now() < 5.0

    play(main)


def test_without_a_route_it_is_a_network_error() -> None:
    async def main() -> None:
        world = World(small_internet())
        world.env.world.unroutable.add(ROOT)
        with pytest.raises(NetworkError):
            await world.iterate("www.example. A")

    play(main)


def test_without_descriptors_no_server_is_blamed() -> None:
    """240 slow questions and 64 descriptors: the healthy servers of every zone were left alone for seconds afterwards."""

    async def main() -> None:
        world = World(small_internet())
        world.env.world.hinder(errno.EMFILE)
        for number in range(8):
            with pytest.raises(HostExhausted):
                await world.iterate(f"n{number}.example. A")
        world.env.world.hinder(0)
        started = world.env.now()
        assert address(await world.iterate("www.example. A")) == ADDRESS_1
        assert world.env.now() - started < 3 * RTT

    play(main)


def test_an_unroutable_family_is_left_alone() -> None:
    async def main() -> None:
        servers = small_internet()
        servers[ROOT].said["under example."] = (
            "",
            "example. 3600 NS ns.example.",
            "ns.example. 3600 A 192.0.2.10\nns.example. 3600 AAAA 2001:db8::10",
        )
        world = World(servers, options=RecursionOptions())
        world.env.world.unroutable.add("2001:db8::10")
        for host in ("www", "a", "b", "c", "d", "e"):
            await world.iterate(f"{host}.example. A")
        assert world.upstream_counts.family_absent <= 1

    play(main)


def test_contradicting_data_is_invalid_data() -> None:
    async def main() -> None:
        servers = small_internet()
        servers[EXAMPLE].said["two.example. A"] = ("two.example. 60 CNAME a.test.\ntwo.example. 60 CNAME b.test.",)
        with pytest.raises(InvalidData):
            await World(servers).iterate("two.example. A")

    play(main)


def test_a_dname_gives_the_alias_it_stands_for() -> None:
    async def main() -> None:
        servers = small_internet()
        servers[EXAMPLE].said["x.d.example. A"] = ("d.example. 600 DNAME test.",)
        iteration = await World(servers).iterate("x.d.example. A")
        assert isinstance(iteration.link, Alias)
        assert iteration.link.target == name("x.test.")
        assert [shown.owner for shown in iteration.link.shown] == [name("d.example."), name("x.d.example.")]
        assert [entry.owner for entry in iteration.learned] == [name("d.example.")]

    play(main)


def test_a_dname_met_with_a_shortened_question_ends_it() -> None:
    """Each label below it cost a query more: 119 packets for a chain of them, of which Unbound takes 10."""

    async def main() -> None:
        servers = small_internet()
        servers[EXAMPLE].said["under d.example."] = ("d.example. 600 DNAME test.",)
        world = World(servers)
        link = (await world.iterate("a.b.c.www.d.example. A")).link
        assert isinstance(link, Alias)
        assert link.target == name("a.b.c.www.test.")
        assert servers[EXAMPLE].asked == ["d.example. A", "www.d.example. A"]

    play(main)


def test_a_dname_to_too_long_a_name_is_yxdomain() -> None:
    async def main() -> None:
        servers = small_internet()
        long = ".".join(["l" * 60] * 4)
        servers[EXAMPLE].said[f"{'x' * 20}.d.example. A"] = (f"d.example. 600 DNAME {long}.",)
        with pytest.raises(NameTooLong):
            await World(servers).iterate(f"{'x' * 20}.d.example. A")

    play(main)


def test_what_is_learned_is_leased_from_the_delegation() -> None:
    """Ghost domains, CVE-2012-1033."""

    async def main() -> None:
        servers = small_internet()
        servers[ROOT].said["under example."] = ("", "example. 100 NS ns.example.", "ns.example. 100 A 192.0.2.10")
        servers[EXAMPLE].said["example. NS"] = ("example. 86400 NS ns.example.", "", "ns.example. 86400 A 192.0.2.10")
        world = World(servers)
        for asked in ("www.example. A", "example. NS", "no.example. A"):
            iteration = await world.iterate(asked)
            assert all(entry.lease <= 100 + world.env.now() for entry in iteration.learned)
        stored = world.cache.get(name("example."), NS)
        assert stored is not None
        assert min(stored.expires, stored.lease) <= 101

    play(main)


def test_promiscuous_name_servers_are_not_taken_from_an_answer() -> None:
    """CVE-2025-11411."""

    async def main() -> None:
        servers = small_internet()
        servers[EXAMPLE].said["www.example. A"] = (
            "www.example. 60 A 198.51.100.1",
            "example. 86400 NS ns.evil.test.",
            "ns.evil.test. 86400 A 203.0.113.66",
        )
        world = World(servers)
        iteration = await world.iterate("www.example. A")
        assert [entry.owner for entry in iteration.learned] == [name("www.example.")]
        stored = world.cache.get(name("example."), NS)
        assert stored is not None
        assert stored.rdatas == (bytes(from_text("ns.example.")),)

    play(main)


def test_a_remembered_delegation_that_fails_sends_us_back_to_the_parent() -> None:
    async def main() -> None:
        servers = small_internet()
        world = World(servers)
        await world.iterate("www.example. A")
        # the zone moves to another server; its old one is gone
        moved = servers[EXAMPLE]
        world.env.world.servers = {key: value for key, value in world.env.world.servers.items() if key.host != EXAMPLE}
        example = next(iter(world.env.world.servers))._replace(host="192.0.2.12")
        world.env.world.servers[example] = moved
        servers[ROOT].said["under example."] = ("", "example. 3600 NS n2.example.", "n2.example. 3600 A 192.0.2.12")
        iteration = await world.iterate("near.example. A")
        assert isinstance(iteration.link, Alias)
        assert world.counts.parent_asked_again == 1

    play(main)


def test_servers_at_barred_addresses_are_not_asked() -> None:
    """Glue 0.0.0.0 or loopback: the resolver would ask itself (CVE-2026-50251)."""

    async def main() -> None:
        servers = small_internet()
        glue = "ns.bad. 60 A 0.0.0.0\nns.bad. 60 A 127.0.0.1\nns.bad. 60 A 224.0.0.1"
        servers[ROOT].said["under bad."] = ("", "bad. 60 NS ns.bad.", glue)
        world = World(servers)
        with pytest.raises(NoReachableAuthority):
            await world.iterate("www.bad. A")
        assert {server.host for server, _, _ in world.env.world.sent} == {ROOT}
        assert world.counts.addresses_refused == 3

    play(main)


def test_the_budget_bounds_all_packets() -> None:
    async def main() -> None:
        world = World(small_internet(), limits=BudgetLimits(queries=1))
        with pytest.raises(WorkExhausted):
            await world.iterate("www.example. A")
        assert world.sent == 1
        assert world.counts.budget_exhausted == {"queries": 1}

    play(main)


def test_the_deadline_ends_the_search() -> None:
    async def main() -> None:
        servers = small_internet()
        slow: dict[str, Behaviour] = {ROOT: servers[ROOT], EXAMPLE: silent}
        world = World(slow)
        budget = world.new_budget()
        budget.deadline = world.env.now() + 0.5
        with pytest.raises(DeadlinePassed):
            await world.bring("www.example. A", budget)
        assert world.env.now() == pytest.approx(0.5)

    play(main)


def test_a_forwarder_is_asked_recursively_and_confined_to_its_zone() -> None:
    """MaginotDNS, CVE-2021-25220."""

    async def main() -> None:
        servers = small_internet()
        servers["192.0.2.40"] = Table(
            {
                "www.corp.example. A": (
                    "www.corp.example. 60 CNAME www.test.\nwww.test. 60 A 203.0.113.66",
                    "test. 86400 NS ns.evil.test.",
                    "ns.evil.test. 86400 A 203.0.113.66",
                )
            },
            flags=dns.flags.RA,
        )
        world = World(servers, zones=configured([ForwardZone("corp.example", ("192.0.2.40:53",))], []))
        iteration = await world.iterate("www.corp.example. A")
        assert isinstance(iteration.link, Alias)
        assert [entry.owner for entry in iteration.learned] == [name("www.corp.example.")]
        assert address(await world.iterate("www.test. A")) == ADDRESS_2
        assert world.env.world.sent[0][1][2] & 0x01  # RD

    play(main)


def test_a_stub_zone_is_asked_at_its_own_servers() -> None:
    async def main() -> None:
        servers = small_internet()
        servers["192.0.2.41"] = Table({"www.lab.example. A": ("www.lab.example. 60 A 198.51.100.2",)})
        world = World(servers, zones=configured([], [StubZone("lab.example", ("192.0.2.41:53",))]))
        assert address(await world.iterate("www.lab.example. A")) == ADDRESS_2
        assert world.sent == 1

    play(main)


def test_the_ds_of_a_zone_is_asked_of_its_parent() -> None:
    """RFC 4035 §3.1.4.1."""

    async def main() -> None:
        servers = small_internet()
        servers[ROOT].said["example. DS"] = ("", ". 300 SOA a.root.test. host.test. 1 2 3 4 60")
        world = World(servers)
        await world.iterate("www.example. A")
        iteration = await world.iterate("example. DS")
        assert isinstance(iteration.link, Denial)
        assert servers[ROOT].asked[-1] == "example. DS"

    play(main)


def test_priming_learns_the_root_and_its_addresses() -> None:
    async def main() -> None:
        world = World(small_internet())
        iteration = await world.turned.run(world.iterator.prime(world.new_budget()))
        kinds = {(entry.owner, entry.rtype) for entry in iteration.learned}
        assert kinds == {(name("."), NS), (name("a.root.test."), A)}
        assert all(entry.lease == float("inf") for entry in iteration.learned if entry.rtype == NS)

    play(main)


@pytest.mark.parametrize(
    "forwarder",
    [
        pytest.param(silent, id="silent"),
        pytest.param(Table({}, rcodes={"under .": 2}), id="SERVFAIL"),
        pytest.param(Table({}), id="REFUSED"),
    ],
)
def test_a_forward_zone_with_fallback_is_resolved_from_the_root_when_its_servers_fail(forwarder: Behaviour) -> None:
    async def main() -> None:
        zones = configured([ForwardZone("example.", ("192.0.2.40:53",), fallback=True)], [])
        world = World({**small_internet(), "192.0.2.40": forwarder}, zones=zones)
        assert address(await world.iterate("www.example. A")) == ADDRESS_1
        # and again while the forwarder is left alone with this question
        world.cache.forget(name("www.example."))
        assert address(await world.iterate("www.example. A")) == ADDRESS_1

    play(main)


def test_a_forward_zone_without_fallback_fails_with_its_servers() -> None:
    async def main() -> None:
        servers = small_internet()
        world = World(
            {**servers, "192.0.2.40": silent}, zones=configured([ForwardZone("example.", ("192.0.2.40:53",))], [])
        )
        with pytest.raises(NoReachableAuthority, match=r"^example\.: "):
            await world.iterate("www.example. A")
        assert servers[ROOT].asked == []

    play(main)


def test_a_forwarder_that_helps_is_not_bypassed() -> None:
    async def main() -> None:
        servers = small_internet()
        forwarder = Table({"www.example. A": ("www.example. 60 A 198.51.100.2",)}, flags=dns.flags.RA)
        zones = configured([ForwardZone("example.", ("192.0.2.40:53",), fallback=True)], [])
        world = World({**servers, "192.0.2.40": forwarder}, zones=zones)
        assert address(await world.iterate("www.example. A")) == ADDRESS_2
        assert servers[ROOT].asked == []

    play(main)


def test_forwarders_for_the_root_may_have_the_root_servers_as_their_fallback() -> None:
    async def main() -> None:
        zones = configured([ForwardZone(".", ("192.0.2.40:53",), fallback=True)], [])
        world = World({**small_internet(), "192.0.2.40": silent}, zones=zones)
        assert address(await world.iterate("www.example. A")) == ADDRESS_1

    play(main)


# Equal questions to one zone that are under way are one

SUB = "192.0.2.50"


def with_a_cold_zone(names: int = 30) -> dict[str, Behaviour]:
    """sub.example., of which nobody has heard yet, with so many names."""
    servers: dict[str, Behaviour] = dict(small_internet())
    example = servers[EXAMPLE]
    assert isinstance(example, Table)
    example.said["under sub.example."] = ("", "sub.example. 3600 NS ns.sub.example.", f"ns.sub.example. 3600 A {SUB}")
    servers[SUB] = Table({f"n{n}.sub.example. A": (f"n{n}.sub.example. 60 A 198.51.100.1",) for n in range(names)})
    return servers


class Asking:
    """Questions that are asked together. outcomes: by what was asked."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.outcomes: dict[str, Iteration | Exception] = {}
        self.ended: dict[str, float] = {}

    async def ask(self, asked: str, budget: Budget | None = None) -> None:
        try:
            self.outcomes[asked] = await self.world.bring(asked, budget)
        except ResolutionFailure as failure:
            self.outcomes[asked] = failure
        self.ended[asked] = self.world.env.now()


async def cold_world(servers: dict[str, Behaviour]) -> World:
    """A world that knows example., and nothing below it."""
    world = World(servers)
    await world.iterate("www.example. A")
    return world


def test_thirty_names_of_a_cold_zone_ask_the_zone_above_once() -> None:
    async def main() -> None:
        servers = with_a_cold_zone()
        world = await cold_world(servers)
        sent, asking = world.sent, Asking(world)
        async with trio.open_nursery() as nursery:
            for number in range(30):
                nursery.start_soon(asking.ask, f"n{number}.sub.example. A")
        example = servers[EXAMPLE]
        assert isinstance(example, Table)
        assert example.asked.count("sub.example. A") == 1
        assert world.counts.zone_questions_shared == 29
        assert world.counts.referrals == 2, "that to example., and this one once"
        assert world.sent - sent == 1 + 30
        assert len(asking.outcomes) == 30
        for outcome in asking.outcomes.values():
            assert isinstance(outcome, Iteration)
            assert address(outcome) == ADDRESS_1

    play(main)


def test_thirty_names_ask_the_root_once_though_nothing_is_known_but_its_hints() -> None:
    async def main() -> None:
        servers = with_a_cold_zone()
        world = World(servers)
        asking = Asking(world)
        async with trio.open_nursery() as nursery:
            for number in range(30):
                nursery.start_soon(asking.ask, f"n{number}.sub.example. A")
        assert world.sent == 2 + 30, "the root and example. once each"
        assert all(isinstance(outcome, Iteration) for outcome in asking.outcomes.values())

    play(main)


def test_who_has_servers_to_avoid_shares_nobody_elses_question() -> None:
    async def main() -> None:
        world = World(two_servers(), options=UNMINIMISED)
        await world.iterate("mail.example. A")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.bring, "www.example. A")
            second = await world.bring("www.example. A", None, avoiding("example.", OTHER))
        assert second.said_by in avoiding("example.", EXAMPLE)
        assert world.counts.zone_questions_shared == 0

    play(main)


def slow(server: Behaviour, seconds: float) -> Behaviour:
    return lambda query, over_tcp: [(after + seconds, data) for after, data in server(query, over_tcp)]


def test_a_waiters_own_deadline_ends_only_its_own_wait() -> None:
    async def main() -> None:
        world = await cold_world(with_a_cold_zone())
        key = Address(EXAMPLE, 53)
        world.env.world.servers[key] = slow(world.env.world.servers[key], 0.2)
        began, asking = world.env.now(), Asking(world)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(asking.ask, "n0.sub.example. A")
            await trio.sleep(0.01)
            nursery.start_soon(asking.ask, "n1.sub.example. A", Budget(began + 0.1))
            nursery.start_soon(asking.ask, "n2.sub.example. A")
        assert isinstance(asking.outcomes["n1.sub.example. A"], DeadlinePassed)
        assert asking.ended["n1.sub.example. A"] == pytest.approx(began + 0.1)
        for other in ("n0.sub.example. A", "n2.sub.example. A"):
            assert isinstance(asking.outcomes[other], Iteration)
        assert world.counts.zone_questions_shared == 2

    play(main)


@pytest.mark.parametrize("others", [1, 5])
def test_a_shared_question_that_ended_for_its_openers_budget_is_asked_anew_by_the_others(others: int) -> None:
    async def main() -> None:
        servers = with_a_cold_zone()
        servers[EXAMPLE] = over_tcp_only(servers[EXAMPLE])  # the second packet is one too many for who began it
        world = await cold_world(servers)
        asking = Asking(world)
        before = len(world.env.world.sent)
        poor = Budget(world.env.now() + DEADLINE, BudgetLimits(queries=1))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(asking.ask, "n0.sub.example. A", poor)
            await trio.sleep(RTT / 2)
            for number in range(1, others + 1):
                nursery.start_soon(asking.ask, f"n{number}.sub.example. A")
        assert isinstance(asking.outcomes.pop("n0.sub.example. A"), WorkExhausted)
        assert len(asking.outcomes) == others
        assert all(isinstance(outcome, Iteration) for outcome in asking.outcomes.values())
        since = world.env.world.sent[before:]
        over_udp = [server for server, _, over_tcp in since if server.host == EXAMPLE and not over_tcp]
        assert len(over_udp) == 2, "who began it, and one of the others for all of them"

    play(main)


def test_a_failure_that_says_something_of_the_zone_is_everybodys() -> None:
    async def main() -> None:
        servers = with_a_cold_zone()
        world = await cold_world(servers)
        world.env.world.servers[Address(EXAMPLE, 53)] = Table({}, rcodes={"under .": 2})
        sent, asking = world.sent, Asking(world)
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(world_fails, world, "www.sub.example. A")
        assert asking.outcomes == {}
        assert world.sent - sent <= 2 * 3, "the shortened question, the whole one, and the parent"
        assert world.counts.zone_questions_shared >= 2

    async def world_fails(world: World, asked: str) -> None:
        with pytest.raises(NoReachableAuthority):
            await world.bring(asked)

    play(main)


class Flying(World):
    """A world whose look-ups are flights, as in the daemon."""

    def __init__(self, servers: Mapping[str, Behaviour], *, validates: bool = False) -> None:
        super().__init__(servers, validates=validates)
        self.flights = Flights(self.turned.mesh, self._fly, ResolveCounts())

    async def lookup(self, asked: Question, budget: Budget, waiter: Landing) -> Link:
        link = find_link(self.cache, asked.qname, asked.qtype, self.env.now())
        return link if link is not None else (await self.flights.lookup(asked, waiter, budget)).link

    async def bring(
        self, asked: str, budget: Budget | None = None, avoided: AbstractSet[ZoneServer] = frozenset()
    ) -> Iteration:
        return await self.turned.run(self.flights.lookup(question(asked), None, budget or self.new_budget()))

    async def locate(self, asked: str) -> Iteration:
        """Where a name server is, for which glue will do."""
        budget = self.new_budget()
        return await self.turned.run(self.flights.lookup(question(asked), None, budget, glue_will_do=True))

    async def _fly(self, asked: Question, budget: Budget, flight: Landing) -> Iteration | ResolutionFailure:
        try:
            return await self._iterate(asked, budget, flight)
        except ResolutionFailure as failure:
            return failure


@pytest.mark.parametrize("kind", [World, Flying])
@pytest.mark.parametrize("pause", [0.0, RTT / 2, RTT, 1.5 * RTT, 2 * RTT])
def test_flights_that_would_wait_for_each_other_through_shared_questions_do_not_hang(
    kind: type[World], pause: float
) -> None:
    """Each zone's name servers are in the other one, and both are asked for at once (TsuNAME)."""

    async def main() -> None:
        servers = small_internet()
        servers[ROOT].said["under a."] = ("", "a. 3600 NS ns.b.\na. 3600 NS ns2.b.")
        servers[ROOT].said["under b."] = ("", "b. 3600 NS ns.a.\nb. 3600 NS ns2.a.")
        world = kind(servers)
        asking = Asking(world)
        names = ("www.a. A", "www.b. A", "ns.a. A", "ns2.b. A")
        async with trio.open_nursery() as nursery:
            for asked in names:
                nursery.start_soon(asking.ask, asked)
                await trio.sleep(pause)
        assert asking.outcomes.keys() == set(names)
        assert all(isinstance(outcome, NoReachableAuthority) for outcome in asking.outcomes.values())
        assert world.env.now() < 1.0
        assert world.sent < 40
        assert world.iterator._under_way == world.iterator._under_way_in_short == {}

    play(main)


DS_OF_TEST = "test. 3600 DS 1 8 2 " + "00" * 32


@pytest.mark.parametrize(
    ("asked", "is_asked"),
    [
        pytest.param("ns.test. A", False, id="what the referral tells"),
        pytest.param("ns.test. AAAA", True, id="what it does not tell"),
        pytest.param("www.test. A", True, id="another name"),
    ],
)
def test_who_looks_for_a_name_server_has_found_it_with_the_glue(asked: str, is_asked: bool) -> None:
    async def main() -> None:
        servers = small_internet()
        world = Flying(servers)
        link = (await world.locate(asked)).link
        assert (asked in servers[TEST].asked) == is_asked
        if not is_asked:
            assert isinstance(link, RRset)
            assert (link.rdatas, link.rank) == ((bytes((192, 0, 2, 20)),), Rank.ADDITIONAL)

    play(main)


def test_a_client_that_asks_for_a_name_servers_address_is_not_given_glue() -> None:
    async def main() -> None:
        servers = small_internet()
        world, links = Flying(servers), list[Link]()

        async def locate() -> None:
            links.append((await world.locate("ns.test. A")).link)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(locate)
            await trio.sleep(RTT / 2)
            links.append((await world.bring("ns.test. A")).link)
        assert [link.rank for link in links if isinstance(link, RRset)] == [Rank.ANSWER_AA] * 2
        assert servers[TEST].asked.count("ns.test. A") == 1

    play(main)


@pytest.mark.parametrize("ds", ["", DS_OF_TEST], ids=["unsigned", "signed"])
@pytest.mark.parametrize("validates", [False, True])
def test_a_signed_zone_says_itself_where_its_name_servers_are_if_that_is_validated(validates: bool, ds: str) -> None:
    async def main() -> None:
        servers = small_internet()
        servers[ROOT].said["under test."] = (
            "",
            f"test. 3600 NS ns.test.\n{ds}",
            "ns.test. 3600 A 192.0.2.20",
        )
        world = Flying(servers, validates=validates)
        await world.locate("ns.test. A")
        assert ("ns.test. A" in servers[TEST].asked) == (validates and bool(ds))

    play(main)
