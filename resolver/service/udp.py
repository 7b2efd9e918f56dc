"""Queries over UDP: take what is there, answer what is known, send it all; the rest as it gets ready, a turn's in one call."""

from collections.abc import Callable
from functools import partial

import trio

from resolver.engine import Mesh
from resolver.env import Datagram, UdpListener
from resolver.observe.tap import ClientTap
from resolver.service.draining import DRAIN_SECONDS
from resolver.service.fast import Asked
from resolver.service.handler import Handler


async def serve_udp(listener: UdpListener, handler: Handler, mesh: Mesh, draining: trio.Event) -> None:
    """Answer on `listener` until cancelled, or until `draining` is set and what waits is answered; then close it."""
    service = _UdpService(listener, handler, mesh)
    try:
        listener.start(service.take)
        await draining.wait()
        listener.stop()
        with trio.move_on_after(DRAIN_SECONDS):
            await service.until_idle()
    finally:
        service.flush()
        listener.close()


class _UdpService:
    """The questions and replies of one listener."""

    def __init__(self, listener: UdpListener, handler: Handler, mesh: Mesh) -> None:
        self._listener = listener
        self._handler = handler
        self._mesh = mesh
        self._counts = handler.counts
        self._in_flight = 0
        self._is_idle = trio.Event()
        self._is_draining = False
        # replies that had to be waited for: those that are ready in one turn are sent by one system call at its end
        self._outbox: list[tuple[bytes, bytes]] = []

    def take(self, batch: list[Datagram]) -> None:
        """Answer a batch."""
        handler, counts = self._handler, self._counts
        now, tap = self._mesh.now, self._handler.tap
        handler.note_batch(len(batch), now)
        if tap is not None:
            self._tell_queries(tap, batch)
        replies = []
        unread = []
        for datagram in batch:
            if handler.is_shut_out(datagram.client, now):
                unread.append(datagram)
                continue
            reply = handler.begin(datagram.data, datagram.client, datagram.local, now)
            if type(reply) is bytes:
                replies.append((reply, datagram.reply_to))
                if tap is not None:
                    self._tell_reply(tap, datagram, tap.wall(), reply)
            elif type(reply) is Asked:
                self._in_flight += 1
                put = partial(self._put, datagram.reply_to)
                handler.finish(reply, now, put if tap is None else self._telling(tap, datagram, put))
        counts.unsent += self._listener.send_batch(replies)
        counts.queries_udp += len(batch)
        counts.latency.note_each(handler.now() - now, len(replies))
        if unread:
            self._answer_unread(unread, now)

    def flush(self) -> None:
        """Send what is ready."""
        replies, self._outbox = self._outbox, []
        if replies:
            self._counts.unsent += self._listener.send_batch(replies)

    async def until_idle(self) -> None:
        """Wait until all is answered that was taken."""
        self._is_draining = True
        if self._in_flight:
            await self._is_idle.wait()

    def _put(self, reply_to: bytes, reply: bytes) -> None:
        if not self._outbox:
            self._mesh.at_end(self.flush)
        self._outbox.append((reply, reply_to))
        self._in_flight -= 1
        if self._is_draining and not self._in_flight:
            self._is_idle.set()

    def _answer_unread(self, unread: list[Datagram], now: float) -> None:
        """Answer those who flood, once all others of the batch are answered."""
        is_behind, tap = self._listener.has_more, self._handler.tap
        replies = []
        for datagram in unread:
            reply = self._handler.answer_unread(
                datagram.data, datagram.client, datagram.local, now, is_behind=is_behind
            )
            if reply is not None:
                replies.append((reply, datagram.reply_to))
                if tap is not None:
                    self._tell_reply(tap, datagram, tap.wall(), reply)
        self._counts.unsent += self._listener.send_batch(replies)
        self._counts.latency.note_each(self._handler.now() - now, len(replies))

    # What is told while somebody listens (observe.tap)

    def _tell_queries(self, tap: ClientTap, batch: list[Datagram]) -> None:
        port_of, local_port = self._listener.port_of, self._listener.address.port
        for datagram in batch:
            port = port_of(datagram.reply_to)
            tap.client_query(datagram.data, datagram.client, port, datagram.local, local_port)

    def _tell_reply(self, tap: ClientTap, datagram: Datagram, asked_at: float, reply: bytes) -> None:
        port, local_port = self._listener.port_of(datagram.reply_to), self._listener.address.port
        tap.client_response(reply, datagram.client, port, datagram.local, local_port, asked_at)

    def _telling(self, tap: ClientTap, datagram: Datagram, put: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """What puts a reply, and tells it."""
        asked_at = tap.wall()

        def put_and_tell(reply: bytes) -> None:
            put(reply)
            self._tell_reply(tap, datagram, asked_at, reply)

        return put_and_tell
