"""Every part of the daemon, made once and wired here; nothing is started."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog
import trio

from cache.answer import Question
from cache.counts import CacheCounts
from cache.failures import Failures, ServerFailures
from cache.lookup import Link
from cache.peeking import Peeking
from cache.servers import Servers
from cache.snapshot import SnapshotCounts
from cache.store import RRsetCache
from internal_zones import InternalCounts, InternalZones, is_ours
from internal_zones.database import Runner, own_thread
from internal_zones.status import READY_TEXT
from resolver.daemon.trust import Anchors, Trusting, make_trusting
from resolver.daemon.warm import WarmStart
from resolver.dnssec.counts import DnssecCounts
from resolver.env import Env, address_from_text
from resolver.iterate import Budget, BudgetLimits, IterateCounts, Iterator, configured
from resolver.iterate.delegation import Delegation
from resolver.iterate.trace import Watch
from resolver.observe.measures import Measure, Reading, measures
from resolver.options import Options
from resolver.policy.sources import Sources
from resolver.policy.special_use import SpecialUse
from resolver.policy.views import views
from resolver.policy.whom import Known
from resolver.resolve import Fetcher, Flights, PublicResolver, Refresher, ResolveCounts
from resolver.service.counts import ServiceCounts
from resolver.service.fault_log import FaultLog
from resolver.service.handler import Handler
from resolver.service.tcp import Connections
from resolver.upstream import UpstreamCounts

QUESTION_DEADLINE = 10.0  # s: clients' stub resolvers give up after 5 to 10 (RFC 8767 §5: 10-30 s for the resolution)
NO_ANCHORS: Final[Anchors] = {}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Counts:
    """The counters of all parts, by the name under which they are exposed."""

    cache: CacheCounts = field(default_factory=CacheCounts)
    dnssec: DnssecCounts = field(default_factory=DnssecCounts)
    internal: InternalCounts = field(default_factory=InternalCounts)
    iterate: IterateCounts = field(default_factory=IterateCounts)
    resolve: ResolveCounts = field(default_factory=ResolveCounts)
    service: ServiceCounts = field(default_factory=ServiceCounts)
    snapshot: SnapshotCounts = field(default_factory=SnapshotCounts)
    upstream: UpstreamCounts = field(default_factory=UpstreamCounts)


@dataclass(frozen=True, slots=True)
class Parts:
    """The daemon's parts."""

    options: Options
    env: Env
    counts: Counts
    cache: RRsetCache
    failures: Failures
    server_failures: ServerFailures
    servers: Servers
    internal: InternalZones | None
    special: SpecialUse
    known: Known
    public: PublicResolver
    iterator: Iterator
    refresher: Refresher
    handler: Handler
    connections: Connections
    warm: WarmStart | None
    trusting: Trusting | None

    def budget(self, watch: Watch | None = None) -> Budget:
        """The budget of a client question, or of work that stands for one. watch: who is told of its steps."""
        limits = BudgetLimits(mode=self.options.recursion.work_limits)
        return Budget(self.env.now() + QUESTION_DEADLINE, limits, self.counts.iterate, watch=watch)

    def measures(self) -> Iterable[Measure]:
        """Every counter and gauge as it stands now."""
        return measures(self.counts, self._readings())

    def _readings(self) -> Iterable[Reading]:
        yield Reading("cache_octets", "Octets that the cache's entries take.", self.cache.octets)
        yield Reading("cache_max_octets", "Octets that they may take.", self.cache.max_octets)
        yield Reading("cache_owners", "Names that the cache holds entries of.", len(self.cache))
        yield Reading("cache_failures", "Questions whose failure is remembered.", len(self.failures))
        yield Reading("cache_servers", "Servers of which something is known.", len(self.servers))

    def problems(self) -> tuple[str, ...]:
        """What keeps the daemon from answering all that it is there for, one sentence each; () when it is ready."""
        if self.internal is None:
            return ()
        found = []
        status = self.internal.status()
        if status.state != "ready":
            found.append(f"state database: {status.fault or status.state}")
        if status.state != "starting":
            found += [f"statement {name}: {said}" for name, said in status.statements.items() if said != READY_TEXT]
        return tuple(found)

    def remarks(self) -> tuple[str, ...]:
        """What an operator should mend although everything is answered, one sentence each."""
        return self.internal.status().remarks if self.internal else ()


