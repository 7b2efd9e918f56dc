"""What only the server can know of a query, and what shows it."""

from random import Random

import dns.flags
import dns.message
import pytest

from cache.servers import ServerState
from resolver.engine.guards import Guards
from resolver.upstream.cookies import CLIENT_OCTETS, Echo
from resolver.upstream.matching import Match
from resolver.wire.message import Response
from tests.resolver.engine.fake_network import reply_to
from tests.resolver.iterate.zone_text import question

WWW = question("www.example. A")


def sent(guards: Guards, state: ServerState, *, has_edns: bool = True, has_options: bool = True) -> dns.message.Message:
    return dns.message.from_wire(guards.compose(state, Random(1), 0.0, 0, has_edns=has_edns, has_options=has_options))


def test_the_reply_is_known_by_id_and_letter_case_and_read_without_that() -> None:
    guards = Guards(WWW)
    guards.draw_case(Random(4))
    query = sent(guards, ServerState())
    reply = reply_to(query, f"{query.question[0].name} 60 A 198.51.100.1")
    response = guards.read(reply.to_wire())
    assert isinstance(response, Response)
    assert guards.match_of(response) is Match.REPLY
    assert response.answer[0].owner == WWW.qname
    reply.id ^= 1
    response = guards.read(reply.to_wire())
    assert isinstance(response, Response)
    assert guards.match_of(response) is Match.NEAR_MISS


def test_another_letter_case_is_seen_until_it_is_dropped() -> None:
    guards = Guards(WWW)
    guards.draw_case(Random(4))
    assert guards.has_case
    query = sent(guards, ServerState())
    query.question[0].name = dns.name.from_text("www.example.")
    query.flags |= dns.flags.QR
    response = guards.read(query.to_wire())
    assert isinstance(response, Response)
    assert guards.match_of(response) is Match.OTHER_CASE
    guards.drop_case()
    assert not guards.has_case
    assert sent(guards, ServerState()).question[0].name.to_text() == "www.example."


@pytest.mark.parametrize(
    ("has_edns", "has_options", "edns", "octets"),
    [
        pytest.param(True, True, 0, CLIENT_OCTETS, id="a cookie"),
        pytest.param(True, False, 0, 0, id="EDNS without options"),
        pytest.param(False, True, -1, 0, id="no EDNS"),
    ],
)
def test_a_cookie_goes_along_in_an_opt_rr_only(has_edns: bool, has_options: bool, edns: int, octets: int) -> None:
    guards = Guards(WWW)
    query = sent(guards, ServerState(), has_edns=has_edns, has_options=has_options)
    assert query.edns == edns
    assert len(guards.cookie) == octets
    assert not guards.has_server_cookie
    response = guards.read(reply_to(query).to_wire())
    assert isinstance(response, Response)
    assert guards.echo_of(response) is Echo.NONE


def test_what_cannot_be_read_is_the_reply_if_it_begins_like_it() -> None:
    guards = Guards(WWW)
    octets = bytearray(sent(guards, ServerState()).to_wire())
    assert not guards.is_echo(bytes(octets))
    octets[2] |= 0x80
    assert guards.is_echo(bytes(octets))
    octets[1] ^= 1
    assert not guards.is_echo(bytes(octets))
