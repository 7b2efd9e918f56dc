"""Is the greater part of a network gone at once? Then the database is doubted for a while, not the network taken for empty.

An emptied, half-seeded or wrong database looks like one in which everybody left. What the clock tables tell of (a customer
who removes his machines through Corrosion) is believed. After a change that they do not explain, or that took very many rows
away, each network is counted before any of its names is read again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from cachetools import LRUCache

from internal_zones.counts import InternalCounts
from internal_zones.watcher import Warn

MAX_NETWORKS: Final = 50_000  # that are known by their counts; one costs some 300 octets, twice that in doubt
SHOWN: Final = 10  # doubts that are remarked one by one


class Count(NamedTuple):
    """Rows of a network: apps, and machines whether started or not."""

    apps: int
    machines: int


class Known(NamedTuple):
    """What a network had. gone: how many rows, of any, had gone when it was counted."""

    had: Count
    gone: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """A network that lost too much. until: when it is believed nevertheless."""

    before: Count
    now: Count
    until: float

    def __str__(self) -> str:
        apps = f"{self.now.apps} of {self.before.apps} apps"
        return f"{apps} and {self.now.machines} of {self.before.machines} machines are left"


class Census:
    """How many rows each network has, and which networks are in doubt."""

    def __init__(self, min_share: float, doubt_for: float, counts: InternalCounts, warn: Warn) -> None:
        """min_share: of a network's apps, and of its machines, that is left after any change that is believed at once."""
        self._min_share, self._doubt_for = min_share, doubt_for
        self._counts, self._warn = counts, warn
        self._known: LRUCache[int, Known] = LRUCache(MAX_NETWORKS)
        self._gone = 0  # rows that were told to have gone, of any network
        self.suspicions = (
            0  # changes that nobody explained: a count from before the last one says nothing of what is left
        )
        self._suspects: set[int] = set()
        self._doubts: dict[int, Doubt] = {}

    @property
    def gone(self) -> int:
        """Rows that were told to have gone so far: what a count was true as of."""
        return self._gone

    def suspect(self, gone: int | None) -> None:
        """So many rows have gone, as the clocks tell; None: anything may have, and every network is to be counted."""
        if gone is not None:
            self._gone += gone
        elif self._min_share:
            self.suspicions += 1
            self._suspects.update(self._known)

    def to_count(self, networks: Iterable[int]) -> list[int]:
        """Those of the networks that have to be counted together with what is read of them."""
        return [network for network in dict.fromkeys(networks) if network in self._suspects or self._is_old(network)]

    def is_uncounted_suspect(self, network: int) -> bool:
        """May most of the network have gone since anybody counted it?"""
        return network in self._suspects and network not in self._doubts

    def _is_old(self, network: int) -> bool:
        known = self._known.get(network)
        return known is not None and known.gone != self._gone

    def uncounted(self, networks: Iterable[int]) -> list[int]:
        """Those of the networks of which nothing is known yet."""
        if not self._min_share:
            return []
        return [network for network in dict.fromkeys(networks) if network not in self._known]

    def judge(self, network: int, found: Count, now: float, gone: int) -> None:
        """The network was counted, when `gone` rows had gone: is it in doubt, and does it stay so?"""
        known = self._known.get(network)
        if network not in self._suspects or known is None:
            self._known[network] = Known(found, gone)
            return
        told = self._gone - known.gone  # that have gone since, of this network as far as anybody knows
        before = Count(max(0, known.had.apps - told), max(0, known.had.machines - told))
        if self._is_believable(before, found):
            self._believe(network, found)
            return
        doubt = self._doubts.get(network)
        self._doubts[network] = Doubt(before, found, doubt.until if doubt else now + self._doubt_for)
        if doubt is None:
            self._counts.doubted_networks += 1
            self._warn(
                "state_network_doubted",
                network=network,
                apps=found.apps,
                apps_before=before.apps,
                machines=found.machines,
                machines_before=before.machines,
                doubted_for=int(self._doubt_for),
            )

    def is_doubted(self, network: int) -> bool:
        """Is what is read of the network not to be believed?"""
        return network in self._doubts

    def is_sure(self, network: int) -> bool:
        """Is what is read of the network believed, without a count of it?"""
        return network not in self._suspects and network not in self._doubts

    @property
    def next_end(self) -> float | None:
        """When the first doubt ends; None: there is none."""
        return min((doubt.until for doubt in self._doubts.values()), default=None)

    def end(self, now: float) -> bool:
        """Believe what has been doubted for long enough; whether there was any."""
        over = [network for network, doubt in self._doubts.items() if doubt.until <= now]
        for network in over:
            self._warn("state_network_believed", network=network)
            self._believe(network, self._doubts[network].now)
        return bool(over)

    def accept(self) -> int:
        """Believe all, as an operator says; how many networks were in doubt."""
        found = len(self._doubts)
        for network, doubt in list(self._doubts.items()):
            self._believe(network, doubt.now)
        self._suspects.clear()
        return found

    @property
    def remarks(self) -> list[str]:
        """The first doubts, one sentence each."""
        found = [
            f"network {network}: {doubt}: last good data is served, `cistern state accept` ends it"
            for network, doubt in list(self._doubts.items())[:SHOWN]
        ]
        more = len(self._doubts) - len(found)
        return [*found, f"{more} more networks are in doubt"] if more else found

    def is_little(self, before: int, now: int) -> bool:
        """Are so few of so many rows left that, had a whole network lost as much, it would be doubted?"""
        return now < before * self._min_share

    def _believe(self, network: int, found: Count) -> None:
        self._known[network] = Known(found, self._gone)
        self._suspects.discard(network)
        self._doubts.pop(network, None)

    def _is_believable(self, before: Count, found: Count) -> bool:
        return all(now >= then * self._min_share for then, now in zip(before, found, strict=True))
