"""Servers that give our DNS Cookie back wrongly, or bear no EDNS option: packets and time until they are answered from.

A packet is a query, over UDP or TCP, or a connection that is asked for and refused.
"""

from typing import Final

import dns.edns
import dns.flags
import dns.message
import pytest
from dns.message import QueryMessage

from resolver.demo.authority import Transport
from resolver.demo.behaviour import Asking, Delivery
from resolver.demo.zone import parse_record
from resolver.upstream.guards import WITHOUT_FOR
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import DELAY, Mind, zone

PAIR: Final = {"D": zone("dst.test", "www 300 A 198.51.100.1", "txt 300 A 198.51.100.2", "first 300 A 198.51.100.3")}
FIRST, WWW, TXT = "first.dst.test", "www.dst.test", "txt.dst.test"
SERVER_COOKIE: Final = bytes(16)

OURS, ANOTHER, BROKEN, DROPS = "our 8 octets", "another query's", "broken OPT", "drops options"
TCP, REFUSED, SILENT = "TCP", "TCP refused", "TCP silent"


def cookie_of(query: QueryMessage) -> dns.edns.CookieOption | None:
    return next((option for option in query.options if isinstance(option, dns.edns.CookieOption)), None)


def replying(query: QueryMessage) -> dns.message.Message:
    """What the zone holds, without EDNS."""
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA
    records = [parse_record(f"{line.replace(' ', '.dst.test. ', 1)}") for line in PAIR["D"].records]
    response.answer += [record for record in records if record.name == query.question[0].name]
    response.use_edns(False)
    return response


def good(question: str, asking: Asking) -> list[Delivery] | None:
    """A server with cookies."""
    query = dns.message.from_wire(asking.query)
    assert isinstance(query, QueryMessage)
    cookie, response = cookie_of(query), replying(query)
    if cookie is not None:
        response.use_edns(0, options=[dns.edns.CookieOption(cookie.client, SERVER_COOKIE)])
    return [Delivery(DELAY, response.to_wire())]


def wrong(kind: str, tcp: str) -> Mind:
    """A server that does this to every query with a cookie, and has TCP or not."""

    def respond(question: str, asking: Asking) -> list[Delivery] | None:
        query = dns.message.from_wire(asking.query)
        assert isinstance(query, QueryMessage)
        cookie, response = cookie_of(query), replying(query)
        if asking.transport is not Transport.UDP and tcp == SILENT:
            return []
        if cookie is None:
            return None
        if kind == DROPS:
            return []
        if kind == OURS:
            response.use_edns(0, options=[dns.edns.GenericOption(dns.edns.OptionType.COOKIE, cookie.client)])
        elif kind == ANOTHER:
            response.use_edns(0, options=[dns.edns.CookieOption(b"constant", SERVER_COOKIE)])
        wire = response.to_wire()
        if kind == BROKEN:  # an option that goes on past the end
            wire = wire[:11] + b"\1" + wire[12:] + b"\0\0\x29\x04\xd0\0\0\x80\0\0\4\0\x0f\0\x09"
        return [Delivery(DELAY, wire)]

    return respond


async def packets_of(net: Net, name: str) -> tuple[int, float]:
    """What a question that is answered costs at the server: packets; and seconds in all."""
    net.asked()
    before = await net.counter("upstream_sent")
    reply = await net.ask(name)
    assert (reply.rcode, len(reply.answer)) == ("NOERROR", 1)
    above = sum(count for server, count in net.asked().items() if server != "D")
    return round(await net.counter("upstream_sent") - before) - above, reply.took


NEVER, HEARD, GAVE = "never heard", "heard, without a cookie", "gave one before"


async def prepare(net: Net, kind: str, tcp: str, before: str) -> None:
    if before != NEVER:
        net.possess("D", good if before == GAVE else lambda question, asking: None)
        await net.ask(FIRST)
    if tcp == REFUSED:
        net.refuse_tcp("D")
    net.possess("D", wrong(kind, tcp))


@pytest.mark.parametrize("before", [NEVER, HEARD, GAVE])
@pytest.mark.parametrize(("tcp", "packets"), [(TCP, 2), (REFUSED, 3), (SILENT, 3)])
@pytest.mark.parametrize("kind", [OURS, ANOTHER, BROKEN])
@given(PAIR)
async def test_a_reply_that_is_discarded_leads_to_the_next_means_within_the_question(
    net: Net, kind: str, tcp: str, packets: int, before: str
) -> None:
    """From a server that is known to be near, too: while TCP is tried, briefly, no datagram is sent beside that.

    A broken OPT RR is passed over where no cookie is expected.
    """
    await prepare(net, kind, tcp, before)
    sent, took = await packets_of(net, WWW)
    assert sent == (packets if kind != BROKEN or before == GAVE else 1)
    assert took < 0.5
    assert (await packets_of(net, TXT))[0] == 1


@pytest.mark.parametrize("before", [NEVER, HEARD])
@pytest.mark.parametrize("tcp", [TCP, REFUSED, SILENT])
@given(PAIR)
async def test_who_drops_what_has_an_option_is_found_out_within_the_question(net: Net, tcp: str, before: str) -> None:
    await prepare(net, DROPS, tcp, before)
    sent, took = await packets_of(net, WWW)
    assert sent == 2
    assert took < 0.5
    assert (await packets_of(net, TXT))[0] == 1


@given(PAIR)
async def test_who_gave_a_cookie_and_drops_options_now_is_found_out_over_tcp(net: Net) -> None:
    """Without its cookie nothing is believed of it but what comes over TCP."""
    await prepare(net, DROPS, TCP, GAVE)
    sent, took = await packets_of(net, WWW)
    assert sent == 4
    assert took < 0.5
    assert (await packets_of(net, TXT))[0] == 1


@given(PAIR)
async def test_who_gave_a_cookie_and_drops_options_now_without_tcp_is_found_out_when_it_was_silent_for_long(
    net: Net,
) -> None:
    """Sooner, who makes a server silent could have it asked without its cookie."""
    await prepare(net, DROPS, REFUSED, GAVE)
    for at in (10, WITHOUT_FOR, WITHOUT_FOR + 60):
        await net.at(at)
        assert (await net.ask(WWW)).rcode == "SERVFAIL"
    await net.at(WITHOUT_FOR + 120)
    assert (await packets_of(net, WWW))[0] == 1
    assert (await packets_of(net, TXT))[0] == 2
