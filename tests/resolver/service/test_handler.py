"""What becomes of a query: a reply at once, a reply later, or silence; and what becomes of our own faults."""

from collections.abc import Callable

import dns.edns
import dns.flags
import dns.rcode
import pytest
import structlog
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from cache.answer import Answer
from cache.rrset import Entry
from resolver.errors import OTHER, RATE_LIMITED, NoReachableAuthority
from resolver.observe.options import DnstapOptions
from resolver.observe.tap import Ends, Tap
from resolver.policy.tally import Tally
from resolver.policy.views import View
from resolver.service.counts import ServiceCounts
from resolver.service.entrance import FLOOD
from resolver.service.fast import Asked
from resolver.service.handler import Handler
from resolver.service.options import LimitOptions
from resolver.wire.message import Query
from tests.build import rrset
from tests.resolver.service.world import LOOPBACK, CachedAnswers, ask, cache_of, handler_of, read

WWW = rrset("www.example. 300 A 192.0.2.1")
QUERY = ask("new.example. A", edns=True)


def info_codes(reply: object) -> list[int]:
    return [int(option.code) for option in read(reply).options if isinstance(option, dns.edns.EDEOption)]


def begin(handler: Handler, data: bytes) -> bytes | Asked | None:
    return handler.begin(data, LOOPBACK, LOOPBACK, handler.now())


def asked(handler: Handler, data: bytes = QUERY) -> Asked:
    admitted = begin(handler, data)
    assert isinstance(admitted, Asked)
    return admitted


def address(query: Query) -> Answer:
    return Answer(answer=(rrset("new.example. 60 A 192.0.2.7", now=trio.current_time()),))


def slowly(*known: Entry) -> CachedAnswers:
    return CachedAnswers(cache_of(*known), later=address, delay=lambda query: 0.3)


async def finish(handler: Handler, waiting: Asked) -> bytes:
    """The reply, once it is there."""
    replies: list[bytes] = []
    ready = trio.Event()

    def give(reply: bytes) -> None:
        replies.append(reply)
        ready.set()

    handler.finish(waiting, handler.now(), give)
    await ready.wait()
    (reply,) = replies
    return reply


def test_what_is_known_is_answered_and_counted() -> None:
    async def main() -> None:
        handler = handler_of(CachedAnswers(cache_of(WWW)))
        assert read(begin(handler, ask("www.example. A"))).rcode() == dns.rcode.NOERROR
        assert (handler.counts.replies[dns.rcode.NOERROR], handler.counts.in_flight_current) == (1, 0)

    trio.run(main, clock=MockClock())


def test_what_is_not_known_is_waited_for_and_its_time_noted() -> None:
    async def main() -> None:
        handler = handler_of(slowly())
        waiting = asked(handler)
        assert handler.counts.in_flight_current == 1
        reply = await finish(handler, waiting)
        assert str(read(reply).answer[0][0]) == "192.0.2.7"
        assert (handler.counts.in_flight_current, handler.counts.waited) == (0, 1)
        assert handler.counts.latency.total == pytest.approx(0.3)

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_a_failure_gives_its_rcode_and_extended_error() -> None:
    def fail(query: Query) -> Answer:
        raise NoReachableAuthority("nobody there")

    async def main() -> None:
        handler = handler_of(CachedAnswers(cache_of(), later=fail))
        reply = await finish(handler, asked(handler))
        assert read(reply).rcode() == dns.rcode.SERVFAIL
        assert info_codes(reply) == [NoReachableAuthority.info_code]
        assert (handler.counts.faults, handler.counts.in_flight_current) == (0, 0)

    trio.run(main, clock=MockClock())


def test_a_fault_of_ours_is_servfail_for_this_client_and_logged() -> None:
    class Stumbling(CachedAnswers):
        def ask(self, query: Query, view: View, give: Callable[[Answer], None], tally: Tally) -> bool:
            raise ZeroDivisionError

    async def main() -> None:
        handler = handler_of(Stumbling(cache_of()))
        with structlog.testing.capture_logs() as events:
            reply = await finish(handler, asked(handler))
        assert read(reply).rcode() == dns.rcode.SERVFAIL
        assert info_codes(reply) == [OTHER]
        assert (handler.counts.faults, handler.counts.in_flight_current) == (1, 0)
        assert [(event["event"], type(event["exc_info"])) for event in events] == [("query_fault", ZeroDivisionError)]

    trio.run(main, clock=MockClock())


class StumblingAnswers(CachedAnswers):
    def answer_now(self, query: Query, view: View, now: float, tally: Tally) -> Answer | None:
        raise ZeroDivisionError


def test_a_fault_of_ours_on_the_fast_path_is_servfail_too() -> None:
    async def main() -> None:
        handler = handler_of(StumblingAnswers(cache_of()))
        with structlog.testing.capture_logs() as events:
            reply = read(begin(handler, QUERY))
        assert (reply.id, reply.rcode(), bool(reply.flags & dns.flags.QR)) == (7, dns.rcode.SERVFAIL, True)
        assert (handler.counts.faults, len(events)) == (1, 1)

    trio.run(main, clock=MockClock())


