"""What is said between a daemon and the one that takes its place."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest
import trio
import trio.testing

from resolver.daemon.carry import exported
from resolver.daemon.handover import NotTakenOver, Predecessor, meet
from resolver.daemon.parts import Parts, make_parts
from resolver.service.control_protocol import End, HandedRow, HandSockets, Request, RowLine, StepDown
from resolver.service.lines import Lines
from resolver.service.snapshot_protocol import CacheExport
from tests.build import rrset
from tests.resolver.daemon.alone import ALONE, HINTS, simulated

HANDED = HandedRow(7, "0.1.0", ("state database: missing",))

Answer = Callable[[Request, trio.abc.Stream], Awaitable[None]]


class OldDaemon:
    """Answers each connection's requests as `answer` does; notes what it was asked."""

    def __init__(self, nursery: trio.Nursery, answer: Answer) -> None:
        self.asked: list[Request] = []
        self.published = 0
        self._nursery = nursery
        self._answer = answer

    async def connect(self) -> trio.abc.Stream:
        ours, theirs = trio.testing.memory_stream_pair()
        self._nursery.start_soon(self._serve, theirs)
        return ours

    async def meet(self) -> Predecessor | None:
        return await meet(self.connect, self._inherit, self._publish, lambda stream: 7)

    async def _inherit(self, stream: trio.abc.Stream) -> bytes:
        octets = await Lines(stream, 1000).read()
        if octets is None:
            raise OSError("the other end was closed")
        return octets

    def _publish(self) -> None:
        self.published += 1

    async def _serve(self, stream: trio.abc.Stream) -> None:
        lines = Lines(stream, 1000)
        async with stream:
            while (line := await lines.read()) is not None:
                request = msgspec.json.decode(line, type=Request)
                self.asked.append(request)
                await self._answer(request, stream)


def with_old_daemon(answer: Answer, test: Callable[[OldDaemon, trio.Nursery], Awaitable[None]]) -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            await test(OldDaemon(nursery, answer), nursery)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def line(row: msgspec.Struct) -> bytes:
    return msgspec.json.encode(RowLine(msgspec.Raw(msgspec.json.encode(row)))) + b"\n"


async def hands_all(request: Request, stream: trio.abc.Stream) -> None:
    """A daemon as it should be, with one name in its cache."""
    match request:
        case HandSockets():
            await stream.send_all(line(HANDED))
        case CacheExport():
            async with trio.open_nursery() as nursery:
                old = make_parts(ALONE, simulated(), HINTS, nursery)
                old.memory.cache.put(rrset("www.example. 60 A 192.0.2.1", old.env.now()), old.env.now())
                for row in exported(old.env, old.memory.cache):
                    await stream.send_all(line(row))
            await stream.send_all(msgspec.json.encode(End(2)) + b"\n")
        case StepDown():
            await stream.aclose()


async def says_nothing(request: Request, stream: trio.abc.Stream) -> None:
    await trio.sleep_forever()


async def refuses(request: Request, stream: trio.abc.Stream) -> None:
    await stream.send_all(msgspec.json.encode(End(0, "no sockets here")) + b"\n")


async def hangs_up(request: Request, stream: trio.abc.Stream) -> None:
    await stream.aclose()


def test_its_cache_is_taken_in_and_it_steps_down_once_we_stand_in_its_place() -> None:
    async def test(old: OldDaemon, nursery: trio.Nursery) -> None:
        found = await old.meet()
        assert found is not None
        assert found.row == HANDED
        parts: Parts = make_parts(ALONE, simulated(), HINTS, nursery)
        await found.bring_cache(parts)
        assert len(parts.memory.cache) == 1
        assert old.published == 0
        await found.step_down(77)
        assert old.published == 1
        assert old.asked == [HandSockets(), CacheExport(), StepDown(77)]

    with_old_daemon(hands_all, test)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(says_nothing, "pid 7 does not answer within 5 s: end it", id="stuck"),
        pytest.param(refuses, "pid 7 does not give its sockets away: no sockets here", id="refuses"),
        pytest.param(hangs_up, "pid 7 does not give its sockets away", id="hangs up"),
    ],
)
def test_a_daemon_that_gives_nothing_away_is_named_and_left_alone(answer: Answer, why: str) -> None:
    async def test(old: OldDaemon, nursery: trio.Nursery) -> None:
        with pytest.raises(NotTakenOver, match=why):
            await old.meet()

    with_old_daemon(answer, test)


def test_a_cache_that_does_not_come_is_done_without() -> None:
    async def hands_sockets(request: Request, stream: trio.abc.Stream) -> None:
        await (hands_all if isinstance(request, HandSockets) else says_nothing)(request, stream)

    async def test(old: OldDaemon, nursery: trio.Nursery) -> None:
        found = await old.meet()
        assert found is not None
        parts = make_parts(ALONE, simulated(), HINTS, nursery)
        await found.bring_cache(parts)
        assert len(parts.memory.cache) == 0

    with_old_daemon(hands_sockets, test)


def test_where_nobody_listens_there_is_no_predecessor() -> None:
    async def connect() -> trio.abc.Stream:
        raise FileNotFoundError

    async def main() -> None:
        async def inherit(stream: trio.abc.Stream) -> bytes:
            raise AssertionError("nobody is there")

        assert await meet(connect, inherit, lambda: None, lambda stream: 7) is None

    trio.run(main)
