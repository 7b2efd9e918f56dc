import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.answer import Answer
from cache.names import MAX_NAME_OCTETS, ROOT
from cache.rrset import Rank, RRset
from cache.rrtypes import AAAA, BADVERS, CHAOS, CNAME, IN, NS, OPT, RRSIG, TXT, A
from resolver.wire.compose import compose_reply
from resolver.wire.layout import HEADER
from resolver.wire.message import AA, QR, TC, Query, QueryEdns, RawRRset, Response, ResponseEdns, Unreadable
from resolver.wire.names import end_of_name
from resolver.wire.rdata import LAYOUTS
from resolver.wire.response import MAX_RECORDS, read_response
from tests.resolver.wire.made import (
    WWW,
    Reading,
    dnspython_reading,
    dnspython_rrset,
    once_each,
    pointer,
    record,
    referral,
    response,
    rrsets,
)
from tests.resolver.wire.test_names import CountedOctets

TO_WWW = pointer(12)
ADDRESS = bytes((192, 0, 2, 1))
OTHER = bytes((192, 0, 2, 2))
ASKED = WWW + b"\0\1\0\1"
OPT_RR = record(b"\0", OPT, b"", ttl=0, rclass=1232)
SIGNATURE = b"\0\1" + bytes(16) + b"\0" + b"signature"


def response_of(data: bytes) -> Response:
    read = read_response(data)
    assert isinstance(read, Response), read
    return read


def reason_of(data: bytes) -> str:
    read = read_response(data)
    assert isinstance(read, Unreadable), read
    assert read.reply is None
    return read.reason


def test_an_answer_with_its_header() -> None:
    read = response_of(response((TO_WWW, A, ADDRESS), flags=QR | AA | 3))
    assert read == Response(1, QR | AA | 3, 3, ASKED, (RawRRset(WWW, A, 60, (ADDRESS,)),), (), (), None, 45)


def test_a_response_without_question() -> None:
    assert response_of(HEADER.pack(9, QR | 1, 0, 0, 0, 0)) == Response(9, QR | 1, 1, b"", (), (), (), None, 12)


def test_another_question_section_may_stand_in_the_place_of_its_own_but_not_of_none() -> None:
    shown = b"\3wWw\7EXAMPLE\0\0\1\0\1"
    read = read_response(response((TO_WWW, A, ADDRESS)), shown)
    assert isinstance(read, Response)
    assert (read.asked, read.answer[0].owner) == (shown, WWW)
    without = read_response(HEADER.pack(9, QR | 1, 0, 0, 0, 0), shown)
    assert isinstance(without, Response)
    assert without.asked == b""


def test_the_question_keeps_its_letter_case_and_owners_are_folded() -> None:
    read = response_of(response((TO_WWW, A, ADDRESS), question=b"\3wWW\7example\0"))
    assert read.asked == b"\3wWW\7example\0\0\1\0\1"
    assert read.answer[0].owner == WWW


def test_records_of_one_owner_and_type_are_one_rrset_in_any_letter_case() -> None:
    """RFC 2181 §5: an RRset is all records with the same label, class and type; RFC 4343 §3: in any letter case."""
    read = response_of(response((TO_WWW, A, ADDRESS), (TO_WWW, TXT, b"\0"), (b"\3WWW" + pointer(16), A, OTHER)))
    assert read.answer == (RawRRset(WWW, A, 60, (ADDRESS, OTHER)), RawRRset(WWW, TXT, 60, (b"\0",)))


def test_names_in_rdata_keep_their_letter_case() -> None:
    read = response_of(response((TO_WWW, CNAME, b"\1A" + pointer(16)), question=b"\3www\7eXample\0"))
    assert read.answer[0].rdatas == (b"\1A\7eXample\0",)


def test_duplicates_are_dropped() -> None:
    """RFC 2181 §5: "servers should suppress such duplicates if encountered"."""
    read = response_of(response((TO_WWW, A, ADDRESS), (TO_WWW, A, OTHER), (TO_WWW, A, ADDRESS)))
    assert read.answer[0].rdatas == (ADDRESS, OTHER)