def test_what_nobody_waits_for_any_more_gives_its_place_back_when_it_is_answered() -> None:
    async def main() -> None:
        handler = handler_of(slowly())
        with trio.move_on_after(0.1):
            await finish(handler, asked(handler))
        assert handler.counts.in_flight_current == 1
        await trio.sleep(0.3)
        assert handler.counts.in_flight_current == 0

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_an_answer_that_cannot_be_composed_is_servfail_and_logged() -> None:
    def broken(query: Query) -> Answer:
        return Answer(answer=(None,))  # type: ignore[arg-type]  # a fault of ours

    async def main() -> None:
        handler = handler_of(CachedAnswers(cache_of(), later=broken))
        with structlog.testing.capture_logs() as events:
            reply = await finish(handler, asked(handler))
        assert (read(reply).rcode(), info_codes(reply)) == (dns.rcode.SERVFAIL, [OTHER])
        assert (handler.counts.faults, handler.counts.in_flight_current, len(events)) == (1, 0, 1)

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_one_question_too_many_is_told_so_at_once() -> None:
    async def main() -> None:
        handler = handler_of(CachedAnswers(cache_of(WWW)), LimitOptions(in_flight=1))
        asked(handler)
        reply = begin(handler, QUERY)
        assert read(reply).rcode() == dns.rcode.SERVFAIL
        assert info_codes(reply) == [RATE_LIMITED]
        assert handler.counts.answers.udp.by_origin()["refused"] == 1
        assert read(begin(handler, ask("www.example. A"))).rcode() == dns.rcode.NOERROR, "what is known needs no place"

    trio.run(main, clock=MockClock())


def test_truncation_is_counted() -> None:
    async def main() -> None:
        many = "\n".join(f"many.example. 300 A 192.0.2.{host}" for host in range(200))
        handler = handler_of(CachedAnswers(cache_of(rrset(many))))
        begin(handler, ask("many.example. A"))
        assert handler.counts.truncated == 1

    trio.run(main, clock=MockClock())


def mangled(edits: list[tuple[int, int]]) -> bytes:
    """A query with some octets replaced."""
    query = bytearray(ask("www.example. A", edns=True))
    for at, octet in edits:
        query[at % len(query)] = octet
    return bytes(query)


OCTET = st.integers(0, 255)


@given(
    st.binary(max_size=80)
    | st.binary(max_size=30).map(lambda noise: ask("www.example. A", edns=True) + noise)
    | st.lists(st.tuples(OCTET, OCTET), max_size=5).map(mangled)
)
def test_no_octets_are_a_fault_of_ours(data: bytes) -> None:
    answers = CachedAnswers(cache_of(WWW))
    handler = Handler(lambda: 0.0, answers, answers.cache, LimitOptions(), ServiceCounts(), answers.mesh)
    reply = handler.begin(data, LOOPBACK, LOOPBACK, 0.0)
    assert reply is None or isinstance(reply, bytes | Asked)
    assert handler.counts.faults == 0


def test_silence_is_counted() -> None:
    async def main() -> None:
        handler = handler_of(CachedAnswers(cache_of()))
        assert begin(handler, b"\0") is None
        assert (handler.counts.silent, handler.counts.malformed) == (1, 1)

    trio.run(main, clock=MockClock())


def test_a_query_that_nobody_had_time_to_read_is_refused() -> None:
    async def main() -> None:
        handler = handler_of(slowly(WWW))
        unread = handler.refuse_unread(QUERY, LOOPBACK)
        assert (read(unread).rcode(), info_codes(unread)) == (dns.rcode.SERVFAIL, [RATE_LIMITED])
        assert handler.refuse_unread(b"\0", LOOPBACK) is None, "what asks nothing gets nothing"
        assert (handler.counts.dropped_unread, handler.counts.silent) == (2, 1)

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_who_floods_is_not_told_so_at_its_neighbours_cost() -> None:
    async def main() -> None:
        handler = handler_of(slowly(WWW))
        for _ in range(FLOOD + 1):
            assert handler.entrance.put(LOOPBACK, lambda: None, len(QUERY))
        assert handler.refuse_unread(QUERY, LOOPBACK) is None
        assert handler.refuse_unread(QUERY, bytes([127, 0, 0, 2])) is not None

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_the_machines_with_most_questions_waiting_come_first() -> None:
    async def main() -> None:
        handler = handler_of(slowly())
        other = bytes((192, 0, 2, 7))
        for _ in range(3):
            asked(handler)
        assert handler.busiest(5) == [(LOOPBACK, 0, 3)]
        for _ in range(FLOOD + 2):
            assert handler.entrance.put(other, lambda: None, 40)
        assert handler.busiest(5) == [(other, FLOOD + 2, 0), (LOOPBACK, 0, 3)]
        assert handler.busiest(1) == [(other, FLOOD + 2, 0)]

    trio.run(main, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize("what", ["told", "logged"])
def test_a_fault_of_who_is_told_costs_no_reply(what: str) -> None:
    def stumble(*told: object) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        handler = handler_of(CachedAnswers(cache_of()))
        if what == "logged":
            handler.tell_failure = stumble
        else:
            handler.log_queries(Tap(DnstapOptions(), stumble, trio.current_time))
        with structlog.testing.capture_logs() as events:
            assert read(await finish(handler, asked(handler))).rcode() == dns.rcode.SERVFAIL
            if handler.tap is not None:
                handler.tap.client_response(QUERY, Ends(LOOPBACK, 1, LOOPBACK, 53), 0.0)
        assert len(events) == 1
        assert sum(handler.boundary.counts.met.values()) == 1

    trio.run(main, clock=MockClock(autojump_threshold=0))
