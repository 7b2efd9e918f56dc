from struct import pack

import dns.edns
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.answer import ExtendedError
from cache.rrtypes import BADVERS, OPT
from resolver.wire.edns import (
    COOKIE,
    EXTENDED_ERROR,
    MAX_ERRORS,
    MAX_OPTIONS,
    MAX_TEXT_OCTETS,
    compose_opt,
    cookie_option,
    error_options,
    opt_version,
    read_query_edns,
    read_response_edns,
)
from resolver.wire.layout import Garbled
from resolver.wire.message import QueryEdns, ResponseEdns


def opt(*options: tuple[int, bytes], payload: int = 1232, ttl: int = 0) -> bytes:
    """From the type field on."""
    rdata = b"".join(pack("!HH", code, len(data)) + data for code, data in options)
    return pack("!HHIH", OPT, payload, ttl, len(rdata)) + rdata


@pytest.mark.parametrize(
    ("octets", "edns"),
    [
        pytest.param(opt(), QueryEdns(1232, 0, False, None), id="plain"),
        pytest.param(opt(ttl=0x8000), QueryEdns(1232, 0, True, None), id="DO"),
        pytest.param(opt(ttl=0x7FFF), QueryEdns(1232, 0, False, None), id="other flags mean nothing"),
        pytest.param(opt(ttl=0xFF000000), QueryEdns(1232, 0, False, None), id="nor does an RCODE in a query"),
        pytest.param(opt(payload=511), QueryEdns(512, 0, False, None), id="less than 512 counts as 512"),
        pytest.param(opt(payload=0), QueryEdns(512, 0, False, None), id="nothing counts as 512"),
        pytest.param(opt(payload=65535), QueryEdns(65535, 0, False, None), id="most"),
        pytest.param(opt((COOKIE, bytes(8))), QueryEdns(1232, 0, False, bytes(8)), id="client cookie"),
        pytest.param(opt((COOKIE, bytes(16))), QueryEdns(1232, 0, False, bytes(16)), id="both cookies"),
        pytest.param(opt((COOKIE, bytes(40))), QueryEdns(1232, 0, False, bytes(40)), id="longest cookies"),
        pytest.param(
            opt((COOKIE, b"a" * 8), (COOKIE, b"b" * 8)),
            QueryEdns(1232, 0, False, b"a" * 8),
            id="the first of two cookies",
        ),
        pytest.param(opt((65002, b""), (65001, b"x")), QueryEdns(1232, 0, False, None), id="other options"),
        pytest.param(opt((3, b"")), QueryEdns(1232, 0, False, None, nsid=True), id="NSID"),
    ],
)
def test_the_opt_of_a_query(octets: bytes, edns: QueryEdns) -> None:
    """RFC 6891 §6.2.3: "Values lower than 512 MUST be treated as equal to 512"; §6.1.2: "Any OPTION-CODE values not
    understood by a responder or requestor MUST be ignored"."""
    assert read_query_edns(b".." + octets, 2) == edns


@pytest.mark.parametrize("octets", [0, 1, 7, 9, 15, 41, 100])
def test_a_cookie_of_another_length_is_malformed(octets: int) -> None:
    """RFC 7873 §5.2.2: "If the COOKIE option is too short to contain a Client Cookie, then FORMERR is generated", and
    likewise between 8 and 16 octets, and over 40."""
    with pytest.raises(Garbled, match=f"a COOKIE of {octets} octets at octet 12"):
        read_query_edns(b".." + opt((COOKIE, bytes(octets))), 2)


@pytest.mark.parametrize(
    ("rdata", "reason"),
    [
        pytest.param(b"\0\3\0", "half an EDNS option at octet 10", id="half a head"),
        pytest.param(b"\0\3\0\1", "an EDNS option longer than its OPT RR at octet 10", id="too long"),
        pytest.param(b"\0\3\0\0\0", "half an EDNS option at octet 14", id="after a good one"),
    ],
)
@pytest.mark.parametrize("after", [b"", bytes(100)], ids=["last", "not last"])
def test_options_that_do_not_fill_their_opt(rdata: bytes, reason: str, after: bytes) -> None:
    octets = pack("!HHIH", OPT, 1232, 0, len(rdata)) + rdata + after
    with pytest.raises(Garbled) as raised:
        read_query_edns(octets, 0)
    assert str(raised.value) == reason
    with pytest.raises(Garbled):
        read_response_edns(octets, 0)


