from math import nextafter

import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.answer import Answer, ExtendedError
from cache.names import fold
from cache.rrset import RRset, Security
from cache.rrtypes import BADVERS, IN, NOERROR, NSEC, NXDOMAIN, RRSIG, SERVFAIL, SOA, A
from cache.ttl import shown_ttl
from resolver.wire.compose import MIN_OCTETS, Rendered, compose_reply, render
from resolver.wire.message import AA, AD, CD, QR, RA, RD, TC, Query, QueryEdns
from resolver.wire.upstream_query import question_octets
from tests.build import replace, rrset
from tests.resolver.wire.made import (
    WWW,
    Reading,
    dnspython_reading,
    names,
    once_each,
    pointer,
    rrsets,
)

NOW = 1000.0
FOREVER = float("inf")
PLAIN = None
EDNS = QueryEdns(1232, 0, False, None)
WITH_DO = QueryEdns(1232, 0, True, None)
ADDRESS = rrset("www.example. 300 A 192.0.2.1", NOW)
SOA_RR = rrset("example. 60 SOA ns.example. admin.example. 1 7200 900 1209600 60", NOW)
SIGNATURE = b"\0\1" + bytes(16) + b"\0" + b"signature"
SIGNED = replace(ADDRESS, rrsigs=(SIGNATURE,), security=Security.SECURE)
NSEC_RR = rrset("gone.example. 60 NSEC www.example. A NSEC RRSIG", NOW)
NS_RR = rrset("example. 300 NS ns.example.\nexample. 300 NS ns2.example.", NOW)
GLUE = rrset("ns.example. 300 A 192.0.2.53", NOW)
GONE = Answer(rcode=NXDOMAIN, authority=(SOA_RR, NSEC_RR))


def query(
    qname: bytes = WWW, qtype: int = A, *, flags: int = RD, edns: QueryEdns | None = EDNS, asked: bytes | None = None
) -> Query:
    asked = question_octets(qname, qtype) if asked is None else asked
    return Query(7, flags, asked, fold(qname), qtype, IN, edns)


def reply(
    answer: Answer, asked: Query | None = None, *, now: float = NOW, max_octets: int = 1232, minimal: bool = True
) -> dns.message.Message:
    """dnspython's reading, which accepts neither octets too many nor too few."""
    octets = compose_reply(asked or query(), answer, now, max_octets=max_octets, minimal=minimal)
    assert len(octets) <= max_octets
    return dns.message.from_wire(octets)


def shown(message: dns.message.Message) -> list[tuple[int, bytes, int]]:
    """Section, owner and type of what is shown."""
    return [(section, owner, rtype) for section, owner, rtype, *_ in dnspython_reading(message)]


def large(owner: str, records: int) -> RRset:
    return rrset("\n".join(f"{owner} 300 A 192.0.2.{number}" for number in range(records)), NOW)


def test_a_cached_address_octet_by_octet() -> None:
    octets = compose_reply(query(edns=PLAIN), Answer(answer=(ADDRESS,)), NOW + 10, max_octets=512)
    head = b"\0\7\x81\x80\0\1\0\1\0\0\0\0" + WWW + b"\0\1\0\1"
    assert octets == head + pointer(12) + b"\0\1\0\1" + (290).to_bytes(4, "big") + b"\0\4" + bytes((192, 0, 2, 1))


def test_the_question_is_echoed_in_the_case_it_was_asked() -> None:
    asked = b"\3wWw\7eXAMPLE\0\0\1\0\1"
    octets = compose_reply(query(asked=asked), Answer(answer=(ADDRESS,)), NOW, max_octets=512)
    assert octets[12:].startswith(asked + pointer(12))


