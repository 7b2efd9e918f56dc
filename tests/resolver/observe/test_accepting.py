"""Who is let in where there is room for few, and who goes for them."""

from collections.abc import Awaitable, Callable

import trio
import trio.testing

from resolver.observe.accepting import Silent, serve_each
from resolver.observe.boundary import Boundary, FaultCounts

PATIENCE = 5.0  # s
ROOM = 2
ANSWERING = 3.0  # s
FAULT = b"fault"

Connect = Callable[[], Awaitable[trio.abc.Stream]]


async def answer(stream: trio.abc.Stream, silent: Silent) -> None:
    """What was asked, a while later."""
    asked = b""
    with silent.while_waiting():
        asked = bytes(await stream.receive_some())
    if not asked:
        return
    if asked == FAULT:
        raise ZeroDivisionError
    await trio.sleep(ANSWERING)
    await stream.send_all(asked)


def play(act: Callable[[Connect], Awaitable[None]]) -> dict[str, int]:
    """Have `act` connect to who answers so, in simulated time; the faults that were met, by where."""
    counts = FaultCounts()

    async def main() -> None:
        arriving, arrived = trio.open_memory_channel[trio.abc.Stream](100)

        async def connect() -> trio.abc.Stream:
            ours, theirs = trio.testing.memory_stream_pair()
            await arriving.send(theirs)
            await trio.testing.wait_all_tasks_blocked()
            return ours

        async with trio.open_nursery() as nursery:
            boundary = Boundary(trio.current_time, counts)
            nursery.start_soon(serve_each, "look", arrived.receive, answer, boundary, Silent(PATIENCE), ROOM)
            await act(connect)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    return dict(counts.met)


async def is_over(stream: trio.abc.Stream) -> bool:
    with trio.move_on_after(0.001):
        return not await stream.receive_some()
    return False


def test_the_longest_silent_goes_for_who_comes() -> None:
    async def act(connect: Connect) -> None:
        first, second = await connect(), await connect()
        third = await connect()
        assert [await is_over(one) for one in (first, second, third)] == [True, False, False]

    assert not play(act)


def test_who_is_being_answered_goes_for_nobody() -> None:
    async def act(connect: Connect) -> None:
        busy = [await connect() for _ in range(ROOM)]
        for one in busy:
            await one.send_all(b"question")
        third = await connect()
        await third.send_all(b"later")
        assert [bytes(await one.receive_some()) for one in (*busy, third)] == [b"question", b"question", b"later"]
        assert trio.current_time() >= 2 * ANSWERING

    play(act)


def test_who_is_silent_for_too_long_goes() -> None:
    async def act(connect: Connect) -> None:
        one = await connect()
        began = trio.current_time()
        assert not await one.receive_some()
        assert PATIENCE - 1 < trio.current_time() - began < PATIENCE + 1

    play(act)


def test_a_fault_ends_its_own_connection_alone() -> None:
    async def act(connect: Connect) -> None:
        bad, good = await connect(), await connect()
        await bad.send_all(FAULT)
        await good.send_all(b"question")
        assert not await bad.receive_some()
        assert bytes(await good.receive_some()) == b"question"

    assert play(act) == {"look_connection": 1}
