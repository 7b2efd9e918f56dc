"""Corrosion's HTTP API as a script: what each connection in turn gets for its request, and what was asked."""

from collections.abc import Awaitable, Callable

import trio
import trio.testing

Server = trio.StapledStream[trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]
Play = Callable[[Server], Awaitable[None]]

LIVE = b"HTTP/1.1 200 OK\r\ncorro-query-id: 3f-a1\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"  # of a chunked body: a clean end
NOTICE = b'{"notify":["update",["148e21"]]}'


def chunk(*lines: bytes) -> bytes:
    """The lines as one chunk of a body."""
    body = b"".join(line + b"\n" for line in lines)
    return b"%x\r\n%s\r\n" % (len(body), body)


def status(code: int, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d Said\r\nContent-Length: %d\r\n\r\n%s" % (code, len(body), body)


def sends(*parts: bytes | float) -> Play:
    """Sends the octets, with a pause for each number, then keeps the connection open."""

    async def play(server: Server) -> None:
        for part in parts:
            if isinstance(part, bytes):
                await server.send_all(part)
            else:
                await trio.sleep(part)
        await trio.sleep_forever()

    return play


def ends(*parts: bytes | float) -> Play:
    """Sends, and closes the connection."""

    async def play(server: Server) -> None:
        with trio.move_on_after(sum(part for part in parts if isinstance(part, float)) + 0.001):
            await sends(*parts)(server)
        await server.aclose()

    return play


class FakeCorrosion:
    """Plays one script entry for each connection; the last one again and again. None: nobody listens."""

    def __init__(self, nursery: trio.Nursery, script: list[Play | None]) -> None:
        self._nursery, self._script = nursery, script
        self.requests: list[bytes] = []
        self.connected_at: list[float] = []

    async def connect(self) -> trio.abc.Stream:
        self.connected_at.append(trio.current_time())
        play = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if play is None:
            raise ConnectionRefusedError(111, "Connection refused")
        client, server = trio.testing.memory_stream_pair()
        self._nursery.start_soon(self._serve, server, play)
        return client

    async def _serve(self, server: Server, play: Play) -> None:
        request = b""
        try:
            while b"\r\n\r\n" not in request:
                some = await server.receive_some()
                if not some:
                    return  # the client went away
                request += some
            self.requests.append(request)
            await play(server)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # so it did
