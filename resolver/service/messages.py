"""DNS messages in a byte stream: each with its length in two octets before it (RFC 1035 §4.2.2)."""

from typing import Final

import trio

LENGTH_OCTETS: Final = 2
READ_OCTETS: Final = 16384  # taken from the stream at once: many pipelined queries


class Messages:
    """Reads the messages of `stream`, however it cuts them."""

    def __init__(self, stream: trio.abc.ReceiveStream) -> None:
        self._stream = stream
        self._buffer = bytearray()  # bounded by the longest message and one read

    async def read(self) -> bytes | None:
        """The next message; None when the stream is over. An unfinished last one is dropped."""
        while True:
            message = self._take()
            if message is not None:
                return message
            octets = await self._stream.receive_some(READ_OCTETS)
            if not octets:
                return None
            self._buffer += octets

    def _take(self) -> bytes | None:
        """The message at the front of the buffer if all of it is there."""
        end = LENGTH_OCTETS + int.from_bytes(self._buffer[:LENGTH_OCTETS], "big")
        if len(self._buffer) < end:
            return None
        message = bytes(self._buffer[LENGTH_OCTETS:end])
        del self._buffer[:end]
        return message


def framed(message: bytes) -> bytes:
    """`message` with its length before it, for one write (RFC 7766 §8)."""
    return len(message).to_bytes(LENGTH_OCTETS, "big") + message
