"""What policy/ counts."""

from dataclasses import dataclass, field
from typing import Final

ORIGINS: Final = ("special", "local", "internal", "cache", "stale", "upstream", "refused")


@dataclass
class PolicyCounts:
    """Counters of where answers come from."""

    answers: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(ORIGINS, 0),
        metadata={
            "help": "Answers composed, by where they came from; cistern_service_rendered_total are given beside them.",
            "label": "origin",
        },
    )
