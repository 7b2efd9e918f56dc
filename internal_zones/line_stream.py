"""How are the lines of an HTTP response had as they come? One request, one response without an end, every buffer bounded.

The stream is handed in: a TCP connection of the daemon's network, or one of a test.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import h11
import trio

from internal_zones.feeds import Request

MAX_HEAD_OCTETS: Final = (
    4096  # of the response's status line and headers, while they are not all there; and of trailers
)
# a row's key, or what a query shows of a row; a megabyte that says one thing over and over took 3.8 ms to read, and a thread
# would hold the interpreter's lock as long
MAX_LINE_OCTETS: Final = 1 << 18
EVENTS_A_TURN: Final = 16  # of HTTP, between which others have their turn: a chunk may be one octet
LINES_A_TURN: Final = 64
MAX_REASON_OCTETS: Final = 200  # of the body of a refusal, for people to read
RECEIVE_OCTETS: Final = 4096  # at once: head or trailers that come whole are not measured, and 64 kB of them took 11 ms
LONG_LINE: Final = 1 << 16  # octets, from which on to put it together and to read it are a turn of the loop each

Headers = Sequence[tuple[str, str]]


class StreamBroken(Exception):
    """The connection was lost, or what came is no HTTP."""


class LineTooLong(Exception):
    """A line grew beyond MAX_LINE_OCTETS."""


class Response(NamedTuple):
    """query_id: of the header `corro-query-id`; "" where there is none."""

    status: int
    query_id: str


class LineBuffer:
    """Cuts octets into lines."""

    def __init__(self) -> None:
        self._rest = bytearray()  # of a line; a piece of one octet costs no copy of all the others

    def take(self, octets: bytes) -> list[bytes]:
        """The lines that are complete now; raises LineTooLong."""
        lines: list[bytes] = []
        if b"\n" in octets:
            *lines, octets = (bytes(self._rest) + octets).split(b"\n")
            self._rest.clear()
        self._rest += octets
        if len(self._rest) > MAX_LINE_OCTETS or (lines and len(lines[0]) > MAX_LINE_OCTETS):
            raise LineTooLong
        return [line for line in lines if line]

    def last(self) -> list[bytes]:
        """The line that no newline ended, if there is one: it may be the reason for the end."""
        rest = bytes(self._rest)
        self._rest.clear()
        return [rest] if rest else []


class LineStream:
    """A request and its response on a connection of its own."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_OCTETS)
        self._buffer = LineBuffer()
        self._has_ended = False
        self._found: list[bytes] = []  # lines that nobody has taken yet
        self._events = 0

    async def ask(self, request: Request, headers: Headers) -> Response:
        """Send the request and wait for the response to begin; raises StreamBroken, and ValueError for an impossible header."""
        try:
            head = h11.Request(
                method=request.method,
                target=request.target,
                headers=[*headers, ("Content-Length", str(len(request.body)))],
            )
        except h11.LocalProtocolError as problem:
            raise ValueError(str(problem)) from problem
        await self._send(head, h11.Data(data=request.body), h11.EndOfMessage())
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Response):
                ids = [value for name, value in event.headers if name == b"corro-query-id"]
                return Response(event.status_code, ids[0].decode("latin-1") if ids else "")
            if not isinstance(event, h11.InformationalResponse):
                raise StreamBroken("no response came")

    async def lines(self) -> list[bytes]:
        """The lines that have come next, one at least, LINES_A_TURN at most; [] at a clean end.

        Others have their turn before. Raises StreamBroken and LineTooLong.
        """
        if self._found:
            await trio.lowlevel.checkpoint()
        while not self._found and not self._has_ended:
            event = await self._next_event()
            if isinstance(event, h11.Data):
                self._found = self._buffer.take(bytes(event.data))
                if self._found and len(self._found[0]) > LONG_LINE:
                    await trio.lowlevel.checkpoint()
            else:
                self._has_ended = True
                self._found = self._buffer.last()
        given, self._found = self._found[:LINES_A_TURN], self._found[LINES_A_TURN:]
        return given

    async def reason(self) -> str:
        """The beginning of a refusal's body as one line of text; raises StreamBroken."""
        octets = b""
        while len(octets) < MAX_REASON_OCTETS and isinstance(event := await self._next_event(), h11.Data):
            octets += bytes(event.data)
        return printable(octets[:MAX_REASON_OCTETS].decode(errors="replace"))

    async def _send(self, *events: h11.Request | h11.Data | h11.EndOfMessage) -> None:
        octets = b"".join(self._http.send(event) or b"" for event in events)
        try:
            await self._stream.send_all(octets)
        except trio.BrokenResourceError as problem:
            raise StreamBroken("the connection was lost") from problem

    async def _next_event(self) -> h11.Event:
        self._events += 1
        if self._events % EVENTS_A_TURN == 0:
            await trio.lowlevel.checkpoint()
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(bytes(await self._stream.receive_some(RECEIVE_OCTETS)))
        except trio.BrokenResourceError as problem:
            raise StreamBroken("the connection was lost") from problem
        except h11.RemoteProtocolError as problem:
            raise StreamBroken(str(problem)) from problem
        if not isinstance(event, h11.Event) or isinstance(event, h11.ConnectionClosed):
            raise StreamBroken("the server closed the connection")
        return event


def printable(text: str) -> str:
    """Text of a server as it may stand in a log and on a terminal: one line, no control characters."""
    return "".join(character if character.isprintable() else " " for character in text).strip()[:MAX_REASON_OCTETS]
