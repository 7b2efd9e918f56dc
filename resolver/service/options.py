"""What an operator may say about where clients ask and how much work they may cause."""

from typing import Annotated

import msgspec
from msgspec import Meta


class ListenOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[listen]` table."""

    addresses: Annotated[
        tuple[str, ...], Meta(min_length=1, description="addresses and ports served over UDP and TCP, each on both")
    ] = ("[fdaa::3]:53",)


class LimitOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[limits]` table. Answers from memory need no waiting and are not counted against any of these."""

    in_flight: Annotated[
        int, Meta(ge=1, le=1_000_000, description="questions that may wait for an answer; beyond: SERVFAIL at once")
    ] = 4096
    in_flight_per_client: Annotated[
        int, Meta(ge=1, le=1_000_000, description="the same for one 6PN network, or one client address outside of them")
    ] = 512
    in_flight_per_address: Annotated[
        int, Meta(ge=1, le=1_000_000, description="the same for one machine: one 6PN machine, IPv4 address or IPv6 /64")
    ] = 256
    tcp_connections: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="TCP connections open at once; beyond: an idle one gives way, else closed as soon as accepted",
        ),
    ] = 150
    tcp_connections_per_client: Annotated[
        int, Meta(ge=1, le=100_000, description="the same for one machine: one 6PN machine, IPv4 address or IPv6 /64")
    ] = 32
    tcp_in_flight: Annotated[
        int, Meta(ge=1, le=10_000, description="questions waiting on one TCP connection before it is not read further")
    ] = 64
    tcp_idle: Annotated[
        float, Meta(ge=0.1, le=600, description="seconds in which the next query must have come over TCP")
    ] = 10.0


class ControlOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[control]` table."""

    socket: Annotated[
        str, Meta(min_length=1, description="path of the Unix socket that `cistern cache` and its like talk to")
    ] = "/run/cistern/control.sock"


class MetricsOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[metrics]` table."""

    listen: Annotated[
        str, Meta(description="address and port of /metrics, /livez and /readyz over HTTP; empty: none")
    ] = "127.0.0.1:9153"
