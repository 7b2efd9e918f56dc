"""What the tour shows: each step with the question it asks, what has to come back, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from resolver.demo.behaviour import Fails, Silent
from resolver.demo.check import (
    Check,
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

OUR_CLIENT: Final = "127.0.0.1"  # network 24
THEIR_CLIENT: Final = "127.0.57.1"  # network 57
OUR_PREFIX: Final = "fdaa:0:18::/48"  # network 24
ALIAS_TTL: Final = 86400
HEAL_SECONDS: Final = 6.0  # within which a healed target is answered
STALE_SECONDS: Final = 2.0  # the client timeout of 1.8 s, and a busy machine
AT_ONCE: Final = 0.25  # s: from memory; some milliseconds, on a busy machine too


@dataclass(frozen=True, slots=True)
class Step:
    """One question. rest: seconds to let pass first; then `change` happens. patience: ask again until right, so long."""

    title: str
    qname: str
    qtype: str
    check: Check
    why: str
    client: str = OUR_CLIENT
    rest: float = 0.0
    change: Callable[[Internet], None] | None = None
    patience: float = 0.0


def _dst_fails(internet: Internet) -> None:
    internet.break_server("dst", Fails())


def _dst_is_silent(internet: Internet) -> None:
    internet.break_server("dst", Silent())


def _dst_is_well(internet: Internet) -> None:
    internet.heal_server("dst")


INTERNAL: Final = (
    Step(
        "An app of this client's network",
        "web.internal",
        "AAAA",
        all_of(rcode("NOERROR"), addresses_in(OUR_PREFIX), ttl("AAAA", 5, 5)),
        "every started machine, from the state database, which another process changes all the time",
    ),
    Step(
        "One region of it",
        "ams.web.internal",
        "AAAA",
        all_of(rcode("NOERROR"), addresses_in(OUR_PREFIX)),
        "the machines that are in Amsterdam now; a machine that migrates keeps its address",
    ),
    Step(
        "The nearest ones",
        "top2.nearest.of.web.internal",
        "AAAA",
        all_of(rcode("NOERROR"), addresses_in(OUR_PREFIX)),
        "two at most, by the round-trip times that this host measured, nearest first",
    ),
    Step(
        "Who is in it, as text",
        "vms.web.internal",
        "TXT",
        all_of(rcode("NOERROR"), holds("TXT")),
        "machine ids and regions in one TXT record",
    ),
    Step(
        "The network's apps",
        "_apps.internal",
        "TXT",
        all_of(rcode("NOERROR"), holds("TXT")),
        "the names of this network's apps, and of no other network's",
    ),
    Step(
        "Another network must not see it",
        "api.internal",
        "AAAA",
        all_of(rcode("NXDOMAIN"), holds_nothing),
        "the same question from network 57: there is no such app there, and no hint that there is one here",
        client=THEIR_CLIENT,
    ),
)

ALIASES: Final = (
    Step(
        "A public alias, cold",
        "alias.src.test",
        "A",
        all_of(rcode("NOERROR"), holds("CNAME", "www.dst.test."), holds("A", "198.51.100.1"), asked("src", 1, 3)),
        "from the root down: src.test says the alias, dst.test its target; each is a link of its own in the cache",
    ),
    Step(
        "The same, cached",
        "alias.src.test",
        "A",
        all_of(rcode("NOERROR"), holds("A", "198.51.100.1"), nobody_asked, within(AT_ONCE)),
        "both links are fresh, each with its own TTL counting down; nobody was asked",
    ),
    Step(
        "The incident: the target fails",
        "alias.src.test",
        "TXT",
        all_of(rcode("SERVFAIL"), holds_nothing, info_code(22, 23), asked("src", 0, 0)),
        "the alias is known, its target's server fails: SERVFAIL with the reason, never the bare CNAME as an answer",
        change=_dst_fails,
    ),
    Step(
        "… and again at once",
        "alias.src.test",
        "TXT",
        all_of(rcode("SERVFAIL"), holds_nothing, info_code(13), nobody_asked, within(AT_ONCE)),
        "the failure is remembered for 5 s (RFC 9520): nobody is asked, the alias is not forgotten",
    ),
    Step(
        "… and the target heals",
        "alias.src.test",
        "TXT",
        all_of(rcode("NOERROR"), holds("CNAME"), holds("TXT"), asked("src", 0, 0), asked("dst", 1, 1)),
        "answered within 6 s, with one query to the target's server and none to the alias's",
        change=_dst_is_well,
        patience=HEAL_SECONDS,
    ),
)

OUTAGE: Final = (
    Step(
        "A target that is known",
        "brief.src.test",
        "A",
        all_of(rcode("NOERROR"), holds("A", "198.51.100.2")),
        "its TTL is 2 s, the alias's a day",
    ),
    Step(
        "An outage: the target's server is silent",
        "brief.src.test",
        "A",
        all_of(
            rcode("NOERROR"),
            holds("A", "198.51.100.2"),
            ttl("A", 30, 30),
            ttl("CNAME", ALIAS_TTL - 60, ALIAS_TTL),
            info_code(3),
            within(STALE_SECONDS),
        ),
        "expired, and nothing better to be had: the last good data within 1.8 s, for 30 s, marked with EDE 3 (RFC 8767)",
        rest=2.5,
        change=_dst_is_silent,
    ),
    Step(
        "… and it is over",
        "brief.src.test",
        "A",
        all_of(rcode("NOERROR"), holds("A", "198.51.100.2")),
        "the server is well again; the next attempt at this name is made 30 s after the failed one, at the latest",
        change=_dst_is_well,
    ),
)

TRAPS: Final = (
    Step(
        "A tree that moved",
        "deep.er.tree.moved.test",
        "A",
        all_of(rcode("NOERROR"), holds("DNAME"), holds("CNAME", "deep.er.home.example."), holds("A", "198.51.100.41")),
        "a DNAME, and the alias made from it (RFC 6672)",
    ),
    Step(
        "A wildcard",
        "anything.wild.test",
        "A",
        all_of(rcode("NOERROR"), holds("A", "198.51.100.50")),
        "synthesized by its server (RFC 4592)",
    ),
    Step(
        "Name servers in other people's zones",
        "www.glueless.test",
        "A",
        all_of(rcode("NOERROR"), holds("A")),
        "a delegation without glue: the name servers' addresses are looked up first",
    ),
    Step(
        "A server that does not know its zone",
        "www.lame.test",
        "A",
        all_of(rcode("NOERROR"), holds("A")),
        "one of two is lame: the other one is asked",
    ),
    Step(
        "A server that is dead",
        "www.halfdead.test",
        "A",
        all_of(rcode("NOERROR"), holds("A"), within(3.0)),
        "one of two is silent: the other one is asked",
    ),
    Step(
        "More than a datagram holds",
        "www.trunc.test",
        "A",
        all_of(rcode("NOERROR"), holds("A"), asked("trunc", 2, 4)),
        "the server truncates over UDP: asked again over TCP",
    ),
    Step(
        "A name that is not there",
        "nothing.wild.example",
        "A",
        all_of(rcode("NXDOMAIN"), holds_nothing),
        "with the SOA that says for how long that may be believed (RFC 2308)",
    ),
)

STEPS: Final = (*INTERNAL, *ALIASES, *OUTAGE, *TRAPS)
