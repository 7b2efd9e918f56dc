"""What the cache counts, each counter with its one sentence of help."""

from dataclasses import dataclass, field


@dataclass
class CacheCounts:
    """Counters of the RRset cache; all only grow. Stale answers are counted where they are decided on (resolve)."""

    hits: int = field(default=0, metadata={"help": "Questions whose whole alias chain was there, fresh."})
    misses: int = field(default=0, metadata={"help": "Questions of which at least one link was missing or expired."})
    stored: int = field(default=0, metadata={"help": "RRsets and denials taken in."})
    displaced: int = field(
        default=0, metadata={"help": "Entries that gave way to one of the same owner that contradicts them."}
    )
    evicted: int = field(default=0, metadata={"help": "Owners removed, with all their entries, to make room."})
    leases_renewed: int = field(
        default=0, metadata={"help": "Entries that may be given stale for longer since their delegation was confirmed."}
    )
    forgotten: int = field(default=0, metadata={"help": "Entries removed on request."})
    refused: dict[int | str, int] = field(
        default_factory=dict, metadata={"help": "Entries not taken in.", "label": "reason"}
    )
