"""What does the OPT RR say, and how is one made? The only place that knows its layout (RFC 6891 §6.1)."""

from collections.abc import Iterator
from struct import Struct
from typing import Final

from mypy_extensions import i64

from cache.answer import ExtendedError
from cache.rrtypes import OPT
from resolver.wire.layout import RECORD, Garbled, long_at, number_at
from resolver.wire.message import QueryEdns, ResponseEdns

NSID: Final = 3  # RFC 5001 §2.3
COOKIE: Final = 10  # RFC 7873 §4
EXTENDED_ERROR: Final = 15  # RFC 8914 §2
VERSION: Final = 0  # the only one there is
PAYLOAD: Final = 1232  # octets; DNS Flag Day 2020: fits every path unfragmented
MIN_PAYLOAD: Final = 512  # RFC 6891 §6.2.3: "Values lower than 512 MUST be treated as equal to 512"
CLIENT_COOKIE_OCTETS: Final = 8  # RFC 7873 §4: 8 octets of the client, then none or 8 to 32 of the server
MIN_BOTH_COOKIES_OCTETS: Final = 16
MAX_COOKIE_OCTETS: Final = 40
MAX_OPTIONS: Final = 100  # looked at; sensible messages carry three, and a message could hold 16,000
MAX_ERRORS: Final = 3  # that a client is told: with their texts they fit into 512 octets beside the longest question
MAX_TEXT_OCTETS: Final = 64  # of an EXTRA-TEXT
OPTION: Final = Struct("!HH")  # OPTION-CODE, OPTION-LENGTH
OPTION_OCTETS: Final = OPTION.size
OPT_HEAD: Final = RECORD.size
DO: Final = 0x8000  # RFC 3225 §3
VERSION_SHIFT: Final = 16
UPPER_RCODE_SHIFT: Final = 24
RCODE_BITS_BELOW: Final = 4  # of a 12-bit RCODE stand in the header


def opt_version(data: bytes, at: i64) -> int:
    """The EDNS version of the OPT RR whose type stands at `at`. To be known before its options are read."""
    return data[at + 5]  # the second octet of what is a TTL elsewhere


def read_query_edns(data: bytes, at: i64) -> QueryEdns:
    """The OPT RR of a query whose type stands at `at`. Raises Garbled."""
    payload, ttl, length = number_at(data, at + 2), long_at(data, at + 4), number_at(data, at + 8)
    cookie = None
    nsid = False
    if length:
        for code, place, option in _options(data, at + OPT_HEAD, length):
            if code == COOKIE and cookie is None:
                cookie = _cookie(option, place)
            nsid = nsid or code == NSID
    if payload < MIN_PAYLOAD:
        payload = MIN_PAYLOAD
    return QueryEdns(payload, ttl >> VERSION_SHIFT & 0xFF, bool(ttl & DO), cookie, nsid)


def read_response_edns(data: bytes, at: i64) -> tuple[ResponseEdns, int]:
    """The OPT RR of a response whose type stands at `at`, and its bits of the RCODE, in place. Raises Garbled."""
    payload, ttl, length = number_at(data, at + 2), long_at(data, at + 4), number_at(data, at + 8)
    cookie = None
    errors: list[tuple[int, str]] = []
    for code, _place, option in _options(data, at + OPT_HEAD, length) if length else ():
        if code == COOKIE and cookie is None:
            cookie = option
        elif code == EXTENDED_ERROR and len(option) >= 2:
            # RFC 8914 §2: "EDE text may be null terminated but MUST NOT be assumed to be"
            text = option[2:].decode("utf-8", "replace").rstrip("\0")
            errors.append((number_at(option, 0), text))
    edns = ResponseEdns(payload, ttl >> VERSION_SHIFT & 0xFF, bool(ttl & DO), cookie, tuple(errors))
    return edns, ttl >> UPPER_RCODE_SHIFT << RCODE_BITS_BELOW


def compose_opt(payload: int, *, rcode: int = 0, do: bool = False, options: bytes = b"") -> bytes:
    """An OPT RR, with the upper bits of `rcode`."""
    ttl = rcode >> RCODE_BITS_BELOW << UPPER_RCODE_SHIFT | VERSION << VERSION_SHIFT | (DO if do else 0)
    return b"\0" + RECORD.pack(OPT, payload, ttl, len(options)) + options


def cookie_option(cookie: bytes) -> bytes:
    return OPTION.pack(COOKIE, len(cookie)) + cookie


def nsid_option(name: bytes) -> bytes:
    return OPTION.pack(NSID, len(name)) + name


def error_options(errors: tuple[ExtendedError, ...]) -> bytes:
    """An EDE option for each of the first MAX_ERRORS, with its text, cut at a whole character."""
    options = b""
    for error in errors[:MAX_ERRORS]:
        text = error.text.encode()[:MAX_TEXT_OCTETS].decode(errors="ignore").encode()
        options += OPTION.pack(EXTENDED_ERROR, 2 + len(text)) + error.code.to_bytes(2, "big") + text
    return options


def _options(data: bytes, at: i64, length: i64) -> Iterator[tuple[int, int, bytes]]:
    """Code, offset and octets of each option in `length` octets, the first MAX_OPTIONS of them. Raises Garbled."""
    end = at + length
    for _ in range(MAX_OPTIONS):
        if at == end:
            return
        start = at + OPTION_OCTETS
        if start > end:
            raise Garbled("half an EDNS option", at)
        behind = start + number_at(data, at + 2)
        if behind > end:
            raise Garbled("an EDNS option longer than its OPT RR", at)
        yield number_at(data, at), at, data[start:behind]
        at = behind


def _cookie(option: bytes, at: int) -> bytes:
    """RFC 7873 §5.2.2: a cookie that has neither 8 octets nor 16 to 40 gets FORMERR."""
    octets = len(option)
    if octets != CLIENT_COOKIE_OCTETS and not MIN_BOTH_COOKIES_OCTETS <= octets <= MAX_COOKIE_OCTETS:
        raise Garbled(f"a COOKIE of {octets} octets", at)
    return option
