"""One TCP connection: pipelining, order, and the bounds on everything that a client can do or leave undone."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import pairwise

import dns.edns
import dns.message
import dns.rcode
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from cache.answer import Answer
from resolver.env import TcpConnection
from resolver.observe.dnstap import Heard, Kind
from resolver.observe.options import DnstapOptions
from resolver.observe.tap import Tap
from resolver.service.connection import AT_A_TIME, SEND_TIMEOUT, serve_connection
from resolver.service.handler import Handler
from resolver.service.messages import Messages
from resolver.service.options import LimitOptions
from resolver.service.replies import MAX_QUEUED
from resolver.service.slots import Connections, Slot
from resolver.wire.frames import LENGTH_OCTETS, Frames, framed
from resolver.wire.keepalive import KEEPALIVE
from tests.build import rrset
from tests.resolver.service.world import LOOPBACK, CachedAnswers, MemoryStream, ask, cache_of, handler_of, read

WWW = rrset("www.example. 300 A 192.0.2.1")
LONGEST = 600.0  # s that an answer takes
LIMITS = LimitOptions(tcp_in_flight=4, tcp_idle=10.0)

Client = Callable[[MemoryStream, Handler], Awaitable[None]]


def slowly() -> CachedAnswers:
    """Answers after id / 100 seconds."""
    return CachedAnswers(
        cache_of(WWW), later=lambda query: Answer(rcode=dns.rcode.NXDOMAIN), delay=lambda query: query.id / 100
    )


def place(handler: Handler) -> tuple[Slot, Callable[[], float]]:
    """A place for one connection, among no others."""
    connections = Connections(handler.limits, handler.counts)
    slot = connections.admit(LOOPBACK, handler.now())
    assert slot is not None
    return slot, connections.idle_time


def run(client: Client, read_until: float = 1e6) -> float:
    """Serve one connection to `client`, which is not read any more from then on; returns when the server's end was closed."""

    async def main() -> float:
        handler = handler_of(slowly(), LIMITS)
        ours, theirs = trio.testing.memory_stream_pair()
        slot, idle_time = place(handler)

        async def end_reading() -> None:
            await trio.sleep(read_until)
            slot.reads.cancel()

        async with trio.open_nursery() as background:
            background.start_soon(end_reading)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(client, ours, handler)
                connection = TcpConnection(theirs, LOOPBACK, 40000, LOOPBACK, 53)
                await serve_connection(connection, handler, slot, idle_time)
                ended = trio.current_time()
            background.cancel_scope.cancel()
        await trio.sleep(LONGEST)  # what nobody waits for any more is answered, too
        assert handler.counts.in_flight_current == 0
        return ended

    return trio.run(main, clock=MockClock(autojump_threshold=0))


async def ids(stream: MemoryStream, count: int) -> list[int]:
    """The IDs of the next replies."""
    messages = Messages(stream)
    return [read(await messages.read()).id for _ in range(count)]


def test_pipelined_queries_are_answered_in_the_order_in_which_answers_are_ready() -> None:
    async def client(stream: MemoryStream, handler: Handler) -> None:
        queries = [ask("new.example. A", id=30), ask("new.example. A", id=20), ask("www.example. A", id=10)]
        await stream.send_all(b"".join(map(framed, queries)))
        assert await ids(stream, 3) == [10, 20, 30]
        await stream.aclose()

    run(client)


def test_a_query_may_come_octet_by_octet() -> None:
    async def client(stream: MemoryStream, handler: Handler) -> None:
        for octet in framed(ask("www.example. A", id=5)):
            await stream.send_all(bytes((octet,)))
            await trio.sleep(0.01)
        assert await ids(stream, 1) == [5]
        await stream.aclose()

    run(client)


def test_a_client_that_has_said_all_still_gets_its_replies() -> None:
    async def client(stream: MemoryStream, handler: Handler) -> None:
        await stream.send_all(framed(ask("new.example. A", id=200)))
        await stream.send_eof()
        assert await ids(stream, 1) == [200]
        assert await stream.receive_some() == b""

    assert run(client) == 2.0


def test_an_idle_connection_is_closed() -> None:
    async def client(stream: MemoryStream, handler: Handler) -> None:
        await stream.send_all(framed(ask("www.example. A", id=5)))
        assert await ids(stream, 1) == [5]
        assert await stream.receive_some() == b""
        assert handler.counts.tcp_idle == 1

    assert run(client) == 10.0


def test_a_client_that_never_finishes_a_query_is_idle() -> None:
    async def client(stream: MemoryStream, handler: Handler) -> None:
        for octet in framed(ask("www.example. A"))[:-1]:
            if trio.current_time() >= 10.0:
                break
            await stream.send_all(bytes((octet,)))
            await trio.sleep(1.0)

    assert run(client) == 10.0


def test_a_connection_that_brings_no_dns_is_closed() -> None:
    async def client(stream: MemoryStream, handler: Handler) -> None:
        await stream.send_all(framed(b"") + framed(ask("www.example. A")))
        assert await stream.receive_some() == b""
        assert (handler.counts.tcp_garbage, handler.counts.queries_tcp) == (1, 1)

    assert run(client) == 0.0


