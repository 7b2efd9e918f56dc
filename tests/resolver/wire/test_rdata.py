import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.names import from_text
from cache.rrtypes import AAAA, CNAME, DNAME, MX, NS, NSEC, PTR, RRSIG, SOA, SRV, TXT, A
from resolver.wire.layout import HEADER_OCTETS, MAX_RDATA_OCTETS, Garbled
from resolver.wire.names import Spellings
from resolver.wire.rdata import (
    KX,
    LAYOUTS,
    MB,
    MG,
    MINFO,
    MR,
    NAPTR,
    PX,
    RP,
    WRITTEN_COMPRESSED,
    is_rdata,
    read_rdata,
    write_rdata,
)
from tests.resolver.wire.made import BITMAP, DECOMPRESSED, TYPES, WWW, pointer, rdatas, record, response

TO_WWW = pointer(HEADER_OCTETS)  # the question's name, in every message of made.response
NAME = b"\2ns" + WWW
FORBIDDEN_BY_DNSPYTHON = frozenset({DNAME, RRSIG, NSEC, MB, MG, MR, MINFO, KX})  # or opaque to it


@pytest.mark.parametrize("rtype", DECOMPRESSED)
def test_names_in_rdata_are_decompressed(rtype: int) -> None:
    """RFC 3597 §4: "Receiving servers MUST decompress domain names in RRs of well-known type, and SHOULD also
    decompress RRs of type RP, AFSDB, RT, SIG, PX, NXT, NAPTR, and SRV"."""
    fixed, strings, names, tail = LAYOUTS[rtype]
    end = BITMAP if tail is None else bytes(tail)
    start = bytes(range(fixed)) + b"\1s" * strings
    data = response((TO_WWW, rtype, start + TO_WWW * names + end))
    at = len(data) - len(start + TO_WWW * names + end)
    assert read_rdata(rtype, data, at, len(data), {}) == start + WWW * names + end
    if rtype not in FORBIDDEN_BY_DNSPYTHON:
        (theirs,) = dns.message.from_wire(data).answer[0]
        assert theirs.to_wire() == start + WWW * names + end


@pytest.mark.parametrize(
    ("rtype", "rdata"),
    [
        pytest.param(A, bytes(3), id="an address too short"),
        pytest.param(A, bytes(5), id="an address too long"),
        pytest.param(AAAA, bytes(4), id="an IPv4 address for AAAA"),
        pytest.param(NS, b"", id="no name"),
        pytest.param(NS, NAME + b"\0", id="octets behind the name"),
        pytest.param(CNAME, NAME[:-1], id="a name longer than its rdata"),
        pytest.param(MX, b"\0", id="less than the fixed octets"),
        pytest.param(MX, b"\0\1" + NAME + b"x", id="octets behind an MX"),
        pytest.param(SRV, bytes(6), id="no target"),
        pytest.param(SOA, NAME + NAME + bytes(19), id="an SOA with short numbers"),
        pytest.param(SOA, NAME + NAME + bytes(21), id="an SOA with an octet too many"),
        pytest.param(PX, b"\0\1" + NAME, id="one name of two"),
        pytest.param(NAPTR, bytes(4) + b"\xff", id="a string longer than its rdata"),
        pytest.param(RRSIG, bytes(17), id="an RRSIG without signer"),
        pytest.param(NSEC, b"\3ww", id="an NSEC with half a name"),
        pytest.param(DNAME, b"\xc0", id="half a pointer"),
    ],
)
@pytest.mark.parametrize("after", [b"", b"\0" * 300], ids=["last", "not last"])
def test_rdata_that_is_not_as_long_as_its_fields(rtype: int, rdata: bytes, after: bytes) -> None:
    data = bytes(HEADER_OCTETS) + rdata + after
    with pytest.raises(Garbled):
        read_rdata(rtype, data, HEADER_OCTETS, HEADER_OCTETS + len(rdata), {})


