"""Who serves the root today? Asked at the start and before the answer expires (RFC 9609), beside everything else.

Nobody waits for it: until it has succeeded, and whenever it fails, recursion begins at the root hints.
"""

from collections.abc import Callable
from typing import Final

from cache.names import ROOT
from cache.rrset import Rank
from cache.rrtypes import NS
from cache.store import RRsetCache
from resolver.engine.descent import Iterator
from resolver.engine.mesh import Mesh
from resolver.errors import ResolutionFailure
from resolver.iterate.budget import Budget
from resolver.iterate.counts import IterateCounts
from resolver.iterate.learn import Iteration

FIRST_RETRY: Final = 1.0  # s after a failure; doubles with each further one
MAX_RETRY: Final = 60.0  # s
MAX_REST: Final = 60.0  # s between looks at the cache: a flush can take the root's name servers away at any time
EARLY: Final = 0.1  # share of the TTL that is left when they are asked for again


def seconds_until_due(cache: RRsetCache, now: float) -> float:
    """Seconds until the root should be primed; 0 when that is now. Pure."""
    rrset = cache.get(ROOT, NS)
    if rrset is None:
        return 0.0
    return max(0.0, rrset.expires - EARLY * rrset.ttl - now)


async def keep_primed(
    mesh: Mesh,
    iterator: Iterator,
    cache: RRsetCache,
    budget: Callable[[], Budget],
    counts: IterateCounts,
    *,
    is_for_clients: bool = True,
) -> None:
    """Prime whenever it is due, for ever. budget: makes the budget of one priming query.

    is_for_clients: False where answers are validated: what is learned here says whom to ask, and answers nobody.
    """
    if not iterator.begins_at_root:
        return
    retry = FIRST_RETRY
    while True:
        due = seconds_until_due(cache, mesh.now)
        if due > 0:
            await mesh.sleep(min(due, MAX_REST))
            continue
        iteration: Iteration | None = None
        try:
            iteration = await iterator.prime(budget())
        except Exception as failure:  # of ours, or the network's: the root is tried again either way
            if not isinstance(failure, ResolutionFailure):
                mesh.report("priming", failure)
        if iteration is None:  # compiled, what is ended while it waits in its handler takes the process with it
            counts.primings_failed += 1
            await mesh.sleep(retry)
            retry = min(2 * retry, MAX_RETRY)
            continue
        counts.primings += 1
        retry = FIRST_RETRY
        # the old set goes first: same data would not refresh its TTL
        cache.forget(ROOT, NS)
        for entry in iteration.learned:
            kept = entry if is_for_clients else entry.replace(rank=Rank.ADDITIONAL)
            cache.put(kept, mesh.now)
        await mesh.sleep(FIRST_RETRY)
