"""What validates the answers of public names, when `dnssec.validate` is set: its parts, put together."""

import functools
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import structlog

from cache.names import WireName
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
from resolver.engine.look_ups import Lookup
from resolver.engine.validation import Validation
from resolver.env import Env
from resolver.options import Options

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
    options: Options,
    beliefs: Beliefs | None,
    env: Env,
    cache: RRsetCache,
    lookup: Lookup,
    counts: DnssecCounts,
    rest: Rest,
) -> Trusting | None:
    """None, as `beliefs` are: nothing is validated. rest: see Work."""
    if beliefs is None:
        return None
    validator, standings, gaps = make_validator(options, beliefs.anchors, beliefs.unchecked, env, counts)
    return Trusting(beliefs, Validation(env.now, validator, cache, lookup, rest), standings, gaps)


def make_validator(
    options: Options, anchors: Anchors, unchecked: AbstractSet[WireName], env: Env, counts: DnssecCounts
) -> tuple[Validator, Standings, Gaps]:
    """One that knows nothing yet, and what it will remember in."""
    standings, gaps = Standings(counts), Gaps(options.cache, counts)
    trust = ChainOfTrust(env.now, anchors, unchecked, standings, allowed_algorithms(options.dnssec))
    return Validator(trust, gaps, env.now, env.wall, counts, options.dnssec.signature_skew), standings, gaps


def allowed_algorithms(options: DnssecOptions) -> frozenset[int]:
    """By which signatures are checked: what this host's cryptography allows, and the operator."""
    here = _allowed_here()
    return here if options.sha1 else here - {RSASHA1, RSASHA1_NSEC3}


@functools.cache
def _allowed_here() -> frozenset[int]:
    """Found out and told once: that takes as many signatures as there are algorithms, and a host does not change its mind."""
    from resolver.dnssec.crypto_policy import allowed  # imports what computes: now, and not while clients wait

    here = allowed()
    if here != SUPPORTED:
        log.warning(
            "algorithms_forbidden_here", algorithms=sorted(SUPPORTED - here), result="such zones count as unsigned"
        )
    return here
