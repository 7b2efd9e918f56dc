"""The way between the hosts of a simulated network: when does what is sent now arrive, and does it?"""

from dataclasses import dataclass
from random import Random
from typing import Final

import trio


@dataclass(frozen=True, slots=True)
class Weather:
    """The state of the ways. Chances: 0 to 1; latency, jitter and reordering delay in seconds, one way."""

    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    latency: float = 0.001
    jitter: float = 0.0


CALM: Final = Weather()
REORDERED_BY: Final = 0.05  # s that an overtaken datagram is late


class Fabric:
    """All ways between all hosts. near: hosts whose ways are short and good whatever the weather: the daemon's clients."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.weather = CALM
        self.near: set[str] = set()
        self._islands: list[frozenset[str]] = []

    def partition(self, *hosts: str) -> None:
        """Cut these hosts off from all others; among each other they still talk."""
        self._islands.append(frozenset(hosts))

    def reunite(self) -> None:
        """End all partitions."""
        self._islands.clear()

    def are_parted(self, one: str, other: str) -> bool:
        return any((one in island) != (other in island) for island in self._islands)

    def arrivals(self, source: str, to: str) -> list[float]:
        """When a datagram sent now arrives: [] if never, two moments if it comes twice."""
        weather = self._weather_between(source, to)
        if self.are_parted(source, to) or self.rng.random() < weather.loss:
            return []
        times = 2 if self.rng.random() < weather.duplication else 1
        return [self._arrival(weather) for _ in range(times)]

    def arrival(self, source: str, to: str) -> float | None:
        """When what is sent now over TCP arrives; None while the hosts are parted."""
        return None if self.are_parted(source, to) else self._arrival(self._weather_between(source, to))

    def _weather_between(self, one: str, other: str) -> Weather:
        return CALM if one in self.near or other in self.near else self.weather

    def _arrival(self, weather: Weather) -> float:
        late = REORDERED_BY if self.rng.random() < weather.reordering else 0.0
        return trio.current_time() + weather.latency + weather.jitter * self.rng.random() + late
