"""The daemon's end of the control socket, over memory streams and with a daemon that only pretends."""

from collections.abc import Awaitable, Callable, Iterable, Iterator

import msgspec
import pytest
import trio
import trio.testing

from cache.answer import Question
from cache.inspection import EntryRow, FailureRow, Wanted
from cache.names import from_text
from cache.snapshot import Moment
from cache.top import TopFrame
from resolver.observe.trace import TraceRow
from resolver.policy.explain import ExplainRow, LinkRow, VerdictRow
from resolver.service.control import IDLE, MAX_CONNECTIONS, serve_control, serve_operator
from resolver.service.control_protocol import (
    MAX_REQUEST_OCTETS,
    MAX_SORTED,
    CacheFlush,
    CacheList,
    CacheShow,
    CacheTop,
    End,
    Explain,
    FailureList,
    FlushRow,
    Line,
    Reload,
    Request,
    Resolve,
    RowLine,
    ServerList,
    ServersWorst,
    StateOf,
    StateRequest,
    StatRow,
    Stats,
    Status,
    StatusRow,
    StepDown,
    ZonesWorst,
)
from resolver.service.lines import Lines
from resolver.service.snapshot_protocol import CacheExport, CacheImport
from tests.cache.snapshot.made import SAVED_AT
from tests.resolver.observe.bounded import new_boundary
from tests.resolver.service.pretended_daemon import FRAME, PretendedDaemon, entry


def converse(daemon: PretendedDaemon, *messages: bytes, may_change: bool = True) -> list[list[Line]]:
    """The reply to each message, sent one after the other over one connection."""

    async def main() -> list[list[Line]]:
        operator, ours = trio.testing.memory_stream_pair()
        lines, replies = Lines(operator, 1 << 20), []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_operator, ours, daemon, None, may_change)
            for message in messages:
                await operator.send_all(message)
                replies.append(await _reply(lines))
            await operator.aclose()
        return replies

    return trio.run(main)


async def _reply(lines: Lines) -> list[Line]:
    reply: list[Line] = []
    while not reply or not isinstance(reply[-1], End):
        line = await lines.read()
        assert line is not None
        reply.append(msgspec.json.decode(line, type=Line))
    return reply


def ask(daemon: PretendedDaemon, request: Request) -> tuple[list[bytes], End]:
    """The rows of the reply, and its end."""
    ((*rows, end),) = converse(daemon, msgspec.json.encode(request) + b"\n")
    assert isinstance(end, End)
    return [bytes(row.row) for row in rows if isinstance(row, RowLine)], end


def owners(rows: list[bytes]) -> list[str]:
    return [msgspec.json.decode(row, type=EntryRow).owner for row in rows]


@pytest.mark.parametrize(
    ("request_", "row"),
    [
        pytest.param(Status(), StatusRow("0.1.0", 12.5, ("127.0.0.1:53",)), id="status"),
        pytest.param(Stats(), StatRow("hits", 5, help="Answers from the cache."), id="stats"),
        pytest.param(CacheShow("www.example."), entry("www.example."), id="show"),
        pytest.param(CacheList(), entry("www.example."), id="list"),
        pytest.param(CacheFlush("www.example."), FlushRow(3), id="flush"),
        pytest.param(ServerList(), PretendedDaemon().servers[0], id="servers"),
        pytest.param(ServersWorst(), PretendedDaemon().servers[0], id="worst servers"),
        pytest.param(ZonesWorst(), PretendedDaemon().zones[0], id="worst zones"),
    ],
)
def test_each_request_gets_its_rows_and_an_end(request_: Request, row: msgspec.Struct) -> None:
    rows, end = ask(PretendedDaemon([entry("www.example.")]), request_)
    assert [msgspec.json.decode(octets, type=type(row)) for octets in rows] == [row]
    assert end == End(rows=1)


