"""Bounded lines out of a byte stream."""

import pytest
import trio
import trio.testing

from resolver.service.lines import READ_OCTETS, Lines, LineTooLong


def read_all(chunks: list[bytes], max_octets: int = 100) -> list[bytes]:
    """The lines that come out when the stream brings `chunks`."""

    async def main() -> list[bytes]:
        sending, receiving = trio.testing.memory_stream_one_way_pair()
        lines, found = Lines(receiving, max_octets), []

        async def send() -> None:
            for chunk in chunks:
                await sending.send_all(chunk)
                await trio.testing.wait_all_tasks_blocked()
            await sending.aclose()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            while (line := await lines.read()) is not None:
                found.append(line)
        return found

    return trio.run(main)


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([b"a\nb\n"], [b"a", b"b"], id="two in one piece"),
        pytest.param([b"a", b"b", b"\nc\n"], [b"ab", b"c"], id="one in pieces"),
        pytest.param([b"\n\n"], [b"", b""], id="empty lines"),
        pytest.param([b"a\nunfinished"], [b"a"], id="an unfinished last line is dropped"),
    ],
)
def test_lines_come_out_however_they_were_cut(chunks: list[bytes], lines: list[bytes]) -> None:
    assert read_all(chunks) == lines


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    with pytest.RaisesGroup(LineTooLong):
        read_all([b"x" * 60, b"x" * 60])


def test_a_line_that_is_too_long_by_the_piece_that_ends_it_is_none() -> None:
    with pytest.RaisesGroup(LineTooLong):
        read_all([b"x" * 60, b"x" * 41 + b"\n"])
    assert read_all([b"x" * 60, b"x" * 40 + b"\n"]) == [b"x" * 100]


@pytest.mark.parametrize(("octets", "lets"), [(1000, False), (READ_OCTETS + 1, True)], ids=["short", "long"])
def test_a_long_line_is_given_in_the_turn_after_it_was_put_together(octets: int, lets: bool) -> None:
    class AtOnce(trio.abc.ReceiveStream):
        async def receive_some(self, max_bytes: int | None = None) -> bytes:
            return bytes(octets) + b"\n"

        async def aclose(self) -> None: ...

    async def main() -> None:
        lines = Lines(AtOnce(), 1 << 20)
        with trio.testing.assert_checkpoints() if lets else trio.testing.assert_no_checkpoints():
            assert await lines.read() == bytes(octets)

    trio.run(main)
