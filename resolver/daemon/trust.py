"""What validates the answers of public names, when `dnssec.validate` is set: its parts, put together."""

from dataclasses import dataclass
from pathlib import Path

import structlog

from cache.names import WireName
from cache.options import CacheOptions
from cache.store import RRsetCache
from resolver.daemon.beliefs import Anchors, Beliefs
from resolver.dnssec.anchors import BUILT_IN, read
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.gaps import Gaps
from resolver.dnssec.numbers import RSASHA1, RSASHA1_NSEC3, SUPPORTED
from resolver.dnssec.options import DnssecOptions
from resolver.dnssec.standing import Standings
from resolver.dnssec.trust import ChainOfTrust
from resolver.dnssec.validate import Validator
from resolver.dnssec.work import Rest
from resolver.engine.validation import Lookup, Validation
from resolver.env import Env

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trusting:
    """validation: what flights ask before they store. standings, gaps: what an operator's flush forgets with the names.

    beliefs: where trust begins and ends; they outlive a reload.
    """

    beliefs: Beliefs
    validation: Validation
    standings: Standings
    gaps: Gaps

    def forget(self, name: WireName, *, subtree: bool) -> None:
        """Forget what was proven of the name; subtree: and of all below it."""
        self.standings.forget(name, subtree=subtree)
        self.gaps.forget(name, subtree=subtree)


def read_anchors(options: DnssecOptions) -> Anchors:
    """The trust anchors of the configured file, or those built in; none when nothing is validated.

    Raises OSError and BadAnchors.
    """
    if not options.validate:
        return {}
    return read(Path(options.trust_anchors).read_text() if options.trust_anchors else BUILT_IN)


def make_beliefs(options: DnssecOptions, anchors: Anchors, wall: float) -> Beliefs | None:
    """What is believed at the start; None: nothing is validated."""
    return Beliefs(options, anchors, wall) if options.validate else None


def make_trusting(
    options: DnssecOptions,
    beliefs: Beliefs | None,
    env: Env,
    cache: RRsetCache,
    lookup: Lookup,
    counts: DnssecCounts,
    ttls: CacheOptions,
    rest: Rest,
) -> Trusting | None:
    """None, as `beliefs` are: nothing is validated. rest: see Work."""
    if beliefs is None:
        return None
    standings = Standings(counts)
    algorithms = allowed_algorithms(options)
    trust = ChainOfTrust(env.now, beliefs.anchors, beliefs.unchecked, standings, algorithms)
    gaps = Gaps(ttls, counts)
    validator = Validator(trust, gaps, env.now, env.wall, counts, options.signature_skew)
    return Trusting(beliefs, Validation(env.now, validator, cache, lookup, rest), standings, gaps)


def allowed_algorithms(options: DnssecOptions) -> frozenset[int]:
    """By which signatures are checked: what this host's cryptography allows, and the operator."""
    from resolver.dnssec.crypto_policy import allowed  # imports what computes: now, and not while clients wait

    here = allowed()
    if here != SUPPORTED:
        log.warning(
            "algorithms_forbidden_here", algorithms=sorted(SUPPORTED - here), result="such zones count as unsigned"
        )
    return here if options.sha1 else here - {RSASHA1, RSASHA1_NSEC3}
