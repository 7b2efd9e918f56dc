"""What is the answer to a question about a public name? The cache where it knows, a flight for each link it does not.

The chain of aliases is walked link by link. A link that cannot be fetched is replaced by its own stale copy, if there is
one; nothing else of the chain is touched (design.md §5.3). The answer leaves only through Chain, which proves closure.
"""

from collections.abc import Awaitable, Callable

from cache.answer import Answer, ExtendedError, Question
from cache.chain import Several, first_of
from cache.lookup import (
    AliasesExhausted,
    AliasLoop,
    Chain,
    Link,
    SubstitutionTooLong,
    find,
)
from cache.names import WireName
from cache.options import StaleOptions
from cache.rrset import Denial, Security
from cache.rrtypes import ANY, DNAME, DNSKEY, DS, NOERROR, NXDOMAIN
from cache.staleness import is_due
from resolver.engine.counts import ResolveCounts
from resolver.engine.flights import Flights
from resolver.engine.memory import Memory
from resolver.engine.mesh import Landing, Mesh
from resolver.engine.state import Failed, Fresh, Stale, State, may_bridge, state_of
from resolver.engine.validation import remarks_of
from resolver.errors import (
    OF_VALIDATION,
    STALE_ANSWER,
    STALE_NXDOMAIN,
    AliasChainTooLong,
    CachedFailure,
    DeadlinePassed,
    LocalTarget,
    NameTooLong,
    ResolutionFailure,
    again,
    info_code_of,
    is_of_validation,
    reasons,
    remembered_failure,
)
from resolver.iterate.budget import Budget
from resolver.iterate.learn import Iteration

AtHome = Callable[[Question], Awaitable[Answer]]  # what we ourselves say of a name that is ours


