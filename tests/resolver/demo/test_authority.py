"""What an authoritative server answers, message by message."""

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest
from dns.message import Message

from resolver.demo.authority import EDNS_PAYLOAD, Authority, Transport, compose
from resolver.demo.zone import parse_record, parse_zone

TXT_TEXT = '"' + "x" * 200 + '"'
PARENT = parse_zone(f"""
$ORIGIN z.test.
$TTL 300
@           SOA     ns1 hostmaster 1 1800 900 604800 60
            NS      ns1
ns1         A       192.0.2.1
www         A       192.0.2.2
alias       CNAME   www
over        CNAME   www.other.test.
away        CNAME   www.example.
below       CNAME   x.cut
self        CNAME   self
nothing     CNAME   no.such
cut         NS      ns.cut
ns.cut      A       192.0.2.4
sub         NS      ns1
large       TXT     {TXT_TEXT[:-1]}1"
            TXT     {TXT_TEXT[:-1]}2"
            TXT     {TXT_TEXT[:-1]}3"
            TXT     {TXT_TEXT[:-1]}4"
            TXT     {TXT_TEXT[:-1]}5"
            TXT     {TXT_TEXT[:-1]}6"
            TXT     {TXT_TEXT[:-1]}7"
far         DNAME   a-long-target-that-fills.many-octets-of-a-domain-name-for-this-test.example.
""")
OTHER = parse_zone("$ORIGIN other.test.\n@ 60 SOA ns1 h 1 1 1 1 1\n@ 60 NS ns1.z.test.\nwww 60 A 192.0.2.9")
CHILD = parse_zone("$ORIGIN sub.z.test.\n@ 60 SOA ns1.z.test. h 1 1 1 1 1\n@ 60 NS ns1.z.test.\nwww 60 A 192.0.2.8")


def ask(query: Message, transport: Transport = Transport.UDP) -> Message:
    response = Authority([PARENT, OTHER, CHILD]).respond(query.to_wire(), transport)
    assert response is not None
    message = dns.message.from_wire(response)
    assert query.is_response(message)
    return message


def question(qname: str, qtype: str = "A", *, payload: int = EDNS_PAYLOAD) -> Message:
    return dns.message.make_query(qname, qtype, use_edns=0, payload=payload, id=7)


def sections(response: Message) -> list[list[str]]:
    return [
        [rrset.to_text() for rrset in section] for section in (response.answer, response.authority, response.additional)
    ]


@pytest.mark.parametrize(
    ("qname", "qtype", "head", "answer", "authority"),
    [
        pytest.param("www.z.test.", "A", "NOERROR AA", ["www.z.test. A"], [], id="an answer"),
        pytest.param("alias.z.test.", "A", "NOERROR AA", ["alias.z.test. CNAME", "www.z.test. A"], [], id="an alias, followed"),
        pytest.param(
            "over.z.test.", "A", "NOERROR AA", ["over.z.test. CNAME", "www.other.test. A"], [], id="into another zone here"
        ),
        pytest.param("away.z.test.", "A", "NOERROR AA", ["away.z.test. CNAME"], [], id="out of all zones here"),
        pytest.param(
            "below.z.test.", "A", "NOERROR AA", ["below.z.test. CNAME"], ["cut.z.test. NS"], id="an alias into a delegation"
        ),
        pytest.param("self.z.test.", "A", "NOERROR AA", ["self.z.test. CNAME"], [], id="an alias to itself, once"),
        pytest.param(
            "nothing.z.test.", "A", "NXDOMAIN AA", ["nothing.z.test. CNAME"], ["z.test. SOA"], id="RFC 6604: the last RCODE"
        ),
        pytest.param("www.z.test.", "MX", "NOERROR AA", [], ["z.test. SOA"], id="NODATA"),
        pytest.param("no.z.test.", "A", "NXDOMAIN AA", [], ["z.test. SOA"], id="NXDOMAIN"),
        pytest.param("x.cut.z.test.", "A", "NOERROR", [], ["cut.z.test. NS"], id="a referral has no AA"),
        pytest.param("www.sub.z.test.", "A", "NOERROR AA", ["www.sub.z.test. A"], [], id="the child zone, if it is here"),
        pytest.param("sub.z.test.", "DS", "NOERROR AA", [], ["z.test. SOA"], id="the DS of the child zone is asked above"),
        pytest.param("www.example.", "A", "REFUSED", [], [], id="a zone that is not here"),
    ],
)  # fmt: skip
def test_what_is_answered(qname: str, qtype: str, head: str, answer: list[str], authority: list[str]) -> None:
    response = ask(question(qname, qtype))
    aa = " AA" if response.flags & dns.flags.AA else ""
    assert response.rcode().name + aa == head
    kinds = [[f"{rrset.name} {rrset.rdtype.name}" for rrset in part] for part in (response.answer, response.authority)]
    assert kinds == [answer, authority]


def test_a_referral_brings_its_glue() -> None:
    assert sections(ask(question("x.cut.z.test.")))[2] == ["ns.cut.z.test. 300 IN A 192.0.2.4"]