def test_a_malformed_query_gets_formerr_and_the_next_one_its_reply() -> None:
    async def client(stream: MemoryStream, handler: Handler) -> None:
        await stream.send_all(framed(bytes(12)) + framed(ask("www.example. A", id=5)))
        messages = Messages(stream)
        codes = [read(await messages.read()).rcode() for _ in range(2)]
        assert codes == [dns.rcode.FORMERR, dns.rcode.NOERROR]
        await stream.aclose()

    run(client)


def test_no_more_questions_wait_than_one_connection_may_have() -> None:
    async def client(stream: MemoryStream, handler: Handler) -> None:
        queries = [ask("new.example. A", id=100 + number) for number in range(10)]
        await stream.send_all(b"".join(map(framed, queries)))
        assert sorted(await ids(stream, 10)) == [100 + number for number in range(10)]
        assert handler.counts.in_flight_peak == LIMITS.tcp_in_flight
        assert handler.counts.overloaded_client == 0
        await stream.aclose()

    run(client)


def test_a_client_that_takes_no_replies_is_dropped() -> None:
    async def main() -> None:
        handler = handler_of(slowly(), LIMITS)
        ours, theirs = trio.testing.lockstep_stream_pair()  # holds nothing: a write waits for its reader
        async with trio.open_nursery() as nursery:
            connection = TcpConnection(theirs, LOOPBACK, 40000, LOOPBACK)
            nursery.start_soon(serve_connection, connection, handler, *place(handler))
            await ours.send_all(framed(ask("www.example. A")))
            await trio.sleep(SEND_TIMEOUT + 0.5)
            with pytest.raises(trio.BrokenResourceError):
                await ours.send_all(b"\0")
        assert handler.counts.tcp_slow_readers == 1

    trio.run(main, clock=MockClock(autojump_threshold=0))


class LostStream(trio.abc.Stream):
    """A connection that the client resets."""

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        raise trio.BrokenResourceError

    async def send_all(self, data: object) -> None:
        raise trio.BrokenResourceError

    async def wait_send_all_might_not_block(self) -> None: ...

    async def aclose(self) -> None: ...


def test_a_lost_connection_ends_quietly() -> None:
    async def main() -> None:
        handler = handler_of(CachedAnswers(cache_of()))
        connection = TcpConnection(LostStream(), LOOPBACK, 40000, LOOPBACK)
        await serve_connection(connection, handler, *place(handler))
        assert handler.counts.tcp_lost == 1

    trio.run(main)


def test_what_was_asked_is_answered_when_it_is_not_read_any_more() -> None:
    async def client(stream: MemoryStream, handler: Handler) -> None:
        await stream.send_all(framed(ask("new.example. A", id=150)))
        assert await ids(stream, 1) == [150]
        assert await stream.receive_some() == b""

    assert run(client, read_until=1.0) == 1.5


@pytest.mark.parametrize("room", [0, 5, 46, 1000], ids=["nothing", "a few octets", "one reply and more", "all"])
def test_what_can_be_sent_without_a_wait_is_and_the_rest_comes_after_it(room: int) -> None:
    async def main() -> None:
        handler = handler_of(slowly(), LIMITS)
        ours, theirs = trio.testing.memory_stream_pair()
        at_once = bytearray()

        def send_now(octets: bytes) -> int:
            before = len(at_once)
            at_once.extend(octets[: room - before])
            return len(at_once) - before

        queries = [ask("www.example. A", id=1), ask("new.example. A", id=50), ask("www.example. A", id=2)]
        async with trio.open_nursery() as nursery:
            connection = TcpConnection(theirs, LOOPBACK, 40000, LOOPBACK, send_now=send_now)
            nursery.start_soon(serve_connection, connection, handler, *place(handler))
            await ours.send_all(b"".join(map(framed, queries)))
            await ours.send_eof()
            waited_for = bytearray()
            async for octets in ours:
                waited_for += octets
        frames = Frames()
        frames.add(at_once + waited_for)
        assert len(at_once) == min(room, 2 * 47), "the one that had to be waited for leaves by a task"
        assert [read(message).id for message in iter(frames.take, None)] == [1, 2, 50]
        assert frames.lacking == LENGTH_OCTETS, "and nothing is left"

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_who_is_gone_when_a_reply_is_sent_without_a_wait_is_lost_once() -> None:
    def send_now(octets: bytes) -> int:
        raise trio.BrokenResourceError

    async def main() -> None:
        handler = handler_of(slowly(), LIMITS)
        ours, theirs = trio.testing.memory_stream_pair()
        await ours.send_all(framed(ask("www.example. A")))
        connection = TcpConnection(theirs, LOOPBACK, 40000, LOOPBACK, send_now=send_now)
        await serve_connection(connection, handler, *place(handler))
        assert handler.counts.tcp_lost == 1

    trio.run(main, clock=MockClock(autojump_threshold=0))


