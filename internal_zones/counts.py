"""What is counted here, each counter with its one sentence of help."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class InternalCounts:
    """Counters of the internal zones; all but the gauge only grow."""

    hits: int = field(
        default=0,
        metadata={
            "help": "Questions answered at once from data in memory; replies that had been composed before are beside them."
        },
    )
    loads: int = field(default=0, metadata={"help": "Questions that had to wait for the state database."})
    stale_answers: int = field(default=0, metadata={"help": "Answers given from the last good data (EDE 3)."})
    failures: int = field(
        default=0, metadata={"help": "SERVFAILs because nothing usable could be read (EDE 14 or 23)."}
    )
    too_large: int = field(
        default=0,
        metadata={
            "help": "Answers that lack records, and say so, or SERVFAILs, because a set is larger than a DNS message."
        },
    )
    reads: int = field(default=0, metadata={"help": "Units (one app, one list) read from the state database."})
    mended: int = field(
        default=0, metadata={"help": "Units in memory of which a look read the rows that were touched, and no more."}
    )
    failed_reads: dict[int | str, int] = field(
        default_factory=dict,
        metadata={"help": "Reads of a unit that the state database did not bear.", "label": "fault"},
    )
    joined_reads: int = field(default=0, metadata={"help": "Questions that waited for a read already in flight."})
    slow_reads: int = field(default=0, metadata={"help": "Questions whose read took longer than max_wait."})
    full_queue: int = field(default=0, metadata={"help": "Questions refused a read because the queue was full."})
    changes: int = field(default=0, metadata={"help": "Looks at the state database that found it changed."})
    sweeping_changes: int = field(
        default=0, metadata={"help": "Changes after which everything was due: the clock tables did not tell what."}
    )
    verified: int = field(
        default=0, metadata={"help": "Units in memory that were read again in the background to compare."}
    )
    found_wrong: int = field(
        default=0, metadata={"help": "Units in memory that differed though no look had told of a change: must stay 0."}
    )
    failed_looks: dict[int | str, int] = field(
        default_factory=dict,
        metadata={"help": "Looks at the state database that failed.", "label": "fault"},
    )
    openings: int = field(default=0, metadata={"help": "Times the state database was opened."})
    notices: int = field(
        default=0, metadata={"help": "Times the kernel told of something that happened to the database."}
    )
    hurried_looks: int = field(default=0, metadata={"help": "Looks that came early because a feed told of a change."})
    early_changes: int = field(default=0, metadata={"help": "Changes that a look which came early found."})
    open_feeds: int = field(
        default=0, metadata={"help": "Feeds of Corrosion's API that are live now.", "kind": "gauge"}
    )
    feed_openings: int = field(default=0, metadata={"help": "Times a feed of Corrosion's API began well."})
    feed_notices: int = field(default=0, metadata={"help": "Lines of feeds that told of a change."})
    feed_endings: dict[int | str, int] = field(
        default_factory=dict,
        metadata={"help": "Feeds that ended or could not be had.", "label": "ending"},
    )
    replication_min_seconds: dict[int | str, float] = field(
        default_factory=dict,
        metadata={
            "help": "The least of the last 200 delays from a site's commit, by its own clock, till it was visible here.",
            "label": "site",
            "kind": "gauge",
        },
    )
    replication_p50_seconds: dict[int | str, float] = field(
        default_factory=dict,
        metadata={"help": "The median of the last 200 delays.", "label": "site", "kind": "gauge"},
    )
    replication_p99_seconds: dict[int | str, float] = field(
        default_factory=dict,
        metadata={"help": "What 99 % of the last 200 delays are at most.", "label": "site", "kind": "gauge"},
    )
    half_replicated_rows: int = field(
        default=0, metadata={"help": "Rows skipped in a reading: required columns still at their schema defaults."}
    )
    unreadable_rows: int = field(
        default=0, metadata={"help": "Rows skipped in a reading: a column holds no such value."}
    )
    doubted_networks: int = field(
        default=0,
        metadata={"help": "Networks that lost more than min_share at once, and were served as last good for a while."},
    )
    duplicate_addresses: int = field(
        default=0, metadata={"help": "Addresses newly seen on two machines: a provisioning fault."}
    )
    unmeasured_nearest: int = field(
        default=0, metadata={"help": "Nearest answers ordered by the hash alone: no round-trip time, no coordinates."}
    )


def bump(counter: dict[int | str, int], label: str) -> None:
    """Add one to a labelled counter."""
    counter[label] = counter.get(label, 0) + 1
