"""What a miss costs from datagram to reply, all but the sockets; beside what dnspython needs to read and write its messages."""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import dns.flags
import dns.message
import dns.rrset
import trio

from cache.names import ROOT
from cache.rrset import Rank
from resolver.daemon.beliefs import Anchors
from resolver.daemon.parts import NO_ANCHORS, Parts, make_parts
from resolver.dnssec import DnssecOptions
from resolver.env import Address, Datagram
from resolver.iterate.delegation import Delegation, Origin
from resolver.loop import Collecting
from resolver.options import Options
from resolver.real_env import RealEnv, RealNetwork
from resolver.service.udp import serve_udp
from tests.bench.measure import ROUNDS, Row, best_of
from tests.build import rrset
from tests.signing import SignedZone

QUESTIONS: Final = 2000
A_TURN: Final = 0.00001  # s
BATCH: Final = 50  # questions in flight, as under dnsperf
CLIENT: Final = bytes((127, 0, 0, 1))
SERVER: Final = Address("192.0.2.53", 53)
ZONE: Final = "zone.test."
UNCHECKED: Final = Options(dnssec=DnssecOptions(validate=False))
ID_AND_QUESTION: Final = slice(2, 12)  # of a template: the header behind the ID


class Channel:
    """A socket to a server that knows everything, at once."""

    def __init__(self, network: "Network", take: Callable[[bytes | OSError], None]) -> None:
        self._network = network
        self._take = take
        self._is_open = True

    def send(self, message: bytes) -> None:
        if reply := self._network.reply_to(message):
            self._network.arrived.append((self, reply))

    def close(self) -> None:
        self._is_open = False

    def hand_over(self, reply: bytes) -> None:
        if self._is_open:
            self._take(reply)


class Network(RealNetwork):
    """One such server behind every address. arrived: what it has said and nobody has read."""

    def __init__(self, template: bytes) -> None:
        self.arrived: list[tuple[Channel, bytes]] = []
        self._header = template[ID_AND_QUESTION]
        self._records = template[template.index(b"\0", 12) + 5 :]

    def connect_udp(self, server: Address, take: Callable[[bytes | OSError], None]) -> Channel:  # type: ignore[override]  # a channel all the same
        return Channel(self, take)

    def reply_to(self, message: bytes) -> bytes:
        return message[:2] + self._header + message[12 : message.index(b"\0", 12) + 5] + self._records

    def read(self) -> None:
        """Hand over all that has arrived, as the loop does in one turn."""
        arrived, self.arrived = self.arrived, []
        for channel, reply in arrived:
            channel.hand_over(reply)


class Saying(Network):
    """The same, that says to each question what was made for it. replies: by the question, folded; without their IDs."""

    def __init__(self, messages: Iterable[dns.message.Message]) -> None:
        self.arrived = []
        self._replies: dict[bytes, bytes] = {}
        for message in messages:
            octets = message.to_wire()
            self._replies[_question_in(octets).lower()] = octets

    def reply_to(self, message: bytes) -> bytes:
        question = _question_in(message)
        reply = self._replies[question.lower()]
        return message[:2] + reply[2:12] + question + reply[12 + len(question) :]


def _question_in(message: bytes) -> bytes:
    return message[12 : message.index(b"\0", 12) + 5]


class Listener:
    """Counts the replies. take: what is to be called with each batch of questions, once it was started."""

    address = Address("127.0.0.1", 53)

    def __init__(self) -> None:
        self.replies = 0
        self.started = trio.Event()
        self.take: Callable[[list[Datagram]], None] = _nobody

    def start(self, take: Callable[[list[Datagram]], None]) -> None:
        self.take = take
        self.started.set()

    def stop(self) -> None:
        """Nobody hands out anything any more."""

    async def receive_batch(self) -> list[Datagram]:
        raise NotImplementedError

    def send_batch(self, replies: list[tuple[bytes, bytes]]) -> int:
        self.replies += len(replies)
        return 0

    def port_of(self, reply_to: bytes) -> int:
        return 0

    def close(self) -> None:
        """Nothing was opened."""


def _nobody(batch: list[Datagram]) -> None:
    """It was not started yet."""


def rows() -> Iterator[Row]:
    template = reply_to("name.zone.test.").to_wire()
    queries = queries_for(range(QUESTIONS))
    ours = min(microseconds_per_miss(queries, template) for _ in range(ROUNDS))
    query = queries[0]

    def with_dnspython() -> bytes:
        asked = dns.message.from_wire(query)
        upstream = dns.message.make_query(asked.question[0].name, "A", id=7, payload=1232).to_wire()
        said = dns.message.from_wire(template)
        reply = dns.message.make_response(asked)
        reply.answer = said.answer
        return upstream + reply.to_wire()

    yield Row("miss: all but the sockets", ours, best_of(with_dnspython), "dnspython's messages alone", floor=2)


