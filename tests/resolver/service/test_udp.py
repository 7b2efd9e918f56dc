"""Queries over UDP: batches in, batches out."""

from collections.abc import Callable
from itertools import count
from typing import Final

import dns.rcode
import pytest
import trio
from trio.testing import MockClock

from cache.answer import Answer
from cache.rrset import Entry
from resolver.engine import Mesh
from resolver.env import Datagram
from resolver.observe.dnstap import Heard, Kind
from resolver.observe.options import DnstapOptions
from resolver.observe.tap import Tap
from resolver.service.counts import ServiceCounts
from resolver.service.entrance import BEGIN, TURN
from resolver.service.handler import Handler
from resolver.service.options import LimitOptions
from resolver.service.udp import _UdpService, serve_udp
from resolver.wire.message import Query
from tests.build import rrset
from tests.resolver.service.world import HERE, LOOPBACK, CachedAnswers, ListedListener, ask, cache_of, handler_of, read

WWW: Entry = rrset("www.example. 300 A 192.0.2.1")


async def serve_for(seconds: float, listener: ListedListener, handler: Handler, mesh: Mesh) -> None:
    """Serve, and drain after so many seconds."""
    draining = trio.Event()
    listener.mesh = mesh
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_udp, listener, handler, mesh, draining)
        await trio.sleep(seconds)
        draining.set()


def run(listener: ListedListener, answers: CachedAnswers, limits: LimitOptions | None = None) -> Handler:
    async def main() -> Handler:
        handler = handler_of(answers, limits)
        await serve_for(1.0, listener, handler, answers.mesh)
        return handler

    return trio.run(main, clock=MockClock(autojump_threshold=0))


def address(query: Query) -> Answer:
    return Answer(answer=(rrset("new.example. 60 A 192.0.2.7", now=trio.current_time()),))


def nxdomain(query: Query) -> Answer:
    return Answer(rcode=dns.rcode.NXDOMAIN)


def slowly(*known: Entry) -> CachedAnswers:
    """What is not known is known half a second later, one after the other."""
    return CachedAnswers(cache_of(*known), later=address, delay=lambda query: 0.5 + query.id / 100)


def test_a_batch_of_known_answers_leaves_in_one_batch() -> None:
    listener = ListedListener([ask("www.example. A", id=number) for number in range(50)])
    handler = run(listener, CachedAnswers(cache_of(WWW)))
    assert [len(batch) for batch in listener.sent] == [50]
    assert all(message[:2] == reply_to for message, reply_to in listener.sent[0])
    assert (handler.counts.queries_udp, handler.counts.latency.buckets[0]) == (50, 50)


def test_what_has_to_be_waited_for_keeps_nobody_waiting() -> None:
    listener = ListedListener(
        [ask("new.example. A", id=1), ask("www.example. A", id=2)],
        [ask("new.example. A", id=3), ask("www.example. A", id=4)],
    )
    run(listener, slowly(WWW))
    assert [[read(message).id for message, _ in batch] for batch in listener.sent] == [[2], [4], [1], [3]]


def test_what_becomes_ready_at_once_leaves_in_one_batch() -> None:
    """As when the answer comes for which many clients wait: one system call, not one for each."""

    listener = ListedListener([ask("new.example. A", id=number) for number in range(2)])
    run(listener, CachedAnswers(cache_of(), later=nxdomain, delay=lambda query: 0.5))
    assert [sorted(read(message).id for message, _ in batch) for batch in listener.sent] == [[0, 1]]


def test_what_waits_when_draining_begins_is_still_answered() -> None:
    listener = ListedListener([ask("new.example. A")])
    run(listener, CachedAnswers(cache_of(), later=nxdomain, delay=lambda query: 2.0))
    assert read(listener.sent[0][0][0]).rcode() == dns.rcode.NXDOMAIN
    assert listener.is_closed


def test_garbage_gets_silence_and_the_rest_its_replies() -> None:
    listener = ListedListener([b"", bytes(5), ask("www.example. A", id=9), bytes(4096)])
    handler = run(listener, CachedAnswers(cache_of(WWW)))
    assert [read(message).rcode() for message, _ in listener.sent[0]] == [dns.rcode.NOERROR, dns.rcode.FORMERR]
    assert (handler.counts.silent, handler.counts.malformed) == (2, 3)


