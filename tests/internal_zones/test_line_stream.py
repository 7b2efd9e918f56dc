"""Lines come out of an HTTP response whole, however it is cut, and everything that waits is bounded."""

from collections import Counter

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from internal_zones.feeds import Request
from internal_zones.line_stream import (
    EVENTS_A_TURN,
    LINES_A_TURN,
    MAX_HEAD_OCTETS,
    MAX_LINE_OCTETS,
    MAX_REASON_OCTETS,
    RECEIVE_OCTETS,
    LineBuffer,
    LineStream,
    LineTooLong,
    Response,
    StreamBroken,
    printable,
)
from tests.internal_zones.fake_corrosion import END, LIVE, chunk, status

ASK = Request("POST", "/v1/updates/machines", b"{}")
HOST = [("Host", "127.0.0.1:8080")]
LINES = [b'{"notify":["update",["a"]]}', b'{"notify":["delete",["b"]]}', b'{"error":"x"}']
FIELDS = b"a:\r\n" * (2 * MAX_HEAD_OCTETS // 4)  # 4,000 take 2.7 ms to read
PLAIN = b"HTTP/1.1 200 OK\r\n\r\n"  # a body that ends with the connection


class Wire(trio.abc.Stream):
    """Gives what a server sent in pieces of `cut` octets, then its end; or breaks instead of ending.

    gives_all: whatever it is asked for.
    """

    def __init__(self, octets: bytes, cut: int = 1 << 30, *, breaks: bool = False, gives_all: bool = False) -> None:
        self._octets, self._at = octets, 0
        self._cut = cut
        self._breaks = breaks
        self._gives_all = gives_all
        self.sent = b""

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        self.sent += bytes(data)

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        if self._at == len(self._octets) and self._breaks:
            raise trio.BrokenResourceError
        most = self._cut if max_bytes is None or self._gives_all else min(self._cut, max_bytes)
        given = self._octets[self._at : self._at + most]
        self._at += len(given)
        return given

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


async def read(wire: Wire) -> tuple[Response, list[bytes]]:
    stream, lines = LineStream(wire), list[bytes]()
    response = await stream.ask(ASK, HOST)
    while some := await stream.lines():
        lines += some
    assert await stream.lines() == []  # the end stays the end
    return response, lines


@given(cut=st.integers(1, 200))
def test_lines_are_whole_however_the_stream_is_cut(cut: int) -> None:
    octets = LIVE + chunk(*LINES[:2]) + chunk(LINES[2]) + END
    assert trio.run(read, Wire(octets, cut)) == (Response(200, "3f-a1"), LINES)


@pytest.mark.parametrize(
    ("octets", "lines"),
    [
        pytest.param(PLAIN + b"\n".join(LINES), LINES, id="the last line has no newline"),
        pytest.param(PLAIN + b"\n\n" + LINES[0] + b"\n\n", LINES[:1], id="empty lines are none"),
        pytest.param(LIVE + b"2\r\nab\r\n2\r\ncd\r\n1\r\n\n\r\n" + END, [b"abcd"], id="a line in three chunks"),
        pytest.param(b"HTTP/1.1 103 Early\r\n\r\n" + LIVE + END, [], id="an informational response goes before"),
        pytest.param(status(200), [], id="nothing"),
    ],
)
def test_a_body_becomes_lines(octets: bytes, lines: list[bytes]) -> None:
    assert trio.run(read, Wire(octets))[1] == lines


def test_the_request_is_one_of_http() -> None:
    wire = Wire(LIVE + END)
    trio.run(read, wire)
    head, _, body = wire.sent.partition(b"\r\n\r\n")
    assert head.splitlines()[0] == b"POST /v1/updates/machines HTTP/1.1"
    assert {b"Host: 127.0.0.1:8080", b"Content-Length: 2"} <= set(head.splitlines())
    assert body == b"{}"


def test_a_line_in_pieces_of_one_octet_costs_no_copy_of_the_others() -> None:
    """A quarter of a million pieces; each time the whole of it, a server could keep us busy for minutes with a line."""
    buffer, octets = LineBuffer(), [b"x"] * (MAX_LINE_OCTETS - 1)
    for octet in octets:
        buffer.take(octet)
    assert buffer.take(b"y\nz") == [b"x" * (MAX_LINE_OCTETS - 1) + b"y"]
    assert buffer.last() == [b"z"]


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(Wire(b""), id="closed without a word"),
        pytest.param(Wire(b"HTTP/1.1 200"), id="closed in the head"),
        pytest.param(Wire(b"220 mail.example ESMTP\r\n"), id="another protocol"),
        pytest.param(Wire(LIVE + chunk(LINES[0])), id="closed in the middle of the body"),
        pytest.param(Wire(LIVE + b"zz\r\n"), id="no chunk"),
        pytest.param(Wire(LIVE, breaks=True), id="reset"),
        pytest.param(Wire(b"HTTP/1.1 200 OK\r\nX: " + b"x" * MAX_HEAD_OCTETS * 2), id="a head without an end"),
        pytest.param(Wire(b"HTTP/1.1 200 OK\r\n" + FIELDS + b"\r\n"), id="thousands of headers, at once"),
        pytest.param(Wire(LIVE + b"0\r\n" + FIELDS + b"\r\n"), id="thousands of trailers, at once"),
    ],
)
def test_what_is_no_whole_response_is_broken(wire: Wire) -> None:
    with pytest.raises(StreamBroken):
        trio.run(read, wire)


