"""Which TCP connections are served."""

import dns.rcode
import trio
from trio.testing import MockClock

from cache.answer import Answer
from resolver.service.counts import ServiceCounts
from resolver.service.messages import Messages, framed
from resolver.service.options import LimitOptions
from resolver.service.tcp import Connections, serve_tcp
from resolver.wire.message import Query
from tests.build import rrset
from tests.resolver.service.world import CachedAnswers, OpenListener, ask, cache_of, handler_of, read

WWW = rrset("www.example. 300 A 192.0.2.1")
ONE = bytes((192, 0, 2, 1))
OTHER = bytes((192, 0, 2, 2))
LIMITS = LimitOptions(tcp_connections=3, tcp_connections_per_client=2)


def test_connections_are_bounded_per_client_and_in_all() -> None:
    counts = ServiceCounts()
    connections = Connections(LIMITS, counts)
    assert [connections.admit(client) for client in (ONE, ONE, ONE, OTHER, OTHER)] == [True, True, False, True, False]
    connections.release(ONE)
    assert connections.admit(OTHER)
    assert (counts.tcp_connections, counts.tcp_connections_current, counts.tcp_connections_peak) == (4, 3, 3)
    assert counts.tcp_refused == 2


def test_a_client_without_connections_takes_no_memory() -> None:
    connections = Connections(LIMITS, ServiceCounts())
    assert connections.admit(ONE)
    connections.release(ONE)
    assert not connections._by_client


def test_a_connection_too_many_is_closed_and_the_others_are_served() -> None:
    async def main() -> None:
        handler = handler_of(CachedAnswers(cache_of(WWW)), LIMITS)
        listener = OpenListener()
        async with trio.open_nursery() as nursery:
            connections = Connections(LIMITS, handler.counts)
            nursery.start_soon(serve_tcp, listener, handler, connections, trio.Event())
            served, refused = [listener.connect() for _ in range(2)], listener.connect()
            assert await refused.receive_some() == b""
            for stream in served:
                await stream.send_all(framed(ask("www.example. A")))
                assert read(await Messages(stream).read()).rcode() == dns.rcode.NOERROR
                await stream.aclose()
            await trio.testing.wait_all_tasks_blocked()
            assert handler.counts.tcp_connections_current == 0
            nursery.cancel_scope.cancel()
        assert listener.is_closed

    trio.run(main, clock=MockClock())


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
