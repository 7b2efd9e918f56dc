import pytest

from cache.rrtypes import AAAA, ANY, CNAME, FORMERR, NOTIMP, NXDOMAIN, REFUSED, SERVFAIL, YXDOMAIN
from resolver.iterate.classify import (
    Aliased,
    Answered,
    Denied,
    Reason,
    Referred,
    Useless,
    Verdict,
    classify,
    substituted,
)
from resolver.iterate.scrub import scrub
from resolver.wire.message import RA, Response
from tests.resolver.iterate.zone_text import name, question, raw, response

SOA = "example. 300 SOA ns.example. host.example. 1 2 3 4 60"
SUB_SOA = "sub.example. 300 SOA ns.example. host.example. 1 2 3 4 60"
ROOT_SOA = ". 300 SOA ns.example. host.example. 1 2 3 4 60"
A = "www.example. 60 A 192.0.2.1"
APEX_NS = "example. 60 NS ns.example."
SUB_NS = "sub.example. 60 NS ns.sub.example."


def verdict(asked: str, said: Response, *, is_forwarder: bool = False) -> Verdict:
    wanted, zone = question(asked), "example."
    scrubbed = scrub(said, wanted.qname, wanted.qtype, name(zone))
    return classify(wanted, name(zone), said, scrubbed, is_forwarder=is_forwarder)


def test_a_dname_met_with_a_shortened_question_speaks_of_the_whole_name() -> None:
    dname = raw("d.example. 60 DNAME e.test.")
    met = substituted(Aliased(dname, name("x.e.test.")), question("a.x.d.example. A"))
    assert met is not None
    assert met[0] == Aliased(dname, name("a.x.e.test."))
    assert (met[1].aliases, met[1].end, met[1].wanted) == ((dname,), name("a.x.e.test."), ())
    cname = raw("x.d.example. 60 CNAME e.test.")
    assert substituted(Aliased(cname, name("e.test.")), question("a.x.d.example. A")) is None
    assert substituted(denied("x.d.example.", 1), question("a.x.d.example. A")) is None


def denied(owner: str, rtype: int | None, soa: str | None = SOA) -> Denied:
    return Denied(name(owner), rtype, raw(soa) if soa else None)