@pytest.mark.parametrize(
    ("flags", "authoritative", "security", "edns", "expected"),
    [
        pytest.param(0, False, Security.UNCHECKED, PLAIN, RA, id="RA always"),
        pytest.param(RD, False, Security.UNCHECKED, PLAIN, RA | RD, id="RD is copied"),
        pytest.param(RD | CD, False, Security.UNCHECKED, PLAIN, RA | RD | CD, id="CD is copied"),
        pytest.param(RD, True, Security.UNCHECKED, PLAIN, RA | RD | AA, id="AA for our own data"),
        pytest.param(RD, False, Security.SECURE, PLAIN, RA | RD, id="no AD for those who did not ask"),
        pytest.param(RD, False, Security.SECURE, EDNS, RA | RD, id="nor with EDNS alone"),
        pytest.param(RD | AD, False, Security.SECURE, PLAIN, RA | RD | AD, id="AD for AD"),
        pytest.param(RD, False, Security.SECURE, WITH_DO, RA | RD | AD, id="AD for DO"),
        pytest.param(RD | AD, False, Security.INSECURE, WITH_DO, RA | RD, id="no AD for insecure data"),
        pytest.param(RD | AD, False, Security.UNCHECKED, WITH_DO, RA | RD, id="no AD for unchecked data"),
        pytest.param(RD | TC | AA | RA | 0x40, False, Security.UNCHECKED, PLAIN, RA | RD, id="nothing else is copied"),
    ],
)
def test_flags(flags: int, authoritative: bool, security: Security, edns: QueryEdns | None, expected: int) -> None:
    """RFC 6840 §5.8: AD only for a query with the DO bit or the AD bit; RFC 4035 §3.2.2: CD is copied."""
    answer = Answer(answer=(ADDRESS,), authoritative=authoritative, security=security)
    octets = compose_reply(query(flags=flags, edns=edns), answer, NOW, max_octets=1232)
    assert int.from_bytes(octets[2:4], "big") == QR | expected
    assert octets[:2] == b"\0\7"


@pytest.mark.parametrize(
    ("rcode", "edns", "expected"),
    [
        pytest.param(NOERROR, PLAIN, NOERROR, id="NOERROR"),
        pytest.param(NXDOMAIN, EDNS, NXDOMAIN, id="NXDOMAIN"),
        pytest.param(BADVERS, EDNS, BADVERS, id="extended, with EDNS"),
        pytest.param(4095, WITH_DO, 4095, id="largest"),
        pytest.param(BADVERS, PLAIN, SERVFAIL, id="extended, without EDNS to tell it in"),
    ],
)
def test_rcodes(rcode: int, edns: QueryEdns | None, expected: int) -> None:
    assert int(reply(Answer(rcode=rcode), query(edns=edns)).rcode()) == expected


@pytest.mark.parametrize(
    ("edns", "errors", "seen"),
    [
        pytest.param(PLAIN, (ExtendedError(22, "no server"),), (-1, False, []), id="none without OPT in the query"),
        pytest.param(EDNS, (), (0, False, []), id="plain"),
        pytest.param(WITH_DO, (), (0, True, []), id="DO is copied"),
        pytest.param(EDNS, (ExtendedError(22, "no server"),), (0, False, [(22, "no server")]), id="an error"),
        pytest.param(
            WITH_DO,
            (ExtendedError(3), ExtendedError(22, "no server")),
            (0, True, [(3, None), (22, "no server")]),
            id="errors with and without text",
        ),
    ],
)
def test_the_opt_of_the_reply(
    edns: QueryEdns | None, errors: tuple[ExtendedError, ...], seen: tuple[int, bool, list[tuple[int, str | None]]]
) -> None:
    """RFC 6891 §7: "Lack of presence of an OPT record in a request MUST be taken as an indication that the requestor
    does not implement any part of this specification and that the responder MUST NOT include an OPT record"."""
    message = reply(Answer(rcode=SERVFAIL, errors=errors), query(edns=edns))
    assert (
        message.edns,
        bool(message.ednsflags & dns.flags.DO),
        [(e.code, e.text) for e in message.extended_errors()],
    ) == seen
    assert message.payload == (0 if edns is None else 1232)


def test_errors_fit_into_the_smallest_message_beside_the_longest_question() -> None:
    longest = b"\x3f" + b"a" * 63 + b"\x3f" + b"b" * 63 + b"\x3f" + b"c" * 63 + b"\x3d" + b"d" * 61 + b"\0"
    errors = (ExtendedError(22, "x" * 100),) * 20
    message = reply(Answer(rcode=SERVFAIL, errors=errors), query(longest), max_octets=MIN_OCTETS)
    assert not message.flags & TC
    assert len(message.extended_errors()) == 3


