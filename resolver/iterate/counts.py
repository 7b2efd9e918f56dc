"""What iterate/ counts."""

from dataclasses import dataclass, field
from typing import Final

from resolver.observe.histogram import Histogram

# The last bound of each is what a question may use (BudgetLimits).
QUERIES: Final = (1, 2, 3, 5, 10, 20, 50, 100, 200)
NAMES: Final = (0, 1, 2, 4, 8, 16, 32, 64)
REFERRALS: Final = (0, 1, 2, 4, 8, 16, 32, 64, 130)
ALIASES: Final = (0, 1, 2, 3, 5, 11)
OCTETS: Final = (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144)


@dataclass(slots=True)
class IterateCounts:
    """Counters of the way from a question to the server that knows."""

    iterations: int = field(default=0, metadata={"help": "Questions taken to authoritative servers."})
    referrals: int = field(default=0, metadata={"help": "Referrals followed downwards."})
    minimised: int = field(default=0, metadata={"help": "Queries sent with a minimised name (RFC 9156)."})
    zone_questions_shared: int = field(
        default=0,
        metadata={"help": "Questions not sent to a zone since another flight had the same one under way there."},
    )
    minimisation_given_up: int = field(
        default=0, metadata={"help": "Questions asked in full because a minimised one failed or was denied (relaxed)."}
    )
    useless_replies: dict[str, int] = field(
        default_factory=dict, metadata={"help": "Replies nothing could be learned from.", "label": "reason"}
    )
    questions_left_alone: int = field(
        default=0,
        metadata={"help": "Questions not put to a zone since its servers failed at them a short while ago (RFC 9520)."},
    )
    last_resorts: int = field(
        default=0, metadata={"help": "Answers taken from a reply without AA because no better one came."}
    )
    records_scrubbed: int = field(
        default=0, metadata={"help": "RRsets dropped from replies: not the server's to say, or not asked for."}
    )
    parent_asked_again: int = field(
        default=0,
        metadata={"help": "Cached delegations all of whose servers failed, so that the parent was asked anew."},
    )
    address_lookups: int = field(default=0, metadata={"help": "Name servers whose addresses had to be looked up."})
    address_lookups_failed: int = field(
        default=0, metadata={"help": "Look-ups of name-server addresses that brought no address."}
    )
    own_address_lookups: int = field(
        default=0, metadata={"help": "Name servers looked up in their own zones since their glue had led nowhere."}
    )
    parent_glue_lookups: int = field(
        default=0,
        metadata={"help": "Name servers whose glue was asked of the zone above theirs, because all others had failed."},
    )
    cycles: int = field(
        default=0, metadata={"help": "Name-server look-ups refused because they depend on themselves (TsuNAME)."}
    )
    name_servers_ignored: int = field(
        default=0, metadata={"help": "Name servers beyond the number held of a delegation (NXNSAttack)."}
    )
    addresses_refused: int = field(
        default=0, metadata={"help": "Server addresses not asked because of do_not_query, when first met."}
    )
    budget_exhausted: dict[str, int] = field(
        default_factory=dict, metadata={"help": "Questions that went beyond their budget of work.", "label": "kind"}
    )
    question_queries: Histogram = field(
        default_factory=lambda: Histogram(QUERIES),
        metadata={"help": "Packets to servers that a client question took, if any.", "unit": "packets"},
    )
    question_lookups: Histogram = field(
        default_factory=lambda: Histogram(NAMES),
        metadata={"help": "Name servers looked up for a client question that took packets.", "unit": "names"},
    )
    question_referrals: Histogram = field(
        default_factory=lambda: Histogram(REFERRALS),
        metadata={"help": "Referrals followed for a client question that took packets.", "unit": "zones"},
    )
    question_aliases: Histogram = field(
        default_factory=lambda: Histogram(ALIASES),
        metadata={"help": "Aliases followed for a client question that took packets.", "unit": "links"},
    )
    question_replies: Histogram = field(
        default_factory=lambda: Histogram(OCTETS),
        metadata={"help": "Octets of servers' replies to a client question that took packets.", "unit": "octets"},
    )
    primings: int = field(default=0, metadata={"help": "Successful priming queries (RFC 9609)."})
    primings_failed: int = field(default=0, metadata={"help": "Priming queries that no root server answered."})
