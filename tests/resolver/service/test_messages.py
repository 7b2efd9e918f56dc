"""Messages out of a stream, however it is cut."""

import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from resolver.service.messages import READ_OCTETS, Messages, framed


async def read_all(pieces: list[bytes]) -> list[bytes]:
    ours, theirs = trio.testing.memory_stream_one_way_pair()
    found: list[bytes] = []

    async def write() -> None:
        for piece in pieces:
            await ours.send_all(piece)
            await trio.testing.wait_all_tasks_blocked()
        await ours.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        messages = Messages(theirs)
        while (message := await messages.read()) is not None:
            found.append(message)
    return found


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(1, 9))
def test_messages_come_out_as_they_went_in(messages: list[bytes], cut: int) -> None:
    octets = b"".join(map(framed, messages))
    pieces = [octets[at : at + cut] for at in range(0, len(octets), cut)]
    assert trio.run(read_all, pieces) == messages


def test_the_longest_message_fits() -> None:
    assert trio.run(read_all, [framed(bytes(65535)) + framed(b"next")]) == [bytes(65535), b"next"]


def test_an_unfinished_message_is_dropped() -> None:
    assert trio.run(read_all, [framed(b"whole") + framed(b"unfinished")[:-1]]) == [b"whole"]
    assert trio.run(read_all, [b"\0"]) == []


def test_many_messages_of_one_read_are_kept() -> None:
    many = [bytes(50)] * (READ_OCTETS // 52)
    assert trio.run(read_all, [b"".join(map(framed, many))]) == many
