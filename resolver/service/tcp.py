"""Which TCP connections are served? As many as the limits allow, in all and per client (RFC 7766 §6.2.2)."""

from typing import Never

import trio

from resolver.env import TcpConnection, TcpListener
from resolver.service.connection import serve_connection
from resolver.service.counts import ServiceCounts
from resolver.service.draining import open_draining_nursery
from resolver.service.handler import Handler
from resolver.service.options import LimitOptions


class Connections:
    """The open connections, counted in all and by client address; one for all listeners."""

    def __init__(self, limits: LimitOptions, counts: ServiceCounts) -> None:
        self._limits = limits
        self._counts = counts
        self._by_client: dict[bytes, int] = {}  # bounded by `tcp_connections`: a client without one has no entry

    def adopt(self, limits: LimitOptions) -> None:
        """Go by these limits from now on; what is open stays open."""
        self._limits = limits

    def admit(self, client: bytes) -> bool:
        """Count one connection more; False, and not counted, when it would be one too many."""
        counts = self._counts
        of_client = self._by_client.get(client, 0)
        if (
            counts.tcp_connections_current >= self._limits.tcp_connections
            or of_client >= self._limits.tcp_connections_per_client
        ):
            counts.tcp_refused += 1
            return False
        self._by_client[client] = of_client + 1
        counts.tcp_connections += 1
        counts.tcp_connections_current += 1
        counts.tcp_connections_peak = max(counts.tcp_connections_peak, counts.tcp_connections_current)
        return True

    def release(self, client: bytes) -> None:
        """An admitted connection is closed."""
        self._counts.tcp_connections_current -= 1
        of_client = self._by_client[client] - 1
        if of_client:
            self._by_client[client] = of_client
        else:
            del self._by_client[client]


async def serve_tcp(
    listener: TcpListener,
    handler: Handler,
    connections: Connections,
    draining: trio.Event,
    closing: trio.Event | None = None,
) -> None:
    """Serve on `listener` until cancelled, or until `draining` is set and what waits is answered; then close it.

    closing: from when on nothing more is read from connections that were accepted before; None: from `draining` on.
    """
    try:
        async with open_draining_nursery(draining) as serving:
            until = draining if closing is None else closing
            await handler.boundary.keep("tcp", _accept, listener, handler, connections, serving, until)
    finally:
        listener.close()


async def _accept(
    listener: TcpListener,
    handler: Handler,
    connections: Connections,
    serving: trio.Nursery,
    closing: trio.Event,
) -> Never:
    async def serve(connection: TcpConnection) -> None:
        try:
            await handler.boundary.run("tcp_connection", serve_connection, connection, handler, closing)
        finally:
            connections.release(connection.client)

    while True:
        connection = await listener.accept()
        if connections.admit(connection.client):
            serving.start_soon(serve, connection)
        else:
            await trio.aclose_forcefully(connection.stream)