def test_rdata_of_other_types_is_opaque() -> None:
    """RFC 3597 §3: "they must treat the RDATA section of such RRs as unstructured binary data"."""
    assert read_rdata(TXT, b"..\xc0\x0c..", 2, 4, {}) == b"\xc0\x0c"
    assert read_rdata(65280, b"..\xc0\x0c..", 2, 2, {}) == b""


def test_rdata_must_not_outgrow_its_length_field_when_uncompressed() -> None:
    data = WWW.rjust(HEADER_OCTETS + len(WWW), b"\0")
    rdata = bytes(18) + TO_WWW + bytes(MAX_RDATA_OCTETS - 18 - len(WWW))
    data += rdata
    start = HEADER_OCTETS + len(WWW)
    assert len(read_rdata(RRSIG, data, start, len(data), {})) == MAX_RDATA_OCTETS
    with pytest.raises(Garbled):
        read_rdata(RRSIG, data + b"\0", start, len(data) + 1, {})


@pytest.mark.parametrize("rtype", [NS, CNAME, PTR, MX, SOA])
def test_names_in_rdata_of_rfc_1035_types_are_compressed(rtype: int) -> None:
    fixed, _, names, tail = LAYOUTS[rtype]
    out = bytearray(100)
    write_rdata(out, rtype, bytes(fixed) + NAME * names + bytes(tail or 0), Spellings(WWW))
    second = pointer(100 + 2) if names == 2 else b""
    expected = bytes(fixed) + b"\2ns" + TO_WWW + second + bytes(tail or 0)
    assert out[100:] == len(expected).to_bytes(2, "big") + expected


def test_no_other_type_is_compressed() -> None:
    """RFC 3597 §4: "Future specifications for new RR types that contain domain names within their RDATA MUST NOT allow
    the use of name compression for those names"; RFC 2782: "name compression is not to be used for this field" (SRV's target)."""
    assert {NS, CNAME, PTR, MX, SOA} == WRITTEN_COMPRESSED


@given(st.sampled_from(TYPES).flatmap(lambda rtype: st.tuples(st.just(rtype), rdatas(rtype))))
def test_rdata_read_is_the_rdata_written(made: tuple[int, bytes]) -> None:
    rtype, rdata = made
    data = response((from_text("x.test"), rtype, b""))
    out = bytearray(data)
    spellings = Spellings(WWW)
    if rtype in WRITTEN_COMPRESSED:
        write_rdata(out, rtype, rdata, spellings)
    else:
        out += record(b"", rtype, rdata)[-len(rdata) - 2 :]
    start = len(data) + 2
    assert read_rdata(rtype, bytes(out), start, len(out), {}) == rdata


@pytest.mark.parametrize(
    ("rtype", "rdata", "expected"),
    [
        pytest.param(A, bytes(4), True, id="an address"),
        pytest.param(A, bytes(3), False, id="an address too short"),
        pytest.param(MX, b"\0\5" + WWW, True, id="a preference and a name"),
        pytest.param(MX, b"\0\5", False, id="a preference without a name"),
        pytest.param(CNAME, WWW + b"\0", False, id="octets behind the name"),
        pytest.param(CNAME, bytes(12) + TO_WWW, False, id="not one name"),
        pytest.param(NS, b"\2ns\xc0\0", False, id="a compressed name"),
        pytest.param(MINFO, b"\0" * 12 + b"\xc0\0", False, id="a pointer into the rdata itself"),
        pytest.param(RP, b"\1a\1b\1c\1d\1e\1f\0\xc0\x0c", False, id="a pointer to where a message's first name is"),
        pytest.param(TXT, b"\xff", True, id="a type that is opaque"),
    ],
)
def test_what_is_kept_as_rdata_is_whole_and_uncompressed(rtype: int, rdata: bytes, expected: bool) -> None:
    assert is_rdata(rtype, rdata) == expected
