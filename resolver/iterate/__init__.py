"""Iteration: from a question, down the referrals, to the server that knows, within a budget of work."""

from resolver.iterate.budget import DEFAULT_LIMITS, Budget, BudgetLimits
from resolver.iterate.counts import IterateCounts
from resolver.iterate.delegation import ZoneServer, configured
from resolver.iterate.hints import BadHints, built_in_hints, parse_hints
from resolver.iterate.iterate import Iterator
from resolver.iterate.learn import Iteration
from resolver.iterate.priming import keep_primed

__all__ = [
    "DEFAULT_LIMITS",
    "BadHints",
    "Budget",
    "BudgetLimits",
    "IterateCounts",
    "Iteration",
    "Iterator",
    "ZoneServer",
    "built_in_hints",
    "configured",
    "keep_primed",
    "parse_hints",
]
