from math import nextafter

import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.answer import Answer, ExtendedError
from cache.rrset import Rank, RRset, Security
from cache.rrtypes import BADVERS, MX, NOERROR, NSEC, NXDOMAIN, RRSIG, SERVFAIL, SOA, A
from cache.ttl import shown_ttl
from resolver.wire.compose import MIN_OCTETS, compose_reply, render
from resolver.wire.message import AA, AD, CD, QR, RA, RD, TC, Query, QueryEdns
from resolver.wire.query import question_octets
from resolver.wire.rendered import Rendered
from tests.build import replace, rrset
from tests.resolver.wire.made import (
    EDNS,
    NOW,
    WWW,
    Reading,
    dnspython_reading,
    large,
    names,
    once_each,
    pointer,
    query,
    rrsets,
    wire_of,
)

FOREVER = float("inf")
PLAIN = None
WITH_DO = QueryEdns(1232, 0, True, None)
ADDRESS = rrset("www.example. 300 A 192.0.2.1", NOW)
SOA_RR = rrset("example. 60 SOA ns.example. admin.example. 1 7200 900 1209600 60", NOW)
SIGNATURE = b"\0\1" + bytes(16) + b"\0" + b"signature"
SIGNED = replace(ADDRESS, rrsigs=(SIGNATURE,), security=Security.SECURE)
NSEC_RR = rrset("gone.example. 60 NSEC www.example. A NSEC RRSIG", NOW)
NS_RR = rrset("example. 300 NS ns.example.\nexample. 300 NS ns2.example.", NOW)
GLUE = rrset("ns.example. 300 A 192.0.2.53", NOW)
GONE = Answer(rcode=NXDOMAIN, authority=(SOA_RR, NSEC_RR))


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


def test_the_text_of_an_error_gives_way_to_records() -> None:
    """RFC 8914 §3: "servers SHOULD truncate messages by dropping EDE options before dropping other data from packets"."""
    for records in range(20, 40):
        said = Answer(answer=(large("www.example.", records),), errors=(ExtendedError(9, "x" * 60),))
        told = reply(said, max_octets=MIN_OCTETS)
        brief = reply(replace(said, errors=(ExtendedError(9),)), max_octets=MIN_OCTETS)
        assert (told.flags & TC, told.answer) == (brief.flags & TC, brief.answer)
        assert [error.code for error in told.extended_errors()] == [error.code for error in brief.extended_errors()]


def test_the_code_of_an_error_gives_way_to_records_and_that_is_told() -> None:
    """RFC 8914 §3: "Implementations SHOULD set the truncation bit when dropping EDE options"."""
    dropped = 0
    for records in range(26, 30):
        for letters in range(1, 17):  # so that some replies are just short enough without it
            said = Answer(answer=(large(f"{'w' * letters}.example.", records),), errors=(ExtendedError(9, "x" * 60),))
            asked = query(said.answer[0].owner)
            told, plain = (reply(one, asked, max_octets=MIN_OCTETS) for one in (said, replace(said, errors=())))
            if not plain.flags & TC:
                assert told.answer == plain.answer
                assert bool(told.flags & TC) is not bool(told.extended_errors())
                dropped += not told.extended_errors()
    assert dropped


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


def test_minimal_replies_have_no_other_authority() -> None:
    answer = Answer(answer=(ADDRESS,), authority=(NS_RR,), additional=(GLUE,))
    assert shown(reply(answer)) == [(0, WWW, A), (2, GLUE.owner, A)]
    assert shown(reply(answer, minimal=False)) == [(0, WWW, A), (1, NS_RR.owner, 2), (2, GLUE.owner, A)]


def test_what_stands_beside_an_answer_limits_how_long_a_reply_is_right() -> None:
    older = rrset("ns1.example. 300 A 192.0.2.53", NOW - 0.2)
    rendered = render(query(), Answer(answer=(ADDRESS,), additional=(older,)), NOW, max_octets=1232)
    assert rendered.until == pytest.approx(NOW + 0.3)
    assert rendered.rrsets == (ADDRESS, older)


