"""Queries over TCP that are answered in the turn of the loop in which they come, while the task of their connection sleeps."""

from collections.abc import Callable

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from resolver.env import TcpConnection
from resolver.service.connection import AT_A_TIME, serve_connection
from resolver.service.entrance import TURN
from resolver.service.handler import Handler
from resolver.service.options import LimitOptions
from resolver.wire.frames import Frames, framed
from tests.resolver.service.test_connection import LIMITS, place, slowly
from tests.resolver.service.world import LOOPBACK, ask, handler_of, read

GARBAGE = bytes(5)


class Fed(trio.abc.Stream):
    """A stream that is attended to (resolver.env.Attended): it brings what `come` is given."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.has_ended = False
        self.is_closed = False
        self.wakings = 0  # of the task
        self._octets = bytearray()
        self._take: Callable[[], bool] | None = None
        self._wanted = trio.Event()

    def come(self, octets: bytes) -> None:
        """These have; as the loop does, `take` is called as long as there are any."""
        self._octets += octets
        while self._take is not None and not self._wanted.is_set() and (self._octets or self.has_ended):
            if not self._take():
                self.wakings += 1
                self._wanted.set()

    def end(self) -> None:
        self.has_ended = True
        self.come(b"")

    def read_now(self, most: int) -> bytes | None:
        given = bytes(self._octets[:most])
        del self._octets[:most]
        return given or (b"" if self.has_ended else None)

    async def attend(self, take: Callable[[], bool]) -> None:
        self._take, self._wanted = take, trio.Event()
        try:
            self.come(b"")
            await self._wanted.wait()
        finally:
            self._take = None

    def send_now(self, octets: bytes) -> int:
        self.sent += octets
        return len(octets)

    def replies(self) -> list[int]:
        """The IDs of those that were sent since this was asked."""
        frames = Frames()
        frames.add(bytes(self.sent))
        self.sent.clear()
        return [read(message).id for message in iter(frames.take, None)]

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        self.sent += bytes(data)

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        raise AssertionError("it is attended to")

    async def aclose(self) -> None:
        self.close_now()
        await trio.lowlevel.checkpoint()

    def close_now(self) -> None:
        self.is_closed = True


def run(client: Callable[[Fed, Handler], object], limits: LimitOptions = LIMITS) -> float:
    """Serve one connection to `client`, which is awaited if it has to be; returns when it was closed."""

    async def main() -> float:
        handler, fed = handler_of(slowly(), limits), Fed()
        connection = TcpConnection(fed, LOOPBACK, 40000, LOOPBACK, send_now=fed.send_now, attended=fed)

        async def say() -> None:
            await trio.testing.wait_all_tasks_blocked()
            waited = client(fed, handler)
            if waited is not None:
                await waited  # type: ignore[misc]  # what is returned is a coroutine, or nothing

        async with trio.open_nursery() as nursery:
            nursery.start_soon(say)
            await serve_connection(connection, handler, *place(handler))
        assert fed.is_closed
        return trio.current_time()

    return trio.run(main, clock=MockClock(autojump_threshold=0))


def cached(*ids: int) -> bytes:
    return b"".join(framed(ask("www.example. A", id=id)) for id in ids)


def test_what_is_known_is_answered_as_it_comes_and_wakes_no_task() -> None:
    def client(fed: Fed, handler: Handler) -> None:
        for id in range(1, 4):
            fed.come(cached(id))
            assert fed.replies() == [id]
        fed.come(cached(4, 5) + cached(6)[:9])
        assert fed.replies() == [4, 5]
        fed.come(cached(6)[9:])
        assert fed.replies() == [6]
        assert fed.wakings == 0
        fed.end()
        assert (handler.counts.queries_tcp, fed.wakings) == (6, 1)

    assert run(client) == 0.0


def test_what_has_to_be_waited_for_comes_later_and_keeps_nothing_up() -> None:
    async def client(fed: Fed, handler: Handler) -> None:
        fed.come(framed(ask("new.example. A", id=200)) + cached(1))
        assert fed.replies() == [1]
        fed.come(cached(2))
        assert fed.replies() == [2]
        await trio.sleep(1.9)
        assert fed.replies() == []
        await trio.sleep(0.2)
        assert fed.replies() == [200]
        assert fed.wakings == 0
        fed.end()

    run(client)


def test_more_than_a_few_at_once_are_the_tasks_between_whose_steps_others_have_theirs() -> None:
    async def client(fed: Fed, handler: Handler) -> None:
        count = AT_A_TIME + 5
        fed.come(cached(*range(count)))
        assert fed.replies() == list(range(AT_A_TIME))
        await trio.testing.wait_all_tasks_blocked()
        assert fed.replies() == list(range(AT_A_TIME, count))
        assert fed.wakings == 1
        fed.end()

    run(client)


def test_what_the_turn_has_no_time_for_waits_for_its_own() -> None:
    async def client(fed: Fed, handler: Handler) -> None:
        handler.entrance.note(TURN)
        fed.come(cached(1))
        assert fed.replies() == []
        await trio.sleep(0.1)
        assert fed.replies() == [1]
        assert handler.counts.put_off == 1
        fed.end()

    run(client)


def test_more_questions_than_may_wait_are_not_begun() -> None:
    async def client(fed: Fed, handler: Handler) -> None:
        new = [framed(ask("new.example. A", id=id)) for id in (100, 200, 300, 400, 500)]
        fed.come(b"".join(new))
        assert handler.counts.in_flight_current == LIMITS.tcp_in_flight == 4
        await trio.sleep(1.5)
        assert handler.counts.queries_tcp == 5
        fed.end()

    run(client)


def test_what_is_no_query_ends_the_connection_and_what_comes_behind_it_is_not_read() -> None:
    async def client(fed: Fed, handler: Handler) -> None:
        fed.come(cached(1) + framed(GARBAGE) + cached(2))
        await trio.testing.wait_all_tasks_blocked()
        assert fed.replies() == [1]
        assert (handler.counts.tcp_garbage, handler.counts.queries_tcp) == (1, 2)

    assert run(client) == 0.0


@pytest.mark.parametrize(("asks_at", "ends"), [((), 10.0), ((8.0, 16.0), 26.0)])
def test_a_connection_is_idle_from_its_last_whole_query_on(asks_at: tuple[float, ...], ends: float) -> None:
    async def client(fed: Fed, handler: Handler) -> None:
        for at in asks_at:
            await trio.sleep_until(at)
            fed.come(cached(1))
        await trio.sleep_until(ends - 1.0)
        fed.come(cached(1)[:7])  # a query that does not end is none

    assert run(client) == ends


def test_who_has_to_give_way_is_answered_once_more_and_closed() -> None:
    async def main() -> None:
        handler, fed = handler_of(slowly(), LIMITS), Fed()
        connection = TcpConnection(fed, LOOPBACK, 40000, LOOPBACK, send_now=fed.send_now, attended=fed)
        slot, idle_time = place(handler)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_connection, connection, handler, slot, idle_time)
            await trio.testing.wait_all_tasks_blocked()
            slot.evict()
            fed.come(cached(1))
            assert fed.replies() == [1]
        assert fed.is_closed
        assert handler.counts.tcp_idle == 0

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_who_is_gone_when_a_reply_is_sent_is_lost_once() -> None:
    async def main() -> None:
        handler, fed = handler_of(slowly(), LIMITS), Fed()

        def send_now(octets: bytes) -> int:
            raise trio.BrokenResourceError

        connection = TcpConnection(fed, LOOPBACK, 40000, LOOPBACK, send_now=send_now, attended=fed)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_connection, connection, handler, *place(handler))
            await trio.testing.wait_all_tasks_blocked()
            fed.come(cached(1))
        assert handler.counts.tcp_lost == 1
        assert fed.is_closed

    trio.run(main, clock=MockClock(autojump_threshold=0))
