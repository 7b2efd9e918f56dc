"""The pages over HTTP/1.1, for machines: one request a connection, and a bound on everything."""

from collections.abc import Mapping
from typing import Final

import structlog
import trio

from resolver.env import TcpListener
from resolver.observe.boundary import Boundary
from resolver.observe.pages import Page

MAX_CONNECTIONS: Final = 64  # some more than scrapers and orchestrators have; beyond, the oldest gives way
TIMEOUT: Final = 5.0  # s for a whole request and its response

log = structlog.get_logger()


async def serve_http(listener: TcpListener, pages: Mapping[str, Page], boundary: Boundary) -> None:
    """Serve `pages` on `listener` until cancelled, then close it.

    Whoever connects is heard: when too many are there, the oldest, which has asked for nothing yet or takes nothing, goes.
    """
    from resolver.observe.http_messages import respond  # h11: a start without these pages does not wait for it

    scopes: dict[int, trio.CancelScope] = {}  # of the connections, the oldest first

    async def answer(stream: trio.abc.Stream) -> None:
        with trio.move_on_after(TIMEOUT):
            try:
                await stream.send_all(await respond(stream.receive_some, pages))
            except trio.BrokenResourceError:
                log.debug("http_client_gone")

    async def serve(stream: trio.abc.Stream, number: int) -> None:
        try:
            with scopes[number]:
                await boundary.run("http_connection", answer, stream)
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
