"""What an operator may say about the state database and the names answered from it: the `[state]` table."""

from typing import Annotated

import msgspec
from msgspec import Meta

from internal_zones.mapping import Mapping


class StateOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[state]` table of the configuration."""

    database: Annotated[
        str,
        Meta(description="path of the replicated SQLite file, only ever read; empty: internal names are not served"),
    ] = "/var/lib/corrosion/state.db"
    region: Annotated[str, Meta(description="region this host stands in, for nearest names; empty: not known")] = ""
    poll: Annotated[
        float, Meta(ge=0.001, le=10, description="seconds between looks at whether the database changed")
    ] = 0.025
    max_wait: Annotated[
        float, Meta(ge=0.01, le=10, description="seconds a client waits for a read before stale data or SERVFAIL")
    ] = 0.25
    max_stale: Annotated[
        int, Meta(ge=0, le=604800, description="seconds the last good data is served while the database is unwell")
    ] = 86400
    negative_ttl: Annotated[int, Meta(ge=1, le=5, description="TTL in seconds of NXDOMAIN and NODATA")] = 2
    queue: Annotated[
        int,
        Meta(ge=1, le=100_000, description="reads that may wait for the database thread; past it: stale or SERVFAIL"),
    ] = 512
    max_rows: Annotated[
        int,
        Meta(ge=25_000, le=10_000_000, description="rows of the database kept in memory, least recently used dropped"),
    ] = 300_000
    mapping: Annotated[
        Mapping,
        Meta(
            description="Which SQL yields what, by fixed output columns; say only what differs. The defaults fit "
            "conf/state-schema.sql; conf/mapping-consul.toml has a mapping of another schema."
        ),
    ] = Mapping()
