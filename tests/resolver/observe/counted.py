"""Counts of two packages, for tests of what is made of them."""

from dataclasses import dataclass, field

from resolver.observe.histogram import Histogram


@dataclass(slots=True)
class KitchenCounts:
    meals: int = field(default=3, metadata={"help": "Meals cooked."})
    guests_current: int = field(default=2, metadata={"help": "Guests at the table.", "kind": "gauge"})
    replies: dict[int | str, int] = field(
        default_factory=lambda: {0: 5, 3: 1}, metadata={"help": "Replies given.", "label": "rcode"}
    )
    wait: Histogram = field(default_factory=lambda: Histogram((0.5, 1.0)), metadata={"help": "Seconds waited."})


@dataclass(slots=True)
class CellarCounts:
    refused: dict[int | str, int] = field(
        default_factory=lambda: {"too large": 4}, metadata={"help": "Bottles refused.", "label": "reason"}
    )


@dataclass(frozen=True, slots=True)
class Counts:
    kitchen: KitchenCounts = field(default_factory=KitchenCounts)
    cellar: CellarCounts = field(default_factory=CellarCounts)