def test_rrsigs_and_proofs_are_shown_with_do_only() -> None:
    """RFC 4035 §3.2.1: without DO the server "MUST strip any authenticating DNSSEC RRs from the response"."""
    for edns, rrsigs in ((PLAIN, 0), (EDNS, 0), (WITH_DO, 1)):
        message = reply(Answer(answer=(SIGNED,)), query(edns=edns))
        assert [len(entry[5]) for entry in dnspython_reading(message)] == [rrsigs]
    assert shown(reply(GONE, query(edns=EDNS))) == [(1, SOA_RR.owner, SOA)]
    assert shown(reply(GONE, query(edns=WITH_DO))) == [(1, SOA_RR.owner, SOA), (1, NSEC_RR.owner, NSEC)]


def test_rrsigs_that_were_asked_for_are_shown_without_do() -> None:
    asked = replace(ADDRESS, rtype=RRSIG, rdatas=(SIGNATURE,))
    message = reply(Answer(answer=(asked,)), query(qtype=RRSIG, edns=PLAIN))
    assert len(message.answer[0]) == 1


def test_stale_data_is_not_shown_as_authentic() -> None:
    """Its signatures may be over: RFC 4035 §5.3.3 ends the TTL with them."""
    asked = query(edns=WITH_DO)
    for is_stale in (False, True):
        message = reply(Answer(answer=(SIGNED,), security=Security.SECURE, is_stale=is_stale), asked)
        assert bool(message.flags & AD) is not is_stale


def test_the_proof_of_a_wildcard_is_shown_with_do_though_minimal() -> None:
    """RFC 4035 §3.1.3.3: the NSEC RRs that prove it stand in the authority section of a wildcard answer."""
    answer = Answer(answer=(SIGNED,), authority=(NSEC_RR, NS_RR))
    assert shown(reply(answer, query(edns=WITH_DO)))[1:] == [(1, NSEC_RR.owner, NSEC)]
    assert shown(reply(answer, query(edns=EDNS)))[1:] == []


def test_minimal_replies_have_no_other_authority_nor_additional() -> None:
    answer = Answer(answer=(ADDRESS,), authority=(NS_RR,), additional=(GLUE,))
    assert shown(reply(answer)) == [(0, WWW, A)]
    assert shown(reply(answer, minimal=False)) == [(0, WWW, A), (1, NS_RR.owner, 2), (2, GLUE.owner, A)]


def test_what_stands_beside_an_authoritative_answer_is_shown_though_minimal() -> None:
    """RFC 2782: "The use of Additional Data to carry the address records of the targets" spares the client a question."""
    answer = Answer(answer=(ADDRESS,), authority=(NS_RR,), additional=(GLUE,), authoritative=True)
    assert shown(reply(answer)) == [(0, WWW, A), (2, GLUE.owner, A)]


def test_what_stands_beside_an_authoritative_answer_limits_how_long_a_reply_is_right() -> None:
    older = rrset("ns1.example. 300 A 192.0.2.53", NOW - 0.2)
    content = Answer(answer=(ADDRESS,), additional=(older,), authoritative=True)
    rendered = render(query(), content, NOW, max_octets=1232)
    assert rendered.until == pytest.approx(NOW + 0.3)
    assert rendered.rrsets == (ADDRESS, older)
    assert render(query(), replace(content, authoritative=False), NOW, max_octets=1232).until == NOW + 0.5


def test_a_full_message_is_not_tried_for_every_one_of_a_thousand_records_beside() -> None:
    beside = tuple(rrset(f"m{number}.vm.web.example. 5 A 192.0.2.1", NOW) for number in range(1000))
    message = reply(Answer(answer=(ADDRESS,), additional=beside, authoritative=True), max_octets=MIN_OCTETS)
    assert not message.flags & TC
    assert shown(message)[1:] == [(2, rrset.owner, A) for rrset in beside[: len(message.additional)]]
    assert 10 < len(message.additional) < 30