def make_parts(
    options: Options,
    env: Env,
    hints: Delegation,
    nursery: trio.Nursery,
    run_io: Runner | None = None,
    *,
    anchors: Anchors = NO_ANCHORS,
) -> Parts:
    """Wire the daemon. nursery: where flights live, and who listens to late servers. anchors: of dnssec.trust_anchors.

    run_io: where the state database is read, and the cache's file read and written; None: each in a thread of its own.
    """
    counts = Counts()
    cache = RRsetCache(options.cache, counts.cache)
    failures = Failures(options.failures)
    server_failures = ServerFailures(options.failures)
    servers = Servers()
    limits = BudgetLimits(mode=options.recursion.work_limits)
    zones = configured(options.forward, options.stub)
    internal = _internal_zones(options, env, counts.internal, run_io)

    def budget(limits: BudgetLimits = limits) -> Budget:
        return Budget(env.now() + QUESTION_DEADLINE, limits, counts.iterate)

    def is_paused(question: Question) -> bool:
        return failures.find(question, env.now()) is not None

    async def lookup(question: Question, of: Budget) -> Link:
        return await public.lookup(question, of)  # made last: it stands on the flights, and they on the iterator

    iterator = Iterator(
        env,
        cache,
        servers,
        options.recursion,
        lookup,
        hints,
        zones=zones,
        failures=server_failures,
        ttls=options.cache,
        counts=counts.iterate,
        upstream_counts=counts.upstream,
        spawn=nursery.start_soon,
        validates=options.dnssec.validate,
    )
    trusting = make_trusting(options.dnssec, anchors, env, cache, lookup, counts.dnssec, options.cache)
    validation = trusting.validation if trusting is not None else None
    fetcher = Fetcher(env.now, cache, failures, iterator.iterate, options.stale, counts.resolve, validation)
    faults = FaultLog(env.now)

    def report_fault(question: Question, fault: Exception) -> None:
        faults.note("flight_fault", fault, question=question)

    flights = Flights(nursery, env.now, fetcher.fetch, report_fault, counts.resolve)
    refresher = Refresher(flights, budget, counts.resolve, now=env.now, is_paused=is_paused)
    public = PublicResolver(
        env.now,
        cache,
        failures,
        flights,
        options.stale,
        counts.resolve,
        is_local=is_ours,
        note_due=refresher.note_due if options.cache.prefetch else _ignore,
    )
    special = SpecialUse(zones)
    sources = Sources(special, internal, public, budget, views(options.networks), rebind=options.answer.rebind)
    handler = Handler(
        env.now,
        sources,
        cache,
        options.limits,
        counts.service,
        stale_ttl=options.stale.answer_ttl,
        minimal=options.answer.minimal,
    )
    connections = Connections(options.limits, counts.service)
    return Parts(
        options,
        env,
        counts,
        cache,
        failures,
        server_failures,
        servers,
        internal,
        special,
        Known(
            cache=Peeking(cache),
            servers=servers,
            hints=hints,
            failures=failures,
            of_servers=server_failures,
            zones=zones,
            options=options.recursion,
            stale=options.stale,
            rebind=options.answer.rebind,
        ),
        public,
        iterator,
        refresher,
        handler,
        connections,
        WarmStart(env, cache, servers, options, counts.snapshot, run_io or own_thread())
        if options.cache.snapshot
        else None,
        trusting,
    )


def _ignore(question: Question) -> None:
    """Prefetch is off."""


def _internal_zones(options: Options, env: Env, counts: InternalCounts, run_io: Runner | None) -> InternalZones | None:
    if not options.state.database:
        return None
    api = options.state.subscription.api
    connect = partial(env.network.open_tcp, address_from_text(api)) if api else None
    return InternalZones(
        options.state, now=env.now, rng=env.rng, counts=counts, warn=log.warning, run=run_io, connect=connect
    )
