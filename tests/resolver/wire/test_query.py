import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import fold, from_text
from cache.rrtypes import AAAA, BADVERS, CHAOS, FORMERR, IN, NOTIMP, OPT, SOA, TXT, A
from resolver.wire.layout import HEADER
from resolver.wire.message import AD, CD, OPCODE_MASK, QR, RA, RD, Query, QueryEdns, Unreadable
from resolver.wire.query import MAX_RECORDS, compose_query, question_octets, read_query
from tests.resolver.wire.made import WWW, names, pointer, record
from tests.resolver.wire.test_names import CountedOctets

ASKED = question_octets(WWW, A)
PLAIN = compose_query(id=7, asked=ASKED, rd=True, edns_payload=None, do=False)
WITH_EDNS = compose_query(id=7, asked=ASKED, rd=True, edns_payload=1232, do=True)
OPT_RR = record(b"\0", OPT, b"", ttl=0, rclass=1232)
IQUERY = 1 << 11
STATUS = 2 << 11


def message(*, flags: int = RD, counts: tuple[int, int, int, int] = (1, 0, 0, 0), body: bytes = ASKED) -> bytes:
    return HEADER.pack(7, flags, *counts) + body


def query_of(data: bytes) -> Query:
    query = read_query(data)
    assert isinstance(query, Query), query
    return query


def refusal_of(data: bytes) -> tuple[str, dns.message.Message]:
    """The reason, and dnspython's reading of the reply."""
    unreadable = read_query(data)
    assert isinstance(unreadable, Unreadable), unreadable
    assert unreadable.reply is not None
    return unreadable.reason, dns.message.from_wire(unreadable.reply)


def test_a_plain_query() -> None:
    assert query_of(PLAIN) == Query(7, RD, ASKED, WWW, A, IN, None)


def test_a_query_with_edns() -> None:
    assert query_of(WITH_EDNS) == Query(7, RD, ASKED, WWW, A, IN, QueryEdns(1232, 0, True, None))


def test_the_asked_letter_case_is_kept_beside_the_folded_name() -> None:
    asked = b"\3wWw\7EXAmple\0" + ASKED[-4:]
    query = query_of(message(body=asked))
    assert (query.asked, query.qname) == (asked, WWW)


def test_the_class_is_left_to_the_caller() -> None:
    asked = from_text("version.bind") + b"\0\x10\0\3"
    query = query_of(message(body=asked))
    assert (query.qtype, query.qclass) == (TXT, CHAOS)


def test_records_beside_the_opt_are_passed_over() -> None:
    """An IXFR query has an SOA in its authority section (RFC 1995 §3), a signed one a TSIG at its end (RFC 8945 §5.1)."""
    soa = record(pointer(12), SOA, bytes(22))
    tsig = record(b"\1k" + pointer(16), 250, bytes(16), rclass=255)
    query = query_of(message(counts=(1, 0, 1, 2), body=ASKED + soa + OPT_RR + tsig))
    assert query.edns == QueryEdns(1232, 0, False, None)


@pytest.mark.parametrize("section", [1, 2, 3], ids=["answer", "authority", "additional"])
def test_a_query_of_more_records_than_any_has_is_not_read_past_its_question(section: int) -> None:
    """64 kB hold 5,000, which take no room in any table but 4 ms of a turn of the loop."""

    def of(records: int) -> CountedOctets:
        counts = [1, 0, 0, 0]
        counts[section] = records
        return CountedOctets(HEADER.pack(7, RD, *counts) + ASKED + record(b"\0", TXT, b"") * records)

    assert query_of(of(MAX_RECORDS)).qname == WWW
    many = of(5000)
    reason, reply = refusal_of(many)
    assert ("5000 records" in reason, reply.rcode()) == (True, dns.rcode.FORMERR)
    assert many.looks < 100


def test_an_opt_in_another_section_is_none() -> None:
    """RFC 6891 §6.1.1: "The OPT RR MAY be placed anywhere within the additional data section"."""
    assert query_of(message(counts=(1, 1, 0, 0), body=ASKED + OPT_RR)).edns is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(PLAIN[:11], id="half a header"),
        pytest.param(message(flags=QR | RD), id="a response"),
        pytest.param(message(flags=QR | STATUS), id="a response to something else"),
    ],
)
def test_what_gets_silence(data: bytes) -> None:
    unreadable = read_query(data)
    assert isinstance(unreadable, Unreadable)
    assert unreadable.reply is None


