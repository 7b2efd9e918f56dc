"""Counters as named values."""

from dataclasses import dataclass, field

import pytest

from cache.counts import CacheCounts
from internal_zones import InternalCounts
from resolver.engine.counts import ResolveCounts
from resolver.observe.histogram import Histogram
from resolver.observe.measures import Measure, Reading, labelled, measures
from resolver.service.counts import ServiceCounts
from resolver.upstream.counts import UpstreamCounts
from tests.resolver.observe.counted import Counts


def test_each_field_is_a_measure_named_after_its_package() -> None:
    counts = Counts()
    assert list(measures(counts)) == [
        Measure("cistern_kitchen_meals", "Meals cooked.", False, "", {"": 3}),
        Measure("cistern_kitchen_guests_current", "Guests at the table.", True, "", {"": 2}),
        Measure("cistern_kitchen_replies", "Replies given.", False, "rcode", {"NOERROR": 5, "NXDOMAIN": 1}),
        Measure("cistern_kitchen_wait_seconds", "Seconds waited.", False, "", counts.kitchen.wait),
        Measure("cistern_cellar_refused", "Bottles refused.", False, "reason", {"too large": 4}),
    ]


def test_a_reading_is_a_gauge() -> None:
    assert list(measures(Counts(), [Reading("cache_octets", "Octets cached.", 7.0)]))[-1] == Measure(
        "cistern_cache_bytes", "Octets cached.", True, "", {"": 7.0}
    )


@dataclass(frozen=True, slots=True)
class AllCounts:
    cache: CacheCounts = field(default_factory=CacheCounts)
    internal: InternalCounts = field(default_factory=InternalCounts)
    resolve: ResolveCounts = field(default_factory=ResolveCounts)
    service: ServiceCounts = field(default_factory=ServiceCounts)
    upstream: UpstreamCounts = field(default_factory=UpstreamCounts)


def test_every_counter_of_every_package_can_be_shown() -> None:
    found = list(measures(AllCounts()))
    assert len({measure.name for measure in found}) == len(found) > 50
    assert all(measure.help for measure in found)
    assert all(isinstance(measure.values, dict | Histogram) for measure in found)


@dataclass(slots=True)
class Doors:
    passed: tuple[int, int] = field(
        default=(4, 1),
        metadata={
            "help": "Guests.",
            "label": "door,way",
            "read": lambda value: dict(zip(("front,in", "back,in"), value, strict=True)),
        },
    )


@dataclass(slots=True)
class HouseCounts:
    house: Doors = field(default_factory=Doors)


def test_what_has_two_labels_is_read_by_what_it_says_itself() -> None:
    (measure,) = measures(HouseCounts())
    assert measure == Measure("cistern_house_passed", "Guests.", False, "door,way", {"front,in": 4, "back,in": 1})
    assert labelled(measure, "front,in") == {"door": "front", "way": "in"}


@pytest.mark.parametrize(
    ("label", "value", "expected"),
    [("", "", {}), ("zone", "a,b.example.", {"zone": "a,b.example."}), ("a,b", "1,2,3", {"a": "1", "b": "2,3"})],
)
def test_a_comma_in_the_last_value_is_its_own(label: str, value: str, expected: dict[str, str]) -> None:
    assert labelled(Measure("", "", True, label, {}), value) == expected


@dataclass(slots=True)
class Odd:
    text: str = field(default="seven", metadata={"help": "No number."})


@dataclass(slots=True)
class OddCounts:
    odd: Odd = field(default_factory=Odd)


def test_what_is_no_counter_is_said_by_name() -> None:
    with pytest.raises(TypeError, match="cistern_odd_text is no counter: 'seven'"):
        list(measures(OddCounts()))