@pytest.mark.parametrize("records", range(25, 40))
def test_an_rrset_is_shown_whole_or_not_at_all(records: int) -> None:
    """RFC 2181 §9: TC "when an RRSet is required as a part of the response, but could not be included in its entirety"."""
    message = reply(Answer(answer=(large("www.example.", records),)), query(edns=PLAIN), max_octets=MIN_OCTETS)
    fits = 12 + len(WWW) + 4 + 16 * records <= MIN_OCTETS
    assert bool(message.flags & TC) == (not fits)
    assert [len(found) for found in message.answer] == ([records] if fits else [])


def test_an_rrset_and_its_rrsigs_are_one_whole() -> None:
    signed = replace(large("www.example.", 25), rrsigs=(SIGNATURE + bytes(100),))
    message = reply(Answer(answer=(signed,)), query(edns=WITH_DO), max_octets=MIN_OCTETS)
    assert message.flags & TC
    assert not message.answer


def test_what_fits_of_a_truncated_chain_is_shown_in_order() -> None:
    alias = rrset("www.example. 300 CNAME many.example.", NOW)
    answer = Answer(answer=(alias, large("many.example.", 60), ADDRESS))
    message = reply(answer, max_octets=MIN_OCTETS)
    assert message.flags & TC
    assert shown(message) == [(0, WWW, 5)]


def test_room_is_kept_for_the_opt() -> None:
    for records in range(25, 40):
        message = reply(Answer(answer=(large("www.example.", records),)), max_octets=MIN_OCTETS)
        assert message.edns == 0


def test_a_negative_answer_without_room_for_its_soa_is_truncated() -> None:
    many = large("www.example.", 29)
    message = reply(Answer(answer=(many,), authority=(SOA_RR,)), query(edns=PLAIN), max_octets=MIN_OCTETS)
    assert message.flags & TC
    assert shown(message) == [(0, WWW, A)]


def test_leaving_out_what_a_client_can_do_without_is_no_truncation() -> None:
    """RFC 2181 §9: "The TC bit should not be set merely because some extra information could have been included"."""
    answer = Answer(
        answer=(ADDRESS,), authority=(large("other.example.", 60), NS_RR), additional=(large("ns2.example.", 60), GLUE)
    )
    message = reply(answer, max_octets=MIN_OCTETS, minimal=False)
    assert not message.flags & TC
    assert shown(message) == [(0, WWW, A), (1, NS_RR.owner, 2), (2, GLUE.owner, A)]


def test_names_left_out_are_not_pointed_at() -> None:
    left_out = rrset("\n".join(f"far.test. 300 NS n{number}.far.test." for number in range(60)), NOW)
    inside = rrset("a.n3.far.test. 300 A 192.0.2.9", NOW)
    message = reply(
        Answer(answer=(ADDRESS,), authority=(left_out,), additional=(inside,)), max_octets=512, minimal=False
    )
    assert shown(message) == [(0, WWW, A), (2, inside.owner, A)]


def test_stale_records_are_shown_with_the_stale_ttl() -> None:
    """RFC 8767 §4: "a recursive resolver MUST set the TTL of each expired record … to a value greater than 0, with a
    RECOMMENDED value of 30 seconds"."""
    asked = query()
    octets = compose_reply(asked, Answer(answer=(ADDRESS,), is_stale=True), NOW + 301, max_octets=512, stale_ttl=25)
    assert dns.message.from_wire(octets).answer[0].ttl == 25


@given(
    names,
    st.tuples(*[st.lists(rrsets(NOW), max_size=4).map(once_each)] * 3),
    st.booleans(),
    st.booleans(),
    st.integers(0, 23),
)
def test_dnspython_reads_what_was_composed(
    qname: bytes,
    sections: tuple[tuple[RRset, ...], tuple[RRset, ...], tuple[RRset, ...]],
    do: bool,
    minimal: bool,
    rcode: int,
) -> None:
    answer, authority, additional = sections
    asked = query(qname, edns=WITH_DO if do else EDNS)
    content = Answer(rcode=rcode, answer=answer, authority=authority, additional=additional)
    message = reply(content, asked, max_octets=65535, minimal=minimal)
    assert int(message.rcode()) == rcode
    needed = tuple(r for r in authority if r.rtype == SOA or (do and r.rtype == NSEC))
    others = tuple(r for r in authority if r.rtype not in (SOA, NSEC))
    expected = (answer, needed, ()) if minimal else (answer, needed + others, additional)
    assert dnspython_reading(message) == _expected(expected, do)


