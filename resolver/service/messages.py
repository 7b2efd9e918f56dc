"""DNS messages out of a byte stream, as they come."""

import trio

from resolver.wire.frames import READ_OCTETS, Frames


class Messages:
    """Reads the messages of `stream`, however it cuts them."""

    def __init__(self, stream: trio.abc.ReceiveStream) -> None:
        self._stream = stream
        self._frames = Frames()

    def take(self) -> bytes | None:
        """The next message if all of it has come already."""
        return self._frames.take()

    @property
    def has_next(self) -> bool:
        """Has all of the next message come?"""
        return not self._frames.lacking

    @property
    def wanted(self) -> int:
        """Octets that are worth reading: what a long message lacks at once, not as four turns of a loop that others wait for."""
        return max(READ_OCTETS, self._frames.lacking)

    def add(self, octets: bytes | bytearray) -> None:
        """These came."""
        self._frames.add(octets)

    async def wait(self) -> bool:
        """Until all of the next message has come; False: the stream is over before."""
        while not self.has_next:
            octets = await self._stream.receive_some(self.wanted)
            if not octets:
                return False
            self.add(octets)
        return True

    async def read(self) -> bytes | None:
        """The next message; None when the stream is over. An unfinished last one is dropped."""
        return self.take() if await self.wait() else None
