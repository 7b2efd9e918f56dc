"""One client's TCP connection (RFC 7766): queries pipelined, replies in the order in which they are ready.

One task reads, and sends what can be sent without a wait; another one is begun for what cannot. Each question that has to wait
has its own. None of them waits for ever: not for a query, not for an answer, and not for a client that does not take its replies;
nor does any of them go on without letting others run.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import trio

from resolver.env import TcpConnection
from resolver.observe.tap import Ends
from resolver.service.entrance import FLOOD
from resolver.service.fast import Asked
from resolver.service.handler import Handler
from resolver.service.messages import Messages
from resolver.service.slots import Slot
from resolver.wire.keepalive import asks_keepalive, with_keepalive

SEND_TIMEOUT: Final = 5.0  # s for a client to make room for its replies
TRY_AGAIN: Final = 0.01  # s until a query for which there is no place to wait in looks for one again
SEND: Final = (
    0.0001  # s of a turn that a write takes with all that wakes for it; compiled, too: it is the kernel's and trio's
)
WAKE: Final = 0.00005  # s that it takes to wake who waits for a turn
AT_A_TIME: Final = 16  # queries taken from what has come before others get their turn: some 0.2 ms


async def serve_connection(
    connection: TcpConnection, handler: Handler, slot: Slot, idle_time: Callable[[], float]
) -> None:
    """Answer on `connection` until its client has said all, is lost or idle, or is not to be read any more; then close it.

    slot: its place among others, which it may lose. idle_time: seconds in which the next query must have come.
    """
    try:
        async with trio.open_nursery() as answering:
            with slot.reads:
                await _Reader(connection, handler, slot, answering, idle_time).run()
    finally:
        await trio.aclose_forcefully(connection.stream)


class _Asking(NamedTuple):
    """A query. arrived: when it came, in monotonic seconds; asked_at: see _tell_query."""

    message: bytes
    arrived: float
    asked_at: float
    asks_keepalive: bool


class _Composing:
    """What composes a reply, once there is an answer."""

    def __init__(self) -> None:
        self.is_ready = trio.Event()
        self.compose: Callable[[], bytes] = bytes

    def take(self, compose: Callable[[], bytes]) -> None:
        self.compose = compose
        self.is_ready.set()


class _Reader:
    """The reading half of a connection."""

    def __init__(
        self,
        connection: TcpConnection,
        handler: Handler,
        slot: Slot,
        answering: trio.Nursery,
        idle_time: Callable[[], float],
    ) -> None:
        self._idle_time = idle_time
        self._connection = connection
        self._handler = handler
        self._slot = slot
        self._answering = answering
        self._is_writing = False  # is a task of its own sending?
        self._in_a_row = 0  # queries that came with no wait for the next one
        self._took = 0.0  # s, these
        self._room = trio.Semaphore(handler.limits.tcp_in_flight)
        self._is_over = False

    async def run(self) -> None:
        """Read until there is nothing more to read; replies may still be on their way then."""
        counts = self._handler.counts
        messages = Messages(self._connection.stream)
        try:
            while True:
                if not self._room.value:
                    await self._wait_for_room()
                if not self._slot.replies.has_room:
                    self._send()
                    await self._slot.replies.until_room()
                message = messages.take()
                if message is None:  # else it has come already: to set a time for it takes longer than to answer it
                    self._send()
                    message = await self._wait_for_message(messages)
                if message is None:
                    return
                counts.queries_tcp += 1
                query = self._arrived(message)
                may_begin = self._in_a_row < FLOOD and self._may_begin()
                if not (self._begin(query, query.arrived) if may_begin else await self._begin_in_turn(query)):
                    counts.tcp_garbage += 1
                    return
                if self._slot.is_evicted:  # just as the query came
                    return
                self._in_a_row += 1
                if self._in_a_row % AT_A_TIME == 0:
                    self._send()
                    await trio.lowlevel.checkpoint()
        except trio.BrokenResourceError:
            self._lose()
        finally:
            self._is_over = True
            self._send()

    async def _wait_for_message(self, messages: Messages) -> bytes | None:
        """The next one; None: there will be none, or it was waited for too long."""
        self._begin_a_row()
        with trio.move_on_after(self._idle_time()) as waits:
            self._slot.waits = waits
            message = await messages.read()
        self._slot.waits = None
        if waits.cancelled_caught:
            self._handler.counts.tcp_idle += not self._slot.is_evicted
            return None
        return message

    async def _wait_for_room(self) -> None:
        """Until one question less is in flight: what is not read fills TCP's window, and the client slows down."""
        self._send()
        await self._room.acquire()
        self._room.release()

    def _may_begin(self) -> bool:
        entrance = self._handler.entrance
        return entrance.is_open and (not entrance.is_flooded or entrance.is_calm(self._connection.client))

    def _arrived(self, message: bytes) -> _Asking:
        arrived = self._slot.last_used = self._handler.now()
        return _Asking(message, arrived, self._tell_query(message), asks_keepalive(message))

    async def _begin_in_turn(self, query: _Asking) -> bool:
        """As _begin, once it is this client's turn, as for who asks over UDP; nothing more is read meanwhile."""
        self._send()
        entrance = self._handler.entrance
        its_turn = trio.Event()
        is_query = False

        def begin() -> None:
            nonlocal is_query
            if self._is_over:
                return
            try:
                is_query = self._begin(query, self._handler.now() - WAKE)
            finally:
                its_turn.set()

        client, octets = self._connection.client, len(query.message)
        put = partial(entrance.put_flood, took=self._took) if self._in_a_row >= FLOOD else entrance.put
        self._begin_a_row()
        while not put(client, begin, octets):  # noqa: ASYNC110  # nobody tells of room
            await trio.sleep(TRY_AGAIN)
        await its_turn.wait()
        return is_query

    def _begin(self, query: _Asking, since: float) -> bool:
        """Answer, or begin to; False when the other end does not speak DNS. since: when work on it began in this turn."""
        handler, connection = self._handler, self._connection
        reply = handler.begin(query.message, connection.client, connection.local, handler.now(), over_tcp=True)
        if type(reply) is Asked:
            self._room.acquire_nowait()
            self._slot.in_flight += 1
            composing = _Composing()
            handler.answer(reply, query.arrived, composing.take)
            self._answering.start_soon(self._finish, composing, query)
        elif type(reply) is bytes:
            handler.counts.latency.note(handler.now() - query.arrived)
            self._put(reply, query)
        self._charge(since)
        return reply is not None

    def _charge(self, since: float) -> None:
        """What was done from then on was for this client."""
        took = self._handler.now() - since
        self._took += took
        self._handler.entrance.charge(self._connection.client, took)

    def _begin_a_row(self) -> None:
        self._in_a_row, self._took = 0, 0.0

    async def _finish(self, composing: _Composing, query: _Asking) -> None:
        try:
            await composing.is_ready.wait()
            await self._slot.replies.until_room()
            self._put(composing.compose(), query)
            self._begin_to_write()  # what others have ready in this turn leaves with it
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

    def _put(self, reply: bytes, query: _Asking) -> None:
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

    def _send(self) -> None:
        """What is there, as far as the kernel takes it now; before whatever its reader waits for."""
        connection, handler, replies = self._connection, self._handler, self._slot.replies
        if self._is_writing or self._is_aborted or not (octets := replies.take()):
            return
        began = handler.now()
        try:
            sent = connection.send_now(octets)
        except trio.BrokenResourceError:
            self._lose()
            return
        self._charge(began)
        replies.done(sent)
        if sent < len(octets):
            self._begin_to_write(octets[sent:])

    def _begin_to_write(self, octets: bytes = b"") -> None:
        """octets: taken already, and before all that is there."""
        if not self._is_writing:
            self._is_writing = True
            self._answering.start_soon(self._write, octets)

    async def _write(self, octets: bytes) -> None:
        """Send these and what is there, what is ready together in one write, until nothing is."""
        connection, handler, replies = self._connection, self._handler, self._slot.replies
        try:
            while octets := octets or replies.take():
                handler.entrance.charge(connection.client, SEND)
                with trio.fail_after(SEND_TIMEOUT):
                    await connection.stream.send_all(octets)
                replies.done(len(octets))
                octets = b""
        except trio.TooSlowError:
            handler.counts.tcp_slow_readers += 1
            self._answering.cancel_scope.cancel()
        except trio.BrokenResourceError:
            self._lose()
        finally:
            self._is_writing = False

    def _lose(self) -> None:
        """The other end is gone; whoever notices it first says so."""
        if not self._is_aborted:
            self._handler.counts.tcp_lost += 1
            self._answering.cancel_scope.cancel()

    @property
    def _is_aborted(self) -> bool:
        return self._answering.cancel_scope.cancel_called
