import dns.edns
import dns.flags
import dns.message
import dns.rdataclass
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import from_text
from cache.rrtypes import AAAA, A
from resolver.wire.upstream_query import compose_query, question_octets
from tests.resolver.wire.made import names

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
