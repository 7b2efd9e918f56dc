"""Which zones do clients wait for, for people?"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from cache.inspection import SILENT_STEPS
from cache.names import WireName, to_text
from resolver.engine import Waits


class ZoneRow(msgspec.Struct, frozen=True):
    """A zone that was waited for. waits: questions to its servers that were slow or failed; failures: those that failed.

    seconds: what all of them took; longest: what the longest took.
    """

    zone: str
    waits: int
    failures: int
    seconds: float
    longest: float


class _Sum(NamedTuple):
    seconds: float
    failures: int
    waits: int
    longest: float


def worst_zones(waits: Waits, since: float, most: int) -> Iterator[ZoneRow | None]:
    """The zones that were waited for longest since then, and of the others those that failed most; the worst first.

    A None now and then: the walk goes on.
    """
    sums: dict[WireName, _Sum] = {}
    for serial, wait in enumerate(waits.since(since)):
        if serial % SILENT_STEPS == 0:
            yield None
        seconds, failures, count, longest = sums.get(wait.zone, (0.0, 0, 0, 0.0))
        sums[wait.zone] = _Sum(seconds + wait.seconds, failures + wait.failed, count + 1, max(longest, wait.seconds))
    for zone in sorted(sums, key=sums.__getitem__, reverse=True)[:most]:
        found = sums[zone]
        yield ZoneRow(to_text(zone), found.waits, found.failures, found.seconds, found.longest)