@pytest.mark.parametrize(
    ("data", "rcode", "reason"),
    [
        pytest.param(message(flags=IQUERY), NOTIMP, "an opcode other than QUERY at octet 2", id="inverse query"),
        pytest.param(message(flags=STATUS), NOTIMP, "an opcode other than QUERY at octet 2", id="status"),
        pytest.param(HEADER.pack(7, STATUS, 0, 0, 0, 0), NOTIMP, "0 questions at octet 4", id="status of nothing"),
        pytest.param(HEADER.pack(7, RD, 0, 0, 0, 0), FORMERR, "0 questions at octet 4", id="no question"),
        pytest.param(
            message(counts=(2, 0, 0, 0), body=ASKED * 2), FORMERR, "2 questions at octet 4", id="two questions"
        ),
        pytest.param(message(body=b""), FORMERR, "a name goes on after the last octet at octet 12", id="a header only"),
        pytest.param(PLAIN[:-1], FORMERR, "a question cut short at octet 25", id="a question cut short"),
        pytest.param(message(body=pointer(12) + ASKED[-4:]), FORMERR, "no plain label at octet 12", id="a pointer"),
        pytest.param(
            message(body=b"\x3f" * 256 + ASKED), FORMERR, "longer than 255 octets at octet 12", id="a long name"
        ),
        pytest.param(PLAIN + b"\0", FORMERR, "octets after the last record at octet 29", id="trailing garbage"),
        pytest.param(message(counts=(1, 0, 0, 1)), FORMERR, "last octet at octet 29", id="a record that is not there"),
        pytest.param(WITH_EDNS[:-1], FORMERR, "a record cut short at octet 30", id="an OPT cut short"),
        pytest.param(
            message(counts=(1, 0, 0, 1), body=ASKED + OPT_RR[:-1] + b"\4"),
            FORMERR,
            "rdata cut short at octet 40",
            id="an OPT longer than the message",
        ),
        pytest.param(
            message(counts=(1, 0, 0, 2), body=ASKED + OPT_RR * 2), FORMERR, "a second OPT at octet 41", id="two OPTs"
        ),
        pytest.param(
            message(counts=(1, 0, 0, 1), body=ASKED + b"\1a" + OPT_RR),
            FORMERR,
            "an OPT that is not at the root at octet 32",
            id="an OPT elsewhere",
        ),
        pytest.param(
            compose_query(id=7, asked=ASKED, rd=True, edns_payload=1232, do=False, cookie=bytes(9)),
            FORMERR,
            "a COOKIE of 9 octets at octet 40",
            id="a cookie of a wrong length",
        ),
        pytest.param(
            message(counts=(1, 0, 0, 1), body=ASKED + record(b"\0", OPT, b"", ttl=1 << 16)),
            BADVERS,
            "EDNS version 1 at octet 30",
            id="EDNS version 1",
        ),
        pytest.param(
            message(counts=(1, 0, 0, 1), body=ASKED + record(b"\0", OPT, b"\xff", ttl=255 << 16)),
            BADVERS,
            "EDNS version 255 at octet 30",
            id="EDNS version 255 with other options",
        ),
    ],
)
def test_what_gets_a_refusal(data: bytes, rcode: int, reason: str) -> None:
    """RFC 9619 §4: "A DNS message with OPCODE = 0 and QDCOUNT > 1 MUST be treated as an incorrectly formatted message";
    RFC 6891 §6.1.3: "If a responder does not implement the VERSION level of the request, then it MUST respond with
    RCODE=BADVERS"."""
    said, reply = refusal_of(data)
    assert said.endswith(reason)
    assert int(reply.rcode()) == rcode
    assert reply.id == 7
    opcode = int.from_bytes(data[2:4], "big") & OPCODE_MASK
    assert int(reply.flags) & ~OPCODE_MASK & ~15 == QR | (0 if opcode else RA) | (int.from_bytes(data[2:4], "big") & RD)
    assert int(reply.flags) & OPCODE_MASK == int.from_bytes(data[2:4], "big") & OPCODE_MASK


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(message(flags=STATUS), id="NOTIMP"),
        pytest.param(PLAIN + b"\0", id="trailing garbage"),
        pytest.param(message(counts=(1, 0, 0, 2), body=ASKED + OPT_RR * 2), id="two OPTs"),
    ],
)
def test_the_question_is_echoed_where_it_could_be_read(data: bytes) -> None:
    unreadable = read_query(data)
    assert isinstance(unreadable, Unreadable)
    assert unreadable.reply is not None
    assert unreadable.reply[12:].startswith(ASKED)


@pytest.mark.parametrize(
    ("data", "has_opt"),
    [
        pytest.param(PLAIN + b"\0", False, id="without"),
        pytest.param(WITH_EDNS + b"\0", True, id="trailing garbage"),
        pytest.param(message(counts=(1, 0, 0, 2), body=ASKED + OPT_RR * 2), True, id="two OPTs"),
        pytest.param(message(flags=STATUS, counts=(1, 0, 0, 1), body=ASKED + OPT_RR), True, id="NOTIMP"),
    ],
)
def test_an_opt_is_answered_with_one_of_version_0(data: bytes, has_opt: bool) -> None:
    """RFC 6891 §6.1.1: "If an OPT record is present in a received request, compliant responders MUST include an OPT
    record in their respective responses"."""
    _, reply = refusal_of(data)
    assert reply.edns == (0 if has_opt else -1)


