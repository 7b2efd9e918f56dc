"""A tiny scripted internet for iteration: servers that answer by table, and a resolver made of iterate and the cache only."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from cache.answer import Question
from cache.chain import Link
from cache.failures import Failures, ServerFailures
from cache.lookup import find_link
from cache.names import WireName
from cache.options import CacheOptions
from cache.store import RRsetCache
from resolver.engine import Iterator, Landing, Memory
from resolver.env import Address
from resolver.iterate.budget import Budget, BudgetLimits
from resolver.iterate.counts import IterateCounts
from resolver.iterate.delegation import Delegation, ZoneServer
from resolver.iterate.hints import parse_hints
from resolver.iterate.learn import Iteration
from resolver.iterate.manner import Manner
from resolver.iterate.options import RecursionOptions
from resolver.upstream.counts import UpstreamCounts
from tests.resolver.engine.fake_network import Behaviour, FakeEnv, Said, reply_to
from tests.resolver.engine.turned import Turned, means_of
from tests.resolver.iterate.zone_text import question

HINTS = ". 3600 NS a.root.test.\na.root.test. 3600 A 192.0.2.1"
ROOT, EXAMPLE, TEST = "192.0.2.1", "192.0.2.10", "192.0.2.20"
RTT = 0.02
DEADLINE = 10.0


class Table:
    """A server by table: `{"www.example. A": ("answer lines", "authority lines", "additional lines")}`.

    A key `under example.` answers everything at or below that name, the longest first. What is in no key is REFUSED.
    """

    def __init__(
        self, said: Mapping[str, tuple[str, ...]], *, flags: int = dns.flags.AA, rcodes: Mapping[str, int] | None = None
    ) -> None:
        self.said = dict(said)
        self.flags = flags
        self.rcodes = dict(rcodes or {})
        self.asked: list[str] = []

    def __call__(self, query: dns.message.Message, over_tcp: bool) -> Iterable[Said]:
        asked = query.question[0]
        qname = asked.name.canonicalize()
        key = self._key(qname, f"{qname} {dns.rdatatype.to_text(asked.rdtype)}")
        self.asked.append(f"{qname} {dns.rdatatype.to_text(asked.rdtype)}")
        if key is None:
            return [(RTT, reply_to(query, rcode=dns.rcode.REFUSED, flags=0).to_wire())]
        answer, authority, additional = (*self.said.get(key, ()), "", "", "")[:3]
        is_referral = not answer and " NS " in authority and " SOA " not in authority
        reply = reply_to(
            query,
            *answer.splitlines(),
            authority=authority.splitlines(),
            additional=additional.splitlines(),
            flags=self.flags & ~dns.flags.AA if is_referral else self.flags,
            rcode=self.rcodes.get(key, dns.rcode.NOERROR),
        )
        return [(RTT, reply.to_wire(max_size=65535))]

    def _key(self, qname: dns.name.Name, exact: str) -> str | None:
        if exact in self.said or exact in self.rcodes:
            return exact
        keys = (*self.said, *self.rcodes)
        zones = [key for key in keys if key.startswith("under ") and qname.is_subdomain(dns.name.from_text(key[6:]))]
        return max(zones, key=len, default=None)


async def _all_is_signed(zone: WireName, asked: Question, budget: Budget, waiting: Landing) -> bool:
    return True


class World:
    """Servers, a cache and an Iterator between them."""

    def __init__(
        self,
        servers: Mapping[str, Behaviour],
        *,
        options: RecursionOptions | None = None,
        zones: Mapping[WireName, Delegation] | None = None,
        limits: BudgetLimits | None = None,
        seed: int = 1,
        validates: bool = False,
    ) -> None:
        self.env = FakeEnv({Address(host, 53): behaviour for host, behaviour in servers.items()}, seed)
        self.ttls = CacheOptions()
        self.cache = RRsetCache(self.ttls)
        memory = Memory(self.cache, Failures(), ServerFailures())
        self.servers, self.failures = memory.servers, memory.server_failures
        self.counts = IterateCounts()
        self.upstream_counts = UpstreamCounts()
        self.limits = limits or BudgetLimits()
        self.options = options or RecursionOptions(ipv6=False)
        self.budget = Budget(DEADLINE)
        self.turned = Turned(self.env)
        self.means = means_of(
            self.turned,
            self.env,
            memory=memory,
            options=self.options,
            counts=self.counts,
            upstream_counts=self.upstream_counts,
        )
        self.iterator = Iterator(
            self.means,
            self.options,
            self.lookup,
            self.lookup,
            parse_hints(HINTS, 53),
            zones=zones or {},
            ttls=self.ttls,
            is_signed=_all_is_signed if validates else None,
        )

    def new_budget(self) -> Budget:
        self.budget = Budget(self.env.now() + DEADLINE, self.limits, self.counts)
        return self.budget

    async def iterate(self, asked: str) -> Iteration:
        """Iterate one question and store what was learned."""
        return await self.turned.run(self._iterate(question(asked), self.new_budget(), Landing()))

    async def bring(
        self, asked: str, budget: Budget | None = None, avoided: AbstractSet[ZoneServer] = frozenset()
    ) -> Iteration:
        """Iterate one question, but not at the servers that are to be avoided, and store nothing of the answer."""
        return await self.turned.run(
            self.iterator.iterate(question(asked), budget or self.new_budget(), Landing(), Manner(avoided))
        )

    async def lookup(self, asked: Question, budget: Budget, waiter: Landing) -> Link:
        """What the iterator asks for; runs in the mesh. Without a table of flights: each is one of its own."""
        link = find_link(self.cache, asked.qname, asked.qtype, self.env.now())
        if link is not None:
            return link
        flight = Landing()
        waiter.waits_for.add(flight)
        try:
            return (await self._iterate(asked, budget, flight)).link
        finally:
            waiter.waits_for.discard(flight)

    @property
    def sent(self) -> int:
        return len(self.env.world.sent)

    async def _iterate(self, asked: Question, budget: Budget, flight: Landing) -> Iteration:
        iteration = await self.iterator.iterate(asked, budget, flight)
        for entry in iteration.learned:
            self.cache.put(entry, self.env.now())
        return iteration


def small_internet() -> dict[str, Table]:
    """The root, `example.` and `test.`, each on a server of its own."""
    return {
        ROOT: Table(
            {
                ". NS": (". 3600 NS a.root.test.", "", "a.root.test. 3600 A 192.0.2.1"),
                "under example.": ("", "example. 3600 NS ns.example.", "ns.example. 3600 A 192.0.2.10"),
                "under test.": ("", "test. 3600 NS ns.test.", "ns.test. 3600 A 192.0.2.20"),
            }
        ),
        EXAMPLE: Table(
            {
                "under example.": ("", "example. 300 SOA ns.example. host.example. 1 2 3 4 60"),
                "www.example. A": ("www.example. 60 A 198.51.100.1",),
                "ns.example. A": ("ns.example. 3600 A 192.0.2.10",),
                "alias.example. A": ("alias.example. 600 CNAME www.test.",),
                "near.example. A": ("near.example. 600 CNAME www.example.\nwww.example. 60 A 198.51.100.1",),
            }
        ),
        TEST: Table(
            {
                "under test.": ("", "test. 300 SOA ns.test. host.test. 1 2 3 4 60"),
                "www.test. A": ("www.test. 60 A 198.51.100.2",),
                "ns.test. A": ("ns.test. 3600 A 192.0.2.20",),
            }
        ),
    }
