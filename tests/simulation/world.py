"""The daemon, its clients and a small internet on one simulated network."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from random import Random

import trio
from dns.message import Message

from cache.options import CacheOptions, StaleOptions
from internal_zones.database import inline
from internal_zones.options import StateOptions
from resolver.daemon.serve import serve
from resolver.demo.behaviour import Behaviour
from resolver.demo.internet import Fixtures, Internet, build_internet, read_fixtures
from resolver.demo.serve_authority import serve_internet
from resolver.dnssec import DnssecOptions
from resolver.dnssec.anchors import read
from resolver.env import Address
from resolver.iterate import configured, parse_hints
from resolver.iterate.options import RecursionOptions
from resolver.options import Options
from resolver.policy.local_records import read_local
from resolver.service.options import ControlOptions, ListenOptions, MetricsOptions
from tests.simulation.client import Client
from tests.simulation.env import SimulatedEnv
from tests.simulation.fabric import Fabric
from tests.simulation.network import SimulatedNetwork, Sockets
from tests.simulation.operator import Operator
from tests.simulation.published import Published

DAEMON = Address("192.0.2.53", 53)
INTERNET = "198.51.100.1"  # where the servers' own queries would come from, if they had any
CLIENTS = ("203.0.113.1", "203.0.113.2", "203.0.113.3")
NETWORKS = {"203.0.113.0/24": 24}


class Daemon:
    """The daemon as its host's init runs it."""

    def __init__(self, serve: Callable[..., Awaitable[None]], nursery: trio.Nursery) -> None:
        """serve: resolver.daemon.serve.serve but for the event that ends it."""
        self._serve = serve
        self._nursery = nursery
        self._draining = self._ended = trio.Event()

    async def start(self) -> None:
        """Up, once it answers."""
        self._draining, self._ended = trio.Event(), trio.Event()
        await self._nursery.start(self._run)

    async def restart(self) -> None:
        """Ask it to end, and start another one once it has."""
        self._draining.set()
        await self._ended.wait()
        await self.start()

    async def _run(self, task_status: trio.TaskStatus[object]) -> None:
        await self._serve(self._draining, task_status=task_status)
        self._ended.set()


class World:
    """What a test can do to the world around the daemon, and ask of it."""

    def __init__(
        self,
        sockets: Sockets,
        internet: Internet,
        daemon: "Daemon",
        clients: tuple[Client, ...],
        operator: Operator,
        host: SimulatedEnv,
    ) -> None:
        """host: of the daemon."""
        self.fabric = sockets.fabric
        self._sockets = sockets
        self.internet = internet
        self.daemon = daemon
        self.clients = clients
        self.operator = operator
        self.host = host
        self.published = Published(internet.zones())

    async def ask(self, qname: str, qtype: str = "A") -> Message:
        """The reply that the first client gets; there must be one."""
        reply = await self.clients[0].ask(qname, qtype)
        assert reply is not None, f"no reply to {qname} {qtype}"
        return reply

    def break_server(self, name: str, *behaviours: Behaviour) -> None:
        """Have the server behave like this, or fall silent."""
        self.internet.break_server(name, *behaviours)

    def heal_server(self, name: str) -> None:
        self.internet.heal_server(name)

    def partition(self, *names: str) -> None:
        """Cut these servers off from everybody else."""
        self.fabric.partition(*(host for name in names for host in self.internet.servers[name].addresses))

    def refuse_tcp(self, name: str) -> None:
        """Have nobody listen to TCP at the server's addresses any more."""
        for host in self.internet.servers[name].addresses:
            del self._sockets.tcp[Address(host, self.internet.port)]

    def publish(self, record: str) -> None:
        """Put the RRset of this one record into its zone."""
        self.published.note(self.internet.publish(record), trio.current_time())

    def withdraw(self, owner: str, rtype: str) -> None:
        """Take an RRset out of its zone."""
        self.published.note(self.internet.withdraw(owner, rtype), trio.current_time())

    def times_asked(self, name: str) -> int:
        """Queries that reached the server since `forget_asked`."""
        return self.internet.servers[name].times_asked()

    def forget_asked(self) -> None:
        for server in self.internet.servers.values():
            server.forget_asked()


@asynccontextmanager
async def open_world(seed: int = 0, *, stale: StaleOptions | None = None) -> AsyncIterator[World]:
    """A world of the small internet in calm weather in which all is well and the daemon is up.

    The seed decides everything that is by chance.
    """
    internet = build_internet(_fixtures())
    async with open_world_of(internet, simulated_options(internet, stale or StaleOptions()), seed) as world:
        yield world


@asynccontextmanager
async def open_world_of(
    internet: Internet, options: Options, seed: int = 0, *, anchors: str = ""
) -> AsyncIterator[World]:
    """The same with another internet, and a daemon of these options. anchors: the file of its trust anchors, as text."""
    fabric = Fabric(Random(f"{seed}/fabric"))
    fabric.near.update(CLIENTS)
    sockets = Sockets(fabric)
    hints = parse_hints(internet.root_hints, internet.port)
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_internet, internet, SimulatedEnv(sockets, INTERNET, Random(f"{seed}/internet")))
        env = SimulatedEnv(sockets, DAEMON.host, Random(f"{seed}/daemon"))
        daemon = Daemon(
            partial(
                serve,
                options,
                env,
                hints,
                run_io=inline,
                anchors=read(anchors) if anchors else {},
                local=read_local(options.local, configured(options.forward, options.stub).keys()),
            ),
            nursery,
        )
        await daemon.start()
        clients = tuple(Client(SimulatedNetwork(sockets, host), DAEMON) for host in CLIENTS)
        operator = Operator(SimulatedNetwork(sockets, DAEMON.host), options.control.socket)
        yield World(sockets, internet, daemon, clients, operator, env)
        nursery.cancel_scope.cancel()


def simulated_options(internet: Internet, stale: StaleOptions) -> Options:
    """The options of a daemon that recurses on this internet."""
    return Options(
        listen=ListenOptions(addresses=(str(DAEMON),)),
        networks=NETWORKS,
        state=StateOptions(database=""),
        recursion=RecursionOptions(port=internet.port, do_not_query=()),
        cache=CacheOptions(snapshot=""),
        dnssec=DnssecOptions(validate=False),
        stale=stale,
        control=ControlOptions(socket="control.sock"),
        metrics=MetricsOptions(listen=""),
    )


@cache
def _fixtures() -> Fixtures:
    """Parsed once for all worlds."""
    return read_fixtures()