LARGE = rrset(f"large.example. 300 TXT {'x' * 250}")


@pytest.mark.parametrize("name", ["large.example. TXT", "slow.example. TXT"], ids=["at once", "later"])
def test_a_client_that_takes_no_replies_has_no_more_of_them_made_than_there_is_room_for(name: str) -> None:
    """32 connections with 400 questions each, of 62 kB: the replies took 260 MB."""

    large = Answer(answer=(LARGE.replace(rdatas=tuple(b"\xff" + bytes((n,)) * 255 for n in range(240))),))

    async def main() -> None:
        limits = LimitOptions(tcp_in_flight=64)
        answers = CachedAnswers(cache_of(*large.answer), later=lambda query: large, delay=lambda query: 1.0)
        handler = handler_of(answers, limits)
        ours, theirs = trio.testing.lockstep_stream_pair()
        slot, idle_time = place(handler)
        async with trio.open_nursery() as nursery:
            connection = TcpConnection(theirs, LOOPBACK, 40000, LOOPBACK)
            nursery.start_soon(serve_connection, connection, handler, slot, idle_time)

            async def ask_on() -> None:
                with suppress(trio.BrokenResourceError):
                    for number in range(100):
                        await ours.send_all(framed(ask(name, id=number)))

            nursery.start_soon(ask_on)
            await trio.sleep(SEND_TIMEOUT)
            assert MAX_QUEUED <= slot.replies.octets <= MAX_QUEUED + 65537
            assert handler.counts.queries_tcp <= 64 + 3, "those that wait, and those whose replies do"
            await trio.sleep(SEND_TIMEOUT)
        assert handler.counts.tcp_slow_readers == 1

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_many_queries_at_once_let_others_run() -> None:
    async def main() -> None:
        handler = handler_of(CachedAnswers(cache_of(WWW)))
        ours, theirs = trio.testing.memory_stream_pair()
        turns: list[int] = []

        async def watch() -> None:
            while True:
                turns.append(handler.counts.queries_tcp)
                await trio.lowlevel.checkpoint()

        await ours.send_all(framed(ask("www.example. A")) * 400)
        await ours.send_eof()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            connection = TcpConnection(theirs, LOOPBACK, 40000, LOOPBACK)
            await serve_connection(connection, handler, *place(handler))
            nursery.cancel_scope.cancel()
        assert turns[-1] == 400
        assert (
            max(later - earlier for earlier, later in pairwise(turns)) <= 2 * AT_A_TIME
        )  # trio may run one twice in a row

    trio.run(main)


def test_queries_and_replies_are_told_to_who_listens() -> None:
    told: list[Heard] = []

    async def client(stream: MemoryStream, handler: Handler) -> None:
        handler.tap = Tap(DnstapOptions(), told.append, lambda: 100.0)
        await stream.send_all(framed(ask("www.example. A", id=1)) + framed(ask("new.example. A", id=2)))
        assert await ids(stream, 2) == [1, 2]
        await stream.aclose()

    run(client)
    assert [(heard.kind, heard.message[:2]) for heard in told] == [
        (Kind.CLIENT_QUERY, b"\0\1"),
        (Kind.CLIENT_RESPONSE, b"\0\1"),
        (Kind.CLIENT_QUERY, b"\0\2"),
        (Kind.CLIENT_RESPONSE, b"\0\2"),
    ]
    assert {(heard.is_tcp, heard.asking, heard.asking_port, heard.asked_port) for heard in told} == {
        (True, LOOPBACK, 40000, 53)
    }


@pytest.mark.parametrize("name", ["www.example.", "new.example."], ids=["at once", "later"])
def test_who_asks_is_told_how_long_the_connection_may_be_silent(name: str) -> None:
    """RFC 7828; ever less, the fewer places are left."""

    async def main() -> list[bytes]:
        handler = handler_of(slowly(), LimitOptions(tcp_connections=4, tcp_connections_per_client=4, tcp_idle=10.0))
        connections = Connections(handler.limits, handler.counts)
        told = []
        for _ in range(4):
            slot = connections.admit(LOOPBACK, handler.now())
            assert slot is not None
            ours, theirs = trio.testing.memory_stream_pair()
            asks = dns.message.make_query(
                name, "A", id=5, use_edns=0, options=[dns.edns.GenericOption(dns.edns.OptionType(KEEPALIVE), b"")]
            )
            async with trio.open_nursery() as nursery:
                connection = TcpConnection(theirs, LOOPBACK, 40000, LOOPBACK)
                nursery.start_soon(serve_connection, connection, handler, slot, connections.idle_time)
                await ours.send_all(framed(asks.to_wire()))
                reply = read(bytes(await ours.receive_some())[2:])
                told += [option.to_wire() or b"" for option in reply.options if option.otype == KEEPALIVE]
                await ours.aclose()
        return told

    told = [int.from_bytes(octets) for octets in trio.run(main, clock=MockClock(autojump_threshold=0))]
    assert told == [100, 100, 50, 2]
