"""Zones and servers that users of other resolvers wrote of: the answer is right cold, warm, and in another order.

`owner#N` are public threads. Some are of authoritative servers that are as odd as these; most of resolvers.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import dns.name
import pytest

from resolver.demo.zone import parse_record
from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import Net, Reply, given
from tests.simulation.scenarios.servers import Mind, Said, ZoneText, zone

PAUSE: Final = 400.0  # s: what failed is no longer left alone
SOA: Final = "x.test. 60 SOA ns.x.test. hostmaster.x.test. 1 1800 900 604800 60"
SIGNED: Final = ("a.b 300 A 198.51.100.1", "al 300 CNAME a.b.x.test.", "* 300 A 198.51.100.2", "d 300 DNAME o.test.")


class Wanted(NamedTuple):
    """What a question gets: its RCODE, the last RRset's data without order, and AD."""

    question: str
    rcode: str
    data: tuple[str, ...]
    is_secure: bool = False


class Row(NamedTuple):
    """The servers, and what is asked. script: by server and question. mind: of X. beside: further records of `test.`"""

    servers: Mapping[str, ZoneText]
    wanted: tuple[Wanted, ...]
    script: tuple[tuple[str, str, Said], ...] = ()
    mind: Mind | None = None
    beside: tuple[str, ...] = ()


def x(
    *records: str, signs: Kind | None = None, name_servers: tuple[str, ...] = (), delegation_ttl: int = 86400
) -> ZoneText:
    return zone("x.test", *records, signs=signs, name_servers=name_servers, delegation_ttl=delegation_ttl)


def alias_at_apex(question: str, asking: object) -> Said | None:
    name, rtype = question.split()
    is_there = name == "x.test" and rtype not in ("NS", "SOA")
    return Said(("x.test. 300 CNAME www.o.test.",)) if is_there else None


def denied(rcode: str = "NXDOMAIN") -> Said:
    return Said(authority=(SOA,), rcode=rcode)


