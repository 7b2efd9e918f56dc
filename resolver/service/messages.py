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

    async def read(self) -> bytes | None:
        """The next message; None when the stream is over. An unfinished last one is dropped."""
        while (message := self._frames.take()) is None:
            # what a long message lacks is read at once, not as four turns of a loop that others wait for
            octets = await self._stream.receive_some(max(READ_OCTETS, self._frames.lacking))
            if not octets:
                return None
            self._frames.add(octets)
        return message
