import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import from_text
from cache.rrtypes import AAAA, CNAME, DS, MX, NS, TXT, A
from resolver.wire.text import (
    BadRdata,
    UnknownType,
    rcode_to_text,
    rdata_from_text,
    rdata_to_text,
    type_from_text,
    type_to_text,
)


@pytest.mark.parametrize(
    ("rtype", "rdata", "text"),
    [
        pytest.param(A, bytes((192, 0, 2, 1)), "192.0.2.1", id="A"),
        pytest.param(AAAA, bytes.fromhex("20010db8" + "00" * 11 + "01"), "2001:db8::1", id="AAAA"),
        pytest.param(NS, from_text("ns.example"), "ns.example.", id="NS"),
        pytest.param(MX, b"\0\x0a" + from_text("mx.example"), "10 mx.example.", id="MX"),
        pytest.param(TXT, b'\4a "b', '"a \\"b"', id="TXT"),
        pytest.param(65280, b"\1\xab", "\\# 2 01ab", id="a type without a name"),
        pytest.param(65280, b"", "\\# 0", id="no octets"),
        pytest.param(A, b"\1\2", "\\# 2 0102", id="an address too short"),
        pytest.param(CNAME, b"\xc0\x0c", "\\# 2 c00c", id="a pointer"),
        pytest.param(DS, b"", "\\# 0", id="no fields"),
    ],
)
def test_rdata_as_text(rtype: int, rdata: bytes, text: str) -> None:
    r"""RFC 3597 §5: "\#", "an unsigned decimal integer specifying the RDATA length in octets", "zero or more words of
    hexadecimal data"."""
    assert rdata_to_text(rtype, rdata) == text


@given(st.integers(1, 300), st.binary(max_size=60))
def test_any_rdata_has_a_text(rtype: int, rdata: bytes) -> None:
    assert rdata_to_text(rtype, rdata)


@pytest.mark.parametrize(
    ("text", "rtype"),
    [("A", 1), ("aaaa", 28), ("TYPE28", 28), ("HTTPS", 65), ("TYPE65280", 65280), ("ANY", 255)],
)
def test_types_from_text(text: str, rtype: int) -> None:
    assert type_from_text(text) == rtype


@pytest.mark.parametrize("text", ["", "NOPE", "A A", "TYPE", "TYPE65536", "TYPE-1", "é", "NAME.example."])
def test_text_that_is_no_type(text: str) -> None:
    with pytest.raises(UnknownType, match="is no RR type"):
        type_from_text(text)


@pytest.mark.parametrize(("rtype", "text"), [(1, "A"), (28, "AAAA"), (65280, "TYPE65280"), (65535, "TYPE65535")])
def test_types_as_text(rtype: int, text: str) -> None:
    assert type_to_text(rtype) == text
    assert type_from_text(text) == rtype


@pytest.mark.parametrize(
    ("rcode", "text"),
    [(0, "NOERROR"), (2, "SERVFAIL"), (3, "NXDOMAIN"), (16, "BADVERS"), (23, "BADCOOKIE"), (3841, "RCODE3841")],
)
def test_rcodes_as_text(rcode: int, text: str) -> None:
    assert rcode_to_text(rcode) == text


@pytest.mark.parametrize(
    ("rtype", "text", "rdata"), [(1, "192.0.2.7", b"\xc0\0\2\7"), (15, "1 Mail.x", b"\0\1\4Mail\1x\0")]
)
def test_rdata_from_text(rtype: int, text: str, rdata: bytes) -> None:
    assert rdata_from_text(rtype, text) == rdata


@pytest.mark.parametrize(
    ("rtype", "text"), [(1, ""), (1, "192.0.2"), (1, "192.0.2.7 x"), (16, "x" * 256), (15, "mail")]
)
def test_text_that_is_no_rdata(rtype: int, text: str) -> None:
    with pytest.raises(BadRdata, match="no data of type"):
        rdata_from_text(rtype, text)
