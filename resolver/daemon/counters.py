"""What the daemon counts: the counters of all its parts."""

from dataclasses import dataclass, field

from cache.counts import CacheCounts
from cache.snapshot import SnapshotCounts
from internal_zones import InternalCounts
from resolver.dnssec.counts import DnssecCounts
from resolver.engine import ResolveCounts
from resolver.iterate import IterateCounts
from resolver.observe.boundary import FaultCounts
from resolver.observe.frame_writer import DnstapCounts
from resolver.observe.log_writer import LogCounts
from resolver.observe.turns import LoopCounts
from resolver.service.counts import ServiceCounts
from resolver.upstream import UpstreamCounts


@dataclass(frozen=True, slots=True)
class Counts:
    """The counters of all parts, by the name under which they are exposed."""

    cache: CacheCounts = field(default_factory=CacheCounts)
    dnssec: DnssecCounts = field(default_factory=DnssecCounts)
    dnstap: DnstapCounts = field(default_factory=DnstapCounts)
    fault: FaultCounts = field(default_factory=FaultCounts)
    internal: InternalCounts = field(default_factory=InternalCounts)
    iterate: IterateCounts = field(default_factory=IterateCounts)
    log: LogCounts = field(default_factory=LogCounts)
    loop: LoopCounts = field(default_factory=LoopCounts)
    resolve: ResolveCounts = field(default_factory=ResolveCounts)
    service: ServiceCounts = field(default_factory=ServiceCounts)
    snapshot: SnapshotCounts = field(default_factory=SnapshotCounts)
    upstream: UpstreamCounts = field(default_factory=UpstreamCounts)