def test_an_explanation_is_links_and_then_a_verdict() -> None:
    daemon = PretendedDaemon()
    rows, _ = ask(daemon, Explain("WWW.example", "aaaa".upper(), 24))
    assert [type(msgspec.json.decode(row, type=ExplainRow)) for row in rows] == [LinkRow, VerdictRow]
    assert daemon.asked == [(Question(from_text("www.example."), 28), 24)]


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        pytest.param(CacheShow("www.example", "A"), ("www.example.", 1), id="show"),
        pytest.param(CacheShow("www.example"), ("www.example.", None), id="all types"),
        pytest.param(CacheList("example.", "NS"), (Wanted(from_text("example."), 2), 0, None), id="list"),
        pytest.param(FailureList("example.", "NS"), (Wanted(from_text("example."), 2),), id="failures"),
        pytest.param(CacheFlush("example.", "", True), ("example.", None, (), True), id="flush"),
        pytest.param(
            CacheFlush("example.", only=("negative",)), ("example.", None, ("negative",), False), id="flush denials"
        ),
        pytest.param(ServerList(), ("", None), id="servers"),
        pytest.param(ServerList(host="192.0.2.1"), ("192.0.2.1", None), id="one server"),
        pytest.param(ServerList(zone="example"), ("", "example."), id="servers of a zone"),
        pytest.param(ServersWorst(8), (8,), id="worst servers"),
        pytest.param(ZonesWorst(8, 2.0), (8, 2.0), id="worst zones"),
        pytest.param(CacheExport(), ("export",), id="export"),
        pytest.param(CacheImport(SAVED_AT, ()), ("import", SAVED_AT, []), id="import"),
    ],
)
def test_the_daemon_is_asked_with_names_and_types_as_values(request_: Request, asked: tuple[object, ...]) -> None:
    daemon = PretendedDaemon()
    ask(daemon, request_)
    assert daemon.asked == [asked]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        pytest.param(b"hello\n", "malformed", id="no JSON"),
        pytest.param(b'{"ask":"reboot"}\n', "reboot", id="unknown request"),
        pytest.param(b'{"ask":"cache_show","name":"a..b"}\n', "empty label", id="no name"),
        pytest.param(b'{"ask":"cache_show","name":"a","type":"NOPE"}\n', "NOPE", id="no type"),
        pytest.param(b"\xff\xfe\n", "bad request", id="no UTF-8"),
        pytest.param(
            b'{"ask":"cache_import","moment":[1,1,""],"entries":['
            + b",".join([b'["rrset","a.",1,5,1,6,null,4,0,"",0]'] * 201)
            + b"]}\n",
            "length <= 200",
            id="too many entries",
        ),
        pytest.param(
            b'{"ask":"cache_import","moment":[1,1,""],"entries":[["rrset","a.",1,5,1,6,null,9,0,"",0]]}\n',
            "entries",
            id="an entry of a rank that is none",
        ),
    ],
)
def test_a_bad_request_gets_a_reason_and_the_connection_goes_on(message: bytes, error: str) -> None:
    (bad,), (status, end) = converse(PretendedDaemon(), message, b'{"ask":"status"}\n')
    assert isinstance(bad, End)
    assert bad.is_refused
    assert bad.error.startswith("bad request: ")
    assert error in bad.error
    assert isinstance(status, RowLine)
    assert end == End(rows=1)


def test_a_request_without_end_is_refused_and_the_connection_closed() -> None:
    ((end,),) = converse(PretendedDaemon(), b"x" * (MAX_REQUEST_OCTETS + 1))
    assert isinstance(end, End)
    assert "octets without an end of line" in end.error


def padded(octets: int) -> bytes:
    """A request of so many octets."""
    request = b'{"ask":"status"}'
    return request[:-1] + b" " * (octets - len(request)) + request[-1:] + b"\n"


@pytest.mark.parametrize(("may_change", "most"), [(True, 512 * 1024), (False, 16 * 1024)], ids=["changes", "looks"])
def test_a_request_that_takes_long_to_read_is_refused_unread(may_change: bool, most: int) -> None:
    """A megabyte of one key over and over took 3.7 ms, in one turn of the loop; a member of the group could send it."""
    ((row, end),) = converse(PretendedDaemon(), padded(most), may_change=may_change)
    assert end == End(rows=1), row
    ((end,),) = converse(PretendedDaemon(), padded(most + 1), may_change=may_change)
    assert isinstance(end, End)
    assert end.is_refused
    assert end.error == f"bad request: a line of over {most} octets"


