"""Events as rows."""

import msgspec
import pytest
from _pytest.mark import ParameterSet

from cache.chain import alias_of
from cache.names import ROOT, from_text
from cache.rrtypes import AAAA, CNAME, NS, A
from resolver.env import Address
from resolver.iterate.classify import Aliased, Answered, Denied, Reason, Referred, Useless, Verdict
from resolver.iterate.delegation import Delegation, Origin, ZoneServer
from resolver.iterate.trace import (
    Begun,
    Boarded,
    Disbelieved,
    Discarded,
    Event,
    Found,
    GivenUp,
    Lost,
    Replied,
    Sent,
    Sought,
)
from resolver.observe.trace import MAX_ROWS, Tracer, TraceRow
from resolver.upstream import Assurance, NoReply, Reply
from resolver.wire.message import RawRRset, Response
from tests.build import denial, question, rrset

WWW, TEST = question("www.test. A"), question("test. A")
ZONE = from_text("test.")
SERVER = Address("192.0.2.1", 53)
FIVE = b"".join(bytes([192, 0, 2, last]) for last in range(5))
RDATAS = tuple(FIVE[at : at + 4] for at in range(0, 20, 4))


class Traced:
    """A Tracer with a clock to set."""

    def __init__(self) -> None:
        self.now = 100.0
        self.rows: list[TraceRow] = []
        self.tracer = Tracer(lambda: self.now, self.rows.append)

    def tell(self, event: Event, depth: int = 0) -> TraceRow:
        self.tracer(event, depth)
        return self.rows[-1]


def reply(rcode: int = 0, received: float = 100.02, *, over_tcp: bool = False) -> Reply:
    response = Response(id=1, flags=0, rcode=rcode, asked=b"", answer=(), authority=(), additional=(), edns=None)
    return Reply(response, received, Assurance.TCP if over_tcp else Assurance.CASE)


def verdicts() -> list[ParameterSet]:
    alias = RawRRset(WWW.qname, CNAME, 60, (from_text("web.example."),))
    soa = RawRRset(ZONE, 6, 60, (b"",))
    cut = RawRRset(ZONE, NS, 60, (from_text("ns1.test."), from_text("ns2.test.")))
    return [
        pytest.param(
            Answered((RawRRset(WWW.qname, A, 60, RDATAS),)),
            0,
            "answer: A 192.0.2.0, 192.0.2.1, 192.0.2.2, 192.0.2.3 and 1 more",
        ),
        pytest.param(
            Answered((RawRRset(WWW.qname, A, 60, RDATAS[:1]), RawRRset(WWW.qname, CNAME, 60, (ROOT,)))),
            0,
            "answer: A 192.0.2.0; CNAME .",
        ),
        pytest.param(Aliased(alias, from_text("web.example.")), 0, "alias: CNAME of www.test. to web.example."),
        pytest.param(Aliased(alias, None), 0, "alias: CNAME of www.test. to a name that is too long"),
        pytest.param(Referred(cut), 0, "referral down to test.: ns1.test., ns2.test."),
        pytest.param(Denied(WWW.qname, None, soa), 3, "denial: www.test. does not exist"),
        pytest.param(Denied(WWW.qname, AAAA, None), 0, "denial: www.test. has no AAAA, without an SOA"),
        pytest.param(Useless(Reason.REFUSED, "REFUSED"), 5, "of no use: REFUSED"),
    ]


@pytest.mark.parametrize(("verdict", "rcode", "text"), verdicts())
def test_what_a_reply_means_is_told_with_how_long_it_took(verdict: Verdict, rcode: int, text: str) -> None:
    traced = Traced()
    sent = traced.tell(Sent(WWW, TEST, ROOT, SERVER, 0.376), 1)
    assert sent == TraceRow("sent", 0.0, 1, "test.", "A", "www.test. A", ".", "192.0.2.1:53", text="late after 376 ms")
    traced.now = 100.03
    row = traced.tell(Replied(WWW, TEST, SERVER, reply(rcode), verdict), 1)
    assert (row.step, row.owner, row.wanted, row.server, row.text) == (
        "replied",
        "test.",
        "www.test. A",
        sent.server,
        text,
    )
    assert row.rcode == {0: "NOERROR", 3: "NXDOMAIN", 5: "REFUSED"}[rcode]
    assert row.rtt is not None
    assert row.rtt == pytest.approx(0.02)
    assert row.at == pytest.approx(0.03)
    assert msgspec.json.decode(msgspec.json.encode(row), type=TraceRow) == row


def test_a_server_that_is_asked_beside_others_is_told_to_be() -> None:
    row = Traced().tell(Sent(WWW, WWW, ROOT, SERVER, 0.05, others=1))
    assert row.text == "late after 50 ms, beside 1 that may answer still"


