"""ANY in full: what a zone's servers give of a name, as values of a signed world and of one that is not."""

import dns.flags
import dns.message
import pytest
import trio

from resolver.demo.zone import parse_record
from resolver.errors import RRSIGS_MISSING
from resolver.policy.options import AnswerOptions
from tests.internal_zones.platform import State, app, machine
from tests.simulation.denials import Kind
from tests.simulation.scenarios.kit import NO_STALE, Net, Reply, given
from tests.simulation.scenarios.servers import Said, zone

STATE = State(apps=[app(1, "web", 24)], machines=[machine("0001", 1, 24)])
FULL = AnswerOptions(any="full")
RECORDS = (
    "www 300 A 198.51.100.1",
    "www 300 TXT hello",
    "www 60 MX 10 mail.s.test.",
    "alias 300 CNAME www",
    "old 300 DNAME new.s.test.",
    "old 300 TXT moved",
    "web.new 300 A 198.51.100.2",
    "web.new 300 AAAA 2001:db8::2",
    "*.wild 300 A 198.51.100.3",
    "*.wild 300 TXT wild",
    "deep.empty 300 A 198.51.100.4",
)
OF_WWW = ["www.s.test 300 A 198.51.100.1", 'www.s.test 300 TXT "hello"', "www.s.test 60 MX 10 mail.s.test."]


def shown(records: list[str]) -> list[str]:
    return [one for one in records if " RRSIG " not in one]


@pytest.mark.parametrize("signs", [None, Kind.NSEC, Kind.NSEC3], ids=["unsigned", "nsec", "nsec3"])
@pytest.mark.parametrize(
    ("name", "rcode", "answer"),
    [
        pytest.param("www.s.test", "NOERROR", OF_WWW, id="all of a name"),
        pytest.param("alias.s.test", "NOERROR", ["alias.s.test 300 CNAME www.s.test."], id="the alias itself"),
        pytest.param(
            "web.old.s.test",
            "NOERROR",
            [
                "old.s.test 300 DNAME new.s.test.",
                "web.old.s.test 300 CNAME web.new.s.test.",
                "web.new.s.test 300 A 198.51.100.2",
                "web.new.s.test 300 AAAA 2001:db8::2",
            ],
            id="below a DNAME",
        ),
        pytest.param(
            "old.s.test",
            "NOERROR",
            ["old.s.test 300 DNAME new.s.test.", 'old.s.test 300 TXT "moved"'],
            id="at a DNAME",
        ),
        pytest.param(
            "x.wild.s.test",
            "NOERROR",
            ["x.wild.s.test 300 A 198.51.100.3", 'x.wild.s.test 300 TXT "wild"'],
            id="of a wildcard",
        ),
        pytest.param("empty.s.test", "NOERROR", [], id="an empty non-terminal"),
        pytest.param("gone.s.test", "NXDOMAIN", [], id="no name"),
    ],
)
def test_what_a_zone_has_is_given_and_secure_if_all_of_it_is(
    signs: Kind | None, name: str, rcode: str, answer: list[str]
) -> None:
    @given({"S": zone("s.test", *RECORDS, signs=signs)}, answer=FULL)
    async def play(net: Net) -> None:
        for _ in range(2):
            reply = await net.ask(f"{name} ANY", flags="DO")
            assert (reply.rcode, reply.is_secure) == (rcode, signs is not None)
            assert sorted(shown(reply.answer)) == sorted(answer)

    play()


@given({"S": zone("s.test", *RECORDS)}, answer=FULL)
async def test_what_was_given_answers_who_asks_for_its_type_and_any_is_asked_each_time(net: Net) -> None:
    await net.ask("www.s.test ANY")
    net.asked()
    for rtype in ("A", "TXT", "MX"):
        assert (await net.ask(f"www.s.test {rtype}")).rcode == "NOERROR"
    assert net.asked() == {}
    for _ in range(2):
        assert sorted((await net.ask("www.s.test ANY")).answer) == sorted(OF_WWW)
        assert net.asked() == {"S": 1}
    assert (await net.ask("www.s.test AAAA")).rcode == "NOERROR"
    assert net.asked() == {"S": 1}, "nobody has said that there is no such type"


