"""The Env of one simulated host: trio's clock, a seeded generator, its place on the simulated network."""

import errno
from collections.abc import Callable
from random import Random

import trio

from resolver.env import FileNotices, Network, Rng, Turned
from resolver.loop import turn_in_trio
from tests.simulation.network import SimulatedNetwork, Sockets

WALL_AT_START = 1_785_542_400.0  # 2026-08-01; nothing depends on it but signatures and snapshots


class SimulatedEnv:
    """resolver.env.Env."""

    def __init__(self, sockets: Sockets, host: str, rng: Random) -> None:
        self.boot = "simulated"
        self.clock_is_off = 0.0  # s by which its clock is ahead of what it is
        self.rng: Rng = rng
        self._network = SimulatedNetwork(sockets, host)
        self.network: Network = self._network

    def watch_file(self, path: str) -> FileNotices:
        raise OSError(errno.ENOTSUP, "nobody tells", path)

    def now(self) -> float:
        return trio.current_time()

    def wall(self) -> float:
        return WALL_AT_START + trio.current_time() + self.clock_is_off

    def post(self, event: Callable[[], object]) -> None:
        trio.lowlevel.current_trio_token().run_sync_soon(event)

    async def drive(self, turned: Turned, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        self._network.turned = turned
        await turn_in_trio(turned, self.now, task_status)