def test_a_full_message_is_not_tried_for_every_one_of_a_thousand_records_beside() -> None:
    beside = tuple(rrset(f"m{number}.vm.web.example. 5 A 192.0.2.1", NOW) for number in range(1000))
    message = reply(Answer(answer=(ADDRESS,), additional=beside, authoritative=True), max_octets=MIN_OCTETS)
    assert not message.flags & TC
    assert shown(message)[1:] == [(2, rrset.owner, A) for rrset in beside[: len(message.additional)]]
    assert 10 < len(message.additional) < 30


@pytest.mark.parametrize("turn", [None, 0, 7, 1_000_003])
@pytest.mark.parametrize("records", range(25, 40))
def test_of_a_set_that_does_not_fit_as_many_records_are_shown_as_do(records: int, turn: int | None) -> None:
    """RFC 2181 §9: TC "when an RRSet is required as a part of the response, but could not be included in its entirety"; and
    who can do no more than that (musl before 1.2.4) still gets an address."""
    rrset = large("www.example.", records)
    octets = compose_reply(query(edns=PLAIN), Answer(answer=(rrset,)), NOW, max_octets=MIN_OCTETS, turn=turn)
    message = dns.message.from_wire(octets)
    room = (MIN_OCTETS - 12 - len(WWW) - 4) // 16
    assert bool(message.flags & TC) == (records > room)
    assert len(message.answer[0]) == min(records, room)
    assert {rdata.to_wire() for rdata in message.answer[0]} <= set(rrset.rdatas)


@pytest.mark.parametrize(
    "text", ["A 192.0.2.{0}", "TXT a-text-that-is-rather-long-{0}", "MX {0} mail-{0}.elsewhere.test."]
)
@pytest.mark.parametrize("chain", [False, True], ids=["alone", "behind an alias"])
def test_a_truncated_reply_shows_other_records_each_time_behind_all_aliases(text: str, chain: bool) -> None:
    owner = "many.example." if chain else "www.example."
    many = rrset("\n".join(f"{owner} 300 {text.format(number)}" for number in range(60)), NOW)
    alias = (rrset("www.example. 300 CNAME many.example.", NOW),) if chain else ()
    seen = set()
    for turn in range(0, 60, 7):
        octets = compose_reply(query(edns=PLAIN), Answer(answer=(*alias, many)), NOW, max_octets=MIN_OCTETS, turn=turn)
        message = dns.message.from_wire(octets)
        assert message.flags & TC
        assert len(message.answer) == len(alias) + 1
        assert len(octets) > MIN_OCTETS - 50
        seen |= {rdata.to_text() for rdata in message.answer[-1]}
    assert len(seen) == 60


@pytest.mark.parametrize(
    "text", ["A 192.0.2.{0}", "AAAA 2001:db8::{0}", "TXT text-{0}{0}", "MX {0} mail-{0}.test.", "NS ns{0}.www.example."]
)
@pytest.mark.parametrize("edns", [PLAIN, WITH_DO], ids=["plain", "DO"])
def test_a_reply_begins_with_each_record_in_turn_and_says_the_same(text: str, edns: QueryEdns | None) -> None:
    five = rrset("\n".join(f"www.example. 300 {text.format(number)}" for number in range(1, 10, 2)), NOW)
    answer = Answer(answer=(replace(five, rrsigs=(SIGNATURE,)),), authority=(SOA_RR,), additional=(GLUE,))
    rendered = render(query(edns=edns), answer, NOW, max_octets=1232, turn=3)
    messages = [dns.message.from_wire(b"\0\7" + rendered.tail(turn)) for turn in range(5)]
    assert [message.answer[0][0].to_wire() for message in messages] == list(five.rdatas)
    assert [dnspython_reading(message) for message in messages[1:]] == [dnspython_reading(messages[0])] * 4
    assert all(message.answer[-1].rdtype == RRSIG for message in messages if edns is not None)


def test_the_order_of_our_own_data_is_its_sources() -> None:
    own = replace(large("www.example.", 5), rank=Rank.LOCAL)
    first = compose_reply(query(), Answer(answer=(own,)), NOW, max_octets=1232)
    assert all(
        compose_reply(query(), Answer(answer=(own,)), NOW, max_octets=1232, turn=turn) == first for turn in range(5)
    )


