"""One HTTP request, and the response of the page that it names: h11 reads, and what it costs is bounded.

Imported once there is somebody to serve: h11 takes 0.05 s to import.
"""

import gzip
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final

import h11

from resolver.observe.pages import AS_OPENMETRICS, TEXT, Page

MAX_REQUEST_OCTETS: Final = 8192  # request line and headers, while they are not all there; no page takes a body
RECEIVE_OCTETS: Final = 1024  # at once: what comes whole is not measured, and 16 kB of headers took 3 ms
OPENMETRICS: Final = b"application/openmetrics-text"

GZIP_LEVEL: Final = 1  # 100 kB of counters shrink to a tenth in 1 ms, which the loop has
WORTH_PACKING: Final = 1000  # octets; below, the head is most of what is sent

Receive = Callable[[int], Awaitable[bytes | bytearray]]  # so many octets at most; b"": there are no more
Fields = Sequence[tuple[bytes, bytes]]  # of a request: names in small letters, and values


async def respond(receive: Receive, pages: Mapping[str, Page]) -> bytes:
    """The octets of the response to the request that `receive` brings; none where nothing was asked."""
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_REQUEST_OCTETS)
    try:
        request = await _read_request(http, receive)
    except h11.RemoteProtocolError as problem:
        return _response(http, HTTPStatus(problem.error_status_hint))
    if request is None:
        return b""
    if request.method not in (b"GET", b"HEAD"):
        return _response(http, HTTPStatus.METHOD_NOT_ALLOWED)
    target = request.target.decode("ascii")
    page = pages.get(target) or pages.get(target.partition("?")[0])
    if page is not None and wants_openmetrics(request.headers):
        page = pages.get(f"{target.partition('?')[0]}{AS_OPENMETRICS}", page)
    if page is None:
        return _response(http, HTTPStatus.NOT_FOUND)
    status, content_type, body = await page()
    is_packed = len(body) >= WORTH_PACKING and takes_gzip(request.headers)
    return _response(http, status, content_type, body, is_gzip=is_packed, is_whole=request.method == b"GET")


async def _read_request(http: h11.Connection, receive: Receive) -> h11.Request | None:
    """Its head; None when the client goes without asking. Raises h11.RemoteProtocolError."""
    while (event := http.next_event()) is h11.NEED_DATA:
        http.receive_data(bytes(await receive(RECEIVE_OCTETS)))
    return event if isinstance(event, h11.Request) else None


def takes_gzip(fields: Fields) -> bool:
    """May the body be packed, by the request's Accept-Encoding (RFC 9110 §12.5.3)?"""
    return bool(_weight(fields, b"accept-encoding", b"gzip"))


def wants_openmetrics(fields: Fields) -> bool:
    """Is OpenMetrics asked for, and no less than plain text (RFC 9110 §12.5.1)? Of its versions Prometheus names several."""
    weight = _weight(fields, b"accept", OPENMETRICS)
    return bool(weight) and weight >= _weight(fields, b"accept", b"text/plain")


def _weight(fields: Fields, field: bytes, wanted: bytes) -> float:
    """How much it is wanted by this field, from 0 to 1, in any of its kinds."""
    found = 0.0
    for name, value in fields:
        if name != field:
            continue
        for offer in value.lower().split(b","):
            what, *parameters = [part.strip() for part in offer.split(b";")]
            weights = [part.removeprefix(b"q=") for part in parameters if part.startswith(b"q=")]
            if what == wanted:
                found = max(found, _number(weights[0]) if weights else 1.0)
    return found


def _number(text: bytes) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


def _response(
    http: h11.Connection,
    status: HTTPStatus,
    content_type: str = TEXT,
    body: bytes | None = None,
    *,
    is_gzip: bool = False,
    is_whole: bool = True,
) -> bytes:
    """body: None for the name of the status. is_whole: not the head alone."""
    content = f"{status.phrase}\n".encode() if body is None else body
    fields = [("Content-Type", content_type), ("Connection", "close")]
    if is_gzip:
        content = gzip.compress(content, GZIP_LEVEL)
        fields.append(("Content-Encoding", "gzip"))
    fields.append(("Content-Length", str(len(content))))
    head = http.send(h11.Response(status_code=status.value, reason=status.phrase.encode(), headers=fields))
    return (head or b"") + (content if is_whole else b"")
