"""Accepts TCP connections, and serves those that have a place (slots.py)."""

from typing import Never

import trio

from resolver.env import TcpConnection, TcpListener
from resolver.service.connection import serve_connection
from resolver.service.draining import open_draining_nursery
from resolver.service.handler import Handler
from resolver.service.slots import Connections, Slot

__all__ = ["Connections", "serve_tcp"]


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
    served = set[Slot]()
    try:
        async with open_draining_nursery(draining) as serving:
            serving.start_soon(_end_reading, draining if closing is None else closing, served)
            await handler.boundary.keep("tcp", _accept, listener, handler, connections, serving, served)
    finally:
        listener.close()


async def _end_reading(closing: trio.Event, served: set[Slot]) -> None:
    """One task tells all connections: one for each would cost as much as all else of a silent one."""
    await closing.wait()
    for slot in served:
        slot.reads.cancel()


async def _accept(
    listener: TcpListener,
    handler: Handler,
    connections: Connections,
    serving: trio.Nursery,
    served: set[Slot],
) -> Never:
    async def serve(connection: TcpConnection, slot: Slot) -> None:
        try:
            await handler.boundary.run(
                "tcp_connection", serve_connection, connection, handler, slot, connections.idle_time
            )
        finally:
            served.remove(slot)
            connections.release(slot)

    while True:
        connection = await listener.accept()
        # a turn of the loop for this, and one to find it a place, for which another may have to go
        await trio.lowlevel.cancel_shielded_checkpoint()
        slot = connections.admit(connection.client, handler.now())
        if slot is not None:
            served.add(slot)
            serving.start_soon(serve, connection, slot)
        else:
            await trio.aclose_forcefully(connection.stream)
