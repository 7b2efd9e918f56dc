"""How much work one client question may cause, in all: its Budget, shared by everything that is done for it.

Limits of single steps multiply when delegations and aliases are composed (CAMP); these do not, since every sub-lookup
spends from the same counters and nothing resets them.
"""

from collections.abc import Callable
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Question
from cache.names import WireName
from cache.value import Value
from resolver.errors import NoReachableAuthority, WorkExhausted
from resolver.iterate.counts import IterateCounts
from resolver.iterate.options import WorkLimits


@final
@mypyc_attr(acyclic=True)
class BudgetLimits(Value):
    """The bounds; the defaults are those of Unbound and BIND (resolvers.md 2.1, 2.2) unless said otherwise."""

    __slots__ = (
        "aliases",
        "depth",
        "in_vain",
        "mode",
        "names",
        "nested",
        "octets",
        "queries",
        "queries_per_name",
        "referrals",
    )

    def __init__(
        self,
        queries: int = 200,  # max-global-quota, max-query-count: packets to servers for one client question
        queries_per_name: int = 50,  # BIND's max-recursion-queries, PowerDNS' max_qperq
        names: int = 64,  # MAX_TARGET_COUNT: name servers whose addresses are looked up
        in_vain: int = 5,  # MAX_TARGET_NX: of these look-ups, at any depth
        nested: int = 8,  # of them for the sake of another look-up: honest zones have two or four, Unbound's policy comes to 6
        aliases: int = 11,  # max-query-restarts
        referrals: int = 130,  # MAX_REFERRAL_COUNT
        depth: int = 7,  # max-recursion-depth: look-ups for look-ups; in shadow, too
        octets: int = 262_144,  # of servers' replies: four of the longest messages (PowerDNS' max_bytesperq is 100,000)
        mode: WorkLimits = "enforce",
    ) -> None:
        self.queries: Final = queries
        self.queries_per_name: Final = queries_per_name
        self.names: Final = names
        self.in_vain: Final = in_vain
        self.nested: Final = nested
        self.aliases: Final = aliases
        self.referrals: Final = referrals
        self.depth: Final = depth
        self.octets: Final = octets
        self.mode: Final = mode

    def parts(self) -> tuple[object, ...]:
        return (
            self.queries,
            self.queries_per_name,
            self.names,
            self.in_vain,
            self.nested,
            self.aliases,
            self.referrals,
            self.depth,
            self.octets,
            self.mode,
        )


NEVER: Final = float("inf")
DEFAULT_LIMITS: Final = BudgetLimits()
TOO_MUCH: Final = "this question took too much work: {}"
SHADOW_FACTOR: Final = (
    10  # in shadow, so many times the limit may be used: what is only watched is bounded all the same
)


@mypyc_attr(free_list_len=1)
class Spent:
    """What has been spent so far. One object for a client question and all its sub-lookups. exceeded: limits gone beyond.

    of_validation: what is left for checks of signatures, kept here for who makes them; None: there were none yet.
    """

    __slots__ = (
        "aliases",
        "by_name",
        "exceeded",
        "in_vain",
        "names",
        "nested",
        "octets",
        "of_validation",
        "queries",
        "referrals",
    )

    def __init__(self) -> None:
        self.queries = 0
        self.names = 0
        self.in_vain = 0
        self.nested = 0
        self.aliases = 0
        self.referrals = 0
        self.octets = 0
        self.by_name: dict[WireName, int] = {}
        self.exceeded: list[str] = []
        self.of_validation: object | None = None


@final
class Budgets:
    """Makes the budgets of work that stands for a client question, or is one."""

    def __init__(
        self, now: Callable[[], float], seconds: float, counts: IterateCounts, limits: BudgetLimits = DEFAULT_LIMITS
    ) -> None:
        """seconds: that it may take. now: monotonic seconds."""
        self._now = now
        self._seconds = seconds
        self._counts = counts
        self._limits = limits

    def new(self) -> "Budget":
        """One."""
        return self.within(self._limits)

    def within(self, limits: BudgetLimits) -> "Budget":
        """One of other limits."""
        now = self._now()
        return Budget(now + self._seconds, limits, self._counts, began=now)


