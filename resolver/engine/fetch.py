"""What one flight does: take a question upstream, keep what was learned or remember that it failed."""

from collections.abc import Awaitable, Callable

from cache.answer import Question
from cache.chain import first_of
from cache.lookup import find_last_good
from cache.names import from_text
from cache.options import StaleOptions
from cache.renewal import renew_leases
from cache.rrset import Denial, Entry, Rank
from cache.rrtypes import CNAME
from resolver.engine.counts import ResolveCounts
from resolver.engine.elsewhere import Attempt, in_vain, is_to_be_shown_whole, is_worth_another, refused_in
from resolver.engine.last_good import LastGood
from resolver.engine.memory import Memory
from resolver.engine.mesh import Landing, Mesh
from resolver.engine.validation import Validation
from resolver.errors import (
    CachedFailure,
    DeadlinePassed,
    DenialNotBelieved,
    HostExhausted,
    NameTooLong,
    NoReachableAuthority,
    Overloaded,
    ResolutionFailure,
    ServersSilent,
    WorkExhausted,
    again,
)
from resolver.iterate.budget import Budget
from resolver.iterate.learn import Iteration, of_apex
from resolver.iterate.manner import USUAL, Manner

# Takes a question to the servers; also: whose budget, who waits, and in which manner. Raises ResolutionFailure.
Iterate = Callable[[Question, Budget, Landing, Manner], Awaitable[Iteration]]


