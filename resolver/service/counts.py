"""What service/ counts, each counter with its one sentence of help."""

from dataclasses import dataclass, field
from typing import Final

from resolver.observe.histogram import Histogram
from resolver.policy.tally import Answers, by_labels

# Seconds. Below 1 ms: from memory; 1.8 s: the stale timer; 10 s: the deadline.
LATENCY_BOUNDS: Final[tuple[float, ...]] = (
    *(0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01),
    *(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.8, 2.5, 5.0, 10.0),
)
RCODES: Final = range(16)  # the header's; the extended bits are in the OPT RR only


@dataclass
class ServiceCounts:
    """Counters of the service to clients; `_current` and `_peak` are gauges."""

    queries_udp: int = field(default=0, metadata={"help": "Datagrams received from clients."})
    queries_tcp: int = field(default=0, metadata={"help": "Messages received from clients over TCP."})
    answers: Answers = field(
        default_factory=Answers,
        metadata={
            "help": "Answers, by where they came from and how they were asked for.",
            "label": "origin,transport",
            "read": by_labels,
        },
    )
    composed: int = field(
        default=0,
        metadata={"help": "Replies composed of an answer; other answers took one composed before."},
    )
    waited: int = field(default=0, metadata={"help": "Queries whose answer had to be waited for."})
    malformed: int = field(
        default=0, metadata={"help": "Messages that are no query: FORMERR, NOTIMP, BADVERS or silence."}
    )
    silent: int = field(
        default=0, metadata={"help": "Messages that got no reply at all: no queries, or of a flood faster than we are."}
    )
    replies: dict[int | str, int] = field(
        default_factory=lambda: dict.fromkeys(RCODES, 0),
        metadata={"help": "Replies, by the RCODE in their header.", "label": "rcode"},
    )
    truncated: int = field(default=0, metadata={"help": "Replies over UDP with TC: the client should ask over TCP."})
    unsent: int = field(default=0, metadata={"help": "Replies over UDP that the kernel did not take."})
    faults: int = field(default=0, metadata={"help": "Queries that met a fault of this program; must stay 0."})
    in_flight_current: int = field(
        default=0, metadata={"help": "Questions waiting for their answer now.", "kind": "gauge"}
    )
    in_flight_peak: int = field(default=0, metadata={"help": "The most that ever waited at once.", "kind": "gauge"})
    overloaded: int = field(default=0, metadata={"help": "Questions refused because too many waited in all."})
    overloaded_client: int = field(
        default=0, metadata={"help": "Questions refused because too many of one client waited."}
    )
    put_off: int = field(
        default=0, metadata={"help": "Queries that waited for a later turn of the loop: more came than one takes."}
    )
    put_off_current: int = field(default=0, metadata={"help": "Queries that wait for their turn now.", "kind": "gauge"})
    dropped_unread: int = field(
        default=0,
        metadata={
            "help": "Queries refused, or dropped, unread: as much of their machine waited as there was room for."
        },
    )
    tcp_connections: int = field(default=0, metadata={"help": "TCP connections accepted and served."})
    tcp_connections_current: int = field(default=0, metadata={"help": "TCP connections open now.", "kind": "gauge"})
    tcp_connections_peak: int = field(
        default=0, metadata={"help": "The most TCP connections ever open at once.", "kind": "gauge"}
    )
    tcp_refused: int = field(default=0, metadata={"help": "TCP connections closed at once: too many were open."})
    tcp_evicted: int = field(
        default=0, metadata={"help": "Idle TCP connections closed because another client needed the place."}
    )
    tcp_idle: int = field(default=0, metadata={"help": "TCP connections closed because no whole query came in time."})
    tcp_garbage: int = field(default=0, metadata={"help": "TCP connections closed because they brought no DNS query."})
    tcp_slow_readers: int = field(
        default=0, metadata={"help": "TCP connections closed because the client did not take its replies."}
    )
    tcp_lost: int = field(default=0, metadata={"help": "TCP connections that the client broke off."})
    latency: Histogram = field(
        default_factory=lambda: Histogram(LATENCY_BOUNDS),
        metadata={"help": "Seconds from a query's arrival to its reply."},
    )
