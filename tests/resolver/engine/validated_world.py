"""A signed root and zone for flights to be validated in: servers of values, and the core of the daemon before them."""

from collections.abc import Awaitable, Callable

import trio

from cache.answer import Answer, Question
from cache.chain import Link, alias_of
from cache.failures import Failures, ServerFailures
from cache.names import ROOT, from_text
from cache.options import CacheOptions, StaleOptions
from cache.rrset import Denial, RRset
from cache.rrtypes import A
from cache.store import RRsetCache
from resolver.dnssec.anchors import read
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.gaps import Gaps
from resolver.dnssec.standing import Standings
from resolver.dnssec.trust import ChainOfTrust
from resolver.dnssec.validate import Validator
from resolver.engine import Fetcher, Flights, Landing, Memory, PublicResolver, ResolveCounts
from resolver.engine.validation import Validation
from resolver.env import Address
from resolver.errors import (
    NoReachableAuthority,
    ResolutionFailure,
)
from resolver.iterate import Budget, Iteration, Manner, ZoneServer
from resolver.iterate.trace import Watch
from tests.build import denial, question, replace, rrset
from tests.resolver.engine.turned import Turned, play
from tests.signing import WALL, SignedZone

WWW = Question(from_text("www.example."), A)
GOOD, FORGED = "www.example. 60 A 192.0.2.1", "www.example. 60 A 192.0.2.66"
Word = Callable[[], RRset | Denial | Iteration | ResolutionFailure]
SERVERS = tuple(ZoneServer(from_text("example."), Address(f"192.0.2.{host}", 53)) for host in range(1, 12))


class World:
    """Servers of the root, of `example.` (signed) and of `open.` (not), and the daemon's core before them.

    At and below `exempt.` nothing has to be signed.
    """

    def __init__(self) -> None:
        self.turned = Turned()
        mesh = self.turned.mesh
        self.root, self.example = SignedZone("."), SignedZone("example.")
        self.said: dict[Question, Word] = {}
        self.beside: dict[Question, list[Word]] = {}  # what the second server and those after it say
        self.asked: list[Question] = []
        self.cache, self.failures = RRsetCache(CacheOptions()), Failures()
        memory = Memory(self.cache, self.failures, ServerFailures())
        self.counts = DnssecCounts()
        anchors = read(self.root.anchor)
        self.standings = Standings(self.counts)
        trust = ChainOfTrust(trio.current_time, anchors, frozenset({from_text("exempt.")}), self.standings)
        gaps = Gaps(CacheOptions(), self.counts)
        validator = Validator(trust, gaps, trio.current_time, lambda: WALL + trio.current_time(), self.counts)
        validation = self.validation = Validation(trio.current_time, validator, self.cache, self._lookup, mesh.rest)
        resolve = self.resolve = ResolveCounts()
        fetcher = Fetcher(mesh, memory, self._iterate, StaleOptions(), resolve, validation)
        flights = Flights(mesh, fetcher.fetch, resolve)
        self.public = PublicResolver(
            mesh,
            memory,
            flights,
            StaleOptions(),
            resolve,
            is_local=lambda name: False,
            note_due=lambda asked: None,
        )
        self.says(lambda: self.root.keys)
        self.says(lambda: self.root.sign(rrset(self.example.anchor)))
        self.says(lambda: self.example.keys)
        no_ds = self.root.sign(rrset("open. 3600 NSEC org. NS RRSIG NSEC"))
        self.said[question("open. DS")] = lambda: self.denies(
            "open. DS", ". 3600 SOA a.root. admin.root. 1 2 3 4 3600", no_ds
        )

    def says(self, entry: Callable[[], RRset], at: Question | None = None) -> None:
        made = entry()
        self.said[at or Question(made.owner, made.rtype)] = entry

    def denies(self, text: str, soa: str, *proof: RRset) -> Denial:
        made = denial(text, trio.current_time(), soa=soa)
        signed = (self.root if made.soa.owner == ROOT else self.example).sign(made.soa)
        return made.replace(soa=signed, proof=proof)

    def records(self, text: str) -> RRset:
        """These records, signed by `example.`, as heard now."""
        return self.example.sign(rrset(text, trio.current_time()))

    async def ask(self, asked: Question = WWW, *, is_checked: bool = True, watch: Watch | None = None) -> Answer:
        budget = Budget(trio.current_time() + 10)
        if watch is not None:
            self.turned.mesh.trace.begin(budget, watch)
        return await self.turned.run(self.public.resolve(asked, budget, is_checked=is_checked))

    async def look_up(self, asked: Question) -> Link:
        """As a flight does, for what it needs."""
        return await self.turned.run(self._lookup(asked, Budget(trio.current_time() + 10), Landing()))

    async def _lookup(self, asked: Question, budget: Budget, waiter: Landing) -> Link:
        return await self.public.lookup(asked, budget, waiter)

    async def _iterate(self, asked: Question, budget: Budget, flight: Landing, manner: Manner) -> Iteration:
        """What the first server says that is not to be avoided."""
        self.asked.append(asked)
        await self.turned.mesh.sleep(0.01)
        words = [self.said[asked]] if asked in self.said else []
        for server, word in zip(SERVERS, [*words, *self.beside.get(asked, ())], strict=False):
            if server not in manner.avoided:
                return replace(_iteration(asked, word()), said_by=server)
        raise NoReachableAuthority("silent")


def _iteration(asked: Question, entry: RRset | Denial | Iteration | ResolutionFailure) -> Iteration:
    if isinstance(entry, ResolutionFailure):
        raise entry
    if isinstance(entry, Iteration):
        return entry
    now = trio.current_time()
    heard = entry if isinstance(entry, Denial) else as_heard(entry, now)
    if isinstance(heard, RRset) and heard.rtype != asked.qtype:
        return Iteration(alias_of(heard, asked.qname), (heard,))
    return Iteration(heard, (heard,))


def as_heard(entry: RRset, now: float) -> RRset:
    return entry.replace(received=now, expires=now + entry.ttl)


def simulate(test: Callable[[World], Awaitable[None]]) -> None:
    play(lambda: test(World()))