@pytest.mark.parametrize(
    ("asked", "said", "meaning"),
    [
        pytest.param("www.example. A", response(A), Answered((raw(A),)), id="answer"),
        pytest.param(
            "www.example. ANY",
            response(f"{A}\nwww.example. 60 TXT hello"),
            Answered((raw(A), raw("www.example. 60 TXT hello"))),
            id="all of a name",
        ),
        pytest.param(
            "a.example. ANY",
            response("a.example. 60 CNAME b.test."),
            Answered((raw("a.example. 60 CNAME b.test."),)),
            id="an alias among them leads nowhere",
        ),
        pytest.param("www.example. ANY", response(authority=SOA), denied("www.example.", ANY), id="nothing at all"),
        pytest.param(
            "www.example. A", response(A, APEX_NS), Answered((raw(A),)), id="answer with the zone's name servers"
        ),
        pytest.param(
            "www.example. A", response(A, flags=0), Answered((raw(A),)), id="answer of a server that forgets AA"
        ),
        pytest.param(
            "a.example. A",
            response("a.example. 60 CNAME b.test."),
            Aliased(raw("a.example. 60 CNAME b.test."), name("b.test.")),
            id="alias",
        ),
        pytest.param(
            "a.example. A",
            response("a.example. 60 CNAME b.example.", SOA, rcode=NXDOMAIN),
            Aliased(raw("a.example. 60 CNAME b.example."), name("b.example.")),
            id="NXDOMAIN with an alias denies the target, not the alias",
        ),
        pytest.param(
            "x.d.example. A",
            response("d.example. 60 DNAME e.test."),
            Aliased(raw("d.example. 60 DNAME e.test."), name("x.e.test.")),
            id="DNAME without CNAME",
        ),
        pytest.param(
            f"{'x' * 60}.{'y' * 60}.d.example. A",
            response(f"d.example. 60 DNAME {'z' * 60}.{'z' * 60}.{'z' * 60}.test.", rcode=YXDOMAIN),
            Aliased(raw(f"d.example. 60 DNAME {'z' * 60}.{'z' * 60}.{'z' * 60}.test."), None),
            id="DNAME to too long a name",
        ),
        pytest.param("www.example. AAAA", response("", SOA), denied("www.example.", AAAA), id="NODATA"),
        pytest.param("www.example. AAAA", response("", SOA, flags=0), denied("www.example.", AAAA), id="NODATA, no AA"),
        pytest.param(
            "www.example. AAAA", response("", f"{SOA}\n{APEX_NS}"), denied("www.example.", AAAA), id="NODATA with NS"
        ),
        pytest.param("no.example. A", response("", SOA, rcode=NXDOMAIN), denied("no.example.", None), id="NXDOMAIN"),
        pytest.param(
            "www.sub.example. AAAA",
            response("", SUB_SOA),
            denied("www.sub.example.", AAAA, SUB_SOA),
            id="NODATA by a server of both sides of the cut",
        ),
        pytest.param("www.sub.example. A", response("", SUB_NS, flags=0), Referred(raw(SUB_NS)), id="referral"),
        pytest.param("www.sub.example. A", response("", SUB_NS), Referred(raw(SUB_NS)), id="referral with a wrong AA"),
        pytest.param(
            "www.sub.example. A",
            response("www.sub.example. 60 A 192.0.2.1", SUB_NS, flags=0),
            Referred(raw(SUB_NS)),
            id="an answer beside a referral: those below know better",
        ),
        pytest.param(
            "www.example. A",
            response("www.example. 60 CNAME www.sub.example.", SUB_NS, flags=0),
            Aliased(raw("www.example. 60 CNAME www.sub.example."), name("www.sub.example.")),
            id="an alias beside a referral of its target, no AA: those below know nothing of the alias",
        ),
        pytest.param(
            "www.sub.example. A",
            response("www.sub.example. 60 CNAME a.sub.example.", SUB_NS, flags=0),
            Referred(raw(SUB_NS)),
            id="an alias beside a referral of its own zone, no AA: those below know better",
        ),
        pytest.param("sub.example. DS", response("", SOA), denied("sub.example.", 43), id="no DS"),
        pytest.param("a.example. CNAME", response("", SOA), denied("a.example.", CNAME), id="no CNAME"),
    ],
)
def test_what_a_reply_means(asked: str, said: Response, meaning: Verdict) -> None:
    assert verdict(asked, said) == meaning


@pytest.mark.parametrize(
    ("asked", "said", "reason"),
    [
        pytest.param("www.example. A", response(rcode=SERVFAIL), Reason.ERROR, id="SERVFAIL"),
        pytest.param("www.example. A", response(rcode=REFUSED), Reason.REFUSED, id="REFUSED"),
        pytest.param("www.example. A", response(rcode=FORMERR), Reason.ERROR, id="FORMERR"),
        pytest.param("www.example. A", response(rcode=NOTIMP), Reason.ERROR, id="NOTIMP"),
        pytest.param("www.example. A", response(A, rcode=SERVFAIL), Reason.ERROR, id="SERVFAIL with an answer"),
        pytest.param("www.example. A", response("", ". 60 NS a.test.", flags=0), Reason.LAME_REFERRAL, id="upward"),
        pytest.param("www.example. A", response("", ". 60 NS a.test."), Reason.LAME_REFERRAL, id="upward with AA"),
        pytest.param("www.example. A", response("", APEX_NS, flags=0), Reason.LAME_REFERRAL, id="self-referral"),
        pytest.param(
            "www.example. A", response("", APEX_NS, flags=RA), Reason.LAME_REFERRAL, id="recursive self-referral"
        ),
        pytest.param(
            "www.example. A", response(flags=RA), Reason.NOT_AUTHORITATIVE, id="a recursive server's empty cache"
        ),
        pytest.param("sub.example. DS", response("", SUB_SOA), Reason.CHILD_SIDE, id="DS denied by the child"),
        pytest.param(
            "a.example. A",
            response("a.example. 60 CNAME b.example.\na.example. 60 CNAME c.example."),
            Reason.MALFORMED,
            id="two CNAMEs",
        ),
        pytest.param(
            "www.example. A", response(A, rcode=YXDOMAIN), Reason.MALFORMED, id="YXDOMAIN with the answer, and no DNAME"
        ),
        pytest.param(
            "www.example. A",
            response("", SOA, rcode=YXDOMAIN),
            Reason.MALFORMED,
            id="YXDOMAIN that denies, and no DNAME",
        ),
    ],
)
def test_replies_that_help_nobody(asked: str, said: Response, reason: Reason) -> None:
    meaning = verdict(asked, said)
    assert isinstance(meaning, Useless)
    assert meaning.reason is reason
    assert meaning.last_resort is None


