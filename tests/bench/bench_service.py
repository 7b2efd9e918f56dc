"""What a query costs: answered at once, and moved through the kernel in batches rather than one by one."""

import itertools
import socket
import time
from collections.abc import Callable, Iterator
from typing import Final

from cache.answer import Answer
from cache.lookup import find
from cache.options import CacheOptions
from cache.store import RRsetCache
from resolver.policy.views import View, view_of
from resolver.real_env_batch import IPV4, SLOTS, Batches
from resolver.service.counts import ServiceCounts
from resolver.service.fast import FastPath
from resolver.wire.message import Query
from tests.bench.measure import ROUNDS, Row, best_of_each
from tests.build import rrset

LOOPBACK: Final = bytes((127, 0, 0, 1))
QUERY: Final = (
    b"\0\7\1\0\0\1\0\0\0\0\0\1\3www\7example\0\0\1\0\1\0\0\x29\4\xd0\0\0\0\0\0\0"  # www.example. A, EDNS 1232
)
BATCHES: Final = 50


class Known:
    """An Answerer for whom everything is in the cache."""

    def __init__(self) -> None:
        self.cache = RRsetCache(CacheOptions())
        self.cache.put(rrset("www.example. 86400 A 192.0.2.1"), 0.0)

    def view_of(self, client: bytes, local: bytes) -> View:
        return view_of(client, local, {})

    def answer_now(self, query: Query, view: View, now: float) -> Answer | None:
        return find(self.cache, query.qname, query.qtype, now)

    def ask(self, query: Query, view: View, give: Callable[[Answer], None]) -> None:
        raise NotImplementedError


def rows() -> Iterator[Row]:
    known = Known()
    fast = FastPath(known, known.cache, ServiceCounts())
    later = itertools.count(0.0)
    again, anew = best_of_each(
        lambda: fast.answer(QUERY, LOOPBACK, LOOPBACK, 0.0),
        lambda: fast.answer(QUERY, LOOPBACK, LOOPBACK, next(later) % 86400),
    )
    yield Row("service: answer from a rendered reply", again, anew, "composed", floor=4, ceiling=2)
    yield Row("service: answer, composed", anew, ceiling=20)
    batched, single = (min(microseconds_per_datagram(echo) for _ in range(ROUNDS)) for echo in (in_a_batch, singly))
    yield Row("service: take a datagram and reply", batched, single, "recvfrom", floor=1)


def in_a_batch(server: socket.socket, batches: Batches) -> None:
    replies = [(datagram.data, datagram.reply_to) for datagram in batches.receive()]
    assert len(replies) == SLOTS
    batches.send(replies)


def singly(server: socket.socket, batches: Batches) -> None:
    for _ in range(SLOTS):
        data, client = server.recvfrom(4096)
        server.sendto(data, client)


def microseconds_per_datagram(echo: Callable[[socket.socket, Batches], None]) -> float:
    """Only `echo` is timed, not the client that sends SLOTS datagrams and takes the replies."""
    spent = 0.0
    with socket.socket(type=socket.SOCK_DGRAM) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
        server.bind(("127.0.0.1", 0))
        client.connect(server.getsockname())
        batches = Batches(server.fileno(), IPV4, LOOPBACK)
        for _ in range(BATCHES):
            for _ in range(SLOTS):
                client.send(QUERY)
            began = time.perf_counter()
            echo(server, batches)
            spent += time.perf_counter() - began
            for _ in range(SLOTS):
                client.recv(4096)
    return spent / (BATCHES * SLOTS) * 1e6
