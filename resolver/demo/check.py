"""Is this reply what was to be shown? Checks say what is wrong with it, or nothing."""

import ipaddress
from collections.abc import Callable
from typing import Final

import dns.edns
import dns.message
import dns.rcode
import msgspec
from dns.message import Message
from dns.rdatatype import RdataType

from resolver.demo.internet import Internet

EDE_OPTION: Final = 15


class Heard(msgspec.Struct, frozen=True):
    """What came back. message: None when nothing did; seconds: until then."""

    message: Message | None
    seconds: float


Check = Callable[[Heard, Internet], str]  # what is wrong, or ""


def all_of(*checks: Check) -> Check:
    """Every one of the checks; the first thing that is wrong."""
    return lambda heard, internet: next((wrong for check in checks if (wrong := check(heard, internet))), "")


def rcode(wanted: str) -> Check:
    """The reply has this RCODE."""

    def check(heard: Heard, internet: Internet) -> str:
        if heard.message is None:
            return "no reply"
        got = dns.rcode.to_text(heard.message.rcode())
        return "" if got == wanted else f"{got} instead of {wanted}"

    return check


def holds(rtype: str, *rdatas: str) -> Check:
    """The answer section has records of the type, just these if any are named."""

    def check(heard: Heard, internet: Internet) -> str:
        got = records(heard, rtype)
        if not got:
            return f"no {rtype} record"
        return (
            ""
            if not rdatas or sorted(got) == sorted(rdatas)
            else f"{rtype} {' '.join(got)} instead of {' '.join(rdatas)}"
        )

    return check


def holds_nothing(heard: Heard, internet: Internet) -> str:
    """The answer section is empty: above all, it holds no alias without its target."""
    return "" if heard.message is not None and not heard.message.answer else "something in the answer section"


def addresses_in(prefix: str, count: int | None = None) -> Check:
    """There are AAAA records, so many if that is said, and all of them in the prefix."""

    def check(heard: Heard, internet: Internet) -> str:
        got = [ipaddress.ip_address(text) for text in records(heard, "AAAA")]
        if not got or (count is not None and len(got) != count):
            return f"{len(got)} addresses"
        return "" if all(address in ipaddress.ip_network(prefix) for address in got) else f"an address outside {prefix}"

    return check


def ttl(rtype: str, low: int, high: int) -> Check:
    """The TTL of that RRset lies between the two."""

    def check(heard: Heard, internet: Internet) -> str:
        ttls = (
            [rrset.ttl for rrset in heard.message.answer if rrset.rdtype == RdataType.make(rtype)]
            if heard.message
            else []
        )
        return (
            "" if ttls and all(low <= one <= high for one in ttls) else f"TTL of {rtype}: {ttls}, not {low} to {high}"
        )

    return check


def info_code(*wanted: int) -> Check:
    """An Extended DNS Error (RFC 8914) with one of these codes is there."""

    def check(heard: Heard, internet: Internet) -> str:
        return "" if set(wanted) & set(info_codes(heard)) else f"EDE {info_codes(heard) or 'missing'}, not {wanted}"

    return check


def within(seconds: float) -> Check:
    """The reply came in time."""
    return lambda heard, internet: "" if heard.seconds <= seconds else f"took {heard.seconds:.1f} s, not {seconds} s"


def asked(server: str, low: int, high: int) -> Check:
    """That server was asked so often since the step began."""

    def check(heard: Heard, internet: Internet) -> str:
        times = internet.servers[server].times_asked()
        return "" if low <= times <= high else f"{server}'s server was asked {times} times"

    return check


def nobody_asked(heard: Heard, internet: Internet) -> str:
    """No server of the small internet was asked since the step began."""
    busy = [name for name, server in internet.servers.items() if server.times_asked()]
    return f"{', '.join(busy)} were asked" if busy else ""


def records(heard: Heard, rtype: str) -> list[str]:
    """The rdata of that type in the answer section, as text."""
    if heard.message is None:
        return []
    wanted = RdataType.make(rtype)
    return [rdata.to_text() for rrset in heard.message.answer if rrset.rdtype == wanted for rdata in rrset]


def info_codes(heard: Heard) -> list[int]:
    """The INFO-CODEs of the reply."""
    if heard.message is None:
        return []
    return [int(option.code) for option in heard.message.options if isinstance(option, dns.edns.EDEOption)]
