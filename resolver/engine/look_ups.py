"""Where is a name server? Its addresses, by questions of our own: from flights, or from a referral on their way.

Asked for when none of a zone's servers is in hand, or none of those helps.
"""

from collections.abc import Awaitable, Callable
from typing import Final, final

from cache.answer import Question
from cache.chain import Alias, Link
from cache.names import WireName
from cache.rrset import Denial, RRset
from cache.rrtypes import A
from resolver.engine.means import Means
from resolver.engine.mesh import Landing
from resolver.engine.parents import Parents
from resolver.env import Address
from resolver.errors import ResolutionFailure
from resolver.iterate.budget import Budget
from resolver.iterate.delegation import known_addresses

MAX_ALIASES: Final = 2  # from the name of a name server to its address; it should be none (RFC 2181 §10.3)

# The first link of a question, through cache and flights, and so validated; also: whose budget, and who waits. Raises
# ResolutionFailure.
Lookup = Callable[[Question, Budget, Landing], Awaitable[Link]]
# Is the data of this zone validated? Also: the question that needs to know it, whose budget, and who waits. Raises
# ResolutionFailure.
IsSigned = Callable[[WireName, Question, Budget, Landing], Awaitable[bool]]


@final
class LookUps:
    """One for the daemon."""

    def __init__(
        self, means: Means, parents: Parents, lookup: Lookup, locate: Lookup, is_signed: IsSigned | None
    ) -> None:
        """locate: a lookup for which glue will do. is_signed: None: nothing is validated."""
        self._means = means
        self._parents = parents
        self._lookup = lookup
        self._locate = locate
        self._is_signed = is_signed

    async def find(
        self, name: WireName, zone: WireName, within: Budget, query: Landing, take: Callable[[list[Address]], None]
    ) -> None:
        """Ask for the addresses of one name server of `zone`; `take` gets them as they turn up, the same perhaps twice.

        The referral to the zone of its name has them already, as a rule, and of both families; then the zone itself is not
        asked: what it says may be something else, but is only needed where the glue leads nowhere (`find_own`). One family after
        the other, as both lie with the same servers: side by side each would fetch the same referrals.
        """
        book = self._means.book
        book.seek(name, take)
        try:
            for rtype in book.rtypes:
                known = known_addresses(self._means.cache, name, self._means.mesh.now)
                if any(rrset.rtype == rtype for rrset in known):
                    continue
                found = await self._addresses(Question(name, rtype), zone, within, query, self._locate)
                if found:
                    take(found)
                if query.is_over:
                    return
        finally:
            book.leave(name, take)

    async def find_own(
        self, name: WireName, zone: WireName, waits: Question, budget: Budget, query: Landing
    ) -> list[Address]:
        """The addresses that the own zone of a name server of `zone` gives, where the glue of a zone above has led nowhere.

        Raises WorkExhausted.
        """
        within = self._parents.begin_look_up(Question(name, A), waits, budget)
        if within is None:
            return []
        self._means.counts.own_address_lookups += 1
        found: list[Address] = []
        for rtype in self._means.book.rtypes:
            found += await self._addresses(Question(name, rtype), zone, within, query, self._lookup)
            if found or query.is_over:
                break
        if not found and not query.is_over:
            within.note_in_vain()
        return found

    async def _addresses(
        self, asked: Question, zone: WireName, budget: Budget, query: Landing, lookup: Lookup
    ) -> list[Address]:
        question = asked
        for _ in range(MAX_ALIASES + 1):
            if question in budget.ancestors:
                self._means.counts.cycles += 1
                return []
            link = await self._link(question, zone, budget, query, lookup)
            if not isinstance(link, Alias):
                return self._means.book.usable(link.rdatas, link.rtype) if isinstance(link, RRset) else []
            # RFC 2181 §10.3 forbids zones to do this; some do, and their names are there for who follows
            question = Question(link.target, question.qtype)
        return []

    async def _link(
        self, question: Question, zone: WireName, budget: Budget, query: Landing, lookup: Lookup
    ) -> Link | None:
        """What is said of an address, or an alias of a name server; None: nothing by which `zone` may be reached."""
        try:
            return await lookup(question, budget, query)
        except ResolutionFailure as failure:
            doubted = failure.unvalidated
        if doubted is None or isinstance(doubted, Denial) or self._is_signed is None:
            return None
        # An outage of the signatures of a zone of name servers is none of the zones that they serve, if what is said there is
        # validated itself: then this is as good as glue, for which nobody vouches either. To a zone that is not signed it must
        # not lead: whatever is said there is believed, and this may be forged, as its own zone says.
        try:
            return doubted if await self._is_signed(zone, question, budget, query) else None
        except ResolutionFailure:
            return None