def test_the_same_rrset_in_another_section_is_another() -> None:
    read = response_of(response((TO_WWW, A, ADDRESS), (TO_WWW, A, OTHER), (TO_WWW, A, ADDRESS), counts=(1, 1, 1)))
    assert [section[0].rdatas for section in (read.answer, read.authority, read.additional)] == [
        (ADDRESS,),
        (OTHER,),
        (ADDRESS,),
    ]


@pytest.mark.parametrize(
    ("ttls", "ttl"),
    [
        pytest.param((60,), 60, id="as it is"),
        pytest.param((60, 50, 70), 50, id="the lowest of those that differ"),
        pytest.param((2**31 - 1,), 2**31 - 1, id="most"),
        pytest.param((2**31 + 1,), 2**31 + 1, id="with the top bit, as it is: it is for others to cap (RFC 8767 §4)"),
        pytest.param((60, 2**32 - 1), 60, id="the lowest beside one with the top bit"),
    ],
)
def test_ttls(ttls: tuple[int, ...], ttl: int) -> None:
    """RFC 2181 §5.2: "the lowest TTL in the RRSet"; §8: "treat TTL values received with the most significant bit set as
    if the entire value received was zero"."""
    records = [record(TO_WWW, A, bytes((192, 0, 2, n)), ttl=each) for n, each in enumerate(ttls)]
    data = response(counts=(len(records), 0, 0)) + b"".join(records)
    assert response_of(data).answer[0].ttl == ttl


def test_records_of_another_class_are_left_out() -> None:
    data = response(counts=(2, 0, 0)) + record(TO_WWW, TXT, b"\0", rclass=CHAOS) + record(TO_WWW, A, ADDRESS)
    assert [rrset.rtype for rrset in response_of(data).answer] == [A]


def test_rrsigs_stand_beside_what_they_cover() -> None:
    """RFC 4034 §3: an RRSIG contains the signature "for an RRset with a particular name, class, and type"."""
    other = b"\0\x1c" + SIGNATURE[2:]
    read = response_of(
        response((TO_WWW, RRSIG, SIGNATURE), (TO_WWW, A, ADDRESS), (TO_WWW, AAAA, bytes(16)), (TO_WWW, RRSIG, other))
    )
    assert [(rrset.rtype, rrset.rrsigs) for rrset in read.answer] == [(A, (SIGNATURE,)), (AAAA, (other,))]


def test_an_rrsig_with_a_shorter_life_shortens_that_of_its_rrset() -> None:
    """RFC 4035 §5.3.3: the TTL is at most that of the RRset as received and that of its RRSIG as received."""
    data = response(counts=(2, 0, 0)) + record(TO_WWW, A, ADDRESS) + record(TO_WWW, RRSIG, SIGNATURE, ttl=20)
    assert response_of(data).answer[0].ttl == 20


def test_rrsigs_that_cover_nothing_here_are_an_rrset_themselves() -> None:
    """They are what a question for type RRSIG is answered with."""
    other = b"\0\x1c" + SIGNATURE[2:]
    read = response_of(response((TO_WWW, RRSIG, SIGNATURE), (TO_WWW, RRSIG, other)))
    assert read.answer == (RawRRset(WWW, RRSIG, 60, (SIGNATURE, other)),)


def test_an_rrsig_in_another_section_does_not_count() -> None:
    read = response_of(response((TO_WWW, A, ADDRESS), (TO_WWW, RRSIG, SIGNATURE), counts=(1, 1, 0)))
    assert read.answer[0].rrsigs == ()


def test_the_rcode_has_twelve_bits_with_edns() -> None:
    data = response(counts=(0, 0, 1)) + record(b"\0", OPT, b"", ttl=0x01000000, rclass=4096)
    read = response_of(data)
    assert read.rcode == BADVERS
    assert read.edns == ResponseEdns(4096, 0, False, None, ())
    assert read.additional == ()


