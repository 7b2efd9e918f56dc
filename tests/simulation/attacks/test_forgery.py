"""Datagrams that somebody else sends in a server's name, before its reply: they end no wait, teach nothing, and reach nobody."""

from collections.abc import Callable
from typing import Final

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rdataclass
import dns.rdatatype
import pytest
from dns.message import Message

from resolver.demo.authority import Transport
from resolver.demo.behaviour import Asking, Delivery
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import DELAY, Said, zone

EVIL: Final = "203.0.113.66"
TRUTH: Final = ["www.victim.test 300 A 198.51.100.1"]
TRUE: Final = Said(("www.victim.test. 300 A 198.51.100.1",))
VICTIM: Final = {"V": zone("victim.test", "www 300 A 198.51.100.1")}
EARLY: Final = DELAY / 2  # s: a forger is nearer

Forge = Callable[[bytes], bytes]


def _lie(query: bytes, change: Callable[[Message], None]) -> bytes:
    message = dns.message.from_wire(Said((f"www.victim.test. 86400 A {EVIL}",)).respond(query))
    change(message)
    return message.to_wire()


def _as_query(message: Message) -> None:
    message.flags &= ~dns.flags.QR


def _as_update(message: Message) -> None:
    message.set_opcode(dns.opcode.UPDATE)


def _of_another_name(message: Message) -> None:
    message.question[0].name = dns.name.from_text("other.victim.test.")


def _of_another_type(message: Message) -> None:
    message.question[0].rdtype = dns.rdatatype.MX


def _of_another_class(message: Message) -> None:
    message.question[0].rdclass = dns.rdataclass.CH


def _without_question(message: Message) -> None:
    message.question.clear()


STRAYS: Final = [  # what has the ID, port, question and letter case of the query is the server's own, however garbled
    pytest.param(lambda query: _lie(query, _as_query), id="qr-0"),
    pytest.param(lambda query: _lie(query, _as_update), id="another-opcode"),
    pytest.param(lambda query: _lie(query, _of_another_name), id="another-name"),
    pytest.param(lambda query: _lie(query, _of_another_type), id="another-type"),
    pytest.param(lambda query: _lie(query, _of_another_class), id="another-class"),
    pytest.param(lambda query: _lie(query, _without_question), id="no-question"),
    pytest.param(lambda query: b"", id="nothing"),
    pytest.param(lambda query: query[:2], id="an-id"),
    pytest.param(lambda query: query[:2] + b"\x84\0" + b"\0\2" + bytes(6), id="two-questions-of-none"),
    pytest.param(
        lambda query: query[:2] + b"\x84\0\0\1\0\1\0\0\0\0\xc0\x0c\0\1\0\1", id="a-name-that-points-at-itself"
    ),
]


@pytest.mark.parametrize("forge", STRAYS)
@given(VICTIM)
async def test_tudoor_no_stray_datagram_ends_the_wait(net: Net, forge: Forge) -> None:
    """Twenty strays, then the reply: one packet, one answer."""

    def answer(question: str, asking: Asking) -> list[Delivery]:
        strays = [Delivery(EARLY, forge(asking.query)) for _ in range(20)]
        return [*strays, Delivery(DELAY, TRUE.respond(asking.query))]

    net.possess("V", answer)
    assert (await net.ask("www.victim.test")).answer == TRUTH
    assert net.asked()["V"] == 1


@given(VICTIM)
async def test_a_guessed_id_is_answered_over_tcp(net: Net) -> None:
    """The right question under a wrong ID: somebody guesses, and over TCP nobody off the path can."""

    def answer(question: str, asking: Asking) -> list[Delivery] | None:
        if asking.transport is Transport.TCP:
            return [Delivery(DELAY, TRUE.respond(asking.query))]
        lie = _lie(asking.query, lambda message: None)
        forged = [
            Delivery(EARLY, ((int.from_bytes(asking.query[:2], "big") + guess) % 65536).to_bytes(2, "big") + lie[2:])
            for guess in range(1, 1000)
        ]
        return [*forged, Delivery(DELAY, lie)]  # in the end one of them is right

    net.possess("V", answer)
    assert (await net.ask("www.victim.test")).answer == TRUTH
    assert net.asked()["V"] == 2
    assert await net.counter("upstream_near_misses") == 1


@given({"V": zone("victim.test", *(f"w{place} 300 A 198.51.100.1" for place in range(300)))})
async def test_sad_dns_each_query_has_an_id_and_a_case_of_its_own(net: Net) -> None:
    queries: list[bytes] = []

    def listen(question: str, asking: Asking) -> None:
        queries.append(asking.query)

    net.possess("V", listen)
    for place in range(300):
        await net.ask(f"w{place}.victim.test")
    ids = {query[:2] for query in queries}
    assert len(ids) > 290  # 300 of 65536: two meet by chance once in two tests, nine never
    letters = [bytes(letter for letter in query[12:-4] if chr(letter).isalpha()) for query in queries]
    upper = sum(letter < ord("a") for name in letters for letter in name[:11])
    assert 0.4 < upper / (11 * len(queries)) < 0.6


@given(VICTIM)
async def test_cve_2026_52690_a_forged_formerr_does_not_take_edns_away(net: Net) -> None:
    """A bare FORMERR with the right ID, before the reply; the next query has an OPT RR as ever."""
    had_edns: list[bool] = []
    forges = [True, True, False, False]

    def answer(question: str, asking: Asking) -> list[Delivery]:
        had_edns.append(dns.message.from_wire(asking.query).edns >= 0)
        forged = asking.query[:2] + b"\x80\x01" + bytes(8)
        strays = [Delivery(EARLY, forged)] if forges.pop(0) else []
        return [*strays, Delivery(DELAY, TRUE.respond(asking.query))]

    net.possess("V", answer)
    await net.ask("www.victim.test")
    await net.flush("www.victim.test")
    assert (await net.ask("www.victim.test")).answer == TRUTH
    assert had_edns[0]
    assert had_edns[-1]
    assert await net.counter("upstream_edns_broken_servers") == 0


@pytest.mark.parametrize("asked", ["same", "subnets"])
@given(VICTIM)
async def test_rebirthday_cve_2025_5994_a_question_is_on_its_way_once(net: Net, asked: str) -> None:
    """However many ask it, and whatever client subnet they claim to be of: each further query would be a further guess."""
    queries = []
    for place in range(200):
        subnet: list[dns.edns.Option] = [dns.edns.ECSOption(f"198.51.{place}.0", 24)] if asked == "subnets" else []
        queries.append(dns.message.make_query("www.victim.test.", "A", id=place, use_edns=0, options=subnet).to_wire())
    replies = [dns.message.from_wire(reply) for _, reply in await net.send_all(queries, seconds=5)]
    assert sorted(reply.id for reply in replies) == list(range(200))
    assert all(reply.answer[0].to_text() == "www.victim.test. 300 IN A 198.51.100.1" for reply in replies)
    assert net.asked()["V"] == 1