@pytest.mark.parametrize(
    ("said", "last_resort"),
    [
        pytest.param(response(A, flags=RA), Answered((raw(A),)), id="a recursive server's answer"),
        pytest.param(response("", SOA, flags=RA, rcode=NXDOMAIN), denied("www.example.", None), id="its NXDOMAIN"),
        pytest.param(response(flags=0), denied("www.example.", 1, None), id="an empty reply without AA"),
        pytest.param(response(), denied("www.example.", 1, None), id="NODATA without SOA"),
        pytest.param(response("", APEX_NS), denied("www.example.", 1, None), id="NODATA with NS, no SOA"),
        pytest.param(response(rcode=NXDOMAIN), denied("www.example.", None, None), id="NXDOMAIN without SOA"),
        pytest.param(response("", ROOT_SOA), denied("www.example.", 1, None), id="NODATA with the SOA of a zone above"),
        pytest.param(
            response("", ROOT_SOA, rcode=NXDOMAIN),
            denied("www.example.", None, None),
            id="NXDOMAIN with the SOA of a zone above",
        ),
        pytest.param(response("", ROOT_SOA, flags=0), denied("www.example.", 1, None), id="the same without AA"),
        pytest.param(
            response(flags=0, rcode=NXDOMAIN), denied("www.example.", None, None), id="an unproven NXDOMAIN without AA"
        ),
    ],
)
def test_doubtful_replies_count_when_no_server_says_more(said: Response, last_resort: Verdict) -> None:
    meaning = verdict("www.example. A", said)
    assert isinstance(meaning, Useless)
    assert meaning.last_resort == last_resort


def test_a_forwarder_needs_no_aa() -> None:
    assert verdict("www.example. A", response(A, flags=RA), is_forwarder=True) == Answered((raw(A),))
    assert verdict("www.example. A", response("", SOA, flags=RA), is_forwarder=True) == denied("www.example.", 1)
    assert verdict("www.example. A", response(flags=RA), is_forwarder=True) == denied("www.example.", 1, None)


def test_an_address_that_a_parent_gives_as_an_answer_is_glue() -> None:
    """Its servers know the address of the name server below, say so without AA, and refer: to that very name server."""
    said = response("ns.sub.example. 60 A 192.0.2.53", SUB_NS, flags=0)
    assert isinstance(verdict("ns.sub.example. A", said), Referred)
    kept = scrub(said, name("ns.sub.example."), 1, name("example."))
    assert [one.rdatas for one in kept.glue] == [(bytes((192, 0, 2, 53)),)]


@pytest.mark.parametrize("authority", [SUB_NS, "test. 60 NS a.test.\n. 60 NS a.test."], ids=["downward", "upward"])
def test_a_forwarder_refers_nobody(authority: str) -> None:
    meaning = verdict("www.sub.example. A", response("", authority, flags=RA), is_forwarder=True)
    assert isinstance(meaning, Useless)
    assert meaning.reason is Reason.LAME_REFERRAL
