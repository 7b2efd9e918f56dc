"""The pages over HTTP/1.1, for machines: one request a connection, and a bound on everything."""

from collections.abc import Mapping
from typing import Final

import structlog
import trio

from resolver.env import TcpListener
from resolver.observe.accepting import Silent, serve_each
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

    async def accept() -> trio.abc.Stream:
        return (await listener.accept()).stream

    async def answer(stream: trio.abc.Stream, silent: Silent) -> None:
        with silent.while_waiting():
            try:
                await stream.send_all(await respond(stream.receive_some, pages))
            except trio.BrokenResourceError:
                log.debug("http_client_gone")

    try:
        await serve_each("http", accept, answer, boundary, Silent(TIMEOUT), MAX_CONNECTIONS)
    finally:
        listener.close()
