"""Too much of something: questions, waiting clients, records, options, octets. All is bounded; other clients notice nothing."""

from collections import Counter
from contextlib import suppress
from functools import partial
from typing import Final

import dns.edns
import dns.message
import pytest
import trio
from dns.rcode import Rcode

from cache.options import CacheOptions
from resolver.demo.authority import Transport
from resolver.demo.behaviour import Asking, Delays, Delivery, Silent
from resolver.errors import RATE_LIMITED
from resolver.iterate.options import DO_NOT_QUERY, RecursionOptions
from resolver.service.control_protocol import MAX_REQUEST_OCTETS
from resolver.service.options import LimitOptions
from resolver.service.shares import NETWORK_PLACES
from tests.simulation.scenarios.kit import FROM_MEMORY, Net, given
from tests.simulation.scenarios.servers import DELAY, NETWORK, PORT, ROOT_HOST, Said, zone

FLOODER, NEIGHBOUR = 0, 1  # clients
TRUTH: Final = ["www.victim.test 300 A 198.51.100.1"]
VICTIM: Final = zone("victim.test", "www 300 A 198.51.100.1", "other 300 A 198.51.100.2")
WORLD: Final = {"X": zone("evil.test"), "V": VICTIM}
SMALL_CACHE: Final = CacheOptions(max_octets=1 << 20)
PER_CLIENT: Final = LimitOptions().in_flight_per_address


def _query(qname: str, id: int, qtype: str = "A", options: tuple[dns.edns.Option, ...] = ()) -> bytes:
    return dns.message.make_query(qname, qtype, id=id, use_edns=0, payload=65535, options=list(options)).to_wire(
        max_size=65535
    )


def _told(reply: bytes) -> tuple[Rcode, tuple[int, ...]]:
    """The RCODE and the Extended DNS Errors."""
    message = dns.message.from_wire(reply)
    return message.rcode(), tuple(option.code for option in message.options if isinstance(option, dns.edns.EDEOption))


@pytest.mark.parametrize("names", ["one name", "unique names"])
@given(WORLD)
async def test_dnsbomb_cve_2024_33655_replies_are_not_hoarded_for_one_client(net: Net, names: str) -> None:
    """10,000 questions of one client at a server that takes its time: a few hundred wait, and the others are refused at once, or
    dropped, as more came than there are places to wait in."""
    net.break_server("X", Delays(1.0))
    queries = [_query(f"w{id if names == 'unique names' else 0}.evil.test.", id) for id in range(10_000)]
    came: list[tuple[float, bytes]] = []

    async def flood() -> None:
        came.extend(await net.send_all(queries, FLOODER, seconds=15))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(flood)
        await trio.sleep(0.5)
        reply = await net.ask("www.victim.test", NEIGHBOUR)
        assert (reply.answer, reply.took < 0.2) == (TRUTH, True)
    at_once = [reply for at, reply in came if at < 0.1]
    assert {_told(reply) for reply in at_once} == {(Rcode.SERVFAIL, (RATE_LIMITED,))}
    assert len(came) - len(at_once) == PER_CLIENT
    dropped = await net.counter("service_dropped_unread")
    assert dropped == 10_000 - len(came), "who is met with silence is counted"
    assert 0 < dropped < 10_000 - NETWORK_PLACES // 2
    burst = max(Counter(round(at, 2) for at, _ in came if at >= 0.1).values())
    assert burst <= PER_CLIENT


@pytest.mark.parametrize("flood", ["malformed", "not implemented", "refused type", "known", "new"])
@given(WORLD)
async def test_whatever_one_client_floods_with_its_neighbour_is_answered(net: Net, flood: str) -> None:
    """As the fair shares are of time, not of kinds of replies."""
    await net.ask("www.victim.test", NEIGHBOUR)
    query = {
        "malformed": bytes(4) + b"\0\5" + bytes(6),
        "not implemented": bytes(2) + b"\x28" + bytes(9),
        "refused type": _query("www.victim.test.", 1, "AXFR"),
        "known": _query("www.victim.test.", 1),
        "new": _query("new.evil.test.", 1),
    }[flood]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(net.send_all, [query] * 5000, FLOODER, seconds=1))
        await trio.sleep(FROM_MEMORY / 4)
        reply = await net.ask("www.victim.test", NEIGHBOUR)
    assert (reply.answer, reply.took <= FROM_MEMORY) == (TRUTH, True)


@given(WORLD)
async def test_a_lone_client_is_served_as_if_there_were_no_limits(net: Net) -> None:
    """Shares bind under contention only: of 1024 questions that came 64 at a time half were refused, on a host that idled."""
    for burst in range(16):
        names = [f"w{burst}-{number}.evil.test." for number in range(64)]
        came = await net.send_all([_query(name, number) for number, name in enumerate(names)], FLOODER, seconds=0.2)
        assert [_told(reply) for _, reply in came] == [(Rcode.NXDOMAIN, ())] * 64


