"""What of DNS Cookies is sent, believed and remembered. Values only; exchanges are in test_exchange."""

import dns.edns
import dns.message
import pytest

from cache.rrtypes import NOERROR
from cache.servers import ServerState
from resolver.upstream.cookies import (
    WITHOUT_FOR,
    Echo,
    echo_of,
    has_server_cookie,
    note_borne,
    note_cookie,
    note_given_up,
    opt_for,
)
from resolver.wire import question_octets, with_opt
from resolver.wire.message import AA, QR, Response, ResponseEdns
from tests.resolver.engine.fake_network import FakeRng

CLIENT, SERVER = b"12345678", b"abcdefgh"
OTHER = b"87654321"


def said(cookie: bytes | None, *, edns: bool = True) -> Response:
    opt = ResponseEdns(1232, 0, False, cookie, ()) if edns else None
    return Response(id=1, flags=QR | AA, rcode=NOERROR, asked=b"", answer=(), authority=(), additional=(), edns=opt)


def cookies_in(opt: bytes) -> list[bytes]:
    """The cookies that a query with this OPT RR carries, as dnspython reads it."""
    query = dns.message.from_wire(with_opt(1, 0, question_octets(b"\0", 1), opt))
    assert (query.edns, query.payload, bool(query.ednsflags & 0x8000)) == (0, 1232, True)
    return [option.client + option.server for option in query.options if isinstance(option, dns.edns.CookieOption)]


@pytest.mark.parametrize(
    ("response", "sent", "echo"),
    [
        pytest.param(said(CLIENT + SERVER), CLIENT, Echo.RIGHT, id="a first server cookie"),
        pytest.param(said(CLIENT + OTHER), CLIENT + SERVER, Echo.RIGHT, id="a new server cookie"),
        pytest.param(said(CLIENT + bytes(32)), CLIENT, Echo.RIGHT, id="the longest"),
        pytest.param(said(None), CLIENT, Echo.NONE, id="a server without cookies"),
        pytest.param(said(None, edns=False), CLIENT, Echo.NONE, id="a server without EDNS"),
        pytest.param(said(None), CLIENT + SERVER, Echo.MISSING, id="none from a server that has one"),
        pytest.param(said(None, edns=False), CLIENT + SERVER, Echo.MISSING, id="no EDNS from a server that has one"),
        pytest.param(said(OTHER + SERVER), CLIENT, Echo.WRONG, id="another client cookie"),
        pytest.param(said(OTHER + SERVER), CLIENT + SERVER, Echo.WRONG, id="another, and the right server cookie"),
        pytest.param(said(CLIENT), CLIENT, Echo.WRONG, id="ours alone"),
        pytest.param(said(CLIENT + bytes(33)), CLIENT, Echo.WRONG, id="too long"),
        pytest.param(said(CLIENT + b"abc"), CLIENT, Echo.WRONG, id="too short"),
        pytest.param(said(b""), CLIENT, Echo.WRONG, id="an empty one"),
        pytest.param(said(CLIENT + SERVER), b"", Echo.NONE, id="one that nobody asked for"),
    ],
)
def test_what_a_reply_echoes(response: Response, sent: bytes, echo: Echo) -> None:
    assert echo_of(response, sent) is echo


def test_each_server_gets_a_client_cookie_of_its_own_and_keeps_it() -> None:
    """RFC 9018 §3."""
    rng, states = FakeRng(), [ServerState() for _ in range(100)]
    first = [opt_for(state, rng, 0.0) for state in states]
    assert len(set(first)) == 100
    assert [opt_for(state, rng, 9.0) for state in states] == first
    assert {len(cookie) for opt in first for cookie in cookies_in(opt)} == {8}


def test_the_server_cookie_is_sent_back_from_then_on() -> None:
    state = ServerState()
    (client,) = cookies_in(opt_for(state, FakeRng(), 0.0))
    note_cookie(state, said(client + SERVER))
    assert cookies_in(opt_for(state, FakeRng(), 1.0)) == [client + SERVER]
    note_cookie(state, said(client + OTHER))
    assert cookies_in(opt_for(state, FakeRng(), 2.0)) == [client + OTHER]


def test_a_late_reply_to_a_cookie_of_before_changes_nothing() -> None:
    state = ServerState()
    (client,) = cookies_in(opt_for(state, FakeRng(), 0.0))
    note_cookie(state, said(OTHER + SERVER))
    assert state.cookie == client


def test_a_cookie_that_is_echoed_after_all_is_sent_again() -> None:
    state = ServerState()
    (client,) = cookies_in(opt_for(state, FakeRng(), 0.0))
    note_given_up(state, 1.0)
    note_borne(state, client)
    assert cookies_in(opt_for(state, FakeRng(), 2.0)) == [client]


def test_only_a_cookie_of_its_own_makes_it_a_server_with_cookies() -> None:
    state = ServerState()
    (client,) = cookies_in(opt_for(state, FakeRng(), 0.0))
    assert not has_server_cookie(state)
    note_cookie(state, said(client + SERVER))
    assert has_server_cookie(state)


def test_a_server_that_gave_its_cookies_up_is_asked_without_for_a_while() -> None:
    state = ServerState()
    (client,) = cookies_in(opt_for(state, FakeRng(), 0.0))
    note_cookie(state, said(client + SERVER))
    note_given_up(state, 10.0)
    assert cookies_in(opt_for(state, FakeRng(), 10.0)) == []
    assert [len(cookie) for cookie in cookies_in(opt_for(state, FakeRng(2), 10.0 + WITHOUT_FOR))] == [8]
