"""What resolves public names: what is remembered, iteration, flights, validation and refresh, put together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cache.answer import Question
from cache.failures import Failures, ServerFailures
from cache.lookup import Link
from cache.names import WireName
from cache.store import RRsetCache
from resolver.daemon.beliefs import Beliefs
from resolver.daemon.counters import Counts
from resolver.daemon.trust import Trusting, make_trusting
from resolver.engine import (
    Fetcher,
    Flights,
    Iterator,
    Landing,
    Means,
    Memory,
    Mesh,
    PublicResolver,
    Refresher,
    Streams,
)
from resolver.env import Env, WaysToServers
from resolver.iterate import Budget, BudgetLimits, Budgets, configured
from resolver.iterate.addresses import AddressBook
from resolver.iterate.delegation import Delegation
from resolver.observe.boundary import Boundary
from resolver.options import Options
from resolver.policy.special_use import ours

# s: clients' stub resolvers give up after 5 to 10 (RFC 8767 §5: 10-30 s for the resolution)
QUESTION_DEADLINE: Final = 10.0


@dataclass(frozen=True, slots=True)
class Recursion:
    """What resolves. zones: forward and stub zones. new_budget: of one client question. trusting: None: nothing is validated."""

    public: PublicResolver
    iterator: Iterator
    trusting: Trusting | None
    zones: Mapping[WireName, Delegation]
    new_budget: Callable[[], Budget]


def make_memory(options: Options, counts: Counts) -> Memory:
    """Nothing is remembered yet."""
    apexes = configured(options.forward, options.stub).keys()
    cache = RRsetCache(options.cache, counts.cache, apexes)
    return Memory(cache, Failures(options.failures), ServerFailures(options.failures))


def adopt(memory: Memory, options: Options) -> None:
    """Have it go by these options from now on; nothing is forgotten."""
    memory.cache.adopt(options.cache)
    memory.cache.apexes = configured(options.forward, options.stub).keys()
    memory.failures.adopt(options.failures)
    memory.server_failures.adopt(options.failures)


def make_mesh(counts: Counts, boundary: Boundary) -> Mesh:
    """In which all of the daemon runs that is not rare, whatever its config. boundary: what faults end at."""

    def report(doing: str, fault: Exception) -> None:
        counts.resolve.faults += 1
        boundary.note("engine", fault, doing=doing)

    return Mesh(report)


def make_recursion(
    options: Options,
    env: Env,
    counts: Counts,
    memory: Memory,
    hints: Delegation,
    mesh: Mesh,
    network: WaysToServers,
    streams: Streams,
    beliefs: Beliefs | None,
) -> Recursion:
    """Wire it, to run in `mesh`; nothing is started. network, streams: to servers, over UDP and TCP.

    beliefs: None: nothing is validated.
    """
    zones = configured(options.forward, options.stub)

    async def lookup(question: Question, of: Budget, waiter: Landing) -> Link:
        # made last: it stands on the flights, and they on the iterator
        return await public.lookup(question, of, waiter)

    async def locate(question: Question, of: Budget, waiter: Landing) -> Link:
        return await public.lookup(question, of, waiter, glue_will_do=True)

    def is_paused(question: Question) -> bool:
        return memory.failures.find(question, env.now()) is not None

    named = [server for zone in (hints, *zones.values()) for server in zone.servers]
    book = AddressBook(memory.cache, options.recursion, counts.iterate, env.rng, named)
    means = _means_of(options, env, counts, memory, mesh, network, streams, book)
    trusting = make_trusting(options, beliefs, env, memory.cache, lookup, counts.dnssec, mesh.rest)
    validation = trusting.validation if trusting is not None else None
    iterator = Iterator(
        means,
        options.recursion,
        lookup,
        locate,
        hints,
        zones=zones,
        ttls=options.cache,
        is_signed=validation.is_signed if validation is not None else None,
    )
    fetcher = Fetcher(mesh, memory, iterator.iterate, options.stale, counts.resolve, validation)
    flights = Flights(mesh, fetcher.fetch, counts.resolve)
    limits = BudgetLimits(mode=options.recursion.work_limits)
    budgets = Budgets(env.now, QUESTION_DEADLINE, counts.iterate, limits)
    refresher = Refresher(mesh, flights, budgets.within, counts.resolve, is_paused=is_paused)
    public = PublicResolver(
        mesh,
        memory,
        flights,
        options.stale,
        counts.resolve,
        is_local=ours(zones.keys()),
        note_due=refresher.note_due if options.cache.prefetch else _ignore,
    )
    return Recursion(public, iterator, trusting, zones, budgets.new)


def _means_of(
    options: Options,
    env: Env,
    counts: Counts,
    memory: Memory,
    mesh: Mesh,
    network: WaysToServers,
    streams: Streams,
    book: AddressBook,
) -> Means:
    """What asks servers."""
    return Means(
        mesh,
        env.rng,
        network,
        streams,
        memory,
        book,
        counts.iterate,
        counts.upstream,
        case_randomization=options.recursion.case_randomization,
        overrides=options.server,
        is_validated=options.dnssec.validate,
    )


def _ignore(question: Question) -> None:
    """Prefetch is off."""