@final
@mypyc_attr(free_list_len=1)
class Budget:
    """The right to spend work until `deadline`, given when the question `began` (monotonic seconds).

    ancestors: the questions whose flights wait for this one, outermost first; the last one is the direct waiter.
    """

    __slots__ = ("_counts", "_limits", "ancestors", "began", "deadline", "spent")

    def __init__(
        self,
        deadline: float,
        limits: BudgetLimits = DEFAULT_LIMITS,
        counts: IterateCounts | None = None,
        *,
        began: float = NEVER,
        ancestors: tuple[Question, ...] = (),
        spent: Spent | None = None,
    ) -> None:
        self.deadline = deadline
        self.began = began
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
            self._note_exceeded("depth")
            raise WorkExhausted(TOO_MUCH.format("depth"))
        return Budget(
            self.deadline,
            self._limits,
            self._counts,
            began=self.began,
            ancestors=(*self.ancestors, waiting),
            spent=self.spent,
        )

    def spend_query(self, name: WireName) -> None:
        """One packet to a server on behalf of `name`; raises WorkExhausted when there is none left."""
        spent, limits = self.spent, self._limits
        if spent.queries >= limits.queries:
            self._exceed("queries", spent.queries, limits.queries)
        of_name = spent.by_name.get(name, 0)
        if of_name >= limits.queries_per_name:
            self._exceed("queries per name", of_name, limits.queries_per_name)
        spent.queries += 1
        spent.by_name[name] = of_name + 1

    def spend_octets(self, octets: int) -> None:
        """A reply of so many octets; raises WorkExhausted when all replies together are too long."""
        spent = self.spent
        spent.octets += octets
        if spent.octets > self._limits.octets:
            self._exceed("octets", spent.octets, self._limits.octets)

    def spend_name(self) -> None:
        """One name server whose addresses are looked up."""
        if self.spent.names >= self._limits.names:
            self._exceed("names", self.spent.names, self._limits.names)
        self.spent.names += 1

    def begin_look_up(self, waiting: Question) -> "Budget | None":
        """The budget of the look-up of one more name server, for which `waiting` waits; None: as if there were no more.

        There are no more once enough were in vain, or were looked up for the sake of others (CAMP). Raises WorkExhausted where
        too many were looked up or too deep, and NoReachableAuthority for a circle.
        """
        spent, limits, is_nested = self.spent, self._limits, bool(self.ancestors)
        if spent.in_vain >= limits.in_vain and self._is_end("names in vain", spent.in_vain, limits.in_vain):
            return None
        if is_nested and spent.nested >= limits.nested and self._is_end("names for names", spent.nested, limits.nested):
            return None
        within = self.sub(waiting)
        self.spend_name()
        spent.nested += is_nested
        return within

    def note_in_vain(self) -> None:
        """A name server was looked up, and has no address that can be had."""
        self.spent.in_vain += 1

    def spend_alias(self) -> None:
        """One alias followed."""
        if self.spent.aliases >= self._limits.aliases:
            self._exceed("aliases", self.spent.aliases, self._limits.aliases)
        self.spent.aliases += 1

    def spend_referral(self) -> None:
        """One referral followed."""
        if self.spent.referrals >= self._limits.referrals:
            self._exceed("referrals", self.spent.referrals, self._limits.referrals)
        self.spent.referrals += 1

    def note_use(self) -> None:
        """The client question is done: what it took goes into the histograms of use."""
        spent, counts = self.spent, self._counts
        if counts is not None and spent.queries:
            counts.question_queries.note(spent.queries)
            counts.question_lookups.note(spent.names)
            counts.question_referrals.note(spent.referrals)
            counts.question_aliases.note(spent.aliases)
            counts.question_replies.note(spent.octets)

    def _exceed(self, kind: str, used: int, limit: int) -> None:
        """Raises WorkExhausted, if this limit, which is reached, is the end."""
        if self._is_end(kind, used, limit):
            raise WorkExhausted(TOO_MUCH.format(kind))

    def _is_end(self, kind: str, used: int, limit: int) -> bool:
        """Is this limit, which is reached, the end? Not where it is only watched and this is not beyond all measure."""
        self._note_exceeded(kind)
        return self._limits.mode == "enforce" or used >= SHADOW_FACTOR * limit

    def _note_exceeded(self, kind: str) -> None:
        if kind not in self.spent.exceeded:
            self.spent.exceeded.append(kind)
            if self._counts is not None:
                exceeded = self._counts.budget_exhausted
                exceeded[kind] = exceeded.get(kind, 0) + 1
