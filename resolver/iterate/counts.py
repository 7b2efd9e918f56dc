"""What iterate/ counts."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class IterateCounts:
    """Counters of the way from a question to the server that knows."""

    iterations: int = field(default=0, metadata={"help": "Questions taken to authoritative servers."})
    referrals: int = field(default=0, metadata={"help": "Referrals followed downwards."})
    minimised: int = field(default=0, metadata={"help": "Queries sent with a minimised name (RFC 9156)."})
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
    parent_glue_lookups: int = field(
        default=0,
        metadata={"help": "Name servers whose glue was asked of the zone above theirs, because all others had failed."},
    )
    cycles: int = field(
        default=0, metadata={"help": "Name-server look-ups refused because they depend on themselves (TsuNAME)."}
    )
    name_servers_ignored: int = field(
        default=0, metadata={"help": "Name servers beyond the number considered per delegation (NXNSAttack)."}
    )
    addresses_refused: int = field(
        default=0, metadata={"help": "Server addresses not asked because of do_not_query, when first met."}
    )
    budget_exhausted: dict[str, int] = field(
        default_factory=dict, metadata={"help": "Questions stopped by their budget of work.", "label": "kind"}
    )
    primings: int = field(default=0, metadata={"help": "Successful priming queries (RFC 9609)."})
    primings_failed: int = field(default=0, metadata={"help": "Priming queries that no root server answered."})