def test_cd_is_copied_into_a_refusal() -> None:
    """RFC 4035 §3.2.2: the server "MUST copy the setting of the CD bit from a query to the corresponding response"."""
    _, reply = refusal_of(message(flags=RD | CD | AD) + b"\0")
    assert reply.flags & CD
    assert not reply.flags & AD


@given(names, st.integers(0, 65535), st.integers(0, 65535), st.integers(0, 65535), st.booleans(), st.booleans())
def test_queries_of_dnspython_are_read_as_it_made_them(
    qname: bytes, qtype: int, id: int, payload: int, do: bool, rd: bool
) -> None:
    asked = question_octets(qname, qtype)
    data = compose_query(id=id, asked=asked, rd=rd, edns_payload=payload, do=do)
    remade = dns.message.from_wire(data).to_wire(max_size=65535)
    for query in map(query_of, (data, remade)):
        assert (query.id, query.qname, query.qtype, query.qclass) == (id, qname, qtype, IN)
        assert query.asked == asked
        assert query.flags == (RD if rd else 0)
        assert query.edns == QueryEdns(max(512, payload), 0, do, None)


@given(st.binary(max_size=120))
def test_any_octets_are_a_query_or_not_and_never_an_exception(octets: bytes) -> None:
    for data in (octets, PLAIN[:12] + octets, WITH_EDNS[:12] + octets, WITH_EDNS[:29] + octets):
        _is_sane(data)


@given(st.sampled_from([PLAIN, WITH_EDNS]), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=6))
def test_mutated_queries_never_raise(data: bytes, changes: list[tuple[int, int]]) -> None:
    mutated = bytearray(data)
    for at, octet in changes:
        mutated[at % len(mutated)] = octet
    _is_sane(bytes(mutated))


def test_queries_cut_at_any_octet_never_raise() -> None:
    full = compose_query(id=7, asked=question_octets(WWW, AAAA), rd=True, edns_payload=1232, do=True, cookie=bytes(24))
    for end in range(len(full)):
        unreadable = read_query(full[:end])
        assert isinstance(unreadable, Unreadable)
        assert (unreadable.reply is None) == (end < 12)


def _is_sane(data: bytes) -> None:
    match read_query(data):
        case Query() as query:
            assert query.qname == fold(query.asked[:-4])
            assert query.asked in data
        case Unreadable(reply=reply):
            if reply is not None:
                assert not int.from_bytes(data[2:4], "big") & QR
                as_query = (
                    reply[:2] + bytes([reply[2] & 0x87]) + reply[3:]
                )  # dnspython wants an UPDATE to ask for a SOA
                read = dns.message.from_wire(as_query)
                assert read.rcode() in (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS)
                assert len(reply) <= len(data) + 11  # it amplifies nothing


ASKED = question_octets(from_text("www.example."), A)


@given(st.integers(0, 65535), names, st.integers(1, 65535), st.booleans(), st.booleans(), st.booleans())
def test_dnspython_reads_the_query_that_we_compose(
    id: int, qname: bytes, qtype: int, rd: bool, do: bool, cd: bool
) -> None:
    asked = question_octets(qname, qtype)
    query = dns.message.from_wire(compose_query(id=id, asked=asked, rd=rd, edns_payload=1232, do=do, cd=cd))
    assert query.id == id
    assert int(query.flags) == (dns.flags.RD if rd else 0) | (dns.flags.CD if cd else 0)
    (question,) = query.question
    assert (question.name.to_wire(), question.rdtype, question.rdclass) == (qname, qtype, dns.rdataclass.IN)
    assert (query.edns, query.payload, bool(query.ednsflags & dns.flags.DO)) == (0, 1232, do)


def test_a_query_without_edns_has_no_opt() -> None:
    query = compose_query(id=1, asked=ASKED, rd=False, edns_payload=None, do=True, cookie=bytes(8))
    assert query == b"\0\1\0\0\0\1\0\0\0\0\0\0" + ASKED


def test_the_question_keeps_its_letter_case() -> None:
    asked = b"\3wWw\7exAMple\0" + ASKED[-4:]
    query = dns.message.from_wire(compose_query(id=1, asked=asked, rd=False, edns_payload=None, do=False))
    assert query.question[0].name.to_text() == "wWw.exAMple."


@pytest.mark.parametrize("cookie", [bytes(8), bytes(range(24))], ids=["client", "client and server"])
def test_a_cookie_is_sent_along(cookie: bytes) -> None:
    """RFC 7873 §4: the client's 8 octets, followed by the server's 8 to 32 once they are known."""
    query = compose_query(id=1, asked=ASKED, rd=False, edns_payload=1232, do=False, cookie=cookie)
    (option,) = dns.message.from_wire(query).options
    assert isinstance(option, dns.edns.CookieOption)
    assert option.client + option.server == cookie


def test_the_question_section_is_name_type_and_class_in() -> None:
    assert question_octets(b"\0", AAAA) == b"\0\0\x1c\0\1"