def test_records_point_to_each_other_only_where_they_would_not_fit_otherwise() -> None:
    far = "long-label-of-a-provider.of-mail.elsewhere.test."
    many = rrset("\n".join(f"www.example. 300 MX {number} m{number}.{far}" for number in range(14)), NOW)
    octets = {
        turn: compose_reply(query(edns=PLAIN), Answer(answer=(many,)), NOW, max_octets=MIN_OCTETS, turn=turn)
        for turn in range(14)
    }
    assert not any(dns.message.from_wire(each).flags & TC for each in octets.values())
    assert [dns.message.from_wire(each).answer[0][0].to_wire() for each in octets.values()] == list(many.rdatas)


ALIAS = replace(rrset("www.example. 300 CNAME x.case.test.", NOW), rdatas=(b"\1X\4CaSe\4Test\0",))


@pytest.mark.parametrize("edns", [PLAIN, WITH_DO], ids=["plain", "DO"])
@pytest.mark.parametrize("turn", [None, 1])
def test_the_owner_behind_an_alias_is_spelled_as_its_target(edns: QueryEdns | None, turn: int | None) -> None:
    target = replace(rrset("x.case.test. 300 A 192.0.2.1\nx.case.test. 300 A 192.0.2.2", NOW), rrsigs=(SIGNATURE,))
    soa = rrset("case.test. 60 SOA NS.case.test. admin.case.test. 1 7200 900 1209600 60", NOW)
    octets = compose_reply(
        query(edns=edns), Answer(answer=(ALIAS, target), authority=(soa,)), NOW, max_octets=1232, turn=turn
    )
    message = dns.message.from_wire(octets)
    spelled = [name.to_text() for name in (one.name for one in message.answer[1:])]
    assert spelled == ["X.CaSe.Test."] * (1 if edns is None else 2)
    assert message.authority[0].name.to_text() == "CaSe.Test."


@pytest.mark.parametrize("records", [1, 3])
@pytest.mark.parametrize(("text", "at"), [("MX {0} {1}", 2), ("SRV 0 {0} 5060 {1}", 6), ("HTTPS {0} {1} port=8443", 2)])
def test_addresses_beside_an_answer_are_spelled_as_its_targets(records: int, text: str, at: int) -> None:
    lines = "\n".join(
        f"www.example. 300 {text.format(number + 1, f'T{number}.Case.TEST.')}" for number in range(records)
    )
    found = rrset(lines, NOW)
    beside = tuple(rrset(f"t{number}.case.test. 300 AAAA 2001:db8::{number}", NOW) for number in range(records))
    rendered = render(query(), Answer(answer=(found,), additional=beside), NOW, max_octets=1232, turn=0)
    for turn in range(records):
        message = dns.message.from_wire(b"\0\7" + rendered.tail(turn))
        assert [one.name.to_text() for one in message.additional] == [
            f"T{number}.Case.TEST." for number in range(records)
        ]


def test_an_rrset_and_its_rrsigs_are_one_whole() -> None:
    signed = replace(large("www.example.", 25), rrsigs=(SIGNATURE + bytes(100),))
    message = reply(Answer(answer=(signed,)), query(edns=WITH_DO), max_octets=MIN_OCTETS)
    assert message.flags & TC
    assert not message.answer


def test_nothing_stands_behind_a_link_of_a_chain_that_does_not_fit() -> None:
    alias = replace(rrset("www.example. 300 CNAME many.example.", NOW), rrsigs=(SIGNATURE + bytes(500),))
    message = reply(Answer(answer=(alias, large("many.example.", 60))), query(edns=WITH_DO), max_octets=MIN_OCTETS)
    assert message.flags & TC
    assert not message.answer


@pytest.mark.parametrize("edns", [None, PLAIN, WITH_DO])
@pytest.mark.parametrize("turn", [None, 5])
def test_as_long_an_answer_as_a_message_can_carry_is_whole_over_tcp(edns: QueryEdns | None, turn: int | None) -> None:
    """240 targets of 255 octets, which take 64,590."""
    letters = [[bytes((65 + (number + at * at) % 26,)) for at in range(125)] for number in range(240)]
    targets = [wire_of([b"%03d" % number, *labels]) for number, labels in enumerate(letters)]
    assert {len(target) for target in targets} == {255}
    many = replace(large("www.example.", 1), rtype=MX, rdatas=tuple(b"\0\1" + target for target in targets))
    octets = compose_reply(query(edns=edns), Answer(answer=(many,)), NOW, max_octets=65_535, turn=turn)
    message = dns.message.from_wire(octets)
    assert not message.flags & TC
    assert [len(one) for one in message.answer] == [240]


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
    expected = (answer, needed if minimal else needed + others, additional)
    assert dnspython_reading(message) == _expected(expected, do)


