"""An operator of the daemon in the simulation: looks at its counters and flushes names, over its control socket."""

import msgspec

from resolver.cli.daemon import converse
from resolver.env import Network
from resolver.service.control_protocol import CacheFlush, Request, StatRow, Stats

MUST_STAY_0 = "must stay 0"  # so the help of a counter says that counts broken invariants


class Operator:
    """Whoever may use the control socket at `path`."""

    def __init__(self, network: Network, path: str) -> None:
        self._network = network
        self._path = path

    async def flush(self, name: str, *, subtree: bool) -> None:
        """Forget a name, or all at and below it."""
        await self._ask(CacheFlush(name, subtree=subtree))

    async def broken_invariants(self) -> list[str]:
        """The counters that must stay 0, and did not; there must be such counters."""
        rows = [msgspec.json.decode(row, type=StatRow) for row in await self._ask(Stats())]
        watched = [row for row in rows if MUST_STAY_0 in row.help]
        assert watched
        return [f"{row.name} is {row.value:.0f}, and {MUST_STAY_0}" for row in watched if row.value]

    async def _ask(self, request: Request) -> list[bytes]:
        rows: list[bytes] = []
        async with await self._network.open_unix(self._path) as stream:
            await converse(stream, request, rows.append)
        return rows