class Fetcher:
    """The one place where answers enter the cache and failures enter their memory."""

    def __init__(
        self,
        mesh: Mesh,
        memory: Memory,
        iterate: Iterate,
        stale: StaleOptions,
        counts: ResolveCounts,
        validation: Validation | None = None,
    ) -> None:
        """validation: None: nothing is validated."""
        self._mesh = mesh
        self._cache = memory.cache
        self._failures = memory.failures
        self._doubted = memory.doubted
        self._iterate = iterate
        self._stale = stale
        self._counts = counts
        self._validation = validation
        self._last_good = LastGood(frozenset(map(from_text, stale.prefer_positive)), memory.cache, stale)

    async def fetch(self, question: Question, budget: Budget, flight: Landing) -> Iteration | ResolutionFailure:
        """The outcome of a flight; raises nothing but faults of this program."""
        before = self._known_of(question)
        try:
            iteration = self._derive(question, budget) or await self._bring(question, budget, flight)
            if question.qname in self._cache.apexes:
                iteration = of_apex(iteration, question)
            if self._last_good.zones:
                iteration = self._believed(iteration, question)
        except ResolutionFailure as met:
            failure = again(met)
        else:
            if is_glue(iteration):
                return iteration
            self._keep(iteration, question, before)
            self._failures.succeed(question)
            return iteration
        if isinstance(failure, NameTooLong):
            failure = await self._with_its_dname(failure, question, budget, flight)
        self._counts.failures += 1
        self._mesh.trace.given_up(budget, question, failure)
        # the flight has asked the parents whose delegations had ended: what they confirmed may be given stale
        renew_leases(self._cache, question.qname, question.qtype, self._mesh.now)
        if says_something_of_the_name(failure, budget, self._mesh.now):
            self._remember(question, failure)
        return failure

    def _derive(self, question: Question, budget: Budget) -> Iteration | None:
        """What is proven of it already; None: it has to be asked for."""
        derived = self._validation.derive(question) if self._validation is not None else None
        if derived is not None:
            self._mesh.trace.found(budget, question, derived.link)
        return derived

    async def _bring(self, question: Question, budget: Budget, flight: Landing) -> Iteration:
        """What the first server says whose word can be believed; raises the failure of the first attempt if there is none."""
        attempts: list[Attempt] = []
        while True:
            manner = Manner(refused_in(attempts)) if attempts else USUAL
            brought = await self._attempt(question, budget, flight, manner)
            if is_to_be_shown_whole(brought):
                manner = Manner(manner.avoided, in_whole=True)
                brought = await self._attempt(question, budget, flight, manner)
            if isinstance(brought, Iteration):
                self._counts.mended_elsewhere += bool(attempts)
                return brought
            attempts.append(brought)
            if not is_worth_another(attempts):
                raise again(attempts[0].failure)
            self._counts.asked_elsewhere += 1
            self._mesh.trace.disbelieved(budget, question, brought.refused, brought.failure)

    async def _attempt(
        self, question: Question, budget: Budget, flight: Landing, manner: Manner
    ) -> Iteration | Attempt:
        """What the servers say, validated, or how that failed."""
        try:
            iteration = await self._iterate(question, budget, flight, manner)
            if iteration.is_doubtful:
                self._refuse_doubtful(question)
        except ResolutionFailure as failure:
            return Attempt(again(failure))
        if self._validation is None or is_glue(iteration):
            return iteration
        try:
            return await self._validation.validate(iteration, question, budget, flight)
        except ResolutionFailure as failure:
            return in_vain(again(failure), iteration)

    async def _with_its_dname(
        self, failure: NameTooLong, question: Question, budget: Budget, flight: Landing
    ) -> ResolutionFailure:
        """The failure, once its DNAME is kept: what lies below it and has no name to go on with is answered from memory now."""
        dname = failure.dname
        if dname is None:
            return failure
        try:
            if self._validation is not None:
                dname = await self._validation.validate_dname(dname, question, budget, flight)
        except ResolutionFailure as unvalidated:
            return again(unvalidated)
        self._cache.put(dname, self._mesh.now)
        return failure

    def _believed(self, iteration: Iteration, question: Question) -> Iteration:
        try:
            return self._last_good.believed(iteration, question, self._mesh.now)
        except DenialNotBelieved:
            self._counts.denials_not_believed += 1
            raise

    def _refuse_doubtful(self, question: Question) -> None:
        """Raise that a denial without AA came, if there is something good that it would end (RFC 8767 §4)."""
        link = find_last_good(self._cache, question.qname, question.qtype, self._mesh.now, self._stale)
        if link is not None and not isinstance(link, Denial):
            raise NoReachableAuthority("denied without authority")

    def _known_of(self, question: Question) -> Entry | None:
        """What the cache holds of it as the flight begins, fresh or not: what the flight is to renew."""
        node = self._cache.peek_node(question.qname)
        if node is None:
            return None
        speaking = (question.qtype, None, CNAME)
        return next((one for one in node.entries if one.rtype in speaking and one.rank > Rank.ADDITIONAL), None)

    def _keep(self, iteration: Iteration, question: Question, before: Entry | None) -> None:
        """Store what was learned; of the name asked only if what was to be renewed is still there (compare-and-swap).

        If it was replaced meanwhile, by an NXDOMAIN perhaps, or flushed, this may have been said before that was true.
        """
        now = self._mesh.now
        node = self._cache.peek_node(question.qname)
        is_late = before is not None and not any(one is before for one in (node.entries if node is not None else ()))
        if is_late:
            self._counts.late_writes += 1
        for entry in iteration.learned:
            if not is_late or entry.owner != question.qname:
                self._cache.put(entry, now)

    def _remember(self, question: Question, failure: ResolutionFailure) -> None:
        now = self._mesh.now
        self._doubted.note(question, failure.unvalidated)
        if (
            failure.remembered_until is not None
        ):  # another's: what needs that one's answer fails for as long, and no longer
            self._failures.remember_until(question, failure.info_code, str(failure), now, failure.remembered_until)
            return
        has_stale = find_last_good(self._cache, question.qname, question.qtype, now, self._stale) is not None
        # RFC 8767 §5: with stale data at hand, the next attempt may wait for the failure recheck timer
        at_least = self._stale.recheck if has_stale else 0
        was_silence = isinstance(failure, ServersSilent)
        self._failures.remember(
            question, failure.info_code, str(failure), now, at_least=at_least, was_silence=was_silence
        )


def is_glue(iteration: Iteration) -> bool:
    """Is it what a referral has told on the way? It is kept as such already, and nobody vouches for it."""
    return first_of(iteration.link).rank == Rank.ADDITIONAL


def says_something_of_the_name(failure: ResolutionFailure, budget: Budget, now: float) -> bool:
    """May this failure be remembered for its question (RFC 9520 §2)?

    A lookup that ended because another question's budget or deadline did says nothing of its own name: remembered, it
    would let one hostile zone make the names that it points to fail for everybody, by its name servers or by its aliases.
    """
    if isinstance(failure, (Overloaded, HostExhausted, NameTooLong, CachedFailure)):
        # nothing of the name failed now: the table was full, or this host out of descriptors, or the answer is YXDOMAIN, which
        # the DNAME in the cache gives, or the servers were not even asked
        return False
    is_anothers = bool(budget.ancestors) or budget.spent.aliases > 0
    # what ended in another way may have been mended, had there been more: so is another server asked for what is bogus
    is_over = isinstance(failure, (WorkExhausted, DeadlinePassed)) or bool(budget.spent.exceeded)
    return not (is_anothers and (is_over or now >= budget.deadline))