@given({"S": zone("s.test", *RECORDS)}, answer=FULL)
async def test_equal_questions_are_one(net: Net) -> None:
    await net.ask("www.s.test ANY")
    net.asked()
    replies: list[Reply] = []

    async def ask() -> None:
        replies.append(await net.ask("www.s.test ANY"))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(ask)
    assert [sorted(one.answer) for one in replies] == [sorted(OF_WWW)] * 5
    assert net.asked() == {"S": 1}


def signed(net: Net, record: str) -> tuple[str, str]:
    """The record, and its signature by `s.test.`"""
    made = parse_record(record)
    return record, f"{made.name} {made.ttl} RRSIG {net.keys_of('s.test.').rrsig(made)}"


@given({"S": zone("s.test", *RECORDS, signs=Kind.NSEC)}, answer=FULL, stale=NO_STALE)
async def test_one_rrset_that_is_not_signed_fails_all_and_nothing_of_it_is_kept(net: Net) -> None:
    text = signed(net, "www.s.test. 300 TXT hello")
    net.say("S", "www.s.test ANY", Said(text))
    assert (await net.ask("www.s.test ANY", flags="AD")).is_secure
    net.say("S", "www.s.test ANY", Said((*text, "www.s.test. 300 A 198.51.100.66")))
    failed = await net.ask("www.s.test ANY")
    assert (failed.rcode, failed.codes) == ("SERVFAIL", {RRSIGS_MISSING})
    given = await net.ask("www.s.test ANY", flags="CD")
    assert sorted(given.answer) == ["www.s.test 300 A 198.51.100.66", 'www.s.test 300 TXT "hello"']
    assert (await net.ask("www.s.test")).answer == ["www.s.test 300 A 198.51.100.1"]


@given({"S": zone("s.test", *RECORDS)}, answer=FULL)
async def test_over_udp_it_is_truncated_as_any_reply_is(net: Net) -> None:
    long = tuple(f"www.s.test. 300 TXT {'x' * 250}{number}" for number in range(9))
    net.say("S", "www.s.test ANY", Said(("www.s.test. 300 MX 10 mail.s.test.", *long)))
    query = dns.message.make_query("www.s.test", "ANY", use_edns=0, payload=1232).to_wire()
    ((_, octets),) = await net.send_all([query], seconds=1)
    reply = dns.message.from_wire(octets)
    assert reply.flags & dns.flags.TC
    assert len(octets) <= 1232
    assert len((await net.ask("www.s.test ANY")).answer) == 10, "and whole over TCP"


@given({"S": zone("s.test", *RECORDS)}, answer=AnswerOptions(any="full", private_prefixes=("198.51.100.0/24",)))
async def test_one_private_address_has_all_of_it_refused(net: Net) -> None:
    reply = await net.ask("www.s.test ANY", excused="for an ordinary question")
    assert (reply.rcode, reply.answer, reply.errors) == ("REFUSED", [], {"BLOCKED"})


@given(
    {"S": zone("s.test", "old 300 DNAME internal.")}, state=STATE, answer=AnswerOptions(any="full", rebind="resolve")
)
async def test_a_dname_into_this_platform_ends_in_all_that_is_said_at_home(net: Net) -> None:
    reply = await net.ask("web.old.s.test ANY", excused="internal.")
    assert reply.answer == [
        "old.s.test 300 DNAME internal.",
        "web.old.s.test 300 CNAME web.internal.",
        *(await net.ask("web.internal ANY")).answer,
    ]
    assert len(reply.answer) > 2
    nothing = await net.ask("nothing.old.s.test ANY", excused="internal.")
    assert (nothing.rcode, len(nothing.answer)) == ("NXDOMAIN", 2)


@given({"S": zone("s.test", *RECORDS)}, answer=FULL)
async def test_it_is_explained_as_it_is_answered(net: Net) -> None:
    links, verdict = await net.operator.explain("www.s.test ANY")
    assert ([(one.origin, one.state) for one in links], verdict.rcode) == ([("upstream", "missing")], "")
    assert verdict.next
