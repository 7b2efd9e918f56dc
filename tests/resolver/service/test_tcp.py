"""Which TCP connections are served."""

import dns.rcode
import trio
from trio.testing import MockClock

from cache.answer import Answer
from resolver.env import TcpConnection
from resolver.service.draining import DRAIN_SECONDS
from resolver.service.messages import Messages
from resolver.service.options import LimitOptions
from resolver.service.slots import Slot
from resolver.service.tcp import Connections, serve_tcp
from resolver.wire.frames import framed
from resolver.wire.message import Query
from tests.build import rrset
from tests.resolver.service.world import CachedAnswers, OpenListener, ask, cache_of, handler_of, read

WWW = rrset("www.example. 300 A 192.0.2.1")
LIMITS = LimitOptions(tcp_connections=3, tcp_connections_per_client=2)


def test_a_connection_too_many_takes_the_place_of_one_that_is_idle_or_is_closed() -> None:
    def deny(query: Query) -> Answer:
        return Answer(rcode=dns.rcode.NXDOMAIN)

    async def main() -> None:
        handler = handler_of(CachedAnswers(cache_of(WWW), later=deny, delay=lambda query: 2.0), LIMITS)
        listener = OpenListener()
        async with trio.open_nursery() as nursery:
            connections = Connections(LIMITS, handler.counts)
            nursery.start_soon(serve_tcp, listener, handler, connections, trio.Event())
            idle, asking, other = [await listener.accepted() for _ in range(3)]
            assert await idle.receive_some() == b""
            for stream in (asking, other):
                await stream.send_all(framed(ask("new.example. A")))
                await trio.testing.wait_all_tasks_blocked()
            refused = await listener.accepted()
            assert await refused.receive_some() == b""
            for stream in (asking, other):
                assert read(await Messages(stream).read()).rcode() == dns.rcode.NXDOMAIN
                await stream.aclose()
            await trio.testing.wait_all_tasks_blocked()
            assert (handler.counts.tcp_connections_current, len(connections)) == (0, 0)
            assert (handler.counts.tcp_evicted, handler.counts.tcp_refused, handler.counts.tcp_idle) == (1, 1, 0)
            nursery.cancel_scope.cancel()
        assert listener.is_closed

    trio.run(main, clock=MockClock(autojump_threshold=0))


def nxdomain(query: Query) -> Answer:
    return Answer(rcode=dns.rcode.NXDOMAIN)


def test_draining_finishes_what_is_in_flight_and_ends() -> None:
    async def main() -> float:
        handler = handler_of(CachedAnswers(cache_of(), later=nxdomain, delay=lambda query: 2.0))
        listener, draining = OpenListener(), trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_tcp, listener, handler, Connections(LIMITS, handler.counts), draining)
            stream, idle = listener.connect(), listener.connect()
            await stream.send_all(framed(ask("new.example. A")))
            await trio.sleep(0.5)
            draining.set()
            assert await idle.receive_some() == b""
            assert read(await Messages(stream).read()).rcode() == dns.rcode.NXDOMAIN
            assert await stream.receive_some() == b""
        assert listener.is_closed
        return trio.current_time()

    assert trio.run(main, clock=MockClock(autojump_threshold=0)) == 2.0


def test_draining_does_not_wait_for_ever() -> None:
    async def main() -> float:
        handler = handler_of(CachedAnswers(cache_of(), later=nxdomain, delay=lambda query: 600.0))
        listener, draining = OpenListener(), trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_tcp, listener, handler, Connections(LIMITS, handler.counts), draining)
            stream = listener.connect()
            await stream.send_all(framed(ask("new.example. A")))
            await trio.sleep(1.0)
            draining.set()
        return trio.current_time()

    assert trio.run(main, clock=MockClock(autojump_threshold=0)) == 1.0 + DRAIN_SECONDS


def test_what_comes_over_an_accepted_connection_is_answered_until_it_closes() -> None:
    async def main() -> float:
        handler = handler_of(CachedAnswers(cache_of(WWW)))
        listener, draining, closing = OpenListener(), trio.Event(), trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_tcp, listener, handler, Connections(LIMITS, handler.counts), draining, closing)
            stream = await listener.accepted()
            draining.set()
            await trio.sleep(0.5)
            await stream.send_all(framed(ask("www.example. A", id=7)))
            assert read(await Messages(stream).read()).id == 7
            await trio.sleep(0.5)
            closing.set()
            assert await stream.receive_some() == b""
        assert listener.is_closed
        return trio.current_time()

    assert trio.run(main, clock=MockClock(autojump_threshold=0)) == 1.0


def test_a_connection_that_says_nothing_takes_one_task() -> None:
    """It took three, and as long as six queries: a machine that opened them without end kept everybody else waiting."""

    async def main() -> None:
        handler = handler_of(CachedAnswers(cache_of(WWW)))
        listener = OpenListener()
        limits = LimitOptions(tcp_connections=20, tcp_connections_per_client=20)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_tcp, listener, handler, Connections(limits, handler.counts), trio.Event())
            await trio.testing.wait_all_tasks_blocked()
            before = trio.lowlevel.current_statistics().tasks_living
            for _ in range(20):
                await listener.accepted()
            assert trio.lowlevel.current_statistics().tasks_living == before + 20
            nursery.cancel_scope.cancel()

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_a_connection_is_accepted_in_one_turn_and_finds_its_place_in_the_next() -> None:
    """Both together took half a millisecond where the caches were cold, in which nobody looked at who asks over UDP."""

    class Turns(trio.abc.Instrument):
        count = 0

        def before_io_wait(self, timeout: float) -> None:
            self.count += 1

    turns = Turns()
    accepted, placed = list[int](), list[int]()

    class Noting(Connections):
        def admit(self, client: bytes, now: float) -> Slot | None:
            placed.append(turns.count)
            return super().admit(client, now)

    class NotingListener(OpenListener):
        async def accept(self) -> TcpConnection:
            connection = await super().accept()
            accepted.append(turns.count)
            return connection

    async def main() -> None:
        handler, listener = handler_of(CachedAnswers(cache_of(WWW))), NotingListener()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_tcp, listener, handler, Noting(LIMITS, handler.counts), trio.Event())
            await listener.accepted()
            nursery.cancel_scope.cancel()

    trio.run(main, clock=MockClock(autojump_threshold=0), instruments=[turns])
    assert placed == [turn + 1 for turn in accepted]
    assert len(placed) == 1
