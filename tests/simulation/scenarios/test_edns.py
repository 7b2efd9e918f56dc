"""Servers that do not bear an OPT RR: what is found out within the question, what is not, and what an operator can say."""

from collections.abc import Callable
from typing import Final

import dns.message
import pytest
from dns.rcode import Rcode

from resolver.demo.behaviour import Asking, Delivery
from resolver.iterate.options import ServerOverride
from tests.simulation.scenarios.kit import Net, given
from tests.simulation.scenarios.servers import DELAY, FIRST_HOST, NETWORK, zone

PAIR: Final = {"D": zone("dst.test", "www 300 A 198.51.100.1", "txt 300 TXT text")}
WWW, TXT = "www.dst.test", "txt.dst.test TXT"
NEVER: Final = ServerOverride(address=f"{NETWORK}{FIRST_HOST}", edns=False)


def answers_only_plain(rcode: Rcode | None, *, has_opt: bool = False) -> Callable[[str, Asking], list[Delivery] | None]:
    """A server that says this to any query with an OPT RR, with one of its own or without; None: nothing at all."""

    def respond(question: str, asking: Asking) -> list[Delivery] | None:
        query = dns.message.from_wire(asking.query)
        if query.edns < 0:
            return None
        response = dns.message.make_response(query)
        response.use_edns(0 if has_opt else False)
        response.set_rcode(rcode or Rcode.NOERROR)
        return [] if rcode is None else [Delivery(DELAY, response.to_wire())]

    return respond


@pytest.mark.parametrize("rcode", [Rcode.FORMERR, Rcode.NOTIMP], ids=["FORMERR", "NOTIMP"])
@given(PAIR)
async def test_who_says_that_it_could_not_read_edns_is_asked_without_it_at_once_and_from_then_on(
    net: Net, rcode: Rcode
) -> None:
    """RFC 6891 §7."""
    net.possess("D", answers_only_plain(rcode))
    assert (await net.ask(WWW)).rcode == "NOERROR"
    assert net.asked()["D"] == 2
    assert (await net.ask(TXT)).rcode == "NOERROR"
    assert net.asked()["D"] == 1


@pytest.mark.parametrize(
    ("rcode", "has_opt"),
    [
        pytest.param(Rcode.SERVFAIL, False, id="SERVFAIL"),
        pytest.param(Rcode.SERVFAIL, True, id="SERVFAIL with an OPT RR"),
        pytest.param(Rcode.REFUSED, False, id="REFUSED"),
        pytest.param(Rcode.REFUSED, True, id="REFUSED with an OPT RR"),
        pytest.param(None, False, id="silence"),
    ],
)
@given(PAIR)
async def test_what_servers_say_for_other_reasons_is_no_reason_to_give_up_edns(
    net: Net, rcode: Rcode | None, has_opt: bool
) -> None:
    """As since the flag day of 2019 (resolver/upstream/README.md)."""
    net.possess("D", answers_only_plain(rcode, has_opt=has_opt))
    assert (await net.ask(WWW)).rcode == "SERVFAIL"
    assert net.asked()["D"] == (1 if rcode is not None else 4)
    assert await net.counter("upstream_edns_fallbacks") == 0


@pytest.mark.parametrize("rcode", [Rcode.SERVFAIL, Rcode.REFUSED, None], ids=["SERVFAIL", "REFUSED", "silence"])
@given(PAIR, server=(NEVER,))
async def test_an_operator_can_say_that_a_server_is_asked_without_edns(net: Net, rcode: Rcode | None) -> None:
    net.possess("D", answers_only_plain(rcode))
    assert (await net.ask(WWW)).rcode == "NOERROR"
    assert net.asked()["D"] == 1
