"""All options: one frozen Struct of the Structs that stand beside the code that reads them."""

from typing import Annotated

import msgspec

from cache.options import CacheOptions, FailureOptions, StaleOptions
from internal_zones.options import StateOptions
from resolver.dnssec.options import DnssecOptions
from resolver.iterate.options import ForwardZone, RecursionOptions, ServerOverride, StubZone
from resolver.observe.options import DnstapOptions, LogOptions
from resolver.policy.options import AnswerOptions, IdentityOptions, LocalOptions, NetworksOptions
from resolver.service.options import ControlOptions, LimitOptions, ListenOptions, MetricsOptions


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `cistern serve` can be told. The order of the fields is the order of the printed reference."""

    listen: Annotated[ListenOptions, msgspec.Meta(description="Where clients ask.")] = ListenOptions()
    limits: Annotated[LimitOptions, msgspec.Meta(description="How much work clients may cause at once.")] = (
        LimitOptions()
    )
    networks: Annotated[
        NetworksOptions,
        msgspec.Meta(
            description="The network of clients outside fdaa::/16, by prefix: a network id. The longest prefix counts; "
            "a client without network asks public names from loopback only.",
            examples=[{"127.0.0.0/8": 24, "::1/128": 24}],
        ),
    ] = {}
    state: Annotated[
        StateOptions,
        msgspec.Meta(description="Where `.internal` and `.flycast` come from: this host's state database."),
    ] = StateOptions()
    recursion: Annotated[
        RecursionOptions, msgspec.Meta(description="How public names are resolved, from the root down.")
    ] = RecursionOptions()
    forward: Annotated[
        tuple[ForwardZone, ...],
        msgspec.Meta(
            description="Ask these recursive servers for the zone and all below it. Any number of such tables.",
            examples=[{"zone": "corp.example", "servers": ["192.0.2.1:53"], "fallback": False}],
        ),
    ] = ()
    stub: Annotated[
        tuple[StubZone, ...],
        msgspec.Meta(
            description="Ask these authoritative servers for the zone and all below it. Any number of such tables.",
            examples=[{"zone": "lab.example", "servers": ["192.0.2.2:53"]}],
        ),
    ] = ()
    server: Annotated[
        tuple[ServerOverride, ...],
        msgspec.Meta(
            description="How this server is asked, where it cannot be learned. Any number of such tables.",
            examples=[{"address": "192.0.2.3", "cookies": False, "edns": True, "tcp": "auto"}],
        ),
    ] = ()
    local: Annotated[
        LocalOptions,
        msgspec.Meta(
            description="Your own records, answered from here and never asked of anybody; aliases are not among them."
        ),
    ] = LocalOptions()
    dnssec: Annotated[DnssecOptions, msgspec.Meta(description="Whose signatures are believed.")] = DnssecOptions()
    cache: Annotated[CacheOptions, msgspec.Meta(description="How much is remembered, and for how long.")] = (
        CacheOptions()
    )
    stale: Annotated[
        StaleOptions, msgspec.Meta(description="Answering from expired records while servers fail (RFC 8767).")
    ] = StaleOptions()
    failures: Annotated[
        FailureOptions, msgspec.Meta(description="For how long what failed is left alone (RFC 9520).")
    ] = FailureOptions()
    answer: Annotated[AnswerOptions, msgspec.Meta(description="What answers hold.")] = AnswerOptions()
    identity: Annotated[
        IdentityOptions, msgspec.Meta(description="What this server says of itself to its clients.")
    ] = IdentityOptions()
    control: Annotated[
        ControlOptions, msgspec.Meta(description="The socket of `cistern cache`, `explain` and `stats`.")
    ] = ControlOptions()
    metrics: Annotated[MetricsOptions, msgspec.Meta(description="Counters for Prometheus, over HTTP.")] = (
        MetricsOptions()
    )
    log: Annotated[LogOptions, msgspec.Meta(description="What is logged, and how.")] = LogOptions()
    dnstap: Annotated[
        DnstapOptions, msgspec.Meta(description="DNS messages as they pass, for programs that read dnstap.")
    ] = DnstapOptions()
