"""The replies that wait for a TCP client to take them: bounded in octets, for each connection and for all together.

Who does not take his replies is not read, and what he asked before is not composed: he slows down, and nobody else has less
memory for it.
"""

from typing import Final

import trio

from resolver.wire.frames import framed

MAX_QUEUED: Final = 128 * 1024  # octets of one connection, beyond which no further reply is made for it
MAX_QUEUED_IN_ALL: Final = 16 * 1024 * 1024  # octets; beyond, each connection has one reply at a time


class Queued:
    """The octets that wait on all connections."""

    __slots__ = ("octets", "peak")

    def __init__(self) -> None:
        self.octets = 0
        self.peak = 0

    def add(self, octets: int) -> None:
        """So many more wait now, or less."""
        self.octets += octets
        self.peak = max(self.peak, self.octets)


class Replies:
    """What one connection has still to send. octets: of it."""

    def __init__(self, queued: Queued) -> None:
        self.octets = 0
        self._queued = queued
        self._waiting: list[bytes] = []
        self._has_gone = trio.Event()

    @property
    def has_room(self) -> bool:
        """May one more reply be made?"""
        if self._queued.octets >= MAX_QUEUED_IN_ALL:
            return not self.octets
        return self.octets < MAX_QUEUED

    async def until_room(self) -> None:
        """Wait until there is room, if there is none."""
        while not self.has_room:
            await self._has_gone.wait()

    def put(self, reply: bytes) -> None:
        """Have it sent; who has not looked for room before has one reply at most."""
        octets = framed(reply)
        self._waiting.append(octets)
        self._count(len(octets))

    def take(self) -> bytes:
        """What is there now, for one write; b"" if nothing is. It counts until it is `done`."""
        taken, self._waiting = self._waiting, []
        return b"".join(taken)

    def done(self, octets: int) -> None:
        """So much of it is sent, or never will be."""
        self._count(-octets)

    def give_up(self) -> None:
        """None of it will be sent any more."""
        self._waiting = []
        self._count(-self.octets)

    def _count(self, octets: int) -> None:
        self.octets += octets
        self._queued.add(octets)
        if octets < 0:
            self._has_gone.set()
            self._has_gone = trio.Event()