def test_an_opt_outside_the_additional_section_is_none() -> None:
    read = response_of(response(counts=(1, 1, 0)) + OPT_RR + OPT_RR)
    assert (read.answer, read.authority, read.edns) == ((), (), None)


def test_octets_behind_the_last_record_are_not_looked_at() -> None:
    assert response_of(response((TO_WWW, A, ADDRESS)) + b"\xff").answer


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "no whole header in 0 octets", id="nothing"),
        pytest.param(response()[:11], "no whole header in 11 octets", id="half a header"),
        pytest.param(response(flags=0), "a query (no QR) at octet 2", id="a query"),
        pytest.param(HEADER.pack(1, QR, 2, 0, 0, 0) + ASKED * 2, "2 questions at octet 4", id="two questions"),
        pytest.param(response(counts=(MAX_RECORDS, 1, 0)), f"{MAX_RECORDS + 1} records at octet 6", id="many records"),
        pytest.param(response()[:-1], "a question cut short at octet 25", id="half a question"),
        pytest.param(response(counts=(1, 0, 0)), "a name goes on after the last octet at octet 29", id="no record"),
        pytest.param(
            response(counts=(1, 0, 0)) + TO_WWW + bytes(9), "a record cut short at octet 31", id="half a record"
        ),
        pytest.param(response((TO_WWW, TXT, bytes(9)))[:-1], "rdata cut short at octet 41", id="half of its rdata"),
        pytest.param(response((TO_WWW, A, ADDRESS + b"\0")), "rdata of A", id="an address of five octets"),
        pytest.param(response((TO_WWW, NS, pointer(41))), "a pointer to octet 41", id="a name server in a circle"),
        pytest.param(response((pointer(29), A, ADDRESS)), "a pointer to octet 29", id="an owner in a circle"),
    ],
)
def test_what_cannot_be_read(data: bytes, reason: str) -> None:
    assert reason_of(data).startswith(reason)


@pytest.mark.parametrize(
    "opts",
    [
        pytest.param(OPT_RR * 2, id="two OPTs"),
        pytest.param(record(b"\0", OPT, b"\0\x0a\0\x08short", rclass=1232), id="an option longer than its OPT"),
        pytest.param(record(b"\0", OPT, b"\0\x0a\0", rclass=1232), id="half an option"),
    ],
)
def test_a_message_is_good_without_an_opt_that_says_nothing(opts: bytes) -> None:
    """Unbound, BIND and PowerDNS take it: to discard it made a zone of such servers unreachable."""
    said = record(pointer(12), A, bytes((192, 0, 2, 1)))
    read = read_response(response(counts=(1, 0, opts.count(b"\0\0\x29"))) + said + opts)
    assert isinstance(read, Response)
    assert (len(read.answer), read.edns) == (1, None)


def test_a_truncated_response_may_end_in_the_middle_of_a_record() -> None:
    """RFC 2181 §9: "When a DNS client receives a reply with TC set, it should ignore that response, and query again"."""
    data = response((TO_WWW, A, ADDRESS), (TO_WWW, A, OTHER), flags=QR | TC)
    for end in range(29, len(data)):
        assert response_of(data[:end]) == Response(1, QR | TC, 0, ASKED, (), (), (), None, end)
    assert len(response_of(data).answer[0].rdatas) == 2


@given(st.tuples(*[st.lists(rrsets(), max_size=4).map(once_each)] * 3), st.integers(0, 4095))
def test_responses_of_dnspython_are_read_as_it_reads_them(
    sections: tuple[tuple[RRset, ...], tuple[RRset, ...], tuple[RRset, ...]], rcode: int
) -> None:
    message = dns.message.Message(id=1)
    message.flags = dns.flags.Flag(QR)
    message.use_edns(0, payload=1232)
    message.set_rcode(dns.rcode.Rcode.make(rcode))
    for section, made in zip((message.answer, message.authority, message.additional), sections, strict=True):
        for rrset in made:
            section.append(dnspython_rrset(rrset.owner, rrset.rtype, rrset.ttl, rrset.rdatas))
            if rrset.rrsigs:
                section.append(dnspython_rrset(rrset.owner, RRSIG, rrset.ttl, rrset.rrsigs))
    data = message.to_wire(max_size=65535)
    read = response_of(data)
    assert read.rcode == rcode
    assert read.edns == ResponseEdns(1232, 0, False, None, ())
    assert reading_of(read) == dnspython_reading(dns.message.from_wire(data))


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8))
def test_mutated_responses_never_raise(changes: list[tuple[int, int]]) -> None:
    mutated = bytearray(REFERRAL)
    for at, octet in changes:
        mutated[at % len(mutated)] = octet
    is_sane(bytes(mutated))