class PublicResolver:
    """Answers questions about names that are not ours, from one cache and over one table of flights."""

    def __init__(
        self,
        mesh: Mesh,
        memory: Memory,
        flights: Flights,
        stale: StaleOptions,
        counts: ResolveCounts,
        *,
        is_local: Callable[[WireName], bool],
        note_due: Callable[[Question], None],
    ) -> None:
        """is_local: names that no public alias may lead to (`.internal` and its like).

        note_due: told of links that are asked for and about to expire.
        """
        self._mesh = mesh
        self._cache = memory.cache
        self._failures = memory.failures
        self._doubted = memory.doubted
        self._flights = flights
        self._stale = stale
        self._client_timeout = stale.client_timeout
        self._counts = counts
        self._is_local = is_local
        self._note_due = note_due

    def find(self, question: Question, now: float) -> Answer | None:
        """The answer if the cache holds all of it, fresh; never waits."""
        answer = find(self._cache, question.qname, question.qtype, now)
        if answer is not None:
            for rrset in answer.answer:
                if is_due(rrset, now) and rrset.rtype != DNAME:  # it comes anew with the alias that is made of it
                    self._note_due(Question(rrset.owner, question.qtype))
        return answer

    async def resolve(
        self, question: Question, budget: Budget, at_home: AtHome | None = None, *, is_checked: bool = True
    ) -> Answer:
        """The answer within the budget's deadline; raises ResolutionFailure.

        at_home: answers where a public alias leads to a local name; None: then the question is refused (LocalTarget).
        is_checked: False: what fails in validation is given all the same, and not kept (CD=1, RFC 4035 §3.2.2).
        """
        chain = Chain(question.qname, question.qtype)
        try:
            return await self._walk(question, chain, budget, at_home, is_checked=is_checked)
        except (AliasLoop, AliasesExhausted) as failure:
            raise AliasChainTooLong(str(failure)) from failure
        except SubstitutionTooLong as end:
            return chain.too_long(end.dname)
        finally:
            budget.note_use()

    async def lookup(
        self, question: Question, budget: Budget, waiter: Landing | None, *, glue_will_do: bool = False
    ) -> Link:
        """The first link of what a flight or a zone query needs; raises ResolutionFailure. waiter: who waits for it.

        glue_will_do: it is the address of a name server; what a referral on the way says of it ends the question.

        A stale one if a fresh one cannot be had: where the servers of name servers' names are away, the zones that these
        name servers serve need not be.
        """
        try:
            state = self._state_of(question)
            if not isinstance(state, Fresh):
                return await self._look_up(question, state, budget, waiter, glue_will_do=glue_will_do)
        except SubstitutionTooLong as end:
            raise NameTooLong(str(end)) from end
        self._mesh.trace.found(budget, question, state.link)
        return state.link

    async def _look_up(
        self, question: Question, state: State, budget: Budget, waiter: Landing | None, *, glue_will_do: bool
    ) -> Link:
        try:
            self._refuse_remembered(question, state, budget, as_it_was=True)
            return (await self._flights.lookup(question, waiter, budget, glue_will_do=glue_will_do)).link
        except ResolutionFailure as failure:
            if question.qtype in (DS, DNSKEY) and is_of_validation(failure):
                raise  # stale keys prove nothing; this says what is wrong
            return self._stale_link(question, failure, budget)

    async def _walk(
        self, question: Question, chain: Chain, budget: Budget, at_home: AtHome | None, *, is_checked: bool
    ) -> Answer:
        stale_at = self._mesh.now + self._client_timeout
        errors: tuple[ExtendedError, ...] = ()
        landed: Iteration | None = None
        wanted = question
        while True:
            state, heard = self._state_of(wanted), False
            link = state.link if isinstance(state, Fresh) else _carried(landed, wanted)
            if link is None:
                try:
                    landed = await self._fetch(wanted, state, budget, stale_at, is_checked=is_checked)
                    link, heard = landed.link, True
                except ResolutionFailure as failure:
                    if not is_checked and failure.unvalidated is not None:
                        link, heard = failure.unvalidated, True
                        errors = failure.answer().errors
                    else:
                        link = self._stale_link(wanted, failure, budget)
                        if is_past(link, self._mesh.now):
                            errors = (_stale_error(link), *reasons(failure))
            else:
                self._mesh.trace.found(budget, wanted, link)
            # what has just been heard is not stale, though its delegation may have ended while its signatures were checked
            if chain.follow(link, first_of(link).received if heard else self._mesh.now):
                # of a secure answer they speak of somebody else: of what was looked up to find it
                remarks = () if chain.security is Security.SECURE else remarks_of(budget)
                return chain.answer(errors=(*errors, *remarks))
            budget.spend_alias()
            wanted = Question(chain.name, chain.qtype)
            if self._is_local(chain.name):
                if at_home is None:
                    raise LocalTarget("a public alias to a name of this platform")
                return ended_by(chain, await at_home(wanted), errors, self._mesh.now)

    def _state_of(self, question: Question) -> State:
        return state_of(self._cache, self._failures, question, self._mesh.now, self._stale)

    async def _fetch(
        self, wanted: Question, state: State, budget: Budget, stale_at: float, *, is_checked: bool
    ) -> Iteration:
        """The missing link from upstream; waits past `stale_at` only when there is nothing stale to give instead."""
        self._refuse_remembered(wanted, state, budget, as_it_was=not is_checked)
        flight = self._flights.board(wanted, budget)
        if isinstance(state, Stale):
            # RFC 8767 §5: a client response timer; whoever joins a late flight does not wait all of it again
            until = min(stale_at, flight.started + self._client_timeout)
        else:
            until = flight.until(budget)
        if not await self._mesh.landed(flight, until):
            raise DeadlinePassed("the servers are late")
        return flight.result()

    def _refuse_remembered(self, question: Question, state: State, budget: Budget, *, as_it_was: bool) -> None:
        """Raise a failure that is still remembered (RFC 9520 §3.2).

        as_it_was: who asks has to judge the failure, and what was said though it failed in validation, if that is at hand:
        a flight that needs the answer, or a client that checks for itself.
        """
        remembered = state.failure if isinstance(state, (Stale, Failed)) else None
        if remembered is None:
            return
        self._counts.failures_from_memory += 1
        self._mesh.trace.left_alone(budget, question, remembered.text)
        if not as_it_was:
            raise CachedFailure(remembered.text, remembered.info_code)
        failure = remembered_failure(remembered.info_code, remembered.text, remembered.until)
        if remembered.info_code in OF_VALIDATION:
            failure.unvalidated = self._doubted.find(question, self._mesh.now)
        raise again(failure)

    def _stale_link(self, question: Question, failure: ResolutionFailure, budget: Budget) -> Link:
        """The stale copy of the link that `failure` left missing; raises `failure` when there is none.

        It is a fresh one if it was learned meanwhile: that a name above is not there, while it was asked which zone signs.
        """
        if not may_bridge(info_code_of(failure), self._stale):
            raise again(failure)
        state = self._state_of(question)
        if isinstance(state, Fresh):
            self._mesh.trace.found(budget, question, state.link)
            return state.link
        if not isinstance(state, Stale):
            raise again(failure)
        if isinstance(failure, DeadlinePassed):
            self._counts.stale_links_after_timeout += 1
        else:
            self._counts.stale_links_after_failure += 1
        self._mesh.trace.found(budget, question, state.link, failure)
        return state.link


def is_past(link: Link, now: float) -> bool:
    """Is it no longer fresh?"""
    return first_of(link).expires <= now


def ended_by(chain: Chain, home: Answer, errors: tuple[ExtendedError, ...], now: float) -> Answer:
    """The answer of a chain whose last link is what we ourselves say of its name."""
    if home.rcode not in (NOERROR, NXDOMAIN):
        return home  # nothing is said of the name, and an open chain is no answer
    chain.follow(_link_in(home, chain, now), now)
    return chain.answer(errors=(*errors, *home.errors))


def _link_in(home: Answer, chain: Chain, now: float) -> Link:
    if not home.answer:
        return _denial_in(home, chain, now)
    return Several(home.answer) if chain.qtype == ANY else home.answer[-1]


def _denial_in(home: Answer, chain: Chain, now: float) -> Denial:
    soa = home.authority[0]
    return Denial(
        owner=chain.name,
        rtype=None if home.rcode == NXDOMAIN else chain.qtype,
        soa=soa,
        ttl=soa.ttl,
        received=now,
        expires=soa.expires,
        rank=soa.rank,
    )


def _carried(landed: Iteration | None, wanted: Question) -> Link | None:
    """A further link that the last flight's response carried; TTL 0 keeps it out of the cache, not out of this answer."""
    if landed is None:
        return None
    return landed.find_link(wanted)


def _stale_error(link: Link) -> ExtendedError:
    if isinstance(link, Denial) and link.is_nxdomain:
        return ExtendedError(STALE_NXDOMAIN)
    return ExtendedError(STALE_ANSWER)