@given(WORLD, cache=SMALL_CACHE)
async def test_cache_blow_cve_2024_25590_huge_rrsets_push_nothing_out_that_is_asked_for(net: Net) -> None:
    """500 names with a thousand addresses each, into a cache of a megabyte."""
    addresses = [f"10.{place // 256}.{place % 256}.1" for place in range(1000)]

    def answer(question: str, asking: Asking) -> Said:
        if asking.transport is Transport.UDP:
            return Said(is_truncated=True)
        return Said(tuple(f"{question.split()[0]}. 86400 A {address}" for address in addresses))

    net.possess("X", answer)
    for _ in range(3):
        await net.ask("www.victim.test")
    net.asked()
    for place in range(120):
        assert (await net.ask(f"w{place}.evil.test", FLOODER)).rcode in ("NOERROR", "SERVFAIL")
        assert await net.counter("cache_bytes") <= SMALL_CACHE.max_octets
        assert (await net.ask("www.victim.test", NEIGHBOUR)).took < FROM_MEMORY
    assert "V" not in net.asked()


@given(WORLD)
async def test_cve_2026_0398_five_thousand_records_of_one_type_are_no_answer(net: Net) -> None:
    answer = tuple(f"w.evil.test. 86400 A 10.{place // 250}.{place % 250}.1" for place in range(4000))
    octets: list[bytes] = []

    def say(question: str, asking: Asking) -> list[Delivery] | Said:
        if asking.transport is Transport.UDP:
            return Said(is_truncated=True)
        if not octets:
            octets.append(Said(answer).respond(asking.query))
        return [Delivery(DELAY, asking.query[:2] + octets[0][2:12] + asking.query[12 : 12 + 17] + octets[0][29:])]

    net.possess("X", say)
    assert (await net.ask("w.evil.test")).rcode == "SERVFAIL"
    assert await net.cached("w.evil.test") == {}
    assert await net.counter("upstream_malformed") >= 1


@given({"X": zone("evil.test", "w 1 A 198.51.100.1", *(f"w{place} 1 A 198.51.100.1" for place in range(400)))})
async def test_cve_2026_11622_a_name_with_ttl_1_takes_the_room_of_one_name(net: Net) -> None:
    for _ in range(3):
        await net.ask("w.evil.test")
        await net.at(net.seconds + 1.1)
    before = await net.counter("cache_bytes")
    for _ in range(500):
        await net.ask("w.evil.test")
        await net.at(net.seconds + 1.1)
    assert await net.counter("cache_bytes") == before


@given(
    {"X": zone("evil.test", "*.many 1 TXT " + " ".join(['"' + "x" * 250 + '"'] * 3)), "V": VICTIM}, cache=SMALL_CACHE
)
async def test_what_has_expired_is_freed_while_new_names_come(net: Net) -> None:
    """Names with TTL 1 without end: the cache never grows past its bound, and what lives stays."""
    await net.ask("www.victim.test")
    await net.ask("www.victim.test")
    for place in range(1500):
        await net.ask(f"n{place}.many.evil.test TXT", FLOODER)
        if place % 100 == 99:
            assert await net.counter("cache_bytes") <= SMALL_CACHE.max_octets
    net.asked()
    assert (await net.ask("www.victim.test")).took < FROM_MEMORY
    assert net.asked() == {}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param((dns.edns.GenericOption(dns.edns.OptionType.make(65001), b""),) * 5000, id="5000-empty-ones"),
        pytest.param((dns.edns.GenericOption(dns.edns.OptionType.make(10), b"\x01" * 8),) * 5000, id="5000-cookies"),
        pytest.param(
            (dns.edns.GenericOption(dns.edns.OptionType.make(8), b"\0\1\x18\0\xc6\x33\x64"),) * 2, id="two-subnets"
        ),
    ],
)
@given(WORLD)
async def test_cve_2026_41292_thousands_of_edns_options_are_as_good_as_none(
    net: Net, options: tuple[dns.edns.Option, ...]
) -> None:
    """In a client's query, and in a server's response."""
    ((_, reply),) = await net.send_all([_query("www.victim.test.", 7, options=options)], seconds=5)
    assert dns.message.from_wire(reply).rcode() == Rcode.NOERROR
    assert len(reply) < 200

    def answer(question: str, asking: Asking) -> list[Delivery]:
        response = dns.message.from_wire(Said(("other.victim.test. 300 A 198.51.100.2",)).respond(asking.query))
        if response.edns >= 0 and all(option.otype != dns.edns.OptionType.COOKIE for option in options):
            response.use_edns(0, options=list(options))
        return [Delivery(DELAY, response.to_wire(max_size=65535))]

    net.possess("V", answer)
    assert (await net.ask("other.victim.test")).answer == ["other.victim.test 300 A 198.51.100.2"]


