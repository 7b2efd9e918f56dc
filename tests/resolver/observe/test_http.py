"""Who is served over HTTP, and for how long."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
import trio
import trio.testing
from trio.testing import MockClock

from resolver.observe.http import MAX_CONNECTIONS, TIMEOUT, serve_http
from resolver.observe.http_messages import MAX_REQUEST_OCTETS
from resolver.observe.pages import Page
from tests.resolver.observe.bounded import new_boundary
from tests.resolver.observe.over_http import of, split
from tests.resolver.service.world import OpenListener

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
