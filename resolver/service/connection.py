"""One client's TCP connection (RFC 7766): queries pipelined, replies in the order in which they are ready.

One task reads, one writes, and each question that has to wait has its own. None of them waits for ever: not for a query,
not for an answer, and not for a client that does not take its replies; nor does any of them go on without letting others run.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import trio

from resolver.env import TcpConnection
from resolver.observe.tap import Ends
from resolver.service.counts import ServiceCounts
from resolver.service.draining import open_draining_nursery
from resolver.service.fast import Asked
from resolver.service.handler import Handler
from resolver.service.messages import Messages
from resolver.service.replies import Replies
from resolver.service.slots import Slot
from resolver.wire.keepalive import asks_keepalive, with_keepalive

SEND_TIMEOUT: Final = 5.0  # s for a client to make room for its replies
TRY_AGAIN: Final = 0.01  # s until a query for which there is no place to wait in looks for one again
QUERY: Final = 0.00002  # s that one takes once it is its turn, of the turn in which it is
AT_A_TIME: Final = 16  # queries taken from what has come before others get their turn: some 0.2 ms


async def serve_connection(
    connection: TcpConnection,
    handler: Handler,
    draining: trio.Event,
    slot: Slot,
    idle_time: Callable[[], float],
) -> None:
    """Answer on `connection` until its client has said all, is lost or idle, or `draining` is set; then close it.

    slot: its place among others, which it may lose. idle_time: seconds in which the next query must have come.
    """
    try:
        async with trio.open_nursery() as around:
            abort = around.cancel_scope.cancel
            around.start_soon(_write, connection.stream, slot.replies, handler.counts, abort)
            try:
                async with open_draining_nursery(draining) as answering:
                    await _Reader(connection, handler, slot, answering, abort, idle_time).run()
            finally:
                slot.replies.close()
    finally:
        await trio.aclose_forcefully(connection.stream)


class _Told(NamedTuple):
    """What a query said of itself. asked_at: see _tell_query."""

    asked_at: float
    asks_keepalive: bool


class _Reader:
    """The reading half of a connection."""

    def __init__(
        self,
        connection: TcpConnection,
        handler: Handler,
        slot: Slot,
        answering: trio.Nursery,
        abort: Callable[[], None],
        idle_time: Callable[[], float],
    ) -> None:
        self._idle_time = idle_time
        self._connection = connection
        self._handler = handler
        self._slot = slot
        self._answering = answering
        self._abort = abort
        self._room = trio.Semaphore(handler.limits.tcp_in_flight)

    async def run(self) -> None:
        """Read until there is nothing more to read; replies may still be on their way then."""
        counts = self._handler.counts
        messages = Messages(self._connection.stream)
        taken = 0
        try:
            while True:
                if not self._room.value:
                    await self._wait_for_room()
                await self._slot.replies.until_room()
                with trio.move_on_after(self._idle_time()) as waits:
                    self._slot.waits = waits
                    message = await messages.read()
                self._slot.waits = None
                if waits.cancelled_caught:
                    counts.tcp_idle += not self._slot.is_evicted
                    return
                if message is None:
                    return
                counts.queries_tcp += 1
                if not self._may_begin():
                    await self._wait_for_turn(len(message))
                if not self._begin(message):
                    counts.tcp_garbage += 1
                    return
                if self._slot.is_evicted:  # just as the query came
                    return
                taken += 1
                if taken % AT_A_TIME == 0:
                    await trio.lowlevel.checkpoint()
        except trio.BrokenResourceError:
            counts.tcp_lost += 1
            self._abort()

    async def _wait_for_room(self) -> None:
        """Until one question less is in flight: what is not read fills TCP's window, and the client slows down."""
        await self._room.acquire()
        self._room.release()

    def _may_begin(self) -> bool:
        entrance = self._handler.entrance
        return entrance.is_open and (not entrance.is_flooded or entrance.is_calm(self._connection.client))

    async def _wait_for_turn(self, octets: int) -> None:
        """Until it is this client's turn, as for who asks over UDP; nothing is dropped, but nothing more is read meanwhile."""
        entrance = self._handler.entrance
        its_turn = trio.Event()

        def begin() -> None:
            entrance.note(QUERY)
            its_turn.set()

        while not entrance.put(self._connection.client, begin, octets):  # noqa: ASYNC110  # nobody tells when there is one
            await trio.sleep(TRY_AGAIN)
        await its_turn.wait()

    def _begin(self, message: bytes) -> bool:
        """Answer, or begin to; False when the other end does not speak DNS."""
        handler, connection, slot = self._handler, self._connection, self._slot
        now = slot.last_used = handler.now()
        query = _Told(self._tell_query(message), asks_keepalive(message))
        reply = handler.begin(message, connection.client, connection.local, now, over_tcp=True)
        handler.entrance.charge(connection.client, handler.now() - now, is_miss=type(reply) is Asked)
        if type(reply) is Asked:
            self._room.acquire_nowait()
            slot.in_flight += 1
            self._answering.start_soon(self._finish, reply, now, query)
            return True
        if type(reply) is not bytes:
            return False
        handler.counts.latency.note(handler.now() - now)
        self._put(reply, query)
        return True

    async def _finish(self, asked: Asked, arrived: float, query: "_Told") -> None:
        try:
            self._put(await self._reply(asked, arrived), query)
        finally:
            self._slot.in_flight -= 1
            self._room.release()

    def _tell_query(self, message: bytes) -> float:
        """When it came, in seconds since the Unix epoch, if somebody is told."""
        tap = self._handler.tap
        if tap is None:
            return 0.0
        tap.client_query(message, self._ends())
        return tap.wall()

    def _put(self, reply: bytes, query: "_Told") -> None:
        """Have it sent, and tell it if somebody is told."""
        if query.asks_keepalive:
            reply = with_keepalive(reply, self._idle_time())
        self._slot.replies.put(reply)
        tap = self._handler.tap
        if tap is not None:
            tap.client_response(reply, self._ends(), query.asked_at)

    def _ends(self) -> Ends:
        connection = self._connection
        return Ends(connection.client, connection.port, connection.local, connection.local_port, is_tcp=True)

    async def _reply(self, asked: Asked, arrived: float) -> bytes:
        """The reply once there is an answer, and room for one more reply."""
        ready = trio.Event()
        composing: list[Callable[[], bytes]] = []

        def take(compose: Callable[[], bytes]) -> None:
            composing.append(compose)
            ready.set()

        self._handler.answer(asked, arrived, take)
        await ready.wait()
        await self._slot.replies.until_room()
        return composing[0]()


async def _write(
    stream: trio.abc.SendStream, replies: Replies, counts: ServiceCounts, abort: Callable[[], None]
) -> None:
    """Send replies, those that are ready together in one write, until there will be no more."""
    try:
        while octets := await replies.take():
            with trio.fail_after(SEND_TIMEOUT):
                await stream.send_all(octets)
            replies.done(len(octets))
    except trio.TooSlowError:
        counts.tcp_slow_readers += 1
        abort()
    except trio.BrokenResourceError:
        counts.tcp_lost += 1
        abort()
