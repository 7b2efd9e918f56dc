"""The engine among the servers of a small internet, over a network that loses, delays and doubles what is sent."""

import errno
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Final

import msgspec

from cache.names import ROOT
from cache.options import CacheOptions
from resolver.daemon.counters import Counts
from resolver.daemon.recursion import make_memory, make_recursion
from resolver.daemon.trust import make_beliefs
from resolver.dnssec import DnssecOptions
from resolver.dnssec.anchors import Anchor
from resolver.engine import CallOff, Mesh, StreamReply, keep_primed
from resolver.env import Address, Turned
from resolver.iterate.delegation import Delegation, Origin
from resolver.iterate.options import RecursionOptions
from resolver.options import Options
from tests.simulation.machine.clock import Clock
from tests.simulation.machine.internet import Internet
from tests.simulation.machine.layout import ROOT_HOST
from tests.simulation.machine.signed_internet import Keys, SignedInternet

LONELY: Final = Options(
    cache=CacheOptions(snapshot=""),
    recursion=RecursionOptions(do_not_query=()),
    dnssec=DnssecOptions(validate=False),
)
VALIDATING: Final = msgspec.structs.replace(LONELY, dnssec=DnssecOptions())
ANCHORS: Final = {ROOT: Anchor(ROOT, (Keys(ROOT).ds,))}
JITTER: Final = 0.01  # s: at most so much is on top of a round trip
HINTS: Final = Delegation(zone=ROOT, origin=Origin.HINTS, servers=(Address(ROOT_HOST, 53),))


class Channel:
    """A UDP socket connected to one server (resolver.env.UdpChannel)."""

    __slots__ = ("_host", "_is_closed", "_server", "_take", "_world")

    def __init__(self, world: "World", host: str, take: Callable[[bytes | OSError], None]) -> None:
        self._world = world
        self._host = host
        self._server = world.internet.servers.get(host)
        self._take = take
        self._is_closed = False

    def send(self, message: bytes) -> None:
        world, server = self._world, self._server
        clock, rng, loss = world.clock, world.rng, world.loss
        world.trace.append((clock.now, self._host, message))
        if loss and rng.random() < loss:
            return
        if server is None:
            clock.at(clock.now + 0.01, partial(self._hear, ConnectionRefusedError(errno.ECONNREFUSED, "")))
            return
        for delay, said in world.internet.reply(server, message, over_tcp=False):
            if not loss or rng.random() >= loss:
                clock.at(clock.now + delay + rng.random() * world.jitter, partial(self._hear, said))

    def close(self) -> None:
        self._is_closed = True

    def _hear(self, said: bytes | OSError) -> None:
        if not self._is_closed:
            self._take(said)


class Asking:
    """A question over TCP (resolver.engine.CallOff)."""

    def __init__(self, take: Callable[[StreamReply], None]) -> None:
        self._take: Callable[[StreamReply], None] | None = take

    def call_off(self) -> None:
        self._take = None

    def hear(self, said: StreamReply) -> None:
        take, self._take = self._take, None
        if take is not None:
            take(said)


class World:
    """All of it, decided by the seed. trace: what was sent to whom, when. loss: of datagrams, each way."""

    def __init__(
        self, seed: int, *, is_signed: bool = False, internet: Internet | None = None, hints: Delegation = HINTS
    ) -> None:
        """internet: another than that of the stories, with its hints and without jitter."""
        self.clock = Clock()
        self.rng = Random(f"{seed}/world")
        self.is_signed = is_signed
        self.jitter = 0.0 if internet is not None else JITTER
        self.internet = internet or (SignedInternet if is_signed else Internet)(
            Random(f"{seed}/internet"), self.clock.now
        )
        self.loss = 0.0
        self.trace: list[tuple[float, str, bytes]] = []
        self.faults: list[str] = []
        self.counts = Counts()
        self.mesh = Mesh(self._note_fault)
        self.network = self
        self.streams = self
        self.boot = ""
        env = MachineEnv(self, Random(f"{seed}/engine"))
        options = VALIDATING if is_signed else LONELY
        memory = make_memory(options, self.counts)
        self.cache = memory.cache
        self.recursion = make_recursion(
            options,
            env,  # type: ignore[arg-type]  # of its network the engine needs connect_udp alone
            self.counts,
            memory,
            hints,
            self.mesh,
            self,
            self,
            make_beliefs(options.dnssec, ANCHORS, env.wall()),
        )
        self.mesh.turn(self.clock.now, self._prime)

    def connect_udp(self, server: Address, take: Callable[[bytes | OSError], None]) -> Channel:
        return Channel(self, server.host, take)

    def ask(self, server: Address, message: bytes, patience: float, take: Callable[[StreamReply], None]) -> CallOff:
        """See resolver.engine.Streams."""
        asking = Asking(take)
        self.trace.append((self.clock.now, server.host, message))
        there = self.internet.servers.get(server.host)
        if there is None:
            self.clock.at(self.clock.now + 0.01, partial(asking.hear, ConnectionRefusedError(errno.ECONNREFUSED, "")))
            return asking
        for delay, said in self.internet.reply(there, message, over_tcp=True):
            if delay + there.rtt < patience:
                self.clock.at(self.clock.now + delay + there.rtt, partial(asking.hear, said))
        self.clock.at(self.clock.now + patience, partial(asking.hear, None))
        return asking

    def _prime(self) -> None:
        iterator, cache, counts = self.recursion.iterator, self.cache, self.counts.iterate
        self.mesh.start(keep_primed(self.mesh, iterator, cache, self.recursion.new_budget, counts), "priming")

    def _note_fault(self, doing: str, fault: Exception) -> None:
        self.faults.append(f"{doing}: {fault!r}")


class MachineEnv:
    """resolver.env.Env, as far as the engine needs one."""

    boot = ""

    def __init__(self, world: World, rng: Random) -> None:
        self.rng = rng
        self.network = world
        self._clock = world.clock

    def now(self) -> float:
        return self._clock.now

    def wall(self) -> float:
        return 1_785_542_400.0 + self._clock.now

    async def drive(self, turned: Turned, task_status: object = None) -> None:
        """The clock does."""
