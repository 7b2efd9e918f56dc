"""One client's TCP connection (RFC 7766): queries pipelined, replies in the order in which they are ready.

One task reads, one writes, and each question that has to wait has its own. None of them waits for ever: not for a query,
not for an answer, and not for a client that does not take its replies.
"""

from collections.abc import Callable
from typing import Final

import trio

from resolver.env import TcpConnection
from resolver.service.counts import ServiceCounts
from resolver.service.draining import open_draining_nursery
from resolver.service.fast import Asked
from resolver.service.handler import Handler
from resolver.service.messages import Messages, framed

SEND_TIMEOUT: Final = 5.0  # s for a client to make room for its replies


async def serve_connection(connection: TcpConnection, handler: Handler, draining: trio.Event) -> None:
    """Answer on `connection` until its client has said all, is lost or idle, or `draining` is set; then close it."""
    replies, outgoing = trio.open_memory_channel[bytes](handler.limits.tcp_in_flight)
    try:
        async with trio.open_nursery() as around:
            abort = around.cancel_scope.cancel
            around.start_soon(_write, connection.stream, outgoing, handler.counts, abort)
            async with replies, open_draining_nursery(draining) as answering:
                await _Reader(connection, handler, replies, answering, abort).run()
    finally:
        await trio.aclose_forcefully(connection.stream)


class _Reader:
    """The reading half of a connection."""

    def __init__(
        self,
        connection: TcpConnection,
        handler: Handler,
        replies: trio.MemorySendChannel[bytes],
        answering: trio.Nursery,
        abort: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._handler = handler
        self._replies = replies
        self._answering = answering
        self._abort = abort
        self._room = trio.Semaphore(handler.limits.tcp_in_flight)

    async def run(self) -> None:
        """Read until there is nothing more to read; replies may still be on their way then."""
        counts = self._handler.counts
        messages = Messages(self._connection.stream)
        try:
            while True:
                if not self._room.value:
                    await self._wait_for_room()
                with trio.fail_after(self._handler.limits.tcp_idle):
                    message = await messages.read()
                if message is None:
                    return
                counts.queries_tcp += 1
                if not await self._begin(message):
                    counts.tcp_garbage += 1
                    return
        except trio.TooSlowError:
            counts.tcp_idle += 1
        except trio.BrokenResourceError:
            counts.tcp_lost += 1
            self._abort()

    async def _wait_for_room(self) -> None:
        """Until one question less is in flight: what is not read fills TCP's window, and the client slows down."""
        await self._room.acquire()
        self._room.release()

    async def _begin(self, message: bytes) -> bool:
        """Answer, or begin to; False when the other end does not speak DNS."""
        handler, connection = self._handler, self._connection
        now = handler.now()
        reply = handler.begin(message, connection.client, connection.local, now, over_tcp=True)
        if type(reply) is Asked:
            self._room.acquire_nowait()
            self._answering.start_soon(self._finish, reply, now)
            return True
        if type(reply) is not bytes:
            return False
        handler.counts.latency.note_at_once(1)
        try:
            self._replies.send_nowait(reply)
        except trio.WouldBlock:
            await self._replies.send(reply)
        return True

    async def _finish(self, asked: Asked, arrived: float) -> None:
        try:
            await self._replies.send(await self._reply(asked, arrived))
        finally:
            self._room.release()

    async def _reply(self, asked: Asked, arrived: float) -> bytes:
        ready = trio.Event()
        replies: list[bytes] = []

        def give(reply: bytes) -> None:
            replies.append(reply)
            ready.set()

        self._handler.finish(asked, arrived, give)
        await ready.wait()
        return replies[0]


async def _write(
    stream: trio.abc.SendStream,
    outgoing: trio.MemoryReceiveChannel[bytes],
    counts: ServiceCounts,
    abort: Callable[[], None],
) -> None:
    """Send replies, those that are ready together in one write, until there will be no more."""
    try:
        async for reply in outgoing:
            octets = framed(reply) + b"".join(map(framed, _ready(outgoing)))
            with trio.fail_after(SEND_TIMEOUT):
                await stream.send_all(octets)
    except trio.TooSlowError:
        counts.tcp_slow_readers += 1
        abort()
    except trio.BrokenResourceError:
        counts.tcp_lost += 1
        abort()


def _ready(outgoing: trio.MemoryReceiveChannel[bytes]) -> list[bytes]:
    """What can be received without waiting."""
    ready: list[bytes] = []
    try:
        while True:
            ready.append(outgoing.receive_nowait())
    except (trio.WouldBlock, trio.EndOfChannel):
        return ready
