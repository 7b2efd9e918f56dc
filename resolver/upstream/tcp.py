"""One question to one server over TCP: length and message in one write, one bounded read (RFC 1035 §4.2.2, RFC 7766 §8)."""

import trio

from resolver.env import Address, Network

LENGTH_OCTETS = 2
READ_AT_ONCE = 16384


async def ask_tcp(network: Network, server: Address, message: bytes) -> bytes:
    """The message that came back; raises OSError when there is no connection or it ends too soon.

    How long to wait is the caller's to say.
    """
    stream = await network.open_tcp(server)
    try:
        await stream.send_all(len(message).to_bytes(LENGTH_OCTETS, "big") + message)
        received = await _read(stream, b"", LENGTH_OCTETS)
        wanted = LENGTH_OCTETS + int.from_bytes(received[:LENGTH_OCTETS], "big")
        received = await _read(stream, received, wanted)
    except (trio.BrokenResourceError, trio.ClosedResourceError) as lost:
        raise ConnectionError("the connection was lost") from lost
    finally:
        await trio.aclose_forcefully(stream)
    return received[LENGTH_OCTETS:wanted]


async def _read(stream: trio.abc.Stream, received: bytes, wanted: int) -> bytes:
    """`received` grown to at least `wanted` octets."""
    while len(received) < wanted:
        more = await stream.receive_some(READ_AT_ONCE)
        if not more:
            raise ConnectionError("the connection ended within a message")
        received += more
    return received