def test_a_reply_over_tcp_says_so() -> None:
    row = Traced().tell(Replied(WWW, WWW, SERVER, reply(over_tcp=True), Useless(Reason.ERROR, "SERVFAIL")))
    assert row.text == "of no use: SERVFAIL, over TCP"
    assert (row.wanted, row.rtt) == ("", None)


def test_times_of_two_questions_shown_alike_to_one_server_are_kept_apart() -> None:
    traced = Traced()
    other = question("www.test. AAAA")
    traced.tell(Sent(WWW, TEST, ROOT, SERVER, 1.0))
    traced.now += 1
    traced.tell(Sent(other, TEST, ROOT, SERVER, 1.0))
    traced.now += 1
    rtts = [traced.tell(Lost(of, TEST, SERVER, NoReply.TIMEOUT)).rtt for of in (WWW, other)]
    assert rtts == [2.0, 1.0]


@pytest.mark.parametrize(
    ("event", "step", "text"),
    [
        pytest.param(
            Found(WWW, alias_of(rrset("www.test. 60 CNAME web.example."), WWW.qname)),
            "found",
            "known: CNAME of www.test. to web.example.",
            id="an alias",
        ),
        pytest.param(
            Found(WWW, denial("www.test. NXDOMAIN")), "found", "known: www.test. does not exist", id="NXDOMAIN"
        ),
        pytest.param(Found(WWW, denial("www.test. A")), "found", "known: www.test. has no such type", id="NODATA"),
        pytest.param(
            Found(WWW, rrset("www.test. 60 A 192.0.2.1"), "no server answers"),
            "found",
            "stale, because of: no server answers: A 192.0.2.1",
            id="stale",
        ),
        pytest.param(Boarded(WWW, is_joined=False), "missing", "not known", id="missing"),
        pytest.param(
            Boarded(WWW, is_joined=True),
            "missing",
            "somebody asks already, and their steps are not seen here",
            id="joined",
        ),
        pytest.param(
            Begun(WWW, Delegation(zone=ROOT, origin=Origin.HINTS, servers=(SERVER,))),
            "begun",
            "begins at . (root hints): 192.0.2.1",
            id="hints",
        ),
        pytest.param(
            Begun(
                WWW, Delegation(zone=ZONE, origin=Origin.CACHE, name_servers=(from_text("ns1.test."),)), is_again=True
            ),
            "begun",
            "all servers below failed, so it goes on at test. (cache): ns1.test.",
            id="again",
        ),
        pytest.param(
            Sought(from_text("ns1.test."), ZONE), "sought", "the address of this name server is needed", id="sought"
        ),
        pytest.param(Lost(WWW, WWW, SERVER, NoReply.TIMEOUT), "lost", "no reply in time", id="lost"),
        pytest.param(
            Discarded(WWW, SERVER, "malformed reply: rdata cut short at octet 40"),
            "discarded",
            "discarded: malformed reply: rdata cut short at octet 40",
            id="discarded",
        ),
        pytest.param(
            Disbelieved(WWW, ZoneServer(ZONE, SERVER), "no signature of www.test. A"),
            "disbelieved",
            "192.0.2.1 is not believed, another server is asked: no signature of www.test. A",
            id="disbelieved",
        ),
        pytest.param(GivenUp(WWW, "no server answers"), "failed", "no server answers", id="failed"),
        pytest.param(
            GivenUp(WWW, "no server answers", is_remembered=True),
            "failed",
            "failed a short while ago: no server answers",
            id="failed before",
        ),
    ],
)
def test_every_other_step(event: Event, step: str, text: str) -> None:
    row = Traced().tell(event, 2)
    assert (row.step, row.depth, row.text) == (step, 2, text)
    assert row.owner == ("ns1.test." if step == "sought" else "www.test.")


def test_rows_are_bounded_and_the_end_says_how_many_are_missing() -> None:
    traced = Traced()
    for _ in range(MAX_ROWS + 5):
        traced.tracer(Boarded(WWW, is_joined=False), 0)
    assert len(traced.rows) == MAX_ROWS
    traced.tracer.end()
    assert (traced.rows[-1].step, traced.rows[-1].text) == ("cut", "5 more steps are not shown")
    traced.tracer(Boarded(WWW, is_joined=False), 0)
    assert len(traced.rows) == MAX_ROWS + 1


def test_after_the_end_nothing_is_told() -> None:
    traced = Traced()
    traced.tracer.end()
    traced.tracer(Boarded(WWW, is_joined=False), 0)
    assert traced.rows == []
