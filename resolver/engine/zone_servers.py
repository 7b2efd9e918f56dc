"""Which servers has a zone while a question goes through it? Those in hand, those looked up meanwhile, and last resorts.

Whose address is looked up, and when, is decided in iterate.seeking. When nobody who is known helps there is the glue that a
zone gives for names elsewhere, then what the name servers' own zones and their parents say of them.
"""

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Question
from cache.names import WireName, is_at_or_below
from resolver.engine.means import Means
from resolver.engine.mesh import Landing
from resolver.env import Address, Rng
from resolver.errors import ResolutionFailure, again
from resolver.iterate.budget import Budget
from resolver.iterate.delegation import Delegation
from resolver.iterate.seeking import LATE_AFTER, Search
from resolver.upstream import Candidate

# name servers of one zone whose parents are asked; each costs a query or two, when all is lost
MAX_PARENT_GLUE: Final = 2

# The addresses of a name server that the zone above its own gives; also: the question that waits, its budget, and who waits.
# Raises ResolutionFailure.
GlueFinder = Callable[[WireName, Question, Budget, Landing], Awaitable[list[Address]]]
# Those that its own zone gives, by which a zone is to be reached: the second name.
OwnFinder = Callable[[WireName, WireName, Question, Budget, Landing], Awaitable[list[Address]]]
# The same, looked for wherever they may be, and handed over as they turn up.
AddressFinder = Callable[[WireName, WireName, Budget, Landing, Callable[[list[Address]], None]], Awaitable[None]]


class Finders:
    """How addresses are found that are not in hand: by look-ups, which are flights, and from the zone above."""

    def __init__(self, look_up: AddressFinder, own: OwnFinder, above: GlueFinder) -> None:
        """own: what the name's own zone says, where only its parent's glue was known."""
        self.look_up = look_up
        self.own = own
        self.above = above


@final
@mypyc_attr(free_list_len=1)
class ZoneServers:
    """The servers of one zone while a question goes through it.

    silent_since: when one of them has said something last, or they were met. search: the name servers without an address.
    """

    def __init__(
        self,
        means: Means,
        finders: Finders,
        delegation: Delegation,
        in_hand: list[Address],
        missing: list[WireName],
        avoided: AbstractSet[Address],
    ) -> None:
        """in_hand, missing: see AddressBook.in_hand. avoided: not to be asked again."""
        self.delegation = delegation
        self.candidates: dict[Address, Candidate] = {}
        self.silent_since = means.mesh.now
        self._means = means
        self._finders = finders
        self._avoided = avoided
        self._has_far_glue = bool(delegation.far_glue)
        self._strangers: list[WireName] | None = None  # see strangers_of; None: not looked for yet
        if len(missing) > 1:
            means.rng.shuffle(missing)  # type: ignore[arg-type]  # a list is invariant; shuffling puts nothing in
        self.search = Search(missing)
        self._add(in_hand)

    def begin_look_up(
        self, name: WireName, question: Question, budget: Budget, query: Landing, go_on: Callable[[], None]
    ) -> None:
        """Look up a name server, unless its address has become known meanwhile, or the budget does not allow it.

        query: who waits, on behalf of `question`. go_on: told whenever addresses have turned up, and when it is over.
        """
        search, means = self.search, self._means
        if self._gather() or name not in search.missing:
            return
        try:
            within = budget.begin_look_up(question)
        except ResolutionFailure as failure:
            search.exhausted = again(failure)
            return
        if within is None:
            search.missing = []
            return
        means.counts.address_lookups += 1
        means.mesh.trace.sought(budget, name, self.delegation.zone)
        search.begin(name, means.mesh.now + LATE_AFTER * means.typical.wait)
        means.mesh.start(self._look_up(name, within, query, go_on), "look-up of a name server")

    async def _look_up(self, name: WireName, within: Budget, query: Landing, go_on: Callable[[], None]) -> None:
        found_any = [False]

        def take(found: list[Address]) -> None:
            found_any[0] = True
            if self._add(found):
                self.search.note_found(name)
                self._gather()
                go_on()

        try:
            await self._finders.look_up(name, self.delegation.zone, within, query, take)
        except Exception as fault:  # it has found nothing; not `finally`: nothing is begun when the daemon ends
            self._means.mesh.report("look-up of a name server", fault)
        if not found_any[0] and not query.is_over:  # else nobody knows what would have been found
            self._means.counts.address_lookups_failed += 1
            within.note_in_vain()
        if not query.is_over:
            self.search.note_over(name)
        go_on()

    def twin_of(self, server: Address) -> Candidate | None:
        """The address over the other family of the name server that has this one, if it has one over each."""
        book, delegation, now = self._means.book, self.delegation, self._means.mesh.now
        for name in delegation.name_servers:
            addresses = {*book.known(name, now), *book.addresses_in(delegation.glue, name)}
            if server in addresses and len(addresses) == 2:
                (twin,) = addresses - {server}
                if (":" in twin.host) != (":" in server.host):
                    return self.candidates.get(twin)
        return None

    def _gather(self) -> bool:
        """Take the addresses that are known by now of name servers not looked up; is any of them new?"""
        search, now = self.search, self._means.mesh.now
        found = {name: self._means.book.known(name, now) for name in search.missing}
        search.missing = [name for name in search.missing if not found[name]]
        return self._add([address for addresses in found.values() for address in addresses])

    def _add(self, addresses: list[Address]) -> bool:
        """Take these among the candidates; is any of them new?"""
        candidates, avoided = self.candidates, self._avoided
        before = len(candidates)
        for address in addresses:
            if address not in candidates and not (avoided and address in avoided):
                candidates[address] = Candidate(address, self._means.state_of(address))
        return len(candidates) > before

    # When all others have failed

    def add_far_glue(self) -> bool:
        """Take the glue for names elsewhere among the candidates, once; is any of it new?"""
        if not self._has_far_glue:
            return False
        self._has_far_glue = False
        return self._add(self._means.book.last_resort(self.delegation))

    def has_strangers(self) -> bool:
        """Are there name servers of whose addresses other zones may say more?"""
        if self._strangers is None:
            self._strangers = strangers_of(self.delegation, self._means.rng)
        return bool(self._strangers)

    async def ask_above(self, question: Question, budget: Budget, query: Landing) -> None:
        """Ask name servers' own zones and their parents for other addresses, until there is one or the query is over.

        Raises ResolutionFailure.
        """
        finders, strangers, zone = self._finders, self._strangers, self.delegation.zone
        while strangers and not query.is_over:
            name = strangers.pop()
            if self._has_glue(name) and self._add(await finders.own(name, zone, question, budget, query)):
                return
            if query.is_over or self._add(await finders.above(name, question, budget, query)):
                return

    def _has_glue(self, name: WireName) -> bool:
        """Was an address of this name server in hand? Else it has been looked up already."""
        book, delegation = self._means.book, self.delegation
        return bool(book.known(name, self._means.mesh.now) or book.addresses_in(delegation.glue, name))


def strangers_of(delegation: Delegation, rng: Rng) -> list[WireName]:
    """Name servers whose addresses other zones give, any two: of those in the zone itself the referral has told the parent's."""
    strangers = [name for name in delegation.name_servers if not is_at_or_below(name, delegation.zone)]
    if len(strangers) > 1:
        rng.shuffle(strangers)  # type: ignore[arg-type]  # as above
    return strangers[:MAX_PARENT_GLUE]