def test_only_so_many_options_are_looked_at() -> None:
    many = [(65001, b"")] * (MAX_OPTIONS - 1)
    assert read_query_edns(opt(*many, (COOKIE, bytes(8))), 0).cookie == bytes(8)
    assert read_query_edns(opt(*many, (65001, b""), (COOKIE, bytes(8))), 0).cookie is None


def test_the_version_is_known_before_the_options_are_read() -> None:
    assert opt_version(b".." + opt(ttl=0x00FF0000), 2) == 255


@pytest.mark.parametrize(
    ("octets", "edns", "upper_rcode"),
    [
        pytest.param(opt(), ResponseEdns(1232, 0, False, None, ()), 0, id="plain"),
        pytest.param(opt(ttl=0x01018000), ResponseEdns(1232, 1, True, None, ()), 16, id="BADVERS"),
        pytest.param(opt(ttl=0xFF000000), ResponseEdns(1232, 0, False, None, ()), 0xFF0, id="all RCODE bits"),
        pytest.param(opt((COOKIE, bytes(24))), ResponseEdns(1232, 0, False, bytes(24), ()), 0, id="cookies"),
        pytest.param(
            opt((EXTENDED_ERROR, b"\0\x16all servers failed"), (EXTENDED_ERROR, b"\0\3")),
            ResponseEdns(1232, 0, False, None, ((22, "all servers failed"), (3, ""))),
            0,
            id="extended errors",
        ),
        pytest.param(
            opt((EXTENDED_ERROR, b"\0\0caf\xc3\xa9\xff\0")),
            ResponseEdns(1232, 0, False, None, ((0, "caf\u00e9\ufffd"),)),
            0,
            id="text that is not quite UTF-8, with a final NUL",
        ),
        pytest.param(opt((EXTENDED_ERROR, b"\0")), ResponseEdns(1232, 0, False, None, ()), 0, id="half an INFO-CODE"),
    ],
)
def test_the_opt_of_a_response(octets: bytes, edns: ResponseEdns, upper_rcode: int) -> None:
    assert read_response_edns(b"." + octets, 1) == (edns, upper_rcode)


@given(st.integers(0, 65535), st.integers(0, 4095), st.booleans(), st.binary(min_size=8, max_size=8))
def test_dnspython_reads_the_opt_that_we_compose(payload: int, rcode: int, do: bool, cookie: bytes) -> None:
    header = pack("!6H", 1, 0x8000 | rcode & 15, 0, 0, 0, 1)
    octets = header + compose_opt(payload, rcode=rcode, do=do, options=cookie_option(cookie))
    message = dns.message.from_wire(octets)
    assert (message.edns, message.payload, message.rcode()) == (0, payload, rcode)
    assert bool(message.ednsflags & 0x8000) == do
    (option,) = message.options
    assert isinstance(option, dns.edns.CookieOption)
    assert option.client == cookie


def test_upper_bits_of_an_rcode_travel_in_the_opt() -> None:
    """RFC 6891 §6.1.3: EXTENDED-RCODE "forms the upper 8 bits of extended 12-bit RCODE"."""
    assert compose_opt(1232, rcode=BADVERS)[5:9] == b"\1\0\0\0"


@given(st.lists(st.builds(ExtendedError, st.integers(0, 65535), st.text()), max_size=5))
def test_errors_are_told_with_their_text_cut_at_whole_characters(errors: list[ExtendedError]) -> None:
    """RFC 8914 §2: INFO-CODE of 16 bits, then EXTRA-TEXT, "a variable-length, UTF-8-encoded, text field"."""
    edns, _ = read_response_edns(compose_opt(1232, options=error_options(tuple(errors)))[1:], 0)
    assert [code for code, _ in edns.errors] == [error.code for error in errors[:MAX_ERRORS]]
    for (_, text), error in zip(edns.errors, errors, strict=False):
        assert error.text.startswith(text) or error.text.rstrip("\0").startswith(text)
        assert len(text.encode()) <= MAX_TEXT_OCTETS
        assert "\ufffd" not in text or "\ufffd" in error.text
