"""Forgetting what is known of names, and what was proven of them: at an operator's wish, or when trust changes."""

from collections.abc import Sequence

import trio

from cache.names import WireName
from resolver.daemon.parts import Parts
from resolver.service.control_protocol import Forgettable


async def forget(parts: Parts, name: WireName, rtype: int | None, only: Sequence[Forgettable], *, subtree: bool) -> int:
    """Forget a name, one type of it, or all at and below it; returns how many entries and failures. only: see CacheFlush."""
    forgotten = 0
    if not only or "failures" in only:
        parts.memory.server_failures.forget(name, rtype, subtree=subtree)
        forgotten += parts.memory.failures.forget(name, rtype, subtree=subtree)
    if only and "negative" not in only:
        return forgotten
    if parts.trusting is not None:
        parts.trusting.forget(name, subtree=subtree)
    if parts.warm is not None:  # what is still to be loaded may be more than denials; it can be asked for again
        parts.warm.note_flush(name, rtype, subtree)
    if not subtree:
        return forgotten + parts.memory.cache.forget(name, rtype, denials_only=bool(only))
    for gone in parts.memory.cache.forget_below(name, rtype, denials_only=bool(only)):
        forgotten += gone
        await trio.lowlevel.checkpoint()
    return forgotten
