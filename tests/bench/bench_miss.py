"""What a miss costs from datagram to reply, all but the sockets; beside what dnspython needs to read and write its messages."""

import time
from collections.abc import Iterator
from typing import Final

import dns.flags
import dns.message
import dns.rrset
import trio

from cache.names import ROOT
from cache.rrset import Trust
from resolver.daemon.parts import make_parts
from resolver.daemon.run import tune_collector
from resolver.env import Address, Datagram
from resolver.iterate.delegation import Delegation, Origin
from resolver.options import Options
from resolver.real_env import RealEnv, RealNetwork
from resolver.service.options import LimitOptions
from resolver.service.udp import serve_udp
from tests.bench.measure import ROUNDS, Row, best_of
from tests.build import rrset

QUESTIONS: Final = 2000
BATCH: Final = 50  # questions in flight, as under dnsperf
CLIENT: Final = bytes((127, 0, 0, 1))
SERVER: Final = Address("192.0.2.53", 53)
ZONE: Final = "zone.test."
UNLIMITED: Final = Options(
    limits=LimitOptions(waiting_rate_per_address=1_000_000)
)  # all questions come from one machine
ID_AND_QUESTION: Final = slice(2, 12)  # of a template: the header behind the ID


class Channel:
    """A server that knows everything, at once."""

    def __init__(self, header: bytes, records: bytes) -> None:
        self._header = header
        self._records = records
        self._reply = b""

    def send(self, message: bytes) -> None:
        end = message.index(b"\0", 12) + 5
        self._reply = message[:2] + self._header + message[12:end] + self._records

    async def receive(self) -> bytes:
        await trio.lowlevel.checkpoint()
        return self._reply

    def close(self) -> None:
        """Nothing was opened."""


class Network(RealNetwork):
    """One such server behind every address."""

    def __init__(self, template: bytes) -> None:
        self._header = template[ID_AND_QUESTION]
        self._records = template[template.index(b"\0", 12) + 5 :]

    def open_udp(self, server: Address) -> Channel:  # type: ignore[override]  # a channel all the same
        return Channel(self._header, self._records)


class Listener:
    """Hands out the questions batch by batch, each when the one before it is answered."""

    address = Address("127.0.0.1", 53)
    has_more = False

    def __init__(self, questions: list[bytes]) -> None:
        self._questions = questions
        self._open = 0
        self._answered = trio.Event()
        self.done = trio.Event()

    async def receive_batch(self) -> list[Datagram]:
        if self._open:
            await self._answered.wait()
            self._answered = trio.Event()
        batch, self._questions = self._questions[:BATCH], self._questions[BATCH:]
        if not batch:
            self.done.set()
            await trio.sleep_forever()
        self._open = len(batch)
        return [Datagram(data, CLIENT, CLIENT, data[:2]) for data in batch]

    def send_batch(self, replies: list[tuple[bytes, bytes]]) -> int:
        self._open -= len(replies)
        if not self._open:
            self._answered.set()
        return 0

    def port_of(self, reply_to: bytes) -> int:
        return 0

    def close(self) -> None:
        """Nothing was opened."""


def rows() -> Iterator[Row]:
    template = reply_to("name.zone.test.").to_wire()
    queries = [dns.message.make_query(f"{n:04}.{ZONE}", "A", id=7, payload=1232).to_wire() for n in range(QUESTIONS)]
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


def reply_to(name: str) -> dns.message.Message:
    """An answer as NSD gives it: the address, the zone's name servers and theirs."""
    reply = dns.message.make_response(dns.message.make_query(name, "A", payload=1232))
    reply.flags |= dns.flags.AA
    reply.answer.append(dns.rrset.from_text(name, 300, "IN", "A", "192.0.2.77"))
    reply.authority.append(dns.rrset.from_text(ZONE, 3600, "IN", "NS", *(f"ns{n}.{ZONE}" for n in (1, 2))))
    for n in (1, 2):
        reply.additional.append(dns.rrset.from_text(f"ns{n}.{ZONE}", 3600, "IN", "A", f"192.0.2.{n}"))
    return reply


def microseconds_per_miss(queries: list[bytes], template: bytes) -> float:
    """Of CPU time: the daemon's parts, from a batch of queries to their replies."""

    async def main() -> float:
        env = RealEnv()
        env.network = Network(template)
        async with trio.open_nursery() as nursery:
            parts = make_parts(UNLIMITED, env, Delegation(zone=ROOT, origin=Origin.HINTS, servers=(SERVER,)), nursery)
            now = env.now()
            parts.cache.put(
                rrset(f"{ZONE} 3600 NS ns1.{ZONE}\n{ZONE} 3600 NS ns2.{ZONE}", now, trust=Trust.ADDITIONAL), now
            )
            for n in (1, 2):
                parts.cache.put(rrset(f"ns{n}.{ZONE} 3600 A 192.0.2.{n}", now, trust=Trust.ADDITIONAL), now)
            tune_collector()
            listener = Listener(queries)
            began = time.process_time()
            nursery.start_soon(serve_udp, listener, parts.handler, trio.Event())
            await listener.done.wait()
            spent = time.process_time() - began
            assert parts.counts.resolve.flights == len(queries), "each was a miss"
            nursery.cancel_scope.cancel()
        return spent / len(queries) * 1e6

    return trio.run(main)
