"""Three pages over HTTP."""

import gzip
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import pytest
import structlog
import trio
import trio.testing
from trio.testing import MockClock

from resolver.observe.http import (
    MAX_CONNECTIONS,
    MAX_REQUEST_OCTETS,
    TIMEOUT,
    Page,
    pages,
    respond,
    serve_http,
    takes_gzip,
    wants_openmetrics,
)
from tests.resolver.observe.bounded import new_boundary
from tests.resolver.service.world import OpenListener


def of(problems: list[str], remarks: tuple[str, ...] = ()) -> dict[str, Page]:
    async def exposition() -> bytes:
        return b"a_total 1.0\n" * (200 if "much" in problems else 1)

    async def open_exposition() -> bytes:
        return b"a_total 1.0\n# EOF\n"

    return pages(exposition, open_exposition, lambda: problems, lambda: remarks, lambda: ("state_database ok",))


def get(path: str, problems: list[str] | None = None) -> tuple[str, str]:
    """The status line and the body."""
    return split(answer_to(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), of(problems or [])))


def answer_to(head: bytes, served: dict[str, Page]) -> bytes:
    said = [head]

    async def receive(_: int) -> bytes:
        return said.pop() if said else b""

    return trio.run(respond, receive, served)


def split(response: bytes) -> tuple[str, str]:
    head, _, body = response.decode().partition("\r\n\r\n")
    assert f"Content-Length: {len(body.encode())}" in head.split("\r\n")
    return head.split("\r\n")[0], body


@pytest.mark.parametrize(
    ("path", "problems", "status", "body"),
    [
        pytest.param("/metrics", [], "200 OK", "a_total 1.0\n", id="metrics"),
        pytest.param("/metrics?name=a", [], "200 OK", "a_total 1.0\n", id="metrics with a query"),
        pytest.param("/livez", [], "200 OK", "ok\n", id="alive"),
        pytest.param("/livez", ["no database"], "200 OK", "ok\n", id="alive and unwell"),
        pytest.param("/readyz", [], "200 OK", "ok\n", id="ready"),
        pytest.param(
            "/readyz", ["no database", "no root"], "503 Service Unavailable", "no database\nno root\n", id="not ready"
        ),
        pytest.param("/", [], "404 Not Found", "Not Found\n", id="another path"),
    ],
)
def test_pages(path: str, problems: list[str], status: str, body: str) -> None:
    assert get(path, problems) == (f"HTTP/1.1 {status}", body)


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


Client = Callable[[OpenListener], Awaitable[None]]


def run(client: Client, served: dict[str, Page] | None = None) -> None:
    async def main() -> None:
        listener = OpenListener()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_http, listener, served or of([]), new_boundary())
            await client(listener)
            nursery.cancel_scope.cancel()
        assert listener.is_closed

    trio.run(main, clock=MockClock(autojump_threshold=0))


async def everything(stream: trio.abc.ReceiveStream) -> bytes:
    octets = b""
    while more := await stream.receive_some():
        octets += more
    return octets


def test_a_request_in_pieces_is_answered_and_the_connection_closed() -> None:
    async def client(listener: OpenListener) -> None:
        stream = listener.connect()
        for piece in (b"GET /liv", b"ez HTTP/1.1\r\nHost: x\r\n", b"\r", b"\n"):
            await stream.send_all(piece)
            await trio.sleep(0.1)
        assert split(await everything(stream)) == ("HTTP/1.1 200 OK", "ok\n")

    run(client)


def test_a_client_that_says_nothing_is_let_go() -> None:
    async def client(listener: OpenListener) -> None:
        assert await everything(listener.connect()) == b""
        assert trio.current_time() == TIMEOUT

    run(client)


def test_an_endless_request_is_cut_short() -> None:
    async def client(listener: OpenListener) -> None:
        stream = listener.connect()
        await stream.send_all(b"x" * (10 * MAX_REQUEST_OCTETS))
        assert (await everything(stream)).startswith(b"HTTP/1.1 431 ")

    run(client)


def test_silent_clients_keep_nobody_out() -> None:
    """48 that said nothing made /livez time out, and an orchestrator would have restarted a healthy daemon."""

    async def client(listener: OpenListener) -> None:
        silent = []
        for _ in range(3 * MAX_CONNECTIONS):
            silent.append(listener.connect())
            await trio.testing.wait_all_tasks_blocked()
        stream = listener.connect()
        await stream.send_all(b"GET /livez HTTP/1.0\r\n\r\n")
        assert split(await everything(stream)) == ("HTTP/1.1 200 OK", "ok\n")
        assert trio.current_time() == 0
        assert await everything(silent[0]) == b""  # the oldest had to go
        with trio.move_on_after(TIMEOUT / 2) as scope:
            await everything(silent[-1])
        assert scope.cancelled_caught

    run(client)


def test_a_fault_in_a_page_ends_one_connection_and_is_logged() -> None:
    async def stumble() -> tuple[HTTPStatus, str, bytes]:
        raise ZeroDivisionError

    async def client(listener: OpenListener) -> None:
        with structlog.testing.capture_logs() as events:
            for _ in range(2):
                stream = listener.connect()
                await stream.send_all(b"GET /metrics HTTP/1.0\r\n\r\n")
                assert await everything(stream) == b""
        assert [event["event"] for event in events] == ["http_connection_fault"]

    run(client, {"/metrics": stumble})


def test_a_remark_is_shown_and_makes_nobody_unready() -> None:
    shown = of([], ("statement apps is slow",))
    assert split(answer_to(b"GET /readyz HTTP/1.0\r\n\r\n", shown)) == (
        "HTTP/1.1 200 OK",
        "ok\nremark: statement apps is slow\n",
    )


def test_readyz_lists_its_checks_to_who_wants_them() -> None:
    assert get("/readyz?verbose")[1] == "ok\n\nstate_database ok\n"


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