def test_a_resolution_is_steps_links_and_then_a_verdict() -> None:
    daemon = PretendedDaemon()
    rows, end = ask(daemon, Resolve("www.example", "AAAA", 24))
    kinds = [type(msgspec.json.decode(row, type=TraceRow | LinkRow | VerdictRow)) for row in rows]
    assert kinds == [TraceRow, LinkRow, VerdictRow]
    assert end == End(rows=3)
    assert daemon.asked == [(Question(from_text("www.example."), 28), 24)]


def test_the_most_asked_are_told_as_often_as_is_wanted() -> None:
    daemon = PretendedDaemon()
    rows, end = ask(daemon, CacheTop(most=7, interval=1.5, frames=3))
    assert [msgspec.json.decode(row, type=TopFrame) for row in rows] == [FRAME] * 3
    assert end == End(rows=3)
    assert daemon.asked == [(7, 1.5, 3)]


def test_an_operator_who_stops_watching_harms_nobody() -> None:
    async def main() -> None:
        operator, ours = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_operator, ours, PretendedDaemon())
            await operator.send_all(msgspec.json.encode(CacheTop()) + b"\n")
            await operator.receive_some(10)
            await operator.aclose()

    trio.run(main)


def test_a_limit_ends_the_walk_early() -> None:
    def endless() -> Iterator[EntryRow | None]:
        while True:
            yield None
            yield entry("www.example.")

    rows, end = ask(PretendedDaemon(endless()), CacheList(limit=120))
    assert len(rows) == 120
    assert end == End(rows=120)


def test_a_sorted_list_is_sorted_where_it_is_walked_and_bounded() -> None:
    daemon = PretendedDaemon()
    ask(daemon, CacheList(sort="ttl", limit=3))
    ask(daemon, CacheList("example.", "A", is_stale=True, is_negative=True, sort="hits"))
    wanted = Wanted(from_text("example."), 1, is_stale=True, is_negative=True)
    assert daemon.asked == [(Wanted(), 3, "ttl"), (wanted, MAX_SORTED, "hits")]


def test_failures_are_listed_up_to_the_limit() -> None:
    rows, _ = ask(PretendedDaemon(), FailureList())
    assert [msgspec.json.decode(row, type=FailureRow).owner for row in rows] == ["late.example.", "example."]
    assert ask(PretendedDaemon(), FailureList(limit=1))[1] == End(rows=1)


def test_a_request_about_what_is_not_there_is_refused() -> None:
    ((end,),) = converse(PretendedDaemon(), msgspec.json.encode(ServerList(zone="none.example.")) + b"\n")
    assert end == End(rows=0, error="nothing is known of a zone none.example.", is_refused=True)


def test_clients_get_their_turn_during_a_long_walk_that_shows_nothing() -> None:
    turns = 0

    async def client() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    async def main() -> None:
        operator, ours = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client)
            nursery.start_soon(serve_operator, ours, PretendedDaemon([None] * 10_000))
            await operator.send_all(msgspec.json.encode(CacheList(sort="hits")) + b"\n")
            await _reply(Lines(operator, 1 << 20))
            nursery.cancel_scope.cancel()

    trio.run(main)
    assert turns >= 100


def test_an_operator_who_leaves_in_the_middle_harms_nobody() -> None:
    async def main() -> None:
        operator, ours = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_operator, ours, PretendedDaemon([entry("a.test.")] * 1000))
            await operator.send_all(msgspec.json.encode(CacheList()) + b"\n")
            await operator.receive_some(10)
            await operator.aclose()

    trio.run(main)