@given(st.binary(max_size=300), st.integers(0, 3), st.integers(0, 3))
def test_any_octets_are_a_response_or_not_and_never_an_exception(octets: bytes, answers: int, additionals: int) -> None:
    is_sane(octets)
    is_sane(response(counts=(answers, 0, additionals)) + octets)


@given(st.sampled_from(sorted(LAYOUTS)), st.binary(max_size=60), st.binary(max_size=20))
def test_any_octets_are_rdata_of_a_type_or_not(rtype: int, rdata: bytes, after: bytes) -> None:
    is_sane(response((TO_WWW, rtype, rdata)) + after)


def test_responses_cut_at_any_octet_never_raise() -> None:
    for end in range(len(REFERRAL)):
        assert isinstance(read_response(REFERRAL[:end]), Unreadable)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            response(*[(b"\x3f" + b"a" * 63 + b"\x3f" + b"b" * 63 + pointer(16), TXT, b"")] * 460),
            id="64 kB of long names",
        ),
        pytest.param(
            response((TO_WWW, TXT, (b"\1" * 252 + b"\0\0") * 63), *[(pointer(41 + n), TXT, b"") for n in range(2000)]),
            id="an owner at every octet of a record",
        ),
        pytest.param(
            response((TO_WWW, TXT, b"".join(map(pointer, [12, *range(41, 16000, 2)]))), (pointer(14041), TXT, b"")),
            id="a chain of 8000 pointers",
        ),
        pytest.param(
            response(*[(TO_WWW, RRSIG, bytes(18) + b"\1a" + TO_WWW)] * 1900), id="one signature again and again"
        ),
    ],
)
def test_the_work_for_a_response_is_linear_in_its_octets(data: bytes) -> None:
    counted = CountedOctets(data)
    assert isinstance(read_response(counted), Response)
    assert counted.looks < 2 * len(data)


REFERRAL = referral()


def reading_of(read: Response) -> Reading:
    return [
        (number, rrset.owner, rrset.rtype, rrset.ttl, frozenset(rrset.rdatas), frozenset(rrset.rrsigs))
        for number, section in enumerate((read.answer, read.authority, read.additional))
        for rrset in section
    ]


def is_sane(data: bytes) -> None:
    """Whatever was read can be put into a message of ours, and is read from that as the same."""
    read = read_response(data)
    if isinstance(read, Unreadable):
        assert read.reply is None
        return
    for rrset in (*read.answer, *read.authority, *read.additional):
        assert end_of_name(rrset.owner, 0) == len(rrset.owner) <= MAX_NAME_OCTETS
        assert rrset.owner == rrset.owner.lower()
        assert 0 <= rrset.ttl < 2**32
        assert len(set(rrset.rdatas)) == len(rrset.rdatas) > 0
    again = response_of(reply_with(read.answer))
    assert again.answer == read.answer


def reply_with(answer: tuple[RawRRset, ...]) -> bytes:
    rrsets = tuple(
        RRset(
            owner=raw.owner,
            rtype=raw.rtype,
            rdatas=raw.rdatas,
            rrsigs=raw.rrsigs,
            ttl=raw.ttl,
            received=0.0,
            expires=float("inf"),
            rank=Rank.LOCAL,
        )
        for raw in answer
    )
    query = Query(1, 0, ROOT + b"\0\1\0\1", ROOT, A, IN, QueryEdns(1232, 0, True, None))
    return compose_reply(query, Answer(answer=rrsets), 0.0, max_octets=65535 * 20)