def signed_replies(zone: SignedZone, numbers: Iterable[int]) -> Iterator[dns.message.Message]:
    """Answers with one address and its signature each, from an hour ago for a day, and the zone's keys."""
    texts = [f"{n:04}.{ZONE} 300 A 192.0.2.77" for n in numbers]
    now = time.time()
    for text in (*texts, zone.dnskey):
        owner, ttl, rtype, rdata = text.split(maxsplit=3)
        rrset = dns.rrset.from_text(owner, int(ttl), "IN", rtype, rdata)
        reply = dns.message.make_response(dns.message.make_query(owner, rtype, payload=1232, want_dnssec=True))
        reply.flags |= dns.flags.AA
        rrsig = zone.rrsig(rrset, at=now - 3600, until=now + 86400)
        reply.answer += [rrset, dns.rrset.from_rdata(rrset.name, rrset.ttl, rrsig)]
        yield reply


def reply_to(name: str) -> dns.message.Message:
    """An answer as NSD gives it: the address, the zone's name servers and theirs."""
    reply = dns.message.make_response(dns.message.make_query(name, "A", payload=1232))
    reply.flags |= dns.flags.AA
    reply.answer.append(dns.rrset.from_text(name, 300, "IN", "A", "192.0.2.77"))
    reply.authority.append(dns.rrset.from_text(ZONE, 3600, "IN", "NS", *(f"ns{n}.{ZONE}" for n in (1, 2))))
    for n in (1, 2):
        reply.additional.append(dns.rrset.from_text(f"ns{n}.{ZONE}", 3600, "IN", "A", f"192.0.2.{n}"))
    return reply


def queries_for(numbers: Iterable[int]) -> list[bytes]:
    """Questions about names that nobody has asked for."""
    return [dns.message.make_query(f"{n:04}.{ZONE}", "A", id=7, payload=1232).to_wire() for n in numbers]


def batches(queries: list[bytes]) -> Iterator[list[Datagram]]:
    """The questions, each batch asked once the one before it is answered."""
    for first in range(0, len(queries), BATCH):
        yield [Datagram(data, CLIENT, CLIENT, data[:2]) for data in queries[first : first + BATCH]]


@dataclass
class Wired:
    """The daemon's parts over a network, and what hands them questions. now: the moment of their last turn.

    silent: flights that nobody will answer, and nobody waits for here.
    """

    parts: Parts
    network: Network
    listener: Listener
    collecting: Collecting
    now: float
    silent: int = 0

    def seconds_for(self, queries: list[bytes]) -> float:
        """Of CPU time, from the batches of queries to their replies. Time passes too slowly for any timer but the next turn's."""
        self.listener.replies = 0
        began = time.process_time()
        for batch in batches(queries):
            self._turn(partial(self.listener.take, batch))
            while self._is_at_work:
                self._turn(self.network.read)
        return time.process_time() - began

    @property
    def _is_at_work(self) -> bool:
        """Is there something to read, to answer, or to compute in the next turn?"""
        counts = self.parts.counts
        is_awaited = counts.resolve.flights_current > self.silent
        return bool(self.network.arrived or counts.service.put_off_current or is_awaited)

    def _turn(self, event: Callable[[], None]) -> None:
        self.now += A_TURN
        self.parts.mesh.turn(self.now, event)
        self.collecting.look()


@asynccontextmanager
async def wired(network: Network, options: Options = UNCHECKED, anchors: Anchors = NO_ANCHORS) -> AsyncIterator[Wired]:
    """Wire the daemon; it knows the zone's servers already. anchors: by which it validates, if it does."""
    env = RealEnv()
    env.network = network
    async with trio.open_nursery() as nursery:
        parts = make_parts(
            options, env, Delegation(zone=ROOT, origin=Origin.HINTS, servers=(SERVER,)), nursery, anchors=anchors
        )
        now = env.now()
        parts.memory.cache.put(
            rrset(f"{ZONE} 3600 NS ns1.{ZONE}\n{ZONE} 3600 NS ns2.{ZONE}", now, rank=Rank.ADDITIONAL), now
        )
        for n in (1, 2):
            parts.memory.cache.put(rrset(f"ns{n}.{ZONE} 3600 A 192.0.2.{n}", now, rank=Rank.ADDITIONAL), now)
        collecting = Collecting(parts.counts.resolve, lambda: 0, 0)
        collecting.begin()
        listener = Listener()
        nursery.start_soon(serve_udp, listener, parts.handler, parts.mesh, trio.Event())
        await listener.started.wait()
        yield Wired(parts, network, listener, collecting, now)
        nursery.cancel_scope.cancel()


def microseconds_per_miss(queries: list[bytes], template: bytes) -> float:
    """Of CPU time: the daemon's parts, from a batch of queries to their replies."""

    async def main() -> float:
        async with wired(Network(template)) as daemon:
            spent = daemon.seconds_for(queries)
            assert daemon.listener.replies == len(queries), "each was answered"
            assert daemon.parts.counts.resolve.flights == len(queries), "each was a miss"
        return spent / len(queries) * 1e6

    return trio.run(main)
