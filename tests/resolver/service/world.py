"""A service over a real cache, with an answerer and listeners of values."""

from collections.abc import Callable
from functools import partial

import dns.message
import dns.rcode
import trio
import trio.testing

from cache.answer import Answer
from cache.lookup import find
from cache.options import CacheOptions
from cache.rrset import Entry
from cache.store import RRsetCache
from resolver.engine import Mesh
from resolver.env import Address, Datagram, TcpConnection
from resolver.errors import NetworkError, ResolutionFailure
from resolver.loop import turn_in_trio
from resolver.policy.tally import Tally
from resolver.policy.views import View, view_of
from resolver.service.counts import ServiceCounts
from resolver.service.fast import FastPath
from resolver.service.handler import Handler
from resolver.service.options import LimitOptions
from resolver.wire.message import Query
from tests.resolver.engine.turned import raise_fault

MemoryStream = trio.StapledStream[trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]

LOOPBACK = bytes((127, 0, 0, 1))
STRANGER = bytes((192, 0, 2, 99))  # of no network, and not on this host: REFUSED
HERE = Address("127.0.0.1", 5300)


def fail(query: Query) -> Answer:
    """What is not in the cache cannot be had."""
    raise NetworkError("no network in this test")


def at_once(query: Query) -> float:
    """Seconds that it takes to find out."""
    return 0.0


class CachedAnswers:
    """An Answerer: the cache, and for what is not in it what `later` says, after as many seconds as `delay` says."""

    def __init__(
        self, cache: RRsetCache, later: Callable[[Query], Answer] = fail, delay: Callable[[Query], float] = at_once
    ) -> None:
        self.cache = cache
        self.later = later
        self.delay = delay
        self.mesh = Mesh(raise_fault)
        self._is_turned = False
        self.asked: list[Query] = []  # by answer_now: nothing rendered gets here
        self.goes_on = True  # what has to be waited for takes time of the turn in which it begins

    def view_of(self, client: bytes, local: bytes) -> View:
        return view_of(client, local, {})

    def answer_now(self, query: Query, view: View, now: float, tally: Tally) -> Answer | None:
        self.asked.append(query)
        if view.refusal:
            return Answer(rcode=dns.rcode.REFUSED)
        return find(self.cache, query.qname, query.qtype, now)

    def ask(self, query: Query, view: View, give: Callable[[Answer], None], tally: Tally) -> bool:
        self.turn()
        self.mesh.timers.at(trio.current_time() + self.delay(query), partial(self._give, query, give))
        self.mesh.note_change()
        return self.goes_on

    def turn(self) -> None:
        """Have its mesh turned from now on."""
        if not self._is_turned:
            self._is_turned = True
            trio.lowlevel.spawn_system_task(turn_in_trio, self.mesh, trio.current_time)

    def _give(self, query: Query, give: Callable[[Answer], None]) -> None:
        try:
            answer = self.later(query)
        except ResolutionFailure as failure:
            answer = failure.answer()
        give(answer)


def cache_of(*entries: Entry) -> RRsetCache:
    cache = RRsetCache(CacheOptions())
    for entry in entries:
        assert cache.put(entry, entry.received)
    return cache


def fast_path(answers: CachedAnswers) -> FastPath:
    return FastPath(answers, answers.cache, ServiceCounts())


def handler_of(answers: CachedAnswers, limits: LimitOptions | None = None) -> Handler:
    answers.turn()
    return Handler(trio.current_time, answers, answers.cache, limits or LimitOptions(), ServiceCounts(), answers.mesh)


def ask(text: str, id: int = 7, *, edns: bool = False, payload: int = 1232) -> bytes:
    """The query `www.example. A`."""
    qname, qtype = text.split()
    query = dns.message.make_query(qname, qtype, id=id, use_edns=0 if edns else -1, payload=payload)
    return query.to_wire()


def read(reply: object) -> dns.message.Message:
    """The reply as dnspython reads it."""
    assert isinstance(reply, bytes)
    return dns.message.from_wire(reply)


class ListedListener:
    """A UdpListener that gives out the batches it was made with; notes what is sent."""

    address = HERE

    def __init__(self, *batches: list[bytes], client: bytes = LOOPBACK) -> None:
        self._batches = batches
        self.clients = [client] * len(batches)  # whose each batch is
        self.mesh: Mesh | None = None  # whose turns they come in
        self.sent: list[list[tuple[bytes, bytes]]] = []
        self.refused = 0
        self.is_stopped = False
        self.is_closed = False

    def start(self, take: Callable[[list[Datagram]], None]) -> None:
        trio.lowlevel.spawn_system_task(self._give_out, take)

    def stop(self) -> None:
        self.is_stopped = True

    async def _give_out(self, take: Callable[[list[Datagram]], None]) -> None:
        """Each batch in a turn of its own."""
        for batch, client in zip(self._batches, self.clients, strict=True):
            await trio.lowlevel.checkpoint()
            assert self.mesh is not None
            if not self.is_stopped:
                taken = [Datagram(data, client, LOOPBACK, data[:2]) for data in batch]
                self.mesh.turn(trio.current_time(), partial(take, taken))

    async def receive_batch(self) -> list[Datagram]:
        raise NotImplementedError

    def send_batch(self, replies: list[tuple[bytes, bytes]]) -> int:
        if replies:
            self.sent.append(replies)
        return self.refused

    def port_of(self, reply_to: bytes) -> int:
        return int.from_bytes(reply_to, "big")

    def close(self) -> None:
        self.is_closed = True


class OpenListener:
    """A TcpListener whose connections are made by `connect`."""

    address = HERE

    def __init__(self) -> None:
        self._waiting, self._accepted = trio.open_memory_channel[TcpConnection](100)
        self.is_closed = False

    def connect(self, client: bytes = LOOPBACK) -> MemoryStream:
        ours, theirs = trio.testing.memory_stream_pair()
        self._waiting.send_nowait(TcpConnection(theirs, client, 40000, LOOPBACK))
        return ours

    async def accepted(self, client: bytes = LOOPBACK) -> MemoryStream:
        """A connection that has been accepted, or refused, by now."""
        ours = self.connect(client)
        await trio.testing.wait_all_tasks_blocked()
        return ours

    async def accept(self) -> TcpConnection:
        return await self._accepted.receive()

    def close(self) -> None:
        self.is_closed = True
