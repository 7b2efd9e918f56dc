"""Queries over UDP: wait once, take what is there, answer what is known, send it all; the rest each in a task."""

from typing import Never

import trio

from resolver.env import Datagram, UdpListener
from resolver.service.counts import ServiceCounts
from resolver.service.draining import open_draining_nursery
from resolver.service.fast import Asked
from resolver.service.handler import Handler


async def serve_udp(listener: UdpListener, handler: Handler, draining: trio.Event) -> None:
    """Answer on `listener` until cancelled, or until `draining` is set and what waits is answered; then close it."""
    outbox = _Outbox(listener, handler.counts)
    try:
        async with trio.open_nursery() as sending:
            sending.start_soon(handler.boundary.keep, "udp_sending", outbox.run)
            async with open_draining_nursery(draining) as answering:
                await handler.boundary.keep("udp", _answer_batches, listener, handler, answering, outbox)
            sending.cancel_scope.cancel()
    finally:
        outbox.flush()
        listener.close()


class _Outbox:
    """Replies that had to be waited for: those that are ready in one turn of the event loop are sent by one system call."""

    def __init__(self, listener: UdpListener, counts: ServiceCounts) -> None:
        self._listener = listener
        self._counts = counts
        self._replies: list[tuple[bytes, bytes]] = []  # bounded by the questions in flight
        self._is_filled = trio.Event()

    def put(self, reply: bytes, reply_to: bytes) -> None:
        """Have this reply sent in the next turn."""
        self._replies.append((reply, reply_to))
        self._is_filled.set()

    def flush(self) -> None:
        """Send what is there now."""
        replies, self._replies = self._replies, []
        if replies:
            self._counts.unsent += self._listener.send_batch(replies)

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._is_filled.wait()
            self._is_filled = trio.Event()
            self.flush()


async def _answer_batches(listener: UdpListener, handler: Handler, answering: trio.Nursery, outbox: _Outbox) -> Never:
    counts = handler.counts
    while True:
        batch = await listener.receive_batch()
        now = handler.now()
        replies = []
        unread = []
        for datagram in batch:
            if handler.is_shut_out(datagram.client, now):
                unread.append(datagram)
                continue
            reply = handler.begin(datagram.data, datagram.client, datagram.local, now)
            if type(reply) is bytes:
                replies.append((reply, datagram.reply_to))
            elif type(reply) is Asked:
                answering.start_soon(_finish, handler, reply, now, outbox, datagram.reply_to)
        counts.unsent += listener.send_batch(replies)
        counts.queries_udp += len(batch)
        counts.latency.note_at_once(len(replies))
        if unread:
            _answer_unread(listener, handler, unread, now)


def _answer_unread(listener: UdpListener, handler: Handler, unread: list[Datagram], now: float) -> None:
    """Answer those who flood, once all others of the batch are answered."""
    is_behind = listener.has_more
    replies = []
    for datagram in unread:
        reply = handler.answer_unread(datagram.data, datagram.client, datagram.local, now, is_behind=is_behind)
        if reply is not None:
            replies.append((reply, datagram.reply_to))
    handler.counts.unsent += listener.send_batch(replies)
    handler.counts.latency.note_at_once(len(replies))


async def _finish(handler: Handler, asked: Asked, arrived: float, outbox: _Outbox, reply_to: bytes) -> None:
    try:
        outbox.put(await handler.finish(asked, arrived), reply_to)
    except Exception as fault:
        handler.boundary.note("reply", fault)
