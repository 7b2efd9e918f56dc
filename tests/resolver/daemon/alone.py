"""A daemon on a simulated network on which nobody else is, for the tests of its frame."""

from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

import msgspec
import trio
import trio.testing

from cache.names import ROOT
from cache.options import CacheOptions
from internal_zones import StateOptions
from resolver.daemon import serve
from resolver.dnssec import DnssecOptions
from resolver.env import Address, Env
from resolver.iterate.delegation import Delegation, Origin
from resolver.options import Options
from resolver.policy.local_records import read_local
from resolver.service.options import ControlOptions, ListenOptions, MetricsOptions
from tests.simulation.env import SimulatedEnv
from tests.simulation.fabric import Fabric
from tests.simulation.network import Sockets

HOST = "192.0.2.53"
CONTROL = "/run/control.sock"
METRICS = Address(HOST, 9153)
HINTS = Delegation(zone=ROOT, origin=Origin.HINTS, servers=(Address("198.51.100.1", 53),))
ALONE = Options(
    listen=ListenOptions(addresses=(f"{HOST}:53",)),
    networks={"192.0.2.0/24": 24},
    state=StateOptions(database=""),
    cache=CacheOptions(snapshot=""),
    dnssec=DnssecOptions(validate=False),
    control=ControlOptions(socket=CONTROL),
    metrics=MetricsOptions(listen=str(METRICS)),
)

Test = Callable[[Env, Address, trio.Event], Awaitable[None]]


def simulated(host: str = HOST) -> SimulatedEnv:
    """A host on an empty network."""
    rng = Random(1)
    return SimulatedEnv(Sockets(Fabric(rng)), host, rng)


def with_daemon(test: Test, **changes: object) -> None:
    """Run `test` with the network, the daemon's address, and the event that drains it; `changes` are put over ALONE."""

    async def main() -> None:
        env = simulated()
        draining = trio.Event()
        options = msgspec.structs.replace(ALONE, **changes)
        local = read_local(options.local, frozenset())
        async with trio.open_nursery() as nursery:
            addresses = await nursery.start(partial(serve, options, env, HINTS, draining, local=local))
            await test(env, addresses[0], draining)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