def test_a_flood_of_new_questions_is_answered_all_the_same() -> None:
    listener = ListedListener([ask("new.example. A", id=number) for number in range(64)])
    handler = run(listener, slowly(), LimitOptions(in_flight_per_client=10))
    codes = [read(message).rcode() for batch in listener.sent for message, _ in batch]
    assert (codes.count(dns.rcode.SERVFAIL), codes.count(dns.rcode.NOERROR)) == (56, 8)
    assert (handler.counts.overloaded_client, handler.counts.in_flight_peak) == (56, 8)


def test_replies_that_the_kernel_did_not_take_are_counted() -> None:
    listener = ListedListener([ask("www.example. A")])
    listener.refused = 1
    assert run(listener, CachedAnswers(cache_of(WWW))).counts.unsent == 1


def test_what_comes_while_it_drains_is_not_taken() -> None:
    async def main() -> None:
        answers = CachedAnswers(cache_of(WWW), later=nxdomain, delay=lambda query: 2.0)
        listener.mesh = answers.mesh
        await serve_for(1.0, listener, handler_of(answers), answers.mesh)

    listener = ListedListener([ask("new.example. A")])
    trio.run(main, clock=MockClock(autojump_threshold=0))
    assert (listener.is_stopped, listener.is_closed, len(listener.sent)) == (True, True, 1)


def test_cancelling_closes_the_socket() -> None:
    async def main() -> None:
        answers = CachedAnswers(cache_of())
        listener.mesh = answers.mesh
        with trio.move_on_after(1):
            await serve_udp(listener, handler_of(answers), answers.mesh, trio.Event())

    listener = ListedListener()
    trio.run(main, clock=MockClock(autojump_threshold=0))
    assert listener.is_closed


def test_queries_and_replies_are_told_to_who_listens() -> None:
    told: list[Heard] = []

    async def main() -> None:
        answers = slowly(WWW)
        handler = handler_of(answers)
        handler.tap = Tap(DnstapOptions(), told.append, lambda: 100.0 + trio.current_time())
        listener = ListedListener([ask("www.example. A", id=1), ask("new.example. A", id=2)])
        began = trio.current_time()
        await serve_for(1.0, listener, handler, answers.mesh)
        sent = [message for batch in listener.sent for message, _ in batch]
        asked_at = 100.0 + began
        of = [(heard.kind, heard.message[:2], heard.asking_port) for heard in told]
        assert of == [
            (Kind.CLIENT_QUERY, b"\0\1", 1),
            (Kind.CLIENT_QUERY, b"\0\2", 2),
            (Kind.CLIENT_RESPONSE, b"\0\1", 1),
            (Kind.CLIENT_RESPONSE, b"\0\2", 2),
        ]
        assert [heard.message for heard in told[2:]] == sent
        assert [heard.asked_at - asked_at for heard in told] == [0.0] * 4
        assert [heard.answered_at - asked_at for heard in told[2:]] == pytest.approx([0.0, 0.52])
        assert {(heard.asking, heard.asked, heard.asked_port, heard.is_tcp) for heard in told} == {
            (LOOPBACK, LOOPBACK, HERE.port, False)
        }

    trio.run(main, clock=MockClock(autojump_threshold=0))


NEIGHBOUR: Final = bytes([127, 0, 0, 2])


def test_what_a_turn_has_no_time_for_waits_for_its_turn_and_is_answered() -> None:
    many = 10 * int(TURN / BEGIN)
    listener = ListedListener([ask(f"new{number}.example. A", id=number) for number in range(many)])
    handler = run(listener, CachedAnswers(cache_of(), later=nxdomain, delay=lambda query: 0.5))
    assert len([message for batch in listener.sent for message, _ in batch]) == many
    assert handler.counts.put_off == pytest.approx(many, abs=1 + TURN / BEGIN)
    assert (handler.counts.put_off_current, handler.counts.in_flight_current) == (0, 0)


