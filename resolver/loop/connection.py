"""Questions to one server over one connection, several at a time, answered in any order (RFC 7766 §6.2.1).

A task of its own opens the connection, reads and writes, and closes it when nobody has asked for a while, or when something
comes that nobody asked for. Length and message leave in one write (RFC 7766 §8); a reply goes to whoever asked under its ID.
"""

import errno
from collections.abc import Callable
from math import inf
from typing import Final

import trio

from resolver.env import Address, Network
from resolver.wire.frames import READ_OCTETS, Frames, framed
from resolver.wire.layout import ID_OCTETS

MAX_PIPELINED: Final = 64  # questions that wait on one connection; the next one opens another
MAX_QUERIES: Final = (
    200  # over one connection (Unbound's max-reuse-tcp-queries): whoever is behind the address may change
)
IDLE: Final = 10.0  # s without a question after which it is closed: servers' own patience is often no longer
CONNECT_TIMEOUT: Final = 3.0  # s; whoever asked has given up by then


class _Waiter:
    """Somebody who asked. reply: None until it has come; error: why it never will."""

    __slots__ = ("done", "error", "reply")

    def __init__(self) -> None:
        self.done = trio.Event()
        self.reply: bytes | None = None
        self.error: OSError | None = None


class Connection:
    """One connection, from before it is open until it is closed."""

    def __init__(self, network: Network, server: Address, on_end: Callable[["Connection"], None]) -> None:
        """on_end: called once, when it is over."""
        self.server = server
        self._network = network
        self._on_end = on_end
        self.has_met_surplus = False  # did something come that nobody asked for?
        self._waiting: dict[bytes, _Waiter] = {}  # by ID; bounded by MAX_PIPELINED
        self._given_up = set[bytes]()  # IDs whose replies are late, if they come; bounded by MAX_QUERIES
        self._to_send = bytearray()  # bounded by what waits
        self._has_to_send = trio.Event()
        self._scope = trio.CancelScope()
        self._asked = 0
        self._is_retired = False

    @property
    def is_idle(self) -> bool:
        return not self._waiting

    def takes(self, id: bytes) -> bool:
        """May one more question be asked over it, under this ID?"""
        is_full = len(self._waiting) >= MAX_PIPELINED or self._asked >= MAX_QUERIES
        return not self._is_retired and not is_full and id not in self._waiting

    def retire(self) -> None:
        """Take no more questions; close when the last one is answered."""
        self._is_retired = True
        if not self._waiting:
            self._scope.cancel()

    async def ask(self, message: bytes) -> bytes:
        """The reply to a message that it `takes`; raises OSError. How long to wait is the caller's to say."""
        id = message[:ID_OCTETS]
        waiter = self._waiting[id] = _Waiter()
        self._asked += 1
        self._to_send += framed(message)
        self._has_to_send.set()
        try:
            await waiter.done.wait()
        finally:
            del self._waiting[id]
            if not waiter.done.is_set():
                self._given_up.add(id)
            if self._is_retired or not waiter.done.is_set():
                self.retire()  # too slow for one is too slow for the next; a late reply meets nobody else's ID either
        if waiter.reply is None:
            assert waiter.error is not None
            raise OSError(waiter.error.errno, waiter.error.strerror)
        return waiter.reply

    async def run(self) -> None:
        """Open it, serve whoever asks, close it."""
        error = OSError(errno.ECONNRESET, "the connection was lost")
        try:
            with self._scope, trio.move_on_after(CONNECT_TIMEOUT) as opening:
                stream = await self._network.open_tcp(self.server)
                opening.deadline = inf
                await self._serve(stream)
        except OSError as refused:
            error = refused
        finally:
            self._is_retired = True
            for waiter in self._waiting.values():
                waiter.error = error
                waiter.done.set()
            self._on_end(self)

    async def _serve(self, stream: trio.abc.Stream) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._send, stream)
                await self._receive(stream)
                nursery.cancel_scope.cancel()
        finally:
            await trio.aclose_forcefully(stream)

    async def _send(self, stream: trio.abc.Stream) -> None:
        while True:
            await self._has_to_send.wait()
            self._has_to_send = trio.Event()
            octets, self._to_send = self._to_send, bytearray()
            try:
                await stream.send_all(octets)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._scope.cancel()
                return

    async def _receive(self, stream: trio.abc.Stream) -> None:
        """Hand out replies until the server closes the connection or says too much, or nobody has asked for a while."""
        frames = Frames()
        while True:
            octets: bytes | bytearray | None = None
            try:
                with trio.move_on_after(IDLE):
                    octets = await stream.receive_some(READ_OCTETS)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return
            if octets is None and self._waiting:
                continue
            if not octets:
                return
            frames.add(octets)
            if not self._hand_out(frames):
                self.has_met_surplus = True
                return

    def _hand_out(self, frames: Frames) -> bool:
        """Take the whole messages, and give each to whoever waits for it; False: one was for nobody.

        Who streams messages that nobody asked for, of no length at all perhaps, would keep everybody else waiting.
        """
        while (message := frames.take()) is not None:
            id = message[:ID_OCTETS]
            waiter = self._waiting.get(id)
            is_awaited = waiter is not None and waiter.reply is None
            if waiter is None and len(self._waiting) == 1 and id not in self._given_up:
                # it can be meant for nobody else; they find out what is wrong with it
                (waiter,) = self._waiting.values()
            if waiter is not None and waiter.reply is None:
                waiter.reply = message
                waiter.done.set()
            if not is_awaited and id not in self._given_up:
                return False
            self._given_up.discard(id)
        return True
