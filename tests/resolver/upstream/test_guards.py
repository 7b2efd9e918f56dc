"""What shows that a reply is the server's: ID, letter case, cookie. Values only; exchanges are in test_exchange."""

from random import Random

import dns.edns
import dns.flags
import dns.message
import pytest

from cache.rrtypes import BADVERS, FORMERR, NOERROR, NOTIMP, NXDOMAIN, REFUSED, SERVFAIL, YXDOMAIN
from cache.servers import ServerState
from resolver.upstream.guards import (
    CLIENT_OCTETS,
    WITHOUT_FOR,
    Echo,
    Guards,
    Match,
    echo_of,
    has_server_cookie,
    is_same_question,
    match_of,
    note_borne,
    note_cookie,
    note_given_up,
    opt_for,
    read_echo,
)
from resolver.wire import question_octets, with_opt
from resolver.wire.message import AA, QR, Response, ResponseEdns
from tests.resolver.engine.fake_network import FakeRng, reply_to
from tests.resolver.iterate.zone_text import question

CLIENT, SERVER = b"12345678", b"abcdefgh"
OTHER = b"87654321"


def with_cookie(cookie: bytes | None, *, edns: bool = True) -> Response:
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
        pytest.param(with_cookie(CLIENT + SERVER), CLIENT, Echo.RIGHT, id="a first server cookie"),
        pytest.param(with_cookie(CLIENT + OTHER), CLIENT + SERVER, Echo.RIGHT, id="a new server cookie"),
        pytest.param(with_cookie(CLIENT + bytes(32)), CLIENT, Echo.RIGHT, id="the longest"),
        pytest.param(with_cookie(None), CLIENT, Echo.NONE, id="a server without cookies"),
        pytest.param(with_cookie(None, edns=False), CLIENT, Echo.NONE, id="a server without EDNS"),
        pytest.param(with_cookie(None), CLIENT + SERVER, Echo.MISSING, id="none from a server that has one"),
        pytest.param(
            with_cookie(None, edns=False), CLIENT + SERVER, Echo.MISSING, id="no EDNS from a server that has one"
        ),
        pytest.param(with_cookie(OTHER + SERVER), CLIENT, Echo.WRONG, id="another client cookie"),
        pytest.param(
            with_cookie(OTHER + SERVER), CLIENT + SERVER, Echo.WRONG, id="another, and the right server cookie"
        ),
        pytest.param(with_cookie(CLIENT), CLIENT, Echo.WRONG, id="ours alone"),
        pytest.param(with_cookie(CLIENT + bytes(33)), CLIENT, Echo.WRONG, id="too long"),
        pytest.param(with_cookie(CLIENT + b"abc"), CLIENT, Echo.WRONG, id="too short"),
        pytest.param(with_cookie(b""), CLIENT, Echo.WRONG, id="an empty one"),
        pytest.param(with_cookie(CLIENT + SERVER), b"", Echo.NONE, id="one that nobody asked for"),
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
    note_cookie(state, with_cookie(client + SERVER))
    assert cookies_in(opt_for(state, FakeRng(), 1.0)) == [client + SERVER]
    note_cookie(state, with_cookie(client + OTHER))
    assert cookies_in(opt_for(state, FakeRng(), 2.0)) == [client + OTHER]


def test_a_late_reply_to_a_cookie_of_before_changes_nothing() -> None:
    state = ServerState()
    (client,) = cookies_in(opt_for(state, FakeRng(), 0.0))
    note_cookie(state, with_cookie(OTHER + SERVER))
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
    note_cookie(state, with_cookie(client + SERVER))
    assert has_server_cookie(state)


def test_a_server_that_gave_its_cookies_up_is_asked_without_for_a_while() -> None:
    state = ServerState()
    (client,) = cookies_in(opt_for(state, FakeRng(), 0.0))
    note_cookie(state, with_cookie(client + SERVER))
    note_given_up(state, 10.0)
    assert cookies_in(opt_for(state, FakeRng(), 10.0)) == []
    assert [len(cookie) for cookie in cookies_in(opt_for(state, FakeRng(2), 10.0 + WITHOUT_FOR))] == [8]


IN_A = b"\0\1\0\1"
ASKED = b"\3wWw\7eXample\0" + IN_A


def said(asked: bytes = ASKED, *, id: int = 7, flags: int = QR | AA, rcode: int = NOERROR) -> Response:
    return Response(id=id, flags=flags, rcode=rcode, asked=asked, answer=(), authority=(), additional=(), edns=None)


@pytest.mark.parametrize(
    ("response", "match"),
    [
        pytest.param(said(), Match.REPLY, id="the reply"),
        pytest.param(said(id=8), Match.NEAR_MISS, id="another ID"),
        pytest.param(said(ASKED.lower()), Match.OTHER_CASE, id="another letter case"),
        pytest.param(said(ASKED.lower(), id=8), Match.MISMATCH, id="another ID and letter case"),
        pytest.param(said(b"\3ftp\7eXample\0" + IN_A), Match.MISMATCH, id="another name"),
        pytest.param(said(ASKED[:-4] + b"\0\x1c\0\1"), Match.MISMATCH, id="another type"),
        pytest.param(said(ASKED[:-4] + b"\0\1\0\3"), Match.MISMATCH, id="another class"),
        pytest.param(said(flags=AA), Match.MISMATCH, id="a query"),
        pytest.param(said(flags=QR | 0x2000), Match.MISMATCH, id="another opcode"),
        pytest.param(said(b""), Match.MISMATCH, id="no question, no error"),
        pytest.param(said(b"", rcode=SERVFAIL), Match.REPLY, id="an error as a bare header"),
        pytest.param(said(b"", rcode=FORMERR), Match.REPLY, id="FORMERR as a bare header"),
        pytest.param(said(b"", rcode=NOTIMP), Match.REPLY, id="NOTIMP as a bare header"),
        pytest.param(said(b"", rcode=REFUSED), Match.REPLY, id="REFUSED as a bare header"),
        pytest.param(said(b"", rcode=NXDOMAIN), Match.MISMATCH, id="a denial of nothing that was asked"),
        pytest.param(said(b"", rcode=YXDOMAIN), Match.MISMATCH, id="an alias of nothing that was asked"),
        pytest.param(said(b"", rcode=BADVERS), Match.MISMATCH, id="an extended error without a question"),
        pytest.param(said(b"", rcode=SERVFAIL, id=8), Match.MISMATCH, id="an error with another ID"),
    ],
)
def test_what_a_response_is_to_a_question(response: Response, match: Match) -> None:
    assert match_of(response, 7, ASKED) is match


def test_letter_case_is_of_the_name_only() -> None:
    """Type HTTPS is 65, an 'A'; type 97 would be its lower case."""
    assert not is_same_question(b"\1a\0\0\x41\0\1", b"\1a\0\0\x61\0\1")


def test_a_record_behind_an_empty_question_section_is_no_question() -> None:
    """It begins with the very octets that were asked; the header says that nothing was echoed."""
    asked = question_octets(b"\3WwW\7example\0", 1)
    record = asked + (300).to_bytes(4, "big") + b"\0\4\xcb\0\x71\x42"
    response = read_echo(b"\0\7\x84\0\0\0\0\1\0\0\0\0" + record, asked, asked.lower())
    assert isinstance(response, Response)
    assert response.asked == b""
    assert match_of(response, 7, asked) is Match.MISMATCH


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