@given(st.lists(rrsets(NOW), max_size=4).map(once_each), st.booleans(), st.integers(MIN_OCTETS, 1232))
def test_no_reply_is_longer_than_it_may_be(rrsets: tuple[RRset, ...], minimal: bool, max_octets: int) -> None:
    content = Answer(answer=rrsets[:2], authority=rrsets[2:3], additional=rrsets[3:])
    message = reply(content, query(edns=WITH_DO), max_octets=max_octets, minimal=minimal)
    whole = _expected((rrsets[:2], rrsets[2:3], rrsets[3:]), True)
    assert [entry for entry in dnspython_reading(message) if entry not in whole] == []


@given(st.lists(rrsets(NOW), min_size=1, max_size=3).map(once_each), st.floats(0, 1))
def test_a_rendered_reply_stays_right_until_it_says(rrsets: tuple[RRset, ...], part: float) -> None:
    rendered = _rendered(rrsets, NOW)
    assert rendered.rrsets == rrsets
    if rendered.until == FOREVER or not rrsets:
        return
    assert rendered.until > NOW
    if all(found.expires > NOW for found in rrsets):
        then = min(NOW + part * (rendered.until - NOW), nextafter(rendered.until, NOW))
        assert _rendered(rrsets, then).tail == rendered.tail
        ttls = [shown_ttl(found, NOW, 30) for found in rrsets]
        assert any(
            found.expires <= rendered.until + 1e-6 or shown_ttl(found, rendered.until + 1e-6, 30) != ttl
            for found, ttl in zip(rrsets, ttls, strict=True)
        )


@pytest.mark.parametrize(
    ("age", "until"),
    [
        pytest.param(0.0, 0.5, id="300 is shown for half a second"),
        pytest.param(0.5, 0.5, id="the last moment of 300"),
        pytest.param(0.6, 1.5, id="then each number for a second"),
        pytest.param(299.2, 299.5, id="1"),
        pytest.param(299.6, 300.0, id="0, until it expires"),
        pytest.param(300.0, 301.0, id="stale data for a second"),
        pytest.param(5000.0, 5001.0, id="however old"),
    ],
)
def test_until_when_a_rendered_reply_stays_right(age: float, until: float) -> None:
    assert _rendered((ADDRESS,), NOW + age).until == pytest.approx(NOW + until)


def test_local_data_stays_right_for_ever_but_not_beside_other_data() -> None:
    local = replace(GLUE, expires=FOREVER)
    assert _rendered((local,), NOW).until == FOREVER
    assert _rendered((local, ADDRESS), NOW).until == NOW + 0.5


def test_a_reply_without_any_rrset_is_right_for_no_time() -> None:
    assert _rendered((), NOW).until == NOW


def test_an_rrset_that_did_not_fit_counts_too() -> None:
    """Had it changed, it might fit."""
    many = large("www.example.", 100)
    rendered = render(query(), Answer(answer=(ADDRESS, many)), NOW, max_octets=MIN_OCTETS)
    assert rendered.rrsets == (ADDRESS, many)


def test_a_rendered_reply_lacks_nothing_but_its_id() -> None:
    answer = Answer(answer=(ADDRESS,))
    octets = compose_reply(query(), answer, NOW, max_octets=1232)
    assert b"\0\7" + render(query(), answer, NOW, max_octets=1232).tail == octets


def _rendered(rrsets: tuple[RRset, ...], now: float) -> Rendered:
    return render(query(edns=WITH_DO), Answer(answer=rrsets), now, max_octets=65535)


def _expected(sections: tuple[tuple[RRset, ...], ...], do: bool) -> Reading:
    return [
        (
            number,
            found.owner,
            found.rtype,
            shown_ttl(found, NOW, 30),
            frozenset(found.rdatas),
            frozenset(found.rrsigs if do else ()),
        )
        for number, section in enumerate(sections)
        for found in section
    ]
