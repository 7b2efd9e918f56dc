"""The options of the cache: how much and how long, and what may still be given past its TTL."""

from typing import Annotated

import msgspec

MAX_TTL = 604800  # RFC 8767 §4: a TTL over seven days helps nobody
MAX_PAUSE = 300  # RFC 9520 §3.2: a failure must not be remembered for longer
MAX_NEGATIVE_TTL = 86400  # RFC 2308 §5: more than a day was found to cause problems


class CacheOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept, and for how long."""

    max_octets: Annotated[
        int,
        msgspec.Meta(ge=1 << 20, le=1 << 40, description="memory for cached data, in octets; least used goes first"),
    ] = 67108864
    max_ttl: Annotated[int, msgspec.Meta(ge=1, le=MAX_TTL, description="seconds; a longer TTL is cut down to this")] = (
        86400
    )
    min_ttl: Annotated[
        int,
        msgspec.Meta(ge=0, le=3600, description="seconds; a shorter TTL is raised to this, against its zone's will"),
    ] = 0
    min_negative_ttl: Annotated[
        int, msgspec.Meta(ge=0, le=3600, description="seconds that NXDOMAIN and NODATA are kept at least")
    ] = 0
    max_negative_ttl: Annotated[
        int,
        msgspec.Meta(ge=0, le=MAX_NEGATIVE_TTL, description="seconds that NXDOMAIN and NODATA are kept at most"),
    ] = 3600
    prefetch: Annotated[
        bool, msgspec.Meta(description="fetch anew what is asked while less than a tenth of its TTL is left")
    ] = True
    snapshot: Annotated[
        str,
        msgspec.Meta(
            description="file that the cache is saved in at the end and every 5 minutes, and loaded from at the start; "
            "empty: it starts empty"
        ),
    ] = "/var/lib/cistern/cache.db"


class StaleOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is given when fresh data cannot be had (RFC 8767)."""

    enabled: Annotated[bool, msgspec.Meta(description="give expired data when a zone's servers cannot be reached")] = (
        True
    )
    max_stale: Annotated[
        int, msgspec.Meta(ge=0, le=MAX_TTL, description="seconds past its expiry for which data may still be given")
    ] = 86400
    answer_ttl: Annotated[
        int, msgspec.Meta(ge=1, le=3600, description="seconds; the TTL that clients see on expired data")
    ] = 30
    client_timeout: Annotated[
        float,
        msgspec.Meta(ge=0, le=10, description="seconds that a client waits for fresh data before it gets expired data"),
    ] = 1.8
    recheck: Annotated[
        int,
        msgspec.Meta(ge=1, le=300, description="seconds between attempts on a name that failed and has expired data"),
    ] = 30
    when_bogus: Annotated[
        bool,
        msgspec.Meta(
            description="give expired data also when what came instead fails validation: it was good when it came, and "
            "a signer's mistake is no reason to lose the name"
        ),
    ] = True
    prefer_positive: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="zones whose names, when denied, go on with their last good answer for max_stale: a guard against "
            "a zone that is emptied by mistake, at the price that what is removed on purpose is seen late",
            examples=[["critical.example"]],
        ),
    ] = ()


class FailureOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how long a question that failed is left alone (RFC 9520 §3.2: 1 s to 5 min)."""

    first_pause: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=MAX_PAUSE,
            description="seconds for which a question is not tried again after a failure; 1 if nothing came",
        ),
    ] = 5
    max_pause: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=MAX_PAUSE,
            description="seconds up to which that doubles with each further failure; a heal is seen no later than this",
        ),
    ] = 30
