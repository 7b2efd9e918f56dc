"""What upstream/ counts."""

from dataclasses import dataclass, field
from typing import Final

from resolver.observe.histogram import Histogram

# Seconds. Below 1 ms: the same rack; 0.376 s: what a server is given that nobody has heard of.
RTT_BOUNDS: Final[tuple[float, ...]] = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08),
    *(0.12, 0.2, 0.376, 0.75, 1.5, 3.0),
)


@dataclass(slots=True)
class UpstreamCounts:
    """Counters of the exchanges with single servers."""

    sent: int = field(default=0, metadata={"help": "Queries sent, over UDP and TCP."})
    received: int = field(default=0, metadata={"help": "Replies that were taken."})
    rtt: Histogram = field(
        default_factory=lambda: Histogram(RTT_BOUNDS),
        metadata={"help": "Seconds from a query over UDP to the reply that was taken."},
    )
    timeouts: int = field(default=0, metadata={"help": "Queries to which no usable reply came in time."})
    unreachable: int = field(
        default=0, metadata={"help": "Servers that could not be sent to, or refused the packet (ICMP)."}
    )
    host_errors: dict[str, int] = field(
        default_factory=dict,
        metadata={"help": "Queries that this host could not send; no server is blamed.", "label": "error"},
    )
    family_absent: int = field(
        default=0, metadata={"help": "Times this host turned out to have no route for IPv4 or for IPv6."}
    )
    sent_tcp: int = field(default=0, metadata={"help": "Queries sent over TCP."})
    tcp_connections: int = field(default=0, metadata={"help": "TCP connections to servers that were opened."})
    tcp_connections_current: int = field(
        default=0, metadata={"help": "TCP connections to servers open now.", "kind": "gauge"}
    )
    tcp_reused: int = field(default=0, metadata={"help": "Queries sent over a TCP connection that was there already."})
    tcp_asked_again: int = field(
        default=0, metadata={"help": "Queries repeated over a new TCP connection: the one that was there had ended."}
    )
    tcp_surplus: int = field(
        default=0, metadata={"help": "TCP connections closed because a server said what nobody had asked for."}
    )
    truncated: int = field(default=0, metadata={"help": "UDP replies with TC, asked again over TCP."})
    garbage: int = field(default=0, metadata={"help": "Datagrams that are no DNS response; the wait went on."})
    malformed: int = field(
        default=0, metadata={"help": "Replies that cannot be read; asked again without EDNS, if they were with it."}
    )
    mismatched: int = field(
        default=0, metadata={"help": "Responses with another ID or question than asked; the wait went on."}
    )
    near_misses: int = field(
        default=0, metadata={"help": "Responses right but for their ID: someone guesses; asked again over TCP."}
    )
    case_mismatched: int = field(
        default=0, metadata={"help": "Responses right but for the letter case of the name; asked again over TCP."}
    )
    case_broken_servers: int = field(
        default=0, metadata={"help": "Servers that proved that they do not keep letter case."}
    )
    edns_fallbacks: int = field(
        default=0,
        metadata={"help": "Queries repeated without EDNS after FORMERR, NOTIMP, BADVERS or what could not be read."},
    )
    edns_broken_servers: int = field(default=0, metadata={"help": "Servers that proved to answer only without EDNS."})
    cookie_mismatched: int = field(
        default=0, metadata={"help": "Responses right but for our DNS Cookie; asked again over TCP, or without one."}
    )
    cookies_missing: int = field(
        default=0, metadata={"help": "Responses without the cookie that the server has; asked again over TCP."}
    )
    cookies_given_up: int = field(
        default=0,
        metadata={"help": "Servers that proved that they send no cookies any more, wrong ones, or refuse ours."},
    )
    options_dropped: int = field(
        default=0, metadata={"help": "Servers that answered only when no EDNS option was sent."}
    )
    over_tcp_at_last: int = field(
        default=0, metadata={"help": "Questions put to the only server over TCP, too, since it was silent over UDP."}
    )
    cleared_up_without_tcp: int = field(
        default=0, metadata={"help": "Suspicious replies of servers without TCP, asked again from another port."}
    )
    bad_cookies: int = field(default=0, metadata={"help": "Queries repeated with a new server cookie after BADCOOKIE."})
    hedges: int = field(default=0, metadata={"help": "Servers asked while another one was late and still listened to."})
    late_replies: int = field(default=0, metadata={"help": "Replies that came after another server had been asked."})
    explored: int = field(
        default=0, metadata={"help": "Servers asked beside the chosen one, to learn how fast they are."}
    )
    explored_instead: int = field(
        default=0, metadata={"help": "Servers asked instead of the chosen one, which takes long, to learn the same."}
    )
    lingering_current: int = field(
        default=0,
        metadata={"help": "Servers listened to now although their question is answered.", "kind": "gauge"},
    )
    unlistened: int = field(
        default=0, metadata={"help": "Late servers not listened to any more because too many were."}
    )
