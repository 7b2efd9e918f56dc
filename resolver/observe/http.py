"""Three pages over HTTP/1.1, for machines: just enough of the protocol, and a bound on everything."""

import gzip
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final

import structlog
import trio

from resolver.env import TcpListener
from resolver.observe.boundary import Boundary

MAX_CONNECTIONS: Final = 64  # some more than scrapers and orchestrators have; beyond, the oldest gives way
MAX_REQUEST_OCTETS: Final = 8192  # request line and headers; no page takes a body
TIMEOUT: Final = 5.0  # s for a whole request and its response
END_OF_HEAD: Final = b"\r\n\r\n"
TEXT: Final = "text/plain; charset=utf-8"
EXPOSITION: Final = "text/plain; version=0.0.4; charset=utf-8"  # Prometheus' text format
OPENMETRICS: Final = b"application/openmetrics-text"
OPEN_EXPOSITION: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

GZIP_LEVEL: Final = 1  # 100 kB of counters shrink to a tenth in 1 ms, which the loop has
WORTH_PACKING: Final = 1000  # octets; below, the head is most of what is sent

log = structlog.get_logger()

Page = Callable[[], Awaitable[tuple[HTTPStatus, str, bytes]]]  # status, content type, body


Lines = Callable[[], Sequence[str]]
AS_OPENMETRICS: Final = " as OpenMetrics"  # behind a path, where no request can have it


def pages(
    exposition: Callable[[], Awaitable[bytes]],
    open_exposition: Callable[[], Awaitable[bytes]],
    problems: Lines,
    remarks: Lines,
    checks: Lines,
) -> dict[str, Page]:
    """/metrics, /livez (the event loop turns) and /readyz (503 and a line each while there are `problems`).

    open_exposition: the same as OpenMetrics, given to who asks for that. remarks: what is shown there too, but makes nobody
    unready. checks: a line each, for /readyz?verbose.
    """

    async def metrics() -> tuple[HTTPStatus, str, bytes]:
        return HTTPStatus.OK, EXPOSITION, await exposition()

    async def open_metrics() -> tuple[HTTPStatus, str, bytes]:
        return HTTPStatus.OK, OPEN_EXPOSITION, await open_exposition()

    async def livez() -> tuple[HTTPStatus, str, bytes]:
        return HTTPStatus.OK, TEXT, b"ok\n"

    async def readyz() -> tuple[HTTPStatus, str, bytes]:
        found = problems()
        body = "".join(f"{line}\n" for line in (*(found or ("ok",)), *(f"remark: {said}" for said in remarks())))
        return (HTTPStatus.SERVICE_UNAVAILABLE if found else HTTPStatus.OK), TEXT, body.encode()

    async def verbose() -> tuple[HTTPStatus, str, bytes]:
        status, content_type, body = await readyz()
        return status, content_type, body + "".join(f"{line}\n" for line in ("", *checks())).encode()

    return {
        "/metrics": metrics,
        f"/metrics{AS_OPENMETRICS}": open_metrics,
        "/livez": livez,
        "/readyz": readyz,
        "/readyz?verbose": verbose,
    }


async def serve_http(listener: TcpListener, pages: Mapping[str, Page], boundary: Boundary) -> None:
    """Serve `pages` on `listener` until cancelled, then close it.

    Whoever connects is heard: when too many are there, the oldest, which has asked for nothing yet or takes nothing, goes.
    """
    scopes: dict[int, trio.CancelScope] = {}  # of the connections, the oldest first

    async def serve(stream: trio.abc.Stream, number: int) -> None:
        try:
            with scopes[number]:
                await boundary.run("http_connection", _serve_one, stream, pages)
        finally:
            del scopes[number]
            await trio.aclose_forcefully(stream)

    async def accept(nursery: trio.Nursery) -> None:
        number = max(scopes, default=0)
        while True:
            stream = (await listener.accept()).stream
            number += 1
            if len(scopes) >= MAX_CONNECTIONS:
                oldest = next((scope for scope in scopes.values() if not scope.cancel_called), None)
                if oldest is not None:
                    oldest.cancel()
            scopes[number] = trio.CancelScope()
            nursery.start_soon(serve, stream, number)

    try:
        async with trio.open_nursery() as nursery:
            await boundary.keep("http", accept, nursery)
    finally:
        listener.close()


async def _serve_one(stream: trio.abc.Stream, pages: Mapping[str, Page]) -> None:
    """One request, one response."""
    with trio.move_on_after(TIMEOUT):
        try:
            await stream.send_all(await respond(await _read_head(stream), pages))
        except trio.BrokenResourceError:
            log.debug("http_client_gone")


async def _read_head(stream: trio.abc.Stream) -> bytes:
    """The request up to the empty line; what has come when it ends sooner or grows too long."""
    head = bytearray()
    while END_OF_HEAD not in head and len(head) <= MAX_REQUEST_OCTETS:
        octets = await stream.receive_some(MAX_REQUEST_OCTETS)
        if not octets:
            break
        head += octets
    return bytes(head)


async def respond(head: bytes, pages: Mapping[str, Page]) -> bytes:
    """The response to the request of this head. Pure but for what the page reads."""
    if len(head) > MAX_REQUEST_OCTETS:
        return _response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    words = head.partition(b"\r\n")[0].split(b" ")
    if END_OF_HEAD not in head or len(words) != 3 or not words[2].startswith(b"HTTP/1."):
        return _response(HTTPStatus.BAD_REQUEST)
    if words[0] not in (b"GET", b"HEAD"):
        return _response(HTTPStatus.METHOD_NOT_ALLOWED)
    target = words[1].decode("latin-1")
    page = pages.get(target) or pages.get(target.partition("?")[0])
    if page is not None and wants_openmetrics(head):
        page = pages.get(f"{target.partition('?')[0]}{AS_OPENMETRICS}", page)
    if page is None:
        return _response(HTTPStatus.NOT_FOUND)
    status, content_type, body = await page()
    response = _response(status, content_type, body, is_gzip=len(body) >= WORTH_PACKING and takes_gzip(head))
    return response if words[0] == b"GET" else response[: response.index(END_OF_HEAD) + len(END_OF_HEAD)]


def takes_gzip(head: bytes) -> bool:
    """May the body be packed, by the request's Accept-Encoding (RFC 9110 §12.5.3)?"""
    return bool(_weight(head, b"accept-encoding", b"gzip"))


def wants_openmetrics(head: bytes) -> bool:
    """Is OpenMetrics asked for, and no less than plain text (RFC 9110 §12.5.1)? Of its versions Prometheus names several."""
    weight = _weight(head, b"accept", OPENMETRICS)
    return bool(weight) and weight >= _weight(head, b"accept", b"text/plain")


def _weight(head: bytes, field: bytes, wanted: bytes) -> float:
    """How much it is wanted by this field, from 0 to 1, in any of its kinds."""
    found = 0.0
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip() != field:
            continue
        for offer in value.split(b","):
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
    status: HTTPStatus, content_type: str = TEXT, body: bytes | None = None, *, is_gzip: bool = False
) -> bytes:
    content = f"{status.phrase}\n".encode() if body is None else body
    packed = "Content-Encoding: gzip\r\n" if is_gzip else ""
    if is_gzip:
        content = gzip.compress(content, GZIP_LEVEL)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"Content-Type: {content_type}\r\n{packed}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + content
