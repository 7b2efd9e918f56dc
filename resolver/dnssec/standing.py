"""Does a zone begin at this name, and with which keys? What is remembered of that, for as long as its proofs live."""

import sys
from contextlib import suppress
from typing import Final, final

from cachetools import LRUCache
from mypy_extensions import mypyc_attr

from cache.answer import ExtendedError
from cache.names import WireName, is_at_or_below
from cache.value import Value
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.keys import Keys

MAX_OCTETS: Final = 4 * 2**20  # of keys, above all, which a zone may have 64 kB of
STANDING_OCTETS: Final = 600  # that one takes beside its keys
KEY_OCTETS: Final = 400  # that a key takes beside its rdata, and its place by tag and algorithm
MAX_STANDINGS: Final = (
    4096  # names; the zones of a busy host are some hundreds, and what is forgotten is asked for anew
)


@final
@mypyc_attr(acyclic=True)
class Signed(Value):
    """A zone whose data is signed with these DNSKEYs. until: monotonic seconds."""

    __slots__ = ("keys", "until", "zone")

    def __init__(self, zone: WireName, keys: Keys, until: float) -> None:
        self.zone: Final = zone
        self.keys: Final = keys
        self.until: Final = until

    def parts(self) -> tuple[object, ...]:
        return self.zone, self.keys, self.until


@final
@mypyc_attr(acyclic=True)
class Unsigned(Value):
    """From here on down nothing has to be signed: proven, or configured. why: what clients are told; None: it is usual."""

    __slots__ = ("until", "why")

    def __init__(self, until: float, why: ExtendedError | None = None) -> None:
        self.until: Final = until
        self.why: Final = why

    def parts(self) -> tuple[object, ...]:
        return self.until, self.why


@final
@mypyc_attr(acyclic=True)
class Uncut(Value):
    """No zone begins here: the name belongs to the zone above it."""

    __slots__ = ("until",)

    def __init__(self, until: float) -> None:
        self.until: Final = until

    def parts(self) -> tuple[object, ...]:
        return (self.until,)


Standing = Signed | Unsigned | Uncut


class Standings:
    """What is known of names, bounded; it ends with the records that prove it."""

    def __init__(self, counts: DnssecCounts, *, limit: int = MAX_STANDINGS) -> None:
        self._counts = counts
        self._least = MAX_OCTETS // limit  # that each counts for: so the octets bound their number, too
        self._known: LRUCache[WireName, Standing] = LRUCache(self._least * limit, getsizeof=self._octets_of)

    def find(self, name: WireName, now: float) -> Standing | None:
        """What is known at `now`; None: it has to be asked for."""
        standing = self._known.get(name)
        return standing if standing is not None and now < standing.until else None

    def note(self, name: WireName, standing: Standing) -> None:
        """Remember it, unless it takes more room than there is."""
        with suppress(ValueError):
            self._known[name] = standing
        self._count()

    def _octets_of(self, standing: Standing) -> int:
        if not isinstance(standing, Signed):
            return self._least
        keys = sum(KEY_OCTETS + sys.getsizeof(one.rdata) for same in standing.keys.values() for one in same)
        return max(self._least, STANDING_OCTETS + keys)

    def forget(self, name: WireName, *, subtree: bool) -> None:
        """Forget the name; subtree: and all below it."""
        for known in [one for one in self._known if one == name or (subtree and is_at_or_below(one, name))]:
            del self._known[known]
        self._count()

    def _count(self) -> None:
        self._counts.standings_current = len(self._known)
        self._counts.standings_octets_current = int(self._known.currsize)
