"""What does everything that asks servers share? The mesh it runs in, the ways out, and what is known of servers."""

import ipaddress
from collections.abc import Callable, Iterable
from typing import Protocol, final

from cache.servers import ServerState
from resolver.engine.memory import Memory
from resolver.engine.mesh import Mesh
from resolver.env import Address, Rng, WaysToServers
from resolver.iterate.addresses import AddressBook
from resolver.iterate.counts import IterateCounts
from resolver.iterate.options import ServerOverride
from resolver.upstream import UpstreamCounts
from resolver.upstream.allowance import Allowance
from resolver.wire.message import CD, RD

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
        memory: Memory,
        book: AddressBook,
        counts: IterateCounts,
        upstream_counts: UpstreamCounts,
        *,
        case_randomization: bool = True,
        overrides: Iterable[ServerOverride] = (),
        is_validated: bool = False,
    ) -> None:
        """overrides: how certain servers are to be asked. is_validated: here; no forwarder has to do that for us."""
        self.mesh = mesh
        self.rng = rng
        self.network = network
        self.streams = streams
        self.cache = memory.cache
        self.book = book
        self.failures = memory.server_failures
        self.counts = counts
        self.upstream_counts = upstream_counts
        self.waits = memory.waits
        self.case_randomization = case_randomization
        # RFC 6840 §5.9: "validating resolvers SHOULD set the CD bit on every upstream query": else a forwarder that validates,
        # too, keeps back what a client checks for itself, and what a negative trust anchor of ours is for
        self.flags_to_forwarders = RD | CD if is_validated else RD
        self.typical = memory.typical
        self.families = memory.families
        self.allowance = Allowance()
        self.servers = memory.servers
        self._overrides = {str(ipaddress.ip_address(one.address)): one for one in overrides}

    def state_of(self, server: Address) -> ServerState:
        """What is known of the server; to be changed in place."""
        return self.servers.of(server)

    def override_of(self, server: Address) -> ServerOverride | None:
        """How the configuration wants it to be asked; None: it does not say."""
        return self._overrides.get(server.host) if self._overrides else None
