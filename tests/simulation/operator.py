"""An operator of the daemon in the simulation: looks at its counters and its cache over its control socket, and flushes names."""

import msgspec
import trio

from cache.inspection import EntryRow
from resolver.cli.daemon import converse
from resolver.env import Network
from resolver.service.control_protocol import CacheFlush, CacheShow, Request, StatRow, Stats

MUST_STAY_0 = "must stay 0"  # so the help of a counter says that counts broken invariants


class Operator:
    """Whoever may use the control socket at `path`."""

    def __init__(self, network: Network, path: str) -> None:
        self._network = network
        self._path = path

    async def flush(self, name: str, *, subtree: bool) -> None:
        """Forget a name, or all at and below it."""
        await self._ask(CacheFlush(name, subtree=subtree))

    async def show(self, name: str) -> list[EntryRow]:
        """What the cache holds of a name."""
        return [msgspec.json.decode(row, type=EntryRow) for row in await self._ask(CacheShow(name))]

    async def stats(self) -> list[StatRow]:
        """Every counter as it stands."""
        return [msgspec.json.decode(row, type=StatRow) for row in await self._ask(Stats())]

    async def broken_invariants(self) -> list[str]:
        """The counters that must stay 0, and did not; there must be such counters."""
        watched = [row for row in await self.stats() if MUST_STAY_0 in row.help]
        assert watched
        return [f"{row.name} is {row.value:.0f}, and {MUST_STAY_0}" for row in watched if row.value]

    async def connect(self) -> trio.abc.Stream:
        """A connection to say anything over."""
        return await self._network.open_unix(self._path)

    async def _ask(self, request: Request) -> list[bytes]:
        rows: list[bytes] = []
        async with await self._network.open_unix(self._path) as stream:
            await converse(stream, request, rows.append)
        return rows
