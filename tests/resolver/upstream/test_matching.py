import pytest

from cache.rrtypes import BADVERS, FORMERR, NOERROR, NOTIMP, NXDOMAIN, REFUSED, SERVFAIL, YXDOMAIN
from resolver.upstream.matching import Match, is_same_question, match_of, read_echo
from resolver.wire import question_octets
from resolver.wire.message import AA, QR, Response

IN_A = b"\0\1\0\1"
ASKED = b"\3wWw\7eXample\0" + IN_A


def said(asked: bytes = ASKED, *, id: int = 7, flags: int = QR | AA, rcode: int = NOERROR) -> Response:
    return Response(id=id, flags=flags, rcode=rcode, asked=asked, answer=(), authority=(), additional=(), edns=None)


@pytest.mark.parametrize(
    ("response", "match"),
    [
        pytest.param(said(), Match.REPLY, id="the reply"),
        pytest.param(said(id=8), Match.NEAR_MISS, id="another ID"),
        pytest.param(said(ASKED.lower()), Match.OTHER_CASE, id="another letter case"),
        pytest.param(said(ASKED.lower(), id=8), Match.MISMATCH, id="another ID and letter case"),
        pytest.param(said(b"\3ftp\7eXample\0" + IN_A), Match.MISMATCH, id="another name"),
        pytest.param(said(ASKED[:-4] + b"\0\x1c\0\1"), Match.MISMATCH, id="another type"),
        pytest.param(said(ASKED[:-4] + b"\0\1\0\3"), Match.MISMATCH, id="another class"),
        pytest.param(said(flags=AA), Match.MISMATCH, id="a query"),
        pytest.param(said(flags=QR | 0x2000), Match.MISMATCH, id="another opcode"),
        pytest.param(said(b""), Match.MISMATCH, id="no question, no error"),
        pytest.param(said(b"", rcode=SERVFAIL), Match.REPLY, id="an error as a bare header"),
        pytest.param(said(b"", rcode=FORMERR), Match.REPLY, id="FORMERR as a bare header"),
        pytest.param(said(b"", rcode=NOTIMP), Match.REPLY, id="NOTIMP as a bare header"),
        pytest.param(said(b"", rcode=REFUSED), Match.REPLY, id="REFUSED as a bare header"),
        pytest.param(said(b"", rcode=NXDOMAIN), Match.MISMATCH, id="a denial of nothing that was asked"),
        pytest.param(said(b"", rcode=YXDOMAIN), Match.MISMATCH, id="an alias of nothing that was asked"),
        pytest.param(said(b"", rcode=BADVERS), Match.MISMATCH, id="an extended error without a question"),
        pytest.param(said(b"", rcode=SERVFAIL, id=8), Match.MISMATCH, id="an error with another ID"),
    ],
)
def test_what_a_response_is_to_a_question(response: Response, match: Match) -> None:
    assert match_of(response, 7, ASKED) is match


def test_letter_case_is_of_the_name_only() -> None:
    """Type HTTPS is 65, an 'A'; type 97 would be its lower case."""
    assert not is_same_question(b"\1a\0\0\x41\0\1", b"\1a\0\0\x61\0\1")


def test_a_record_behind_an_empty_question_section_is_no_question() -> None:
    """It begins with the very octets that were asked; the header says that nothing was echoed."""
    asked = question_octets(b"\3WwW\7example\0", 1)
    record = asked + (300).to_bytes(4, "big") + b"\0\4\xcb\0\x71\x42"
    response = read_echo(b"\0\7\x84\0\0\0\0\1\0\0\0\0" + record, asked, asked.lower())
    assert isinstance(response, Response)
    assert response.asked == b""
    assert match_of(response, 7, asked) is Match.MISMATCH
