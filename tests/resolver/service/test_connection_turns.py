"""Queries over TCP that wait for their turn."""

from collections import Counter
from collections.abc import Callable

import dns.rcode
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from cache.answer import Answer
from resolver.env import TcpConnection
from resolver.observe.dnstap import Heard
from resolver.observe.options import DnstapOptions
from resolver.observe.tap import Tap
from resolver.policy.tally import Tally
from resolver.policy.views import View
from resolver.service.connection import SEND, serve_connection
from resolver.service.counts import ServiceCounts
from resolver.service.entrance import BEGIN, FLOOD, TURN
from resolver.service.handler import Handler
from resolver.service.options import LimitOptions
from resolver.wire.frames import framed
from resolver.wire.message import Query
from tests.build import rrset
from tests.resolver.service.test_connection import place
from tests.resolver.service.world import LOOPBACK, CachedAnswers, ask, cache_of, handler_of

WWW = rrset("www.example. 300 A 192.0.2.1")


async def of_many_connections(handler: Handler, queries: list[bytes]) -> None:
    """Each asks once, all at the same moment, and then says no more."""
    async with trio.open_nursery() as nursery:
        for query in queries:
            ours, theirs = trio.testing.memory_stream_pair()
            connection = TcpConnection(theirs, LOOPBACK, 40000, LOOPBACK, 53)
            nursery.start_soon(serve_connection, connection, handler, *place(handler))
            await ours.send_all(framed(query))
            await ours.send_eof()


def test_what_begins_in_a_turn_is_no_more_than_it_has_time_for() -> None:
    """However many connections have a query that waits for its turn."""
    begun: Counter[float] = Counter()

    class Noting(CachedAnswers):
        def ask(self, query: Query, view: View, give: Callable[[Answer], None], tally: Tally) -> bool:
            begun[self.mesh.now] += 1
            return super().ask(query, view, give, tally)

    async def main() -> None:
        answers = Noting(cache_of(), later=lambda query: Answer(rcode=dns.rcode.NXDOMAIN), delay=lambda query: 1.0)
        handler = handler_of(answers)
        await of_many_connections(handler, [ask(f"new{number}.example. A") for number in range(50)])
        assert (handler.counts.replies[dns.rcode.NXDOMAIN], handler.counts.put_off_current) == (50, 0)

    trio.run(main, clock=MockClock(autojump_threshold=0))
    assert max(begun.values()) <= 1 + TURN / BEGIN


def test_what_only_waits_for_others_takes_no_time_of_a_turn() -> None:
    """Internal names over TCP were charged as misses, and waited for turns that had time enough."""

    async def main() -> None:
        answers = CachedAnswers(
            cache_of(), later=lambda query: Answer(rcode=dns.rcode.NXDOMAIN), delay=lambda query: 1.0
        )
        answers.goes_on = False
        handler = handler_of(answers)
        await of_many_connections(handler, [ask(f"new{number}.example. A") for number in range(50)])
        assert (handler.counts.replies[dns.rcode.NXDOMAIN], handler.counts.put_off) == (50, 0)

    trio.run(main, clock=MockClock(autojump_threshold=0))


def without_time() -> tuple[CachedAnswers, Handler]:
    """Where nothing more may begin in this turn, and no other comes by itself."""
    answers = CachedAnswers(cache_of(WWW))
    answers.mesh.turn(trio.current_time())
    handler = Handler(trio.current_time, answers, answers.cache, LimitOptions(), ServiceCounts(), answers.mesh)
    handler.entrance.note(TURN)
    return answers, handler


def test_what_is_sent_is_part_of_what_a_turn_has_time_for() -> None:
    """A write takes longer than what is written: eight connections that ask without end made turns of 5 ms."""

    async def main() -> None:
        answers = CachedAnswers(cache_of(WWW))
        answers.mesh.turn(trio.current_time())
        handler = Handler(trio.current_time, answers, answers.cache, LimitOptions(), ServiceCounts(), answers.mesh)
        for number in range(int(TURN / SEND)):
            assert (handler.entrance.is_open, number) == (True, number)
            await of_many_connections(handler, [ask("www.example. A")])
        assert not handler.entrance.is_open

    trio.run(main, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize(("count", "waits"), [(FLOOD, 0), (FLOOD + 1, 1), (3 * FLOOD, 2)])
def test_who_says_more_in_a_row_than_a_batch_waits_as_who_floods(count: int, waits: int) -> None:
    """Eight connections with queries without end took all of the CPU, for which everybody else waited then."""

    async def main() -> None:
        handler = handler_of(CachedAnswers(cache_of(WWW)))
        ours, theirs = trio.testing.memory_stream_pair()
        await ours.send_all(framed(ask("www.example. A")) * count)
        await ours.send_eof()
        connection = TcpConnection(theirs, LOOPBACK, 40000, LOOPBACK, 53)
        await serve_connection(connection, handler, *place(handler))
        assert (handler.counts.queries_tcp, handler.counts.put_off) == (count, waits)

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_the_wait_for_a_turn_is_part_of_what_is_told() -> None:
    told: list[Heard] = []

    async def main() -> None:
        began = trio.current_time()
        answers, handler = without_time()
        handler.tap = Tap(DnstapOptions(), told.append, trio.current_time)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(of_many_connections, handler, [ask("www.example. A")])
            await trio.sleep(0.3)
            answers.mesh.turn(trio.current_time())
        [query, response] = told
        assert (query.asked_at, response.asked_at) == pytest.approx((began, began))
        assert response.answered_at == pytest.approx(began + 0.3)
        assert handler.counts.latency.total == pytest.approx(0.3)

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_a_query_whose_connection_is_gone_when_its_turn_comes_is_left() -> None:
    async def main() -> None:
        answers, handler = without_time()
        with trio.move_on_after(0.1):
            await of_many_connections(handler, [ask("www.example. A")])
        answers.mesh.turn(trio.current_time())
        assert (handler.counts.put_off, handler.counts.put_off_current, answers.asked) == (1, 0, [])

    trio.run(main, clock=MockClock(autojump_threshold=0))
