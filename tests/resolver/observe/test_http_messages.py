"""One request, one response: what is refused, what is packed, and in which form metrics are given."""

import gzip
from http import HTTPStatus

import pytest

from resolver.observe.http_messages import MAX_REQUEST_OCTETS, takes_gzip, wants_openmetrics
from tests.resolver.observe.over_http import answer_to, of


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param(b" \r\n\r\n", HTTPStatus.BAD_REQUEST, id="an empty request line"),
        pytest.param(b"GET /livez HTTP/1.1\r\n", HTTPStatus.BAD_REQUEST, id="cut off"),
        pytest.param(b"GET /livez\r\n\r\n", HTTPStatus.BAD_REQUEST, id="HTTP/0.9"),
        pytest.param(b"GET /livez HTTP/2\r\n\r\n", HTTPStatus.BAD_REQUEST, id="HTTP/2"),
        pytest.param(b"\xff\xfe \xff \xff\r\n\r\n", HTTPStatus.BAD_REQUEST, id="garbage"),
        pytest.param(b"GET /livez HTTP/1.1\r\n\r\n", HTTPStatus.BAD_REQUEST, id="without Host (RFC 9112 section 3.2)"),
        pytest.param(b"GET /\xff HTTP/1.0\r\n\r\n", HTTPStatus.BAD_REQUEST, id="a path of any octets"),
        pytest.param(b"POST /metrics HTTP/1.0\r\n\r\n", HTTPStatus.METHOD_NOT_ALLOWED, id="POST"),
        pytest.param(b"GET /livez HTTP/1.0\nX : y\n\n", HTTPStatus.BAD_REQUEST, id="a space before the colon"),
        pytest.param(
            b"a" * (MAX_REQUEST_OCTETS + 1), HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, id="over the size limit"
        ),
        pytest.param(
            b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"a:\r\n" * 2400 + b"\r\n",
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            id="thousands of headers, at once",
        ),
    ],
)
def test_other_requests(head: bytes, status: HTTPStatus) -> None:
    assert answer_to(head, of([])).startswith(f"HTTP/1.1 {status.value} ".encode())


def test_who_asks_nothing_is_told_nothing() -> None:
    assert answer_to(b"", of([])) == b""


def test_head_gives_the_headers_alone() -> None:
    response = answer_to(b"HEAD /metrics HTTP/1.0\r\n\r\n", of([]))
    assert b"Content-Length: 12\r\n" in response
    assert response.endswith(b"\r\n\r\n")


def test_a_long_page_is_packed_for_who_takes_it() -> None:
    request = b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: deflate, gzip;q=0.8\r\n\r\n"
    head, _, body = answer_to(request, of(["much"])).partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in head
    assert gzip.decompress(body) == b"a_total 1.0\n" * 200
    assert b"Content-Encoding" not in answer_to(request, of([]))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (b"accept-encoding", b"gzip", True),
        (b"accept-encoding", b"br, GZIP", True),
        (b"accept", b"gzip", False),
        (b"accept-encoding", b"gzip;q=0", False),
        (b"accept-encoding", b"gzip; q=0.0", False),
        (b"accept-encoding", b"gzip; q=0.1", True),
        (b"accept-encoding", b"xgzip", False),
    ],
)
def test_who_takes_a_packed_page(name: bytes, value: bytes, expected: bool) -> None:
    assert takes_gzip([(b"host", b"x"), (name, value)]) is expected


PROMETHEUS = (  # what Prometheus 2.42 and 3.0 send
    b"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "wants"),
    [
        (PROMETHEUS, True),
        (b"application/openmetrics-text", True),
        (b"application/openmetrics-text;q=0.4, text/plain;q=0.6", False),
        (b"application/openmetrics-text;q=0", False),
        (b"application/openmetrics-text;q=much", False),
        (b"text/plain", False),
        (b"*/*", False),
    ],
)
def test_openmetrics_is_for_who_asks_for_it(accept: bytes, wants: bool) -> None:
    head = b"GET /metrics HTTP/1.0\r\nAccept: " + accept + b"\r\n\r\n"
    assert wants_openmetrics([(b"accept", accept)]) is wants
    said, _, body = answer_to(head, of([])).partition(b"\r\n\r\n")
    assert (b"application/openmetrics-text; version=1.0.0" in said) is wants
    assert body.endswith(b"# EOF\n") is wants


def test_a_page_that_has_one_form_is_given_in_it() -> None:
    head = b"GET /livez HTTP/1.0\r\nAccept: application/openmetrics-text\r\n\r\n"
    assert answer_to(head, of([])).endswith(b"ok\n")
    head = b"GET /metrics%20as%20OpenMetrics HTTP/1.0\r\n\r\n"
    assert b" 404 " in answer_to(head, of([]))
