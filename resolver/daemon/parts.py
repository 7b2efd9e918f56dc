"""Every part of the daemon, made once and wired here; nothing is started."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import structlog
import trio

from cache.beside import with_addresses
from cache.store import RRsetCache
from internal_zones import InternalCounts, InternalZones
from internal_zones.database import Runner, own_thread
from resolver.daemon.beliefs import Anchors, Beliefs
from resolver.daemon.counters import Counts
from resolver.daemon.host import HostTroubles
from resolver.daemon.prepared import Prepared
from resolver.daemon.recursion import Recursion, adopt, make_memory, make_mesh, make_recursion
from resolver.daemon.tapping import Tapping, tap_of_clients, tapped_network, tapped_streams
from resolver.daemon.trust import Trusting, make_beliefs
from resolver.daemon.warm import WarmStart
from resolver.engine import Iterator, Memory, Mesh, PublicResolver, Streams
from resolver.env import Env, address_from_text
from resolver.iterate.budget import Budget
from resolver.iterate.delegation import Delegation
from resolver.loop import Bridge, MeshTurns, make_streams
from resolver.observe.boundary import Boundary
from resolver.observe.measures import Measure, Reading, measures
from resolver.options import Options
from resolver.policy.identity import nsid_of
from resolver.policy.local import NO_LOCAL, Local
from resolver.policy.rebinding import Guard
from resolver.policy.sources import Sources
from resolver.policy.special_use import SpecialUse
from resolver.policy.views import views
from resolver.policy.whom import Known, nothing_proven
from resolver.service.fast import ReplyStyle
from resolver.service.handler import Handler
from resolver.service.tcp import Connections

SHED_AT_ONCE: Final = 10_000  # owners given up for want of memory: some 10 ms of the loop, which has worse to fear then
NO_ANCHORS: Final[Anchors] = {}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parts:
    """The daemon's parts."""

    options: Options
    env: Env
    counts: Counts
    memory: Memory
    internal: InternalZones | None
    special: SpecialUse
    local: Local
    known: Known
    mesh: Mesh
    bridge: Bridge
    streams: Streams
    public: PublicResolver
    new_budget: Callable[[], Budget]
    iterator: Iterator
    handler: Handler
    connections: Connections
    warm: WarmStart | None
    trusting: Trusting | None
    boundary: Boundary
    host: HostTroubles
    tapping: Tapping | None

    def measures(self) -> Iterable[Measure]:
        """Every counter and gauge as it stands now."""
        return measures(self.counts, self._readings())

    def _readings(self) -> Iterable[Reading]:
        if self.internal is not None:
            help_text = "Seconds that the read of the state database under way has taken."
            yield Reading("internal_read_seconds", help_text, self.internal.status().running_for)
        yield Reading("cache_octets", "Octets that the cache's entries take.", self.memory.cache.octets)
        yield Reading("cache_max_octets", "Octets that they may take.", self.memory.cache.max_octets)
        yield Reading("cache_owners", "Names that the cache holds entries of.", len(self.memory.cache))
        yield Reading("cache_failures", "Questions whose failure is remembered.", len(self.memory.failures))
        yield Reading("cache_servers", "Servers of which something is known.", len(self.memory.servers))

    def problems(self) -> tuple[str, ...]:
        """What keeps the daemon from answering all that it is there for, one sentence each; () when it is ready."""
        if self.internal is None:
            return ()
        found = []
        status = self.internal.status()
        if status.state != "ready":
            found.append(f"state database: {status.fault or status.state}")
        if status.state != "starting":
            found += [f"statement {name}: {said}" for name, said in status.unusable.items()]
        return tuple(found)


def make_parts(
    options: Options,
    env: Env,
    hints: Delegation,
    nursery: trio.Nursery,
    run_io: Runner | None = None,
    *,
    anchors: Anchors = NO_ANCHORS,
    local: Local = NO_LOCAL,
    counts: Counts | None = None,
    tapping: Tapping | None = None,
) -> Parts:
    """Wire the daemon. nursery: where lives what waits for streams and files. anchors: of dnssec.trust_anchors.

    local: of [local]. counts: where some things are counted already. run_io: where the state database is read, and the cache's
    file read and written; None: each in a thread of its own. tapping: who is told messages; None: nobody.
    """
    counts = counts or Counts()
    memory = make_memory(options, counts)
    connections = Connections(options.limits, counts.service)
    boundary = Boundary(env.now, counts.fault, partial(_shed, memory, connections, env))
    mesh = make_mesh(counts, boundary)
    internal = internal_zones(options, env, mesh, counts.internal, run_io)
    bridge = Bridge(mesh, env.now)
    streams = make_streams(mesh, env, nursery.start_soon, counts.upstream)
    ways = tapped_network(env.network, tapping), tapped_streams(streams, tapping)
    beliefs = make_beliefs(options.dnssec, anchors, env.wall())
    recursion = make_recursion(options, env, counts, memory, hints, mesh, *ways, beliefs)
    special = SpecialUse(recursion.zones, local.named)
    sources = _sources(options, env, memory.cache, special, local, internal, recursion, mesh, beliefs)
    return Parts(
        options=options,
        env=env,
        counts=counts,
        memory=memory,
        internal=internal,
        special=special,
        local=local,
        known=_known(options, memory, recursion, hints),
        mesh=mesh,
        bridge=bridge,
        streams=streams,
        public=recursion.public,
        new_budget=recursion.new_budget,
        iterator=recursion.iterator,
        handler=_handler_of(options, env, counts, sources, memory.cache, mesh, boundary, tapping),
        connections=connections,
        warm=_warm_start(options, env, counts, memory, run_io, boundary),
        trusting=recursion.trusting,
        boundary=boundary,
        host=HostTroubles(counts.upstream.host_errors, env.now),
        tapping=tapping,
    )


