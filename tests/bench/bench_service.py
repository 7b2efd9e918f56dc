"""What a query costs: answered at once, and moved through the kernel in batches rather than one by one."""

import itertools
import random
import socket
import time
from collections.abc import Callable, Iterator
from typing import Final

from cache.answer import Answer, Ground
from cache.lookup import find
from cache.names import from_text
from cache.options import CacheOptions
from cache.rrtypes import AAAA
from cache.store import RRsetCache
from internal_zones.apex import INTERNAL, build_apexes, local
from internal_zones.lookup import answer
from internal_zones.records import Node
from resolver.env import Datagram
from resolver.policy.tally import Tally
from resolver.policy.views import View, sort_out, view_of
from resolver.real_env_calls import SLOTS, receive_batch, send_batch
from resolver.service.counts import ServiceCounts
from resolver.service.fast import FastPath, ReplyStyle
from resolver.wire import compose_query, question_octets
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

    def answer_now(self, query: Query, view: View, now: float, tally: Tally) -> Answer | None:
        return find(self.cache, query.qname, query.qtype, now)

    def ask(self, query: Query, view: View, give: Callable[[Answer], None], tally: Tally) -> bool:
        raise NotImplementedError


def query_of(name: str) -> bytes:
    """A query for its addresses, with EDNS."""
    return compose_query(id=7, asked=question_octets(from_text(name), AAAA), rd=True, edns_payload=1232, do=False)


NETWORKS: Final = sort_out({"127.0.0.0/8": 24})


class AtHome(Known):
    """An Answerer for whom everything is an app of three machines that is in memory."""

    def __init__(self) -> None:
        super().__init__()
        self._apexes = build_apexes(2)
        self._rng = random.Random(1)
        machines = [bytes.fromhex(f"fdaa00000018000a000b0000000{number}0002") for number in (1, 2, 3)]
        self._node = Node((local(from_text("web.internal."), AAAA, tuple(machines)),))
        self._grounds = (Ground(float("inf")), Ground(float("inf")))

    def view_of(self, client: bytes, local: bytes) -> View:
        return view_of(client, local, NETWORKS)

    def answer_now(self, query: Query, view: View, now: float, tally: Tally) -> Answer | None:
        return answer(self._node, query.qtype, self._apexes[INTERNAL], self._rng, grounds=self._grounds)


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
    three, home = Known(), AtHome()
    three.cache.put(rrset("\n".join(f"web.example. 86400 AAAA 2001:db8::{number}" for number in (1, 2, 3))), 0.0)
    public, internal = (
        FastPath(three, three.cache, ServiceCounts(), ReplyStyle(seed=1)),
        FastPath(home, home.cache, ServiceCounts(), ReplyStyle(seed=1)),
    )
    asked, asked_at_home = query_of("web.example."), query_of("web.internal.")
    kept, at_home = best_of_each(
        lambda: public.answer(asked, LOOPBACK, LOOPBACK, 0.0),
        lambda: internal.answer(asked_at_home, LOOPBACK, LOOPBACK, 0.0),
    )
    yield Row("service: three internal addresses, hot", at_home, kept, "public ones", floor=1 / 1.2)
    batched, single = (min(microseconds_per_datagram(echo) for _ in range(ROUNDS)) for echo in (in_a_batch, singly))
    yield Row("service: take a datagram and reply", batched, single, "recvfrom", floor=1)


def in_a_batch(server: socket.socket) -> None:
    batch = receive_batch(server.fileno(), LOOPBACK, Datagram)
    assert len(batch) == SLOTS
    send_batch(server.fileno(), [(datagram.data, datagram.reply_to) for datagram in batch])


def singly(server: socket.socket) -> None:
    for _ in range(SLOTS):
        data, client = server.recvfrom(4096)
        server.sendto(data, client)


def microseconds_per_datagram(echo: Callable[[socket.socket], None]) -> float:
    """Only `echo` is timed, not the client that sends SLOTS datagrams and takes the replies."""
    spent = 0.0
    with socket.socket(type=socket.SOCK_DGRAM) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
        server.bind(("127.0.0.1", 0))
        client.connect(server.getsockname())
        for _ in range(BATCHES):
            for _ in range(SLOTS):
                client.send(QUERY)
            began = time.perf_counter()
            echo(server)
            spent += time.perf_counter() - began
            for _ in range(SLOTS):
                client.recv(4096)
    return spent / (BATCHES * SLOTS) * 1e6
