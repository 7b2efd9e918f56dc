"""How much work one client question may cause, in all: its Budget, shared by everything that is done for it.

Limits of single steps multiply when delegations and aliases are composed (CAMP); these do not, since every sub-lookup
spends from the same counters and nothing resets them.
"""

from typing import Final, NoReturn

import msgspec

from cache.answer import Question
from cache.names import WireName
from resolver.errors import NoReachableAuthority, WorkExhausted
from resolver.iterate.counts import IterateCounts


class BudgetLimits(msgspec.Struct, frozen=True):
    """The bounds; the defaults are those of Unbound and BIND (resolvers.md 2.1, 2.2) unless said otherwise."""

    queries: int = 200  # max-global-quota, max-query-count: packets to servers for one client question
    queries_per_name: int = 50  # BIND's max-recursion-queries, PowerDNS' max_qperq
    names: int = 64  # MAX_TARGET_COUNT: name servers whose addresses are looked up
    aliases: int = 11  # max-query-restarts
    referrals: int = 130  # MAX_REFERRAL_COUNT
    depth: int = 7  # max-recursion-depth: look-ups for look-ups


DEFAULT_LIMITS: Final = BudgetLimits()


class Spent:
    """What has been spent so far. One object for a client question and all its sub-lookups."""

    __slots__ = ("aliases", "by_name", "names", "queries", "referrals")

    def __init__(self) -> None:
        self.queries = 0
        self.names = 0
        self.aliases = 0
        self.referrals = 0
        self.by_name: dict[WireName, int] = {}


class Budget:
    """The right to spend work until `deadline` (monotonic seconds).

    ancestors: the questions whose flights wait for this one, outermost first; the last one is the direct waiter.
    """

    __slots__ = ("_counts", "_limits", "ancestors", "deadline", "spent")

    def __init__(
        self,
        deadline: float,
        limits: BudgetLimits = DEFAULT_LIMITS,
        counts: IterateCounts | None = None,
        *,
        ancestors: tuple[Question, ...] = (),
        spent: Spent | None = None,
    ) -> None:
        self.deadline = deadline
        self.ancestors = ancestors
        self.spent = spent or Spent()
        self._limits = limits
        self._counts = counts

    def sub(self, waiting: Question) -> "Budget":
        """The budget of what the flight of `waiting` needs; raises NoReachableAuthority for a circle."""
        if waiting in self.ancestors:
            if self._counts is not None:
                self._counts.cycles += 1
            raise NoReachableAuthority("name servers that need each other's addresses")
        if len(self.ancestors) >= self._limits.depth:
            self._exhaust("depth")
        return Budget(self.deadline, self._limits, self._counts, ancestors=(*self.ancestors, waiting), spent=self.spent)

    def spend_query(self, name: WireName) -> None:
        """One packet to a server on behalf of `name`; raises WorkExhausted when there is none left."""
        spent = self.spent
        if spent.queries >= self._limits.queries:
            self._exhaust("queries")
        of_name = spent.by_name.get(name, 0)
        if of_name >= self._limits.queries_per_name:
            self._exhaust("queries per name")
        spent.queries += 1
        spent.by_name[name] = of_name + 1

    def spend_name(self) -> None:
        """One name server whose addresses are looked up."""
        if self.spent.names >= self._limits.names:
            self._exhaust("names")
        self.spent.names += 1

    def spend_alias(self) -> None:
        """One alias followed."""
        if self.spent.aliases >= self._limits.aliases:
            self._exhaust("aliases")
        self.spent.aliases += 1

    def spend_referral(self) -> None:
        """One referral followed."""
        if self.spent.referrals >= self._limits.referrals:
            self._exhaust("referrals")
        self.spent.referrals += 1

    @property
    def queries_left(self) -> int:
        return self._limits.queries - self.spent.queries

    def _exhaust(self, kind: str) -> NoReturn:
        if self._counts is not None:
            exhausted = self._counts.budget_exhausted
            exhausted[kind] = exhausted.get(kind, 0) + 1
        raise WorkExhausted(f"this question took too much work: {kind}")
