"""The daemon's measures in the forms that others read: Prometheus' text, and rows for `cistern stats`."""

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from resolver.observe.histogram import Histogram
from resolver.observe.measures import Measure

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
Measures = Callable[[], Iterable[Measure]]


class Stat(NamedTuple):
    """One number for people. label: "rcode=NXDOMAIN" and its like, or ""."""

    name: str
    value: float
    label: str
    help: str


def stats(measures: Iterable[Measure]) -> Iterator[Stat]:
    """One row per number."""
    for measure in measures:
        for label, value in _numbers(measure):
            yield Stat(measure.name, value, label, measure.help)


class MeasuresCollector(Collector):
    """Gives Prometheus' registry what is counted in plain integers elsewhere, when it asks."""

    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    def collect(self) -> Iterator[Family]:
        return map(_family, self._measures())


def exposition(measures: Measures) -> Callable[[], bytes]:
    """What gives the text of /metrics: our measures, and the process's CPU time, memory and descriptors."""
    registry = CollectorRegistry()
    registry.register(MeasuresCollector(measures))
    ProcessCollector(registry=registry)
    return lambda: generate_latest(registry)


def _numbers(measure: Measure) -> Iterator[tuple[str, float]]:
    if isinstance(measure.values, Histogram):
        for bound, count in _cumulative(measure.values):
            yield f"le={bound}", count
        yield "sum", measure.values.total
        return
    for value, number in measure.values.items():
        yield (f"{measure.label}={value}" if measure.label else ""), number


def _family(measure: Measure) -> Family:
    labels = [measure.label] if measure.label else []
    if isinstance(measure.values, Histogram):
        histogram = HistogramMetricFamily(measure.name, measure.help, labels=labels)
        histogram.add_metric([], _cumulative(measure.values), measure.values.total)
        return histogram
    make = GaugeMetricFamily if measure.is_gauge else CounterMetricFamily
    family = make(measure.name, measure.help, labels=labels)
    for value, number in measure.values.items():
        family.add_metric([value] if measure.label else [], number)
    return family


def _cumulative(histogram: Histogram) -> list[tuple[str, float]]:
    """(upper bound as text, how many were at most that long)."""
    bounds = [*map(str, histogram.bounds), "+Inf"]
    return list(zip(bounds, accumulate(histogram.buckets), strict=True))