WWW: Final = Wanted("www.x.test", "NOERROR", ("198.51.100.1",))
SIGNED_O: Final = zone("o.test", "www 300 A 198.51.100.2", "*.w 300 A 198.51.100.3", signs=Kind.NSEC3)
ROWS: Final = {
    "an alias at the apex of an unsigned zone below a signed one (systemd#31699, pdns#9621)": Row(
        {"X": x("www 300 A 198.51.100.1"), "O": SIGNED_O},
        (
            WWW,
            Wanted("x.test", "NOERROR", ("198.51.100.2",)),
            Wanted("x.test DS", "NOERROR", (), True),
            Wanted("mail.x.test", "NXDOMAIN", ()),
        ),
        mind=alias_at_apex,
    ),
    "an unsigned alias into a signed wildcard (blocky#2267)": Row(
        {"X": x("www 300 CNAME a.w.o.test."), "O": SIGNED_O},
        (
            Wanted("www.x.test", "NOERROR", ("198.51.100.3",)),
            Wanted("a.w.o.test", "NOERROR", ("198.51.100.3",), True),
            Wanted("b.w.o.test TXT", "NOERROR", (), True),
        ),
    ),
    "a wildcard's alias, and the wildcard itself (pdns#9668, FTL#2751)": Row(
        {"X": x("*.w 300 CNAME www.o.test.", "*.v 300 A 198.51.100.4", signs=Kind.NSEC), "O": SIGNED_O},
        (
            Wanted("a.w.x.test", "NOERROR", ("198.51.100.2",), True),
            Wanted("b.a.w.x.test TXT", "NOERROR", ("www.o.test.",), True),
            Wanted("*.v.x.test", "NOERROR", ("198.51.100.4",), True),
            Wanted("*.v.x.test TXT", "NOERROR", (), True),
        ),
    ),
    "a secure alias to a zone that is not signed, of the same server (pdns#6135)": Row(
        {
            "X": x("al 300 CNAME w.sub.x.test.", "sub 300 NS ns.sub", "ns.sub 300 A 192.0.2.12", signs=Kind.NSEC),
            "U": zone("sub.x.test", "w 300 A 198.51.100.5"),
        },
        (
            Wanted("al.x.test", "NOERROR", ("198.51.100.5",)),
            Wanted("al.x.test CNAME", "NOERROR", ("w.sub.x.test.",), True),
        ),
    ),
    "a zone whose name server is its own apex (hickory#2891)": Row(
        {"X": x("@ 300 A 192.0.2.11", "@ 300 NS @", signs=Kind.NSEC, name_servers=("x.test.",))},
        (Wanted("x.test", "NOERROR", ("192.0.2.11",), True), Wanted("x.test AAAA", "NOERROR", (), True)),
        beside=("x.test. 300 A 192.0.2.11",),
    ),
    "one good name server among nine that do not exist (unbound#362, unbound#687)": Row(
        {
            "X": x("www 300 A 198.51.100.1", name_servers=(*(f"n{n}.gone.test." for n in range(9)), "ns.o.test.")),
            "O": zone("o.test", "ns 300 A 192.0.2.11"),
        },
        (WWW,),
    ),
    "a name server whose own zone denies its address (Internet.nl#386)": Row(
        {"X": x("www 300 A 198.51.100.1")},
        (Wanted("ns-x.x.test", "NXDOMAIN", ()), WWW, Wanted("no.x.test", "NXDOMAIN", ())),
        (("X", "ns-x.x.test A", denied()), ("X", "ns-x.x.test AAAA", denied())),
    ),
    "NXDOMAIN beside an alias whose target is elsewhere (pdns#10700)": Row(
        {"X": x("al 300 CNAME www.o.test."), "O": zone("o.test", "www 300 A 198.51.100.2")},
        (Wanted("al.x.test", "NOERROR", ("198.51.100.2",)), Wanted("al.x.test AAAA", "NOERROR", ("www.o.test.",))),
        (("X", "al.x.test A", Said(("al.x.test. 300 CNAME www.o.test.",), (SOA,), rcode="NXDOMAIN")),),
    ),
    "a referral to a sibling, and one to below the name": Row(
        {"X": x("www 300 A 198.51.100.1", "sub 300 NS ns.sub", "ns.sub 300 A 192.0.2.11")},
        (WWW, Wanted("v.x.test", "SERVFAIL", ()), Wanted("b.x.test", "SERVFAIL", ())),
        (
            ("X", "v.x.test A", Said(authority=("sub.x.test. 300 NS ns.sub.x.test.",), is_authoritative=False)),
            ("X", "b.x.test A", Said(authority=("a.b.x.test. 300 NS ns-x.x.test.",), is_authoritative=False)),
        ),
    ),
    "a DNAME at the apex of a signed zone": Row(
        {"X": x("@ 300 DNAME o.test.", "@ 300 TXT text", signs=Kind.NSEC), "O": SIGNED_O},
        (
            Wanted("www.x.test", "NOERROR", ("198.51.100.2",), True),
            Wanted("x.test TXT", "NOERROR", ('"text"',), True),
            Wanted("x.test", "NOERROR", (), True),
        ),
    ),
    "labels with a dot, a space and a zero in them": Row(
        {
            "X": x(
                r"a\000b 300 A 198.51.100.1", r"a\.b 300 A 198.51.100.2", r"a\032b 300 A 198.51.100.3", signs=Kind.NSEC
            )
        },
        (
            Wanted(r"a\000b.x.test", "NOERROR", ("198.51.100.1",), True),
            Wanted(r"a\.b.x.test", "NOERROR", ("198.51.100.2",), True),
            Wanted(r"a\032b.x.test", "NOERROR", ("198.51.100.3",), True),
            Wanted("a.b.x.test", "NXDOMAIN", (), True),
        ),
    ),
    "a signed delegation of TTL 0": Row(
        {"X": x("www 300 A 198.51.100.1", signs=Kind.NSEC, delegation_ttl=0)},
        (WWW._replace(is_secure=True), Wanted("no.x.test", "NXDOMAIN", (), True)),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_the_answer_is_right_cold_warm_and_in_another_order(name: str) -> None:
    row = ROWS[name]

    @given(row.servers, more_of_test=row.beside)
    async def play(net: Net) -> None:
        for server, question, said in row.script:
            net.say(server, question, said)
        if row.mind is not None:
            net.possess("X", row.mind)
        for wanted in (*row.wanted, *row.wanted):
            assert shown(wanted, await net.ask(wanted.question, flags="AD")) == wanted
        for wanted in reversed(row.wanted):
            assert shown(wanted, await net.ask(wanted.question, flags="AD")) == wanted
        for wanted in row.wanted:
            await net.at(net.seconds + PAUSE)
            await net.flush(".")
            assert shown(wanted, await net.ask(wanted.question, flags="AD")) == wanted

    play()


def shown(wanted: Wanted, reply: Reply) -> Wanted:
    """What the reply says to it."""
    last = [line.split(maxsplit=3) for line in reply.answer]
    data = sorted(rdata for owner, _, rtype, rdata in last if [owner, rtype] == [last[-1][0], last[-1][2]])
    return Wanted(wanted.question, reply.rcode, tuple(data), reply.is_secure)


Record = tuple[str, ...]  # as text; and the owner that a wildcard's is shown at


def all_signed(net: Net, records: list[Record]) -> tuple[str, ...]:
    """The records as their zone signs them, each with its RRSIG."""
    return tuple(line for record in records for line in signed(net, *record))


def signed(net: Net, text: str, owner: str = "") -> list[str]:
    """A record with its RRSIG, shown at another owner perhaps."""
    rrset = parse_record(text)
    rrsig, shown_at = net.keys_of("x.test").rrsig(rrset), dns.name.from_text(owner) if owner else rrset.name
    return [f"{shown_at} {rrset.ttl} {rrset.rdtype.name} {rrset[0]}", f"{shown_at} {rrset.ttl} RRSIG {rrsig}"]


@pytest.mark.parametrize(
    ("question", "rcode", "answer", "authority"),
    [
        pytest.param(
            "c.b.x.test A",
            "NOERROR",
            [("*.x.test. 300 A 198.51.100.2", "c.b.x.test.")],
            [("a.b.x.test. 300 NSEC d.x.test. A RRSIG NSEC",)],
            id="a wildcard below an empty non-terminal (pdns#17136)",
        ),
        pytest.param(
            "al.x.test A",
            "NOERROR",
            [],
            [(SOA,), ("al.x.test. 300 NSEC a.b.x.test. CNAME RRSIG NSEC",)],
            id="no data where an alias is (hickory#3651)",
        ),
        pytest.param(
            "q.x.test A",
            "NXDOMAIN",
            [],
            [(SOA,), ("ns-x.x.test. 300 NSEC x.test. A RRSIG NSEC",)],
            id="no name, though a wildcard may be there (hickory#3143)",
        ),
        pytest.param(
            "b.x.test A",
            "NXDOMAIN",
            [],
            [
                (SOA,),
                ("al.x.test. 300 NSEC a.b.x.test. CNAME RRSIG NSEC",),
                ("x.test. 300 NSEC *.x.test. NS SOA RRSIG NSEC",),
            ],
            id="no name, where others are below it",
        ),
        pytest.param(
            "a.d.x.test A",
            "NXDOMAIN",
            [],
            [
                (SOA,),
                ("d.x.test. 300 NSEC ns-x.x.test. DNAME RRSIG NSEC",),
                ("x.test. 300 NSEC *.x.test. NS SOA RRSIG NSEC",),
            ],
            id="no name below a DNAME (RFC 6840 §4.1)",
        ),
    ],
)
@given({"X": x(*SIGNED, signs=Kind.NSEC)})
async def test_what_is_rightly_signed_and_proves_something_else_is_bogus(
    net: Net, question: str, rcode: str, answer: list[Record], authority: list[Record]
) -> None:
    net.say("X", question, Said(all_signed(net, answer), all_signed(net, authority), rcode=rcode))
    for _ in range(2):
        reply = await net.ask(question, flags="AD")
        assert (reply.rcode, reply.answer, reply.is_secure) == ("SERVFAIL", [], False)


@given({"X": x(*SIGNED, signs=Kind.NSEC)})
async def test_what_is_rightly_signed_and_proves_it_is_secure(net: Net) -> None:
    """The same means, put to a right use: or the test above would hold of anything."""
    wildcard = all_signed(net, [("*.x.test. 300 A 198.51.100.2", "q.x.test.")])
    net.say("X", "q.x.test A", Said(wildcard, all_signed(net, [("ns-x.x.test. 300 NSEC x.test. A RRSIG NSEC",)])))
    reply = await net.ask("q.x.test", flags="AD")
    assert (reply.answer, reply.is_secure) == (["q.x.test 300 A 198.51.100.2"], True)
