"""Lines out of a byte stream, each bounded."""

import trio

READ_OCTETS = 65536


class LineTooLong(Exception):
    """More octets came without an end of line than a line may have."""


class Lines:
    """Reads `stream` line by line."""

    def __init__(self, stream: trio.abc.ReceiveStream, max_octets: int) -> None:
        self._stream = stream
        self._max_octets = max_octets
        self._buffer = bytearray()
        self._searched = 0  # octets at the front of the buffer that are known to hold no end of line

    async def read(self) -> bytes | None:
        """The next line without its end; None when the stream is over. An unfinished last line is dropped.

        Raises LineTooLong, and what the stream raises.
        """
        while True:
            end = self._buffer.find(b"\n", self._searched)
            if end > self._max_octets:
                raise LineTooLong(f"a line of over {self._max_octets} octets")
            if end >= 0:
                with memoryview(self._buffer) as view:
                    line = bytes(view[:end])
                del self._buffer[: end + 1]
                self._searched = 0
                if end > READ_OCTETS:  # to copy a megabyte and to read it are a turn of the loop each
                    await trio.lowlevel.checkpoint()
                return line
            self._searched = len(self._buffer)
            if self._searched > self._max_octets:
                raise LineTooLong(f"over {self._max_octets} octets without an end of line")
            octets = await self._stream.receive_some(READ_OCTETS)
            if not octets:
                return None
            self._buffer += octets