def test_an_answer_of_name_servers_brings_their_addresses() -> None:
    assert sections(ask(question("z.test.", "NS")))[2] == ["ns1.z.test. 300 IN A 192.0.2.1"]


def test_substitution_that_is_too_long_gives_yxdomain() -> None:
    response = ask(question("x" * 60 + "." + "y" * 60 + "." + "z" * 60 + ".far.z.test."))
    assert response.rcode() == dns.rcode.YXDOMAIN
    assert [rrset.rdtype.name for rrset in response.answer] == ["DNAME"]


@pytest.mark.parametrize(
    ("payload", "transport", "is_truncated"),
    [
        pytest.param(4096, Transport.UDP, True, id="never more than 1232 over UDP"),
        pytest.param(4096, Transport.TCP, False, id="all of it over TCP"),
    ],
)
def test_what_does_not_fit_is_truncated(payload: int, transport: Transport, is_truncated: bool) -> None:
    response = ask(question("large.z.test.", "TXT", payload=payload), transport)
    assert bool(response.flags & dns.flags.TC) == is_truncated
    assert [len(rrset) for rrset in response.answer] == ([] if is_truncated else [7])


def test_without_edns_512_octets_are_the_limit_and_there_is_no_opt() -> None:
    query = dns.message.make_query("large.z.test.", "TXT", use_edns=-1)
    response = Authority([PARENT]).respond(query.to_wire(), Transport.UDP)
    assert response is not None
    assert len(response) <= 512
    assert dns.message.from_wire(response).edns == -1
    assert dns.message.from_wire(response).flags & dns.flags.TC


def test_id_flags_and_letter_case_are_those_of_each_query_though_the_response_is_made_once() -> None:
    authority = Authority([PARENT])
    for id, qname in ((1, "www.z.test."), (2, "WwW.z.TeSt."), (65535, "wWW.Z.test.")):
        query = dns.message.make_query(qname, "A", id=id)
        response = authority.respond(query.to_wire(), Transport.UDP)
        assert response is not None
        assert response[:2] == id.to_bytes(2, "big")
        message = dns.message.from_wire(response)
        assert message.question[0].name.to_text() == qname
        assert message.answer[0].name.to_text() == qname, "compressed to the question"
        assert message.answer[0][0].to_text() == "192.0.2.2"


@pytest.mark.parametrize("qname", ["www.z.test.", "alias.z.test.", "x.cut.z.test.", "no.z.test.", "large.z.test."])
def test_the_memo_gives_what_is_composed_anew(qname: str) -> None:
    authority = Authority([PARENT])
    query = question(qname, "TXT").to_wire()
    fresh = compose([PARENT], query, Transport.UDP)
    assert authority.respond(query, Transport.UDP) == fresh == authority.respond(query, Transport.UDP)


def test_a_published_version_is_answered_from_at_once() -> None:
    authority = Authority([PARENT])
    query = question("www.z.test.").to_wire()
    before = authority.respond(query, Transport.UDP)
    authority.publish(PARENT.with_rrset(parse_record("www.z.test. 5 A 192.0.2.200")))
    after = authority.respond(query, Transport.UDP)
    assert before is not None
    assert after is not None
    assert dns.message.from_wire(after).answer[0].to_text() == "www.z.test. 5 IN A 192.0.2.200"


def edited(**changes: int) -> Message:
    query = question("www.z.test.")
    if "opcode" in changes:
        query.set_opcode(dns.opcode.Opcode(changes["opcode"]))
    if "edns" in changes:
        query.use_edns(changes["edns"])
    if "rdclass" in changes:
        query.question[0].rdclass = dns.rdataclass.RdataClass(changes["rdclass"])
    return query


@pytest.mark.parametrize(
    ("query", "rcode"),
    [
        pytest.param(edited(opcode=dns.opcode.STATUS), dns.rcode.NOTIMP, id="another opcode"),
        pytest.param(edited(edns=1), dns.rcode.BADVERS, id="another EDNS version"),
        pytest.param(edited(rdclass=dns.rdataclass.CH), dns.rcode.REFUSED, id="another class"),
    ],
)
def test_what_is_not_served(query: Message, rcode: dns.rcode.Rcode) -> None:
    assert ask(query).rcode() == rcode


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"\0" * 11, None, id="less than a header"),
        pytest.param(b"\0\7\x80\0" + b"\0" * 8, None, id="a response"),
        pytest.param(b"\0\7\1\0\0\1" + b"\0" * 6 + b"\x3fabc", "FORMERR", id="a label cut short"),
        pytest.param(b"\0\7\1\0" + b"\0" * 8, "FORMERR", id="no question"),
    ],
)
def test_garbage_gets_silence_or_formerr(octets: bytes, expected: str | None) -> None:
    response = Authority([PARENT]).respond(octets, Transport.UDP)
    assert (response and dns.message.from_wire(response).rcode().name) == expected
    assert response is None or response[:2] == b"\0\7"
