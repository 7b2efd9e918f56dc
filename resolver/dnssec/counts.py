"""What dnssec/ counts."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class DnssecCounts:
    """Counters of validation; `_current` are gauges."""

    secure: int = field(default=0, metadata={"help": "RRsets and denials that a chain of trust vouches for."})
    insecure: int = field(default=0, metadata={"help": "RRsets and denials of zones that are proven not to be signed."})
    bogus: int = field(default=0, metadata={"help": "RRsets and denials refused: not what their zone signed."})
    signatures_checked: int = field(default=0, metadata={"help": "Signatures that were computed."})
    anchors_refreshed: int = field(
        default=0, metadata={"help": "Looks at the keys of a zone with trust anchors that found them good (RFC 5011)."}
    )
    anchors_not_refreshed: int = field(
        default=0,
        metadata={"help": "Looks at the keys of a zone with trust anchors that found none that is vouched for."},
    )
    clock_behind_current: int = field(
        default=0,
        metadata={
            "help": "Seconds until a good signature of a trust anchor's keys begins: the clock is behind. 0: one has begun.",
            "kind": "gauge",
        },
    )
    derived: int = field(
        default=0,
        metadata={"help": "Answers made of verified NSEC or NSEC3 records: nobody had to be asked (RFC 8198)."},
    )
    gaps_current: int = field(
        default=0, metadata={"help": "NSEC and NSEC3 RRsets that are remembered to make answers of.", "kind": "gauge"}
    )
    gaps_octets_current: int = field(default=0, metadata={"help": "What they take, in octets.", "kind": "gauge"})
    hashes_computed: int = field(default=0, metadata={"help": "Rounds of SHA-1 for the hashed names of NSEC3."})
    standings_current: int = field(
        default=0, metadata={"help": "Names of which is remembered which keys sign there.", "kind": "gauge"}
    )
    standings_octets_current: int = field(
        default=0, metadata={"help": "What they take, in octets, 1 KiB each at least.", "kind": "gauge"}
    )
