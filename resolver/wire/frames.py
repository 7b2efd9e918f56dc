"""DNS messages in a byte stream: each with its length in two octets before it (RFC 1035 §4.2.2)."""

from typing import Final

LENGTH_OCTETS: Final = 2
READ_OCTETS: Final = 16384  # worth taking from a stream at once: many pipelined messages


class Frames:
    """Gives the messages of one stream, however its octets are cut. Whoever reads the stream adds what came."""

    def __init__(self) -> None:
        self._octets = bytearray()  # bounded by the longest message and what is added at once, if all is taken between

    def add(self, octets: bytes | bytearray) -> None:
        """These came."""
        self._octets += octets

    @property
    def lacking(self) -> int:
        """Octets that the next message lacks, or its length does; 0 once it is here."""
        return max(0, self._end() - len(self._octets))

    def take(self) -> bytes | None:
        """The next message, which may be empty; None while not all of it has come."""
        end = self._end()
        if len(self._octets) < end:
            return None
        with memoryview(self._octets) as octets:
            message = bytes(octets[LENGTH_OCTETS:end])
        del self._octets[:end]
        return message

    def _end(self) -> int:
        """Where the next message ends, as far as is known."""
        return LENGTH_OCTETS + int.from_bytes(self._octets[:LENGTH_OCTETS], "big")


def framed(message: bytes) -> bytes:
    """The message with its length before it, for one write (RFC 7766 §8)."""
    return len(message).to_bytes(LENGTH_OCTETS, "big") + message
