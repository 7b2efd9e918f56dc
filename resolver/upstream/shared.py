"""What do all exchanges share? What is known of servers, of the network and of what may be spent, and the ways to them."""

from cache.servers import Servers, ServerState
from resolver.env import Address, Env
from resolver.upstream.allowance import Allowance
from resolver.upstream.connections import Connections, Spawn
from resolver.upstream.counts import UpstreamCounts
from resolver.upstream.families import Families
from resolver.upstream.learning import Typical


class Upstream:
    """The direction to the servers: exchanges with them, and what these teach."""

    def __init__(
        self,
        env: Env,
        servers: Servers,
        counts: UpstreamCounts,
        spawn: Spawn,
        *,
        case_randomization: bool = True,
    ) -> None:
        """spawn: starts a task that outlives whoever asked: it listens to a late server, or keeps a connection."""
        self.env = env
        self.counts = counts
        self.spawn = spawn
        self.case_randomization = case_randomization
        self.typical = Typical()
        self.families = Families()
        self.allowance = Allowance()
        self.connections = Connections(env.network, spawn, counts)
        self._servers = servers

    def state_of(self, server: Address) -> ServerState:
        """What is known of the server; to be changed in place."""
        return self._servers.of(server)

    def note_hedge(self) -> None:
        """Somebody is asked although others are listened to still."""
        self.allowance.spend()
        self.counts.hedges += 1
