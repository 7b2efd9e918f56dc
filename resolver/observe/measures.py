"""Every counter of the daemon as a value, named as it is exposed: read from the packages' dataclasses of counts.

A field's metadata says what it is: `help`, one sentence; `kind`, "gauge" for what may go down; `label`, for a dict, what
its keys are; `unit`, for a Histogram, what it counts if not seconds; `read`, for anything else, what makes a dict of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import Field, fields
from typing import TYPE_CHECKING, Final, NamedTuple

from resolver.observe.histogram import Histogram
from resolver.wire.text import rcode_to_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PREFIX: Final = "cistern"


class Measure(NamedTuple):
    """One named quantity. values: by label value; "" when there is no label; or a whole Histogram.

    label: "" when there is none; of several the names with a comma in between, and so are their values.
    """

    name: str
    help: str
    is_gauge: bool
    label: str
    values: dict[str, float] | Histogram


class Reading(NamedTuple):
    """A gauge that nobody counts: it is read when it is asked for, such as the octets of the cache."""

    name: str
    help: str
    value: float


def measures(counts: "DataclassInstance", readings: Iterable[Reading] = ()) -> Iterator[Measure]:
    """What `counts`, whose fields are the packages' dataclasses of counts, and `readings` hold now."""
    for package in fields(counts):
        of_package: DataclassInstance = getattr(counts, package.name)
        for field in fields(of_package):
            value = getattr(of_package, field.name)
            read = field.metadata.get("read")
            yield _measure(_name(f"{package.name}_{field.name}"), field, value if read is None else read(value))
    for reading in readings:
        yield Measure(_name(reading.name), reading.help, True, "", {"": reading.value})


def _name(name: str) -> str:
    """As it is exposed: what DNS calls octets, Prometheus' conventions call bytes."""
    return f"{PREFIX}_{name}".replace("octets", "bytes")


def labelled(measure: Measure, value: str) -> dict[str, str]:
    """The labels of one of its values, by their names."""
    names = measure.label.split(",") if measure.label else []
    return dict(zip(names, value.split(",", len(names) - 1), strict=True)) if names else {}


def _measure(name: str, field: "Field[object]", value: object) -> Measure:
    label = str(field.metadata.get("label", ""))
    values: dict[str, float] | Histogram
    match value:
        case Histogram():
            unit = str(field.metadata.get("unit", "seconds"))
            name, values = f"{name}_{unit}".replace("octets", "bytes"), value
        case dict():
            values = {_label_value(label, key): count for key, count in value.items()}
        case int() | float():
            values = {"": value}
        case _:
            raise TypeError(f"{name} is no counter: {value!r}")
    return Measure(name, str(field.metadata["help"]), field.metadata.get("kind") == "gauge", label, values)


def _label_value(label: str, key: int | str) -> str:
    return rcode_to_text(key) if label == "rcode" and isinstance(key, int) else str(key)
