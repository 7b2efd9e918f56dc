"""An operator of the daemon in the simulation: looks at its counters and its cache over its control socket, and flushes names."""

import msgspec
import trio

from cache.inspection import EntryRow
from resolver.cli.daemon import converse
from resolver.env import Network
from resolver.observe.trace import TraceRow
from resolver.policy.explain import LinkRow, VerdictRow
from resolver.service.control_protocol import CacheFlush, CacheShow, Explain, Request, Resolve, StatRow, Stats
from resolver.service.trust_protocol import ChainRow

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

    async def explain(self, question: str) -> tuple[list[LinkRow], VerdictRow]:
        """What would be said to `name type` now."""
        name, rtype = question.split()
        _, links, verdict = _story(await self._ask(Explain(name, rtype)))
        return links, verdict

    async def resolve(self, question: str) -> tuple[list[TraceRow], list[LinkRow], VerdictRow]:
        """The steps of resolving `name type` now, and what came of it."""
        name, rtype = question.split()
        return _story(await self._ask(Resolve(name, rtype)))

    async def look(self, request: Request) -> list[dict[str, object]]:
        """The rows that answer any request."""
        return [msgspec.json.decode(row, type=dict[str, object]) for row in await self._ask(request)]

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


def _story(rows: list[bytes]) -> tuple[list[TraceRow], list[LinkRow], VerdictRow]:
    told = [msgspec.json.decode(row, type=TraceRow | LinkRow | ChainRow | VerdictRow) for row in rows]
    verdict = told.pop()
    assert isinstance(verdict, VerdictRow)
    return (
        [row for row in told if isinstance(row, TraceRow)],
        [row for row in told if isinstance(row, LinkRow)],
        verdict,
    )