@given(st.lists(rrsets(NOW), max_size=4).map(once_each), st.booleans(), st.integers(MIN_OCTETS, 1232))
def test_no_reply_is_longer_than_it_may_be(rrsets: tuple[RRset, ...], minimal: bool, max_octets: int) -> None:
    content = Answer(answer=rrsets[:2], authority=rrsets[2:3], additional=rrsets[3:])
    message = reply(content, query(edns=WITH_DO), max_octets=max_octets, minimal=minimal)
    whole = _expected((rrsets[:2], rrsets[2:3], rrsets[3:]), True)
    cut = [entry for entry in dnspython_reading(message) if entry not in whole]
    assert len(cut) <= bool(message.flags & dns.flags.TC)  # of the last set as many records as fit, for who has no TCP
    for *key, records, rrsigs in cut:
        assert any(key == list(one[:4]) and records < one[4] and rrsigs <= one[5] for one in whole)


@given(st.lists(rrsets(NOW), min_size=1, max_size=3).map(once_each), st.floats(0, 1))
def test_a_rendered_reply_stays_right_until_it_says(rrsets: tuple[RRset, ...], part: float) -> None:
    rendered = _rendered(rrsets, NOW)
    assert rendered.rrsets == rrsets
    if rendered.until == FOREVER or not rrsets:
        return
    assert rendered.until > NOW
    if all(found.expires > NOW for found in rrsets):
        then = min(NOW + part * (rendered.until - NOW), nextafter(rendered.until, NOW))
        assert _rendered(rrsets, then).tail(0) == rendered.tail(0)
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
    assert b"\0\7" + render(query(), answer, NOW, max_octets=1232).tail(0) == octets


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


def test_the_servers_name_is_said_to_who_asks_for_it() -> None:
    """RFC 5001 §2.1: "A name server that understands the NSID option … responds"."""
    asking = query(edns=QueryEdns(1232, 0, False, None, nsid=True))
    for asked, nsid, said in ((asking, b"host-1", [b"host-1"]), (asking, b"", []), (query(), b"host-1", [])):
        octets = compose_reply(asked, Answer(answer=(ADDRESS,)), NOW, max_octets=1232, nsid=nsid)
        options = dns.message.from_wire(octets).options
        assert [option.to_wire() for option in options] == said


def test_beside_errors_the_servers_name_fits_into_the_smallest_message() -> None:
    longest = b"\x3f" + b"a" * 63 + b"\x3f" + b"b" * 63 + b"\x3f" + b"c" * 63 + b"\x3d" + b"d" * 61 + b"\0"
    errors = (ExtendedError(22, "x" * 100),) * 20
    asked = query(longest, edns=QueryEdns(512, 0, True, None, nsid=True))
    octets = compose_reply(asked, Answer(rcode=SERVFAIL, errors=errors), NOW, max_octets=MIN_OCTETS, nsid=b"h" * 128)
    assert len(octets) <= MIN_OCTETS
    assert len(dns.message.from_wire(octets).extended_errors()) == 3


@pytest.mark.parametrize(("qclass", "shown_class"), [(3, 3), (255, 1), (1, 1)], ids=["CHAOS", "ANY", "IN"])
def test_records_are_of_the_class_that_there_is(qclass: int, shown_class: int) -> None:
    asked = question_octets(WWW, A)[:-2] + qclass.to_bytes(2, "big")
    octets = compose_reply(
        Query(7, RD, asked, WWW, A, qclass, None), Answer(answer=(ADDRESS,)), NOW, max_octets=MIN_OCTETS
    )
    assert octets[12 : 12 + len(asked)] == asked
    assert octets[12 + len(asked) + 4 :][:2] == shown_class.to_bytes(2, "big")
