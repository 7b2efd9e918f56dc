"""What an operator may say about the state database and the names answered from it: the `[state]` table."""

from ipaddress import IPv6Network
from typing import Annotated

import msgspec
from msgspec import Meta

from internal_zones.mapping import Mapping

_Text = Annotated[str, Meta(min_length=1)]


_Texts = Annotated[tuple[_Text, ...], Meta(max_length=32)]

OWN_ZONES = ("internal.", "flycast.", "a.a.d.f.ip6.arpa.")  # the apexes of apex.py, as text


class SubscriptionOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[state.subscription]` table of the configuration."""

    api: Annotated[
        str,
        Meta(description="address and port of Corrosion's HTTP API, such as 127.0.0.1:8080; empty: it is not asked"),
    ] = ""
    token_file: Annotated[
        str, Meta(description="file with the bearer token of the API, read at each connection; empty: none is sent")
    ] = ""
    endpoint_name: Annotated[
        str,
        Meta(
            pattern="^[!-~]*$",
            description="endpoint_name of the Corrosion that is meant, lest another one is heard; empty: any",
        ),
    ] = ""
    tables: Annotated[
        _Texts, Meta(description="tables whose updates are listened to: those that the mapping reads")
    ] = (
        "apps",
        "machines",
        "checks",
        "services",
        "flycast_addresses",
        "peers",
        "hosts",
        "regions",
    )
    queries: Annotated[
        _Texts, Meta(description="SELECTs to subscribe to in place of tables, where only some columns matter")
    ] = ()


class StateOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[state]` table of the configuration."""

    database: Annotated[
        str,
        Meta(description="path of the replicated SQLite file, only ever read; empty: internal names are not served"),
    ] = "/var/lib/corrosion/state.db"
    region: Annotated[str, Meta(description="region this host stands in, for nearest names; empty: not known")] = ""
    poll: Annotated[
        float,
        Meta(
            ge=0.001,
            le=10,
            description="seconds between looks at whether the database changed, where nobody tells of it",
        ),
    ] = 0.025
    max_wait: Annotated[
        float, Meta(ge=0.01, le=10, description="seconds a client waits for a read before stale data or SERVFAIL")
    ] = 0.25
    max_stale: Annotated[
        int, Meta(ge=0, le=604800, description="seconds the last good data is served while the database is unwell")
    ] = 86400
    min_share: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="share of a network's apps and machines that must be left after a change nobody explains; 0: any will do",
        ),
    ] = 0.1
    doubt_for: Annotated[
        float, Meta(ge=0, le=86400, description="seconds the last good data is served when less than min_share is left")
    ] = 60.0
    negative_ttl: Annotated[int, Meta(ge=1, le=5, description="TTL in seconds of NXDOMAIN and NODATA")] = 2
    queue: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="reads that may wait for the database thread, fewer while it is slow; past it: stale or SERVFAIL",
        ),
    ] = 512
    max_rows: Annotated[
        int,
        Meta(ge=25_000, le=10_000_000, description="rows of the database kept in memory, least recently used dropped"),
    ] = 300_000
    prefixes: Annotated[
        tuple[Annotated[str, Meta(pattern="^[0-9a-fA-F:.]+/[0-9]{1,3}$")], ...],
        Meta(
            max_length=64,
            description="IPv6 prefixes of addresses that rows may have beside fdaa:<network>::/48; others are faults",
        ),
    ] = ()
    subscription: Annotated[
        SubscriptionOptions,
        Meta(
            description="Corrosion's HTTP API as a second source of news. It makes looks at the database come earlier than "
            "`poll` says, and is never relied on."
        ),
    ] = SubscriptionOptions()
    mapping: Annotated[
        Mapping,
        Meta(
            description="Which SQL yields what, by fixed output columns; say only what differs. The defaults fit "
            "conf/state-schema.sql; conf/mapping-consul.toml has a mapping of another schema."
        ),
    ] = Mapping()

    def __post_init__(self) -> None:
        """Raises ValueError where a prefix is none."""
        for prefix in self.prefixes:
            IPv6Network(prefix)
