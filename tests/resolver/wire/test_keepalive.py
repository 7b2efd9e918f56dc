"""How long a connection may be silent, in the octets of a reply."""

import dns.edns
import dns.message
import pytest

from resolver.wire.keepalive import KEEPALIVE, MAX_OCTETS, asks_keepalive, with_keepalive

OTHERS: list[dns.edns.Option] = [
    dns.edns.EDEOption(dns.edns.EDECode.NETWORK_ERROR, "why"),
    dns.edns.GenericOption(dns.edns.OptionType.COOKIE, bytes(8)),
]


def query(*options: dns.edns.Option, edns: int = 0) -> dns.message.Message:
    return dns.message.make_query("www.example.", "A", use_edns=edns, options=list(options))


def reply(*options: dns.edns.Option, edns: int = 0) -> bytes:
    made = dns.message.make_response(query(edns=edns))
    made.answer = [dns.rrset.from_text("www.example.", 60, "IN", "A", *(f"192.0.2.{n}" for n in range(20)))]
    if edns >= 0:
        made.use_edns(0, options=list(options))
    return made.to_wire()


def timeouts(octets: bytes) -> list[bytes]:
    """Those that dnspython reads in it."""
    return [option.to_wire() or b"" for option in dns.message.from_wire(octets).options if option.otype == KEEPALIVE]


def test_who_asks_is_seen() -> None:
    assert asks_keepalive(query(dns.edns.GenericOption(dns.edns.OptionType(KEEPALIVE), b"")).to_wire())
    assert not asks_keepalive(query().to_wire())


def test_it_is_looked_for_in_as_much_as_honest_queries_have() -> None:
    """In 60 kB of zeros, almost all of which begin what is looked for, it took 44 µs."""
    option = dns.edns.GenericOption(dns.edns.OptionType(KEEPALIVE), b"")
    padding = dns.edns.GenericOption(dns.edns.OptionType.PADDING, bytes(468))  # RFC 8467 §4.2.1 has no more
    assert asks_keepalive(query(padding, option).to_wire())
    long = dns.edns.GenericOption(dns.edns.OptionType(65001), bytes(2048))
    assert not asks_keepalive(query(long, option).to_wire(max_size=4096))


@pytest.mark.parametrize(("seconds", "tenths"), [(10.0, 100), (0.25, 2), (0.0, 1), (600.0, 6000)])
@pytest.mark.parametrize("options", [[], OTHERS])
def test_the_time_is_told_in_tenths_of_a_second(seconds: float, tenths: int, options: list[dns.edns.Option]) -> None:
    """RFC 7828 §3.1: "TIMEOUT: an idle timeout value for the TCP connection, specified in units of 100 milliseconds"."""
    octets = with_keepalive(reply(*options), seconds)
    assert timeouts(octets) == [tenths.to_bytes(2)]
    read = dns.message.from_wire(octets)
    assert [option for option in read.options if option.otype != KEEPALIVE] == options
    assert len(read.answer[0]) == 20


def test_a_reply_without_opt_is_left_as_it_is() -> None:
    octets = reply(edns=-1)
    assert with_keepalive(octets, 10.0) == octets


def test_a_reply_that_is_as_long_as_can_be_is_left_as_it_is() -> None:
    octets = reply() + bytes(MAX_OCTETS - len(reply()))
    assert with_keepalive(octets, 10.0) == octets
