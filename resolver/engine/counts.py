"""What resolve/ counts."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class ResolveCounts:
    """Counters of the resolution of public names; `_current` and `_peak` are gauges."""

    flights: int = field(
        default=0, metadata={"help": "Questions that were taken upstream, each link of a chain alone."}
    )
    flights_joined: int = field(default=0, metadata={"help": "Waits for a flight that was already under way."})
    flights_current: int = field(default=0, metadata={"help": "Flights under way now.", "kind": "gauge"})
    flights_refused: int = field(default=0, metadata={"help": "Flights not begun because the table was full."})
    flight_cycles: int = field(
        default=0, metadata={"help": "Waits refused because two flights would wait for each other."}
    )
    faults: int = field(
        default=0, metadata={"help": "Faults of this program met by flights, queries and timers; must stay 0."}
    )
    failures: int = field(default=0, metadata={"help": "Flights that ended in a resolution failure."})
    failures_from_memory: int = field(default=0, metadata={"help": "Links refused by a remembered failure (RFC 9520)."})
    stale_links_after_failure: int = field(
        default=0, metadata={"help": "Stale links served because the refresh failed."}
    )
    stale_links_after_timeout: int = field(
        default=0, metadata={"help": "Stale links served because the refresh was late."}
    )
    refreshes: int = field(default=0, metadata={"help": "Links refreshed before they expired (prefetch)."})
    refreshes_failed: int = field(default=0, metadata={"help": "Refreshes that ended in a resolution failure."})
    refreshes_dropped: int = field(default=0, metadata={"help": "Refreshes not queued because the queue was full."})
    asked_elsewhere: int = field(
        default=0, metadata={"help": "Questions put to another server since what one said failed in validation."}
    )
    mended_elsewhere: int = field(
        default=0, metadata={"help": "Answers of another server that were good where one's had failed in validation."}
    )
    late_writes: int = field(
        default=0,
        metadata={"help": "Answers not kept since what they were to renew had been replaced or flushed meanwhile."},
    )
    denials_not_believed: int = field(
        default=0, metadata={"help": "Denials for which the last good answer was kept (stale.prefer_positive)."}
    )