def test_what_only_waits_for_others_takes_no_time_of_a_turn() -> None:
    """As what is asked of the state database does: it is begun, and what waits is read together."""
    many = 10 * int(TURN / BEGIN)
    listener = ListedListener([ask(f"new{number}.example. A", id=number) for number in range(many)])
    answers = CachedAnswers(cache_of(), later=nxdomain, delay=lambda query: 0.5)
    answers.goes_on = False
    handler = run(listener, answers)
    assert len([message for batch in listener.sent for message, _ in batch]) == many
    assert handler.counts.put_off == 0


@pytest.mark.parametrize("flood", ["new", "known", "malformed"])
def test_a_neighbours_query_waits_behind_no_flood(flood: str) -> None:
    """Whatever it is that floods: 640 queries came before the neighbour's."""
    query = {"new": ask("new.example. A"), "known": ask("www.example. A"), "malformed": bytes(12)}[flood]
    clock = Clock(trio.current_time)
    listener = ListedListener(*[[query] * 64] * 10, [ask("www.example. A", id=999)])
    listener.clients[-1] = NEIGHBOUR

    async def main() -> None:
        answers = slowly(WWW)
        answers.turn()
        handler = Handler(clock, answers, answers.cache, LimitOptions(), ServiceCounts(), answers.mesh)
        await serve_for(1.0, listener, handler, answers.mesh)

    trio.run(main, clock=MockClock(autojump_threshold=0))
    sent = [message for batch in listener.sent for message, _ in batch]
    place = [message[:2] for message in sent].index((999).to_bytes(2))
    assert place < 200


class Clock:
    """Of a host on which whatever is done between two looks at the clock takes 100 µs."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._taken = 0.0

    def __call__(self) -> float:
        self._taken += 0.0001
        return self._now() + self._taken


def test_who_floods_beyond_all_places_is_dropped_and_that_is_counted() -> None:
    listener = ListedListener(*[[ask("new.example. A", id=number) for number in range(64)]] * 100)
    handler = run(listener, CachedAnswers(cache_of(), later=nxdomain, delay=lambda query: 0.5))
    counts = handler.counts
    sent = sum(map(len, listener.sent))
    assert counts.dropped_unread > 1000
    assert (counts.silent, sent) == (counts.dropped_unread, 6400 - counts.dropped_unread)


def test_the_wait_for_a_turn_is_part_of_what_is_told() -> None:
    told: list[Heard] = []

    async def main() -> None:
        answers = CachedAnswers(cache_of(WWW))
        handler = Handler(trio.current_time, answers, answers.cache, LimitOptions(), ServiceCounts(), answers.mesh)
        handler.tap = Tap(DnstapOptions(), told.append, trio.current_time)
        began = trio.current_time()
        answers.mesh.turn(began)
        handler.entrance.note(TURN)
        service = _UdpService(ListedListener(), handler, answers.mesh)
        service.take([Datagram(ask("www.example. A"), LOOPBACK, LOOPBACK, b"\0\1")])
        await trio.sleep(0.3)
        answers.mesh.turn(trio.current_time())
        [query, response] = told
        assert (query.asked_at, response.asked_at) == pytest.approx((began, began))
        assert response.answered_at == pytest.approx(began + 0.3)

    trio.run(main, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize("data", [ask("www.example. A"), bytes(12)], ids=["known", "malformed"])
def test_what_waited_for_its_turn_takes_of_its_time_whatever_it_is(data: bytes) -> None:
    """Each takes 0.1 ms here; were garbage free, all of it would begin in one turn."""

    async def main() -> None:
        answers, ticks = CachedAnswers(cache_of(WWW)), count()
        mesh = answers.mesh
        handler = Handler(lambda: next(ticks) / 1e4, answers, answers.cache, LimitOptions(), ServiceCounts(), mesh)
        service = _UdpService(ListedListener(), handler, mesh)

        def come() -> None:
            handler.entrance.note(TURN)
            service.take([Datagram(data, LOOPBACK, LOOPBACK, b"")] * 40)

        mesh.turn(0.0, come)
        assert handler.counts.put_off_current == 40
        for _ in range(4):
            before = handler.counts.put_off_current
            mesh.turn(mesh.next_at())
            assert 0 < before - handler.counts.put_off_current <= TURN / 1e-4 + 1

    trio.run(main, clock=MockClock(autojump_threshold=0))