def test_a_line_without_an_end_is_given_up() -> None:
    with pytest.raises(LineTooLong):
        trio.run(read, Wire(PLAIN + b"x" * (MAX_LINE_OCTETS + 1)))


def test_a_line_of_the_greatest_length_is_taken() -> None:
    buffer = LineBuffer()
    assert buffer.take(b"x" * MAX_LINE_OCTETS) == []
    assert buffer.take(b"\n") == [b"x" * MAX_LINE_OCTETS]


def test_a_line_that_is_too_long_by_the_piece_that_ends_it_is_given_up() -> None:
    buffer = LineBuffer()
    assert buffer.take(b"x" * MAX_LINE_OCTETS) == []
    with pytest.raises(LineTooLong):
        buffer.take(b"x\n")


@pytest.mark.parametrize("value", ["a\nb", "a\r\nX: y", "a\0"])
def test_a_header_that_is_none_is_never_sent(value: str) -> None:
    async def ask() -> None:
        await LineStream(wire).ask(ASK, [*HOST, ("Authorization", f"Bearer {value}")])

    wire = Wire(LIVE + END)
    with pytest.raises(ValueError, match="header"):
        trio.run(ask)
    assert wire.sent == b""


def test_the_reason_of_a_refusal_is_short_and_printable() -> None:
    async def reason(octets: bytes) -> str:
        stream = LineStream(Wire(octets, 50))
        assert (await stream.ask(ASK, HOST)).status == 503
        return await stream.reason()

    assert (
        trio.run(reason, status(503, b"max concurrency\nlimit \x1b[2Jreached\n")) == "max concurrency limit  [2Jreached"
    )
    assert len(trio.run(reason, status(503, b"x" * 10_000))) <= MAX_REASON_OCTETS
    assert printable("\t ü\u202e\n") == "ü"


def turns_while_reading(octets: bytes, cut: int = 1 << 30) -> tuple[int, list[int], Counter[int]]:
    """In how many turns of the loop the body is read that came in pieces of `cut` octets, how many lines each call gave, and how
    many octets of lines each turn."""

    async def main() -> tuple[int, list[int], Counter[int]]:
        stream = LineStream(Wire(octets, cut))
        await stream.ask(ASK, HOST)
        given: list[int] = []
        by_turn = Counter[int]()
        turns = 0

        async def read_all() -> None:
            while lines := await stream.lines():
                given.append(len(lines))
                by_turn[turns] += sum(map(len, lines))
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read_all)
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1
        return turns, given, by_turn

    return trio.run(main)


def test_a_body_of_chunks_of_one_octet_lets_others_have_their_turn() -> None:
    """64 kB are 10,000 of them: 200 ms in one turn of the loop."""
    body = b"".join(chunk(bytes((octet,))) for octet in LINES[0] * 40)
    turns, *_ = turns_while_reading(LIVE + body + END)
    assert turns >= len(LINES[0]) * 40 // EVENTS_A_TURN


def test_many_lines_at_once_are_given_a_few_at_a_time() -> None:
    turns, given, _ = turns_while_reading(PLAIN + b"\n".join(LINES[:1] * 1000))
    assert (sum(given), max(given)) == (1000, LINES_A_TURN)
    assert turns >= 1000 // LINES_A_TURN


@pytest.mark.parametrize(("octets", "lets"), [(1000, False), (MAX_LINE_OCTETS - 1, True)], ids=["short", "long"])
def test_a_long_line_is_given_in_the_turn_after_it_was_put_together(octets: int, lets: bool) -> None:
    """Two copies of a megabyte and the reading of it took 3 ms."""

    async def main() -> None:
        stream = LineStream(Wire(LIVE + chunk(bytes(octets)) + chunk(b"\n") + END, gives_all=True))
        await stream.ask(ASK, HOST)  # and all has come by then
        with trio.testing.assert_checkpoints() if lets else trio.testing.assert_no_checkpoints():
            assert await stream.lines() == [bytes(octets)]

    trio.run(main)


LONGEST = (
    b'{"eoq":{}' + b',"eoq":{}' * (MAX_LINE_OCTETS // 9 - 2) + b"}\n"
)  # what takes longest to read of all that was tried


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(LONGEST * 4, id="one long line after the other"),
        pytest.param(
            (LINES[0] + b"\n") * 20 + LONGEST + (LINES[0] + b"\n") * 20_000, id="short ones around a long one"
        ),
        pytest.param((LINES[0].replace(b"a", b"a" * 4000) + b"\n") * 200, id="some kilobytes each"),
    ],
)
def test_no_turn_reads_more_than_the_longest_line_and_what_came_with_its_end(body: bytes) -> None:
    """256 kB are read in 0.9 ms; a megabyte of one key over and over took 3.8 ms."""
    _, _, by_turn = turns_while_reading(PLAIN + body, RECEIVE_OCTETS)
    assert sum(by_turn.values()) == len(body) - body.count(b"\n")
    assert max(by_turn.values()) <= 320 * 1024
