"""Queries over UDP: take what is there, answer what is known, send it all; the rest as it gets ready, a turn's in one call."""

from collections.abc import Callable
from functools import partial
from typing import Final

import trio

from resolver.engine import Mesh
from resolver.env import Datagram, UdpListener
from resolver.observe.tap import ClientTap, Ends
from resolver.service.draining import DRAIN_SECONDS
from resolver.service.fast import Asked
from resolver.service.handler import Handler

CLOCK_EVERY: Final = 8  # queries: between two looks at the clock, which takes a tenth of a hit


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
        service.close()


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
        self._is_over = False
        # replies that had to be waited for: those that are ready in one turn are sent by one system call at its end
        self._outbox: list[tuple[bytes, bytes]] = []

    def take(self, batch: list[Datagram]) -> None:
        """Answer a batch; what there is no time for waits for its turn."""
        handler, counts, entrance = self._handler, self._counts, self._handler.entrance
        now, tap = self._mesh.now, handler.tap
        counts.queries_udp += len(batch)
        if tap is not None:
            self._tell_queries(tap, batch)
        replies = []
        looked = handler.now()
        is_flooded = entrance.is_flooded
        is_open = entrance.is_open
        for place, datagram in enumerate(batch):
            if place % CLOCK_EVERY == CLOCK_EVERY - 1:
                looked = self._look_at_clock(looked)
                is_open = entrance.is_open
            if not is_open or (is_flooded and not entrance.is_calm(datagram.client)):
                self._put_off(datagram, now)
                continue
            reply = handler.begin(datagram.data, datagram.client, datagram.local, now)
            if type(reply) is bytes:
                replies.append((reply, datagram.reply_to))
                if tap is not None:
                    self._tell_reply(tap, datagram, now, reply)
            elif type(reply) is Asked:
                self._ask(reply, datagram, now)
                is_open = entrance.is_open
        counts.unsent += self._listener.send_batch(replies)
        counts.latency.note_each(self._look_at_clock(looked) - now, len(replies))

    def close(self) -> None:
        """Send what is ready, and nothing more."""
        self.flush()
        self._is_over = True
        self._listener.close()

    def flush(self) -> None:
        """Send what is ready."""
        replies, self._outbox = self._outbox, []
        if replies and not self._is_over:
            self._counts.unsent += self._listener.send_batch(replies)

    async def until_idle(self) -> None:
        """Wait until all is answered that was taken."""
        self._is_draining = True
        if self._in_flight:
            await self._is_idle.wait()

    def _look_at_clock(self, looked: float) -> float:
        """What time it is; what has gone by since it was looked at is this turn's."""
        now = self._handler.now()
        self._handler.entrance.note(now - looked)
        return now

    def _ask(self, asked: Asked, datagram: Datagram, arrived: float) -> None:
        self._in_flight += 1
        put, tap = partial(self._put, datagram.reply_to), self._handler.tap
        self._handler.finish(asked, arrived, put if tap is None else self._telling(tap, datagram, arrived, put))

    def _put_off(self, datagram: Datagram, arrived: float) -> None:
        """Have it begin when it is its client's turn."""
        handler = self._handler
        if handler.entrance.put(datagram.client, partial(self._begin, datagram, arrived), len(datagram.data)):
            self._in_flight += 1
            return
        reply = handler.refuse_unread(datagram.data, datagram.client)
        if reply is not None:
            self._put_at_once(datagram, arrived, reply)

    def _begin(self, datagram: Datagram, arrived: float) -> None:
        """It is its client's turn."""
        handler = self._handler
        began, client = handler.now(), datagram.client
        try:
            reply = handler.begin(datagram.data, client, datagram.local, self._mesh.now)
            if type(reply) is Asked:
                self._ask(reply, datagram, arrived)
            elif type(reply) is bytes:
                handler.counts.latency.note(handler.now() - arrived)
                self._put_at_once(datagram, arrived, reply)
        finally:
            self._end()
            handler.entrance.charge(client, handler.now() - began)

    def _put_at_once(self, datagram: Datagram, arrived: float, reply: bytes) -> None:
        self._put_reply(datagram.reply_to, reply)
        tap = self._handler.tap
        if tap is not None:
            self._tell_reply(tap, datagram, arrived, reply)

    def _put(self, reply_to: bytes, reply: bytes) -> None:
        self._put_reply(reply_to, reply)
        self._end()

    def _put_reply(self, reply_to: bytes, reply: bytes) -> None:
        if not self._outbox:
            self._mesh.at_end(self.flush)
        self._outbox.append((reply, reply_to))

    def _end(self) -> None:
        self._in_flight -= 1
        if self._is_draining and not self._in_flight:
            self._is_idle.set()

    # What is told while somebody listens (observe.tap)

    def _tell_queries(self, tap: ClientTap, batch: list[Datagram]) -> None:
        for datagram in batch:
            tap.client_query(datagram.data, self._ends(datagram))

    def _tell_reply(self, tap: ClientTap, datagram: Datagram, arrived: float, reply: bytes) -> None:
        tap.client_response(reply, self._ends(datagram), tap.wall() - (self._handler.now() - arrived))

    def _ends(self, datagram: Datagram) -> Ends:
        listener = self._listener
        return Ends(datagram.client, listener.port_of(datagram.reply_to), datagram.local, listener.address.port)

    def _telling(
        self, tap: ClientTap, datagram: Datagram, arrived: float, put: Callable[[bytes], None]
    ) -> Callable[[bytes], None]:
        """What puts a reply, and tells it."""

        def put_and_tell(reply: bytes) -> None:
            put(reply)
            self._tell_reply(tap, datagram, arrived, reply)

        return put_and_tell
