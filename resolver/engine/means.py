"""What does everything that asks servers share? The mesh it runs in, the ways out, and what is known of servers."""

import ipaddress
from collections.abc import Callable, Iterable
from typing import Protocol, final

from cache.failures import ServerFailures
from cache.servers import Servers, ServerState
from cache.store import RRsetCache
from resolver.engine.mesh import Mesh
from resolver.engine.waits import Waits
from resolver.env import Address, Rng, WaysToServers
from resolver.iterate.addresses import AddressBook
from resolver.iterate.counts import IterateCounts
from resolver.iterate.options import ServerOverride
from resolver.upstream import UpstreamCounts
from resolver.upstream.allowance import Allowance
from resolver.upstream.families import Families
from resolver.upstream.learning import Typical

StreamReply = bytes | OSError | None  # None: nothing came in time


class CallOff(Protocol):
    """What is under way can be called off."""

    def call_off(self) -> None:
        """Nobody waits for it any more; the callback is not called after this."""


class Streams(Protocol):
    """Questions to servers over TCP."""

    def ask(self, server: Address, message: bytes, patience: float, take: Callable[[StreamReply], None]) -> CallOff:
        """Ask; `take` is called once, in a turn of its own, after `patience` seconds at the latest."""


@final
class Means:
    """One for the daemon."""

    def __init__(
        self,
        mesh: Mesh,
        rng: Rng,
        network: WaysToServers,
        streams: Streams,
        cache: RRsetCache,
        book: AddressBook,
        servers: Servers,
        failures: ServerFailures,
        counts: IterateCounts,
        upstream_counts: UpstreamCounts,
        waits: Waits,
        *,
        case_randomization: bool = True,
        overrides: Iterable[ServerOverride] = (),
    ) -> None:
        """failures: which server failed which question, not long ago. overrides: how certain servers are to be asked."""
        self.mesh = mesh
        self.rng = rng
        self.network = network
        self.streams = streams
        self.cache = cache
        self.book = book
        self.failures = failures
        self.counts = counts
        self.upstream_counts = upstream_counts
        self.waits = waits
        self.case_randomization = case_randomization
        self.typical = Typical()
        self.families = Families()
        self.allowance = Allowance()
        self._servers = servers
        self._overrides = {str(ipaddress.ip_address(one.address)): one for one in overrides}

    def state_of(self, server: Address) -> ServerState:
        """What is known of the server; to be changed in place."""
        return self._servers.of(server)

    def override_of(self, server: Address) -> ServerOverride | None:
        """How the configuration wants it to be asked; None: it does not say."""
        return self._overrides.get(server.host) if self._overrides else None
