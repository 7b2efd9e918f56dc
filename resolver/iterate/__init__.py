"""Iteration: what a zone's servers may say, what it means, and where to go on, within a budget of work. All of it is pure."""

from resolver.iterate.budget import DEFAULT_LIMITS, Budget, BudgetLimits, Budgets
from resolver.iterate.counts import IterateCounts
from resolver.iterate.delegation import ZoneServer, configured
from resolver.iterate.hints import BadHints, built_in_hints, parse_hints
from resolver.iterate.learn import Iteration
from resolver.iterate.manner import Manner

__all__ = [
    "DEFAULT_LIMITS",
    "BadHints",
    "Budget",
    "BudgetLimits",
    "Budgets",
    "IterateCounts",
    "Iteration",
    "Manner",
    "ZoneServer",
    "built_in_hints",
    "configured",
    "parse_hints",
]
