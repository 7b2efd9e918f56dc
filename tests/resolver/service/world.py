"""A service over a real cache, with an answerer and listeners of values."""

from collections.abc import Awaitable, Callable

import dns.message
import dns.rcode
import trio
import trio.testing

from cache.answer import Answer
from cache.lookup import find
from cache.options import CacheOptions
from cache.rrset import Entry
from cache.store import RRsetCache
from resolver.env import Address, Datagram, TcpConnection
from resolver.errors import NetworkError
from resolver.policy.views import View, view_of
from resolver.service.counts import ServiceCounts
from resolver.service.fast import FastPath
from resolver.service.handler import Handler
from resolver.service.options import LimitOptions
from resolver.wire.message import Query

MemoryStream = trio.StapledStream[trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]

LOOPBACK = bytes((127, 0, 0, 1))
STRANGER = bytes((192, 0, 2, 99))  # of no network, and not on this host: REFUSED
HERE = Address("127.0.0.1", 5300)


async def fail(query: Query) -> Answer:
    """What is not in the cache cannot be had."""
    raise NetworkError("no network in this test")


class CachedAnswers:
    """An Answerer: the cache, and `later` for what is not in it."""

    def __init__(self, cache: RRsetCache, later: Callable[[Query], Awaitable[Answer]] = fail) -> None:
        self.cache = cache
        self.later = later
        self.asked: list[Query] = []  # by answer_now: nothing rendered gets here

    def view_of(self, client: bytes, local: bytes) -> View:
        return view_of(client, local, {})

    def answer_now(self, query: Query, view: View, now: float) -> Answer | None:
        self.asked.append(query)
        if view.refusal:
            return Answer(rcode=dns.rcode.REFUSED)
        return find(self.cache, query.qname, query.qtype, now)

    async def answer(self, query: Query, view: View) -> Answer:
        return await self.later(query)


def cache_of(*entries: Entry) -> RRsetCache:
    cache = RRsetCache(CacheOptions())
    for entry in entries:
        assert cache.put(entry, entry.received)
    return cache


def fast_path(answers: CachedAnswers) -> FastPath:
    return FastPath(answers, answers.cache, ServiceCounts())


def handler_of(answers: CachedAnswers, limits: LimitOptions | None = None) -> Handler:
    return Handler(trio.current_time, answers, answers.cache, limits or LimitOptions(), ServiceCounts())


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
    """A UdpListener that gives out the batches it was made with, then waits; notes what is sent."""

    address = HERE
    has_more = False

    def __init__(self, *batches: list[bytes], client: bytes = LOOPBACK) -> None:
        self._batches = [[Datagram(data, client, LOOPBACK, data[:2]) for data in batch] for batch in batches]
        self.sent: list[list[tuple[bytes, bytes]]] = []
        self.refused = 0
        self.is_closed = False

    async def receive_batch(self) -> list[Datagram]:
        await trio.lowlevel.checkpoint()
        if not self._batches:
            await trio.sleep_forever()
        return self._batches.pop(0)

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

    async def accept(self) -> TcpConnection:
        return await self._accepted.receive()

    def close(self) -> None:
        self.is_closed = True
