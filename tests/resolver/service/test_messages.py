"""Messages as a stream brings them: what wire/test_frames.py proves of octets, over a stream that ends."""

import trio
import trio.testing

from resolver.service.messages import Messages
from resolver.wire.frames import LENGTH_OCTETS, READ_OCTETS, framed


async def read_all(*pieces: bytes) -> list[bytes]:
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


def test_messages_come_as_soon_as_they_are_whole() -> None:
    octets = framed(b"one") + framed(b"") + framed(b"three")
    assert trio.run(read_all, *(octets[at : at + 4] for at in range(0, len(octets), 4))) == [b"one", b"", b"three"]


def test_an_unfinished_message_is_dropped() -> None:
    assert trio.run(read_all, framed(b"whole") + framed(b"unfinished")[:-1]) == [b"whole"]
    assert trio.run(read_all, b"\0") == []


def test_many_messages_of_one_read_are_kept() -> None:
    many = [bytes(50)] * (READ_OCTETS // 52)
    assert trio.run(read_all, b"".join(map(framed, many))) == many


def test_what_a_long_message_lacks_is_read_at_once() -> None:
    """Queries of 60 kB took four reads each, and as many turns of a loop that others wait for."""
    wanted = list[int]()

    class Noting(trio.abc.ReceiveStream):
        def __init__(self, octets: bytes) -> None:
            self._octets = octets

        async def receive_some(self, max_bytes: int | None = None) -> bytes:
            assert max_bytes is not None
            wanted.append(max_bytes)
            some, self._octets = self._octets[:max_bytes], self._octets[max_bytes:]
            return some

        async def aclose(self) -> None: ...

    async def main() -> None:
        assert await Messages(Noting(framed(bytes(60_000)))).read() == bytes(60_000)

    trio.run(main)
    assert wanted == [READ_OCTETS, LENGTH_OCTETS + 60_000 - READ_OCTETS]