def remade_parts(parts: Parts, prepared: Prepared, internal: InternalZones | None, tapping: Tapping | None) -> Parts:
    """The parts of a daemon that goes by another config, with all that `parts` remembers and counts, and its handler.

    The handler answers with them from here on; what is in flight ends with those that it began with.
    """
    options, hints, local = prepared.options, prepared.hints, prepared.local
    memory = parts.memory
    adopt(memory, options)
    ways = tapped_network(parts.env.network, tapping), tapped_streams(parts.streams, tapping)
    beliefs = parts.trusting.beliefs if parts.trusting is not None else None
    if beliefs is not None:
        beliefs.adopt(options.dnssec, prepared.anchors, parts.env.wall())
    recursion = make_recursion(options, parts.env, parts.counts, memory, hints, parts.mesh, *ways, beliefs)
    special = SpecialUse(recursion.zones, local.named)
    env, mesh = parts.env, parts.mesh
    parts.handler.adopt(
        _sources(options, env, memory.cache, special, local, internal, recursion, mesh, beliefs),
        options.limits,
        _style_of(options, parts.env),
        tap=tap_of_clients(tapping),
    )
    parts.connections.adopt(options.limits)
    return replace(
        parts,
        options=options,
        internal=internal,
        special=special,
        local=local,
        known=_known(options, memory, recursion, hints),
        public=recursion.public,
        new_budget=recursion.new_budget,
        iterator=recursion.iterator,
        trusting=recursion.trusting,
        tapping=tapping,
    )


def _handler_of(
    options: Options,
    env: Env,
    counts: Counts,
    sources: Sources,
    cache: RRsetCache,
    mesh: Mesh,
    boundary: Boundary,
    tapping: Tapping | None,
) -> Handler:
    return Handler(
        env.now,
        sources,
        cache,
        options.limits,
        counts.service,
        mesh,
        style=_style_of(options, env),
        boundary=boundary,
        tap=tap_of_clients(tapping),
    )


def _sources(
    options: Options,
    env: Env,
    cache: RRsetCache,
    special: SpecialUse,
    local: Local,
    internal: InternalZones | None,
    recursion: Recursion,
    mesh: Mesh,
    beliefs: Beliefs | None,
) -> Sources:
    return Sources(
        special,
        internal,
        recursion.public,
        recursion.new_budget,
        views(options.networks),
        mesh,
        guard=_guard_of(options),
        beside=lambda answer: with_addresses(cache, answer, env.now()),
        local=local,
        identity=options.identity,
        is_any_full=options.answer.any == "full",
        trusted=beliefs.root_tags if beliefs is not None else None,
    )


def _style_of(options: Options, env: Env) -> ReplyStyle:
    return ReplyStyle(
        stale_ttl=options.stale.answer_ttl,
        minimal=options.answer.minimal,
        seed=env.rng.getrandbits(32) if options.answer.order == "vary" else None,
        nsid=nsid_of(options.identity),
        udp_octets=options.answer.udp_octets,
    )


def _shed(memory: Memory, connections: Connections, env: Env) -> None:
    """Give up idle connections, and half of the cache, as far as that takes no more than some milliseconds."""
    connections.shed()
    memory.cache.make_room(memory.cache.octets // 2, env.now(), SHED_AT_ONCE)


def _known(options: Options, memory: Memory, recursion: Recursion, hints: Delegation) -> Known:
    return Known(
        memory=memory,
        hints=hints,
        zones=recursion.zones,
        options=options.recursion,
        stale=options.stale,
        guard=_guard_of(options),
        proven=recursion.trusting.validation.proven if recursion.trusting is not None else nothing_proven,
    )


def _warm_start(
    options: Options, env: Env, counts: Counts, memory: Memory, run_io: Runner | None, boundary: Boundary
) -> WarmStart | None:
    """None: the cache is not kept."""
    if not options.cache.snapshot:
        return None
    return WarmStart(env, memory.cache, memory.servers, options, counts.snapshot, run_io or own_thread(), boundary)


def internal_zones(
    options: Options, env: Env, mesh: Mesh, counts: InternalCounts, run_io: Runner | None
) -> InternalZones | None:
    """The `.internal` names of these options, not watched yet; None: no state database is configured."""
    if not options.state.database:
        return None
    api = options.state.subscription.api
    connect = partial(env.network.open_tcp, address_from_text(api)) if api else None
    return InternalZones(
        options.state,
        now=env.now,
        turns=MeshTurns(mesh, env.now, env.post),
        rng=env.rng,
        wall=env.wall,
        counts=counts,
        warn=log.warning,
        run=run_io,
        connect=connect,
        watch_file=env.watch_file,
    )


def _guard_of(options: Options) -> Guard:
    return Guard(options.answer.rebind, options.answer.private_prefixes, options.answer.private_zones)