@pytest.mark.parametrize(
    ("request_", "may_look"),
    [
        (Stats(), True),
        (CacheList(), True),
        (CacheFlush("www.example."), False),
        (CacheImport(Moment(0.0, 0.0, ""), ()), False),
        (Reload(), False),
        (StepDown(1), False),
    ],
)
def test_who_may_only_look_changes_nothing(request_: Request, may_look: bool) -> None:
    """A member of the group that may write to the socket could flush the cache, or fill it."""

    async def main() -> None:
        operator, ours = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_operator, ours, PretendedDaemon(), None, False)
            await operator.send_all(msgspec.json.encode(request_) + b"\n")
            said = await operator.receive_some()
            assert (b"may change what it does" in said) is not may_look
            nursery.cancel_scope.cancel()

    trio.run(main)


def test_a_fault_in_what_is_looked_at_ends_the_connection_and_nothing_else() -> None:
    def broken() -> Iterator[EntryRow | None]:
        yield entry("a.test.")
        raise ZeroDivisionError

    async def main() -> None:
        operator, ours = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            boundary = new_boundary()
            nursery.start_soon(boundary.run, "control_connection", serve_operator, ours, PretendedDaemon(broken()))
            await operator.send_all(msgspec.json.encode(CacheList()) + b"\n")
            assert await operator.receive_some() == b""
        assert boundary.counts.met == {"control_connection": 1}

    trio.run(main)


class PretendedListener:
    """A UnixListener that hands out memory streams."""

    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[trio.abc.Stream](0)
        self.is_closed = False

    async def connect(self) -> trio.abc.Stream:
        """The operator's end of a connection that has been accepted."""
        operator, ours = trio.testing.memory_stream_pair()
        await self._send.send(ours)
        await trio.testing.wait_all_tasks_blocked()
        return operator

    async def accept(self) -> trio.abc.Stream:
        return await self._receive.receive()

    def may_change(self, stream: trio.abc.Stream) -> bool:
        return True

    def close(self) -> None:
        self.is_closed = True


class Pondering(PretendedDaemon):
    """A daemon that takes 5 s to say what its state database is."""

    async def state(self, request: StateRequest) -> Iterable[msgspec.Struct]:
        await trio.sleep(5)
        return ()


def play(main: Callable[[PretendedListener], Awaitable[None]]) -> None:
    async def bounded() -> None:
        listener = PretendedListener()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_control, listener, Pondering(), new_boundary())
            await main(listener)
            nursery.cancel_scope.cancel()
        assert listener.is_closed

    trio.run(bounded, clock=trio.testing.MockClock(autojump_threshold=0))


async def is_closed(operator: trio.abc.Stream) -> bool:
    """Has the daemon ended this connection?"""
    with trio.move_on_after(0.001):
        return await operator.receive_some() == b""
    return False


def test_silent_connections_give_way_the_longest_silent_first() -> None:
    """16 that said nothing made every command of the operator's hang."""

    async def main(listener: PretendedListener) -> None:
        silent = [await listener.connect() for _ in range(MAX_CONNECTIONS)]
        for number in range(3):
            operator = await listener.connect()
            await operator.send_all(msgspec.json.encode(Status()) + b"\n")
            assert await operator.receive_some()
            assert await is_closed(silent[number])
            assert not await is_closed(silent[number + 1])

    play(main)


def test_a_connection_that_is_silent_for_too_long_ends() -> None:
    async def main(listener: PretendedListener) -> None:
        operator = await listener.connect()
        await trio.sleep(IDLE - 1)
        assert not await is_closed(operator)
        await trio.sleep(2)
        assert await is_closed(operator)

    play(main)


def test_who_is_being_answered_gives_way_to_nobody() -> None:
    async def main(listener: PretendedListener) -> None:
        busy = [await listener.connect() for _ in range(MAX_CONNECTIONS)]
        for operator in busy:
            await operator.send_all(msgspec.json.encode(StateOf()) + b"\n")
        await trio.testing.wait_all_tasks_blocked()
        waiting = await listener.connect()
        await waiting.send_all(msgspec.json.encode(Status()) + b"\n")
        assert not any([await is_closed(operator) for operator in busy])
        assert await waiting.receive_some()
        assert trio.current_time() >= 5

    play(main)
