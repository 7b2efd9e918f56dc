"""Queries over UDP: wait once, take what is there, answer what is known, send it all; the rest each in a task."""

from typing import Never

import trio

from resolver.env import UdpListener
from resolver.service.draining import open_draining_nursery
from resolver.service.fast import Asked
from resolver.service.handler import Handler


async def serve_udp(listener: UdpListener, handler: Handler, draining: trio.Event) -> None:
    """Answer on `listener` until cancelled, or until `draining` is set and what waits is answered; then close it."""
    try:
        async with open_draining_nursery(draining) as answering:
            await _answer_batches(listener, handler, answering)
    finally:
        listener.close()


async def _answer_batches(listener: UdpListener, handler: Handler, answering: trio.Nursery) -> Never:
    counts = handler.counts
    while True:
        batch = await listener.receive_batch()
        now = handler.now()
        replies = []
        for datagram in batch:
            reply = handler.begin(datagram.data, datagram.client, datagram.local, now)
            if type(reply) is bytes:
                replies.append((reply, datagram.reply_to))
            elif type(reply) is Asked:
                answering.start_soon(_finish, listener, handler, reply, datagram.reply_to, now)
        counts.unsent += listener.send_batch(replies)
        counts.queries_udp += len(batch)
        counts.latency.note_at_once(len(replies))


async def _finish(listener: UdpListener, handler: Handler, asked: Asked, reply_to: bytes, arrived: float) -> None:
    reply = await handler.finish(asked, arrived)
    handler.counts.unsent += listener.send_batch([(reply, reply_to)])