@given(WORLD, recursion=RecursionOptions(port=PORT, do_not_query=DO_NOT_QUERY))
async def test_cve_2026_50251_glue_that_points_at_the_resolver_itself_is_not_asked(net: Net) -> None:
    glue = ("0.0.0.0", "127.0.0.1", "127.255.0.1", "255.255.255.255", "224.0.0.1")
    glue6 = ("::", "::1", "::ffff:127.0.0.1", "fe80::1", "fdaa::3")
    lines = [f"ns.sub.evil.test. 60 A {address}" for address in glue]
    lines += [f"ns.sub.evil.test. 60 AAAA {address}" for address in glue6]
    net.say(
        "X",
        "sub.evil.test A",
        Said((), ("sub.evil.test. 60 NS ns.sub.evil.test.",), tuple(lines), is_authoritative=False),
    )
    sent = await net.counter("upstream_sent")
    assert (await net.ask("www.sub.evil.test")).rcode == "SERVFAIL"
    assert await net.counter("iterate_addresses_refused") >= len(glue)
    assert await net.counter("upstream_sent") - sent == sum(net.asked().values())  # nobody else was asked
    assert (await net.ask("www.victim.test")).answer == TRUTH


ROOT_ADDRESS: Final = f"{NETWORK}{ROOT_HOST}"


@given(
    WORLD,
    more_of_test=(f"root.test. 86400 A {ROOT_ADDRESS}",),
    recursion=RecursionOptions(port=PORT, do_not_query=(f"{ROOT_ADDRESS}/32",)),
)
async def test_root_servers_that_the_hints_name_are_asked_wherever_they_are_and_at_once(net: Net) -> None:
    """The root tells its servers' addresses once more, as any zone could; they are the hints' all the same."""
    await net.ask("root.test")
    net.asked()
    assert (await net.ask("nosuch")).rcode == "NXDOMAIN"
    assert net.asked() == {"root": 1}
    assert await net.counter("iterate_parent_asked_again") == 0
    assert await net.counter("iterate_addresses_refused") == 0


@given(WORLD)
async def test_glue_with_the_daemons_own_address_makes_no_circle(net: Net) -> None:
    """It asks itself without RD, and refuses itself."""
    net.say(
        "X",
        "sub.evil.test A",
        Said(
            (),
            ("sub.evil.test. 60 NS ns.sub.evil.test.",),
            ("ns.sub.evil.test. 60 A 192.0.2.53",),
            is_authoritative=False,
        ),
    )
    sent = await net.counter("upstream_sent")
    assert (await net.ask("www.sub.evil.test")).rcode == "SERVFAIL"
    assert await net.counter("upstream_sent") - sent <= 10


@given(WORLD)
async def test_cve_2026_33256_a_line_without_end_to_the_control_socket_is_cut(net: Net) -> None:
    """A gigabyte for the operator's door: one request's worth is taken, and clients notice nothing."""
    chunk, sent = b"x" * 65536, 0
    async with await net.operator.connect() as stream:
        with suppress(trio.BrokenResourceError):
            while sent < 1 << 30:
                await stream.send_all(chunk)
                sent += len(chunk)
                await trio.sleep(0.001)
    assert sent <= MAX_REQUEST_OCTETS + 2 * len(chunk)
    assert (await net.ask("www.victim.test")).answer == TRUTH


@given(WORLD)
async def test_cve_2025_59029_any_after_deletes_meets_no_fault_and_asks_nobody(net: Net) -> None:
    for _ in range(5):
        await net.ask("www.victim.test")
        await net.ask("nowhere.victim.test")
        await net.flush("victim.test")
        net.asked()
        names = ("www.victim.test.", "nowhere.victim.test.", "victim.test.")
        came = await net.send_all([_query(name, id, "ANY") for id, name in enumerate(names)], seconds=1)
        assert [dns.message.from_wire(reply).rcode() for _, reply in came] == [Rcode.NOERROR] * 3
        assert net.asked() == {}
        await net.flush(".")
    assert await net.counter("service_faults") == 0


@given(WORLD, limits=LimitOptions(in_flight=64, in_flight_per_client=48))
async def test_cve_2026_42534_a_client_that_fills_its_share_does_not_jostle_its_neighbour_out(net: Net) -> None:
    """Unique names at silent servers, again and again, while a neighbour asks for names that nobody has yet."""
    net.break_server("X", Silent())

    async def flood() -> None:
        for turn in range(20):
            await net.send_all([_query(f"w{turn}-{id}.evil.test.", id) for id in range(200)], FLOODER, seconds=0.5)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(flood)
        while net.seconds < 9:
            await net.at(net.seconds + 0.5)
            await net.flush("victim.test")
            reply = await net.ask("www.victim.test", NEIGHBOUR)
            assert (reply.answer, reply.took < 0.2) == (TRUTH, True)
