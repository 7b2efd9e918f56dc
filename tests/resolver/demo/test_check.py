"""The checks of the tour: each says what is wrong, and nothing when nothing is."""

import dns.edns
import dns.message
import pytest
from dns.message import Message

from resolver.demo.behaviour import Silent
from resolver.demo.check import (
    Check,
    Heard,
    addresses_in,
    all_of,
    asked,
    holds,
    holds_nothing,
    info_code,
    nobody_asked,
    rcode,
    ttl,
    within,
)
from resolver.demo.internet import Internet
from resolver.demo.server import Server

REPLY = """id 1
opcode QUERY
rcode NOERROR
flags QR
edns 0
payload 1232
;QUESTION
www.example. IN A
;ANSWER
www.example. 300 IN CNAME web.example.
web.example. 30 IN A 192.0.2.1
web.example. 30 IN AAAA 2001:db8::1
"""


def message() -> Message:
    reply = dns.message.from_text(REPLY)
    reply.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.STALE_ANSWER)])
    return reply


HEARD = Heard(message(), 0.5)
SILENCE = Heard(None, 12.0)


def internet() -> Internet:
    return Internet((Server("src", ("192.0.2.53",), [()], behaviours=(Silent(),)),), ("src",), 53)


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(rcode("NOERROR"), id="the RCODE"),
        pytest.param(holds("A", "192.0.2.1"), id="just these records"),
        pytest.param(holds("CNAME"), id="any record of the type"),
        pytest.param(addresses_in("2001:db8::/32", 1), id="addresses in a prefix"),
        pytest.param(ttl("A", 30, 30), id="a TTL"),
        pytest.param(info_code(22, 3), id="one of several reasons"),
        pytest.param(within(0.5), id="in time"),
        pytest.param(asked("src", 0, 0), id="a server that was not asked"),
        pytest.param(nobody_asked, id="nobody was asked"),
    ],
)
def test_what_is_right_has_no_fault(check: Check) -> None:
    assert check(HEARD, internet()) == ""


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(rcode("SERVFAIL"), id="another RCODE"),
        pytest.param(holds("A", "192.0.2.2"), id="other records"),
        pytest.param(holds("TXT"), id="no record of the type"),
        pytest.param(holds_nothing, id="records where there should be none"),
        pytest.param(addresses_in("fdaa::/16"), id="addresses outside the prefix"),
        pytest.param(addresses_in("2001:db8::/32", 2), id="fewer addresses"),
        pytest.param(ttl("CNAME", 0, 30), id="a TTL that is too long"),
        pytest.param(info_code(22), id="another reason"),
        pytest.param(within(0.4), id="late"),
        pytest.param(asked("src", 1, 1), id="a server that should have been asked"),
        pytest.param(all_of(rcode("NOERROR"), holds("TXT")), id="one of several"),
    ],
)
def test_what_is_wrong_is_named(check: Check) -> None:
    assert check(HEARD, internet())


@pytest.mark.parametrize(
    "check",
    [rcode("NOERROR"), holds("A"), holds_nothing, addresses_in("::/0"), ttl("A", 0, 1), info_code(3), within(1)],
)
def test_silence_is_never_right(check: Check) -> None:
    assert check(SILENCE, internet())
