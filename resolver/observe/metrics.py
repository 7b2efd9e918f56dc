"""The daemon's measures in the forms that others read: Prometheus' text, and rows for `cistern stats`."""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from itertools import accumulate
from typing import Final, NamedTuple

import trio
from prometheus_client import ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics

from resolver.observe.histogram import Histogram
from resolver.observe.measures import Measure, labelled

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
Measures = Callable[[], Iterable[Measure]]

MADE_AT_ONCE: Final = 5  # families between two turns of the event loop: some 0.2 ms
GOOD_FOR: Final = 0.5  # s that a text is given again: who asks more often gets no more for it


class Stat(NamedTuple):
    """One number for people. label: "rcode=NXDOMAIN" and its like, or ""."""

    name: str
    value: float
    label: str
    help: str


def stats(measures: Iterable[Measure]) -> Iterator[Stat]:
    """One row per number, under the name that /metrics has for it."""
    for measure in measures:
        is_counter = not measure.is_gauge and not isinstance(measure.values, Histogram)
        name = f"{measure.name}_total" if is_counter else measure.name
        for label, value in _numbers(measure):
            yield Stat(name, value, label, measure.help)


class Format(Enum):
    """How the text is written, and what ends it."""

    PROMETHEUS = b""
    OPEN = b"# EOF\n"

    @property
    def end(self) -> bytes:
        return self.value

    def write(self, family: Metric) -> bytes:
        """The lines of one family."""
        if self is Format.PROMETHEUS:
            return generate_latest(_Only(family))
        text: bytes = openmetrics.generate_latest(_Only(family))  # type: ignore[no-untyped-call]  # the library types it not
        return text.removesuffix(self.end)


class Exposition:
    """The text of /metrics: our measures, and the process's CPU time, memory and descriptors."""

    def __init__(self, measures: Measures, now: Callable[[], float]) -> None:
        """now: monotonic seconds."""
        self._measures = measures
        self._now = now
        self._process = ProcessCollector(registry=None)
        self._texts: dict[Format, bytes] = {}
        self._good_until = float("-inf")
        self._is_made: trio.Event | None = None

    async def text(self) -> bytes:
        """It in Prometheus' own format; see `open_text`."""
        return await self._in(Format.PROMETHEUS)

    async def open_text(self) -> bytes:
        """It as OpenMetrics, for who asks for that."""
        return await self._in(Format.OPEN)

    async def _in(self, form: Format) -> bytes:
        """It as it is now, or was a moment ago; made in slices between which clients are served, for all who ask together."""
        while self._now() >= self._good_until or form not in self._texts:
            if self._is_made is None:
                await self._make(form)
            else:
                await self._is_made.wait()
        return self._texts[form]

    async def _make(self, form: Format) -> None:
        is_made = self._is_made = trio.Event()
        try:
            parts = []
            for number, family in enumerate(self._families()):
                parts.append(form.write(family))
                if number % MADE_AT_ONCE == 0:
                    await trio.lowlevel.checkpoint()
            if self._now() >= self._good_until:
                self._texts.clear()
                self._good_until = self._now() + GOOD_FOR
            self._texts[form] = b"".join(parts) + form.end
        finally:
            self._is_made = None
            is_made.set()

    def _families(self) -> Iterator[Metric]:
        yield from map(_family, self._measures())
        yield from self._process.collect()


class _Only:
    """What prometheus-client takes for a registry: of one family."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        return (self._family,)


def _numbers(measure: Measure) -> Iterator[tuple[str, float]]:
    if isinstance(measure.values, Histogram):
        for bound, count in _cumulative(measure.values):
            yield f"le={bound}", count
        yield "sum", measure.values.total
        return
    for value, number in measure.values.items():
        yield ",".join(f"{name}={said}" for name, said in labelled(measure, value).items()), number


def _family(measure: Measure) -> Family:
    labels = measure.label.split(",") if measure.label else []
    if isinstance(measure.values, Histogram):
        histogram = HistogramMetricFamily(measure.name, measure.help, labels=labels)
        histogram.add_metric([], _cumulative(measure.values), measure.values.total)
        return histogram
    make = GaugeMetricFamily if measure.is_gauge else CounterMetricFamily
    family = make(measure.name, measure.help, labels=labels)
    for value, number in measure.values.items():
        family.add_metric(list(labelled(measure, value).values()), number)
    return family


def _cumulative(histogram: Histogram) -> list[tuple[str, float]]:
    """(upper bound as text, how many were at most that long)."""
    bounds = [*map(str, histogram.bounds), "+Inf"]
    return list(zip(bounds, accumulate(histogram.buckets), strict=True))
