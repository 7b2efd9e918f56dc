"""Ask the servers of one zone, one after the other, until one says something that helps.

The only place but `look_up` where iteration waits for the network. What each reply means is decided in scrub and classify,
whom to ask next in upstream.choose.
"""

from collections.abc import Awaitable, Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec

from cache.answer import Question
from cache.failures import ServerFailures
from cache.names import WireName, is_at_or_below, to_text
from resolver.env import Address, Env
from resolver.errors import (
    CachedFailure,
    DeadlinePassed,
    InvalidData,
    NetworkError,
    NoReachableAuthority,
    ResolutionFailure,
)
from resolver.iterate.addresses import MAX_FAILED_LOOKUPS, AddressBook
from resolver.iterate.budget import Budget
from resolver.iterate.classify import Reason, Told, Useless, classify
from resolver.iterate.counts import IterateCounts
from resolver.iterate.delegation import Delegation
from resolver.iterate.scrub import Scrubbed, scrub
from resolver.upstream import Candidate, Choice, Fault, Reply, Upstream, choose, note_lame

MAX_TIMEOUTS: Final = 10  # Knot's: of one question in one zone, over all its servers
MAX_SILENCE: Final = (
    4.0  # s waited in vain in one zone; a client would rather hear of a failure than wait for a miracle
)
MAX_PARENT_GLUE: Final = (
    2  # name servers of one zone whose parents are asked; each costs a query or two, when all is lost
)
TIMEOUTS_UNTIL_WHOLE: Final = (
    2  # shortened questions lost before the whole one is tried: some servers drop what they dislike
)


class Heard(msgspec.Struct, frozen=True):
    """A reply that helps, from whom, and what it says."""

    told: Told
    scrubbed: Scrubbed
    reply: Reply
    server: Address


class Tries:
    """Whom one question has been put to already, and with what success."""

    def __init__(self) -> None:
        self.sends: dict[Address, int] = {}
        self.done: set[Address] = set()  # not worth another packet
        self.has_useless = False
        self.timeouts = 0
        self.troubles: dict[str, int] = {}
        self.last_resort: Heard | None = None
        self.has_malformed = False

    def note_fault(self, server: Address, fault: Fault) -> None:
        """No reply. Only after a loss is the same server worth another packet."""
        if fault is Fault.TIMEOUT:
            self.timeouts += 1
        else:
            self.done.add(server)
        self._count(fault.value)

    def note_useless(self, server: Address, verdict: Useless) -> None:
        """A reply that did not help."""
        self.done.add(server)
        self.has_useless = True
        self._count(verdict.text)
        if verdict.reason is Reason.MALFORMED:
            self.has_malformed = True

    def failure(self, delegation: Delegation, *, is_cut_off: bool) -> ResolutionFailure:
        """The failure that these tries add up to. Its text goes to clients: short, and about the zone only."""
        what = ", ".join(f"{count}x {trouble}" for trouble, count in self.troubles.items())
        text = f"{to_text(delegation.zone)}: {what or 'no server with an address'}"
        if is_cut_off or self.troubles.keys() == {Fault.NO_ROUTE.value}:
            return NetworkError(f"{to_text(delegation.zone)}: {Fault.NO_ROUTE.value}")
        return InvalidData(text) if self.has_malformed else NoReachableAuthority(text)

    def _count(self, trouble: str) -> None:
        self.troubles[trouble] = self.troubles.get(trouble, 0) + 1


# The addresses that the zone above the one of a name server gives for it; also: the question that waits, and its budget.
GlueFinder = Callable[[WireName, Question, Budget], Awaitable[list[Address]]]


@dataclass(frozen=True, slots=True)
class Means:
    """What asking takes."""

    env: Env
    upstream: Upstream
    book: AddressBook
    failures: ServerFailures
    counts: IterateCounts
    find_glue_above: GlueFinder


class ZoneServers:
    """The servers of one zone while one question is iterated."""

    def __init__(
        self, means: Means, delegation: Delegation, question: Question, budget: Budget, avoided: AbstractSet[Address]
    ) -> None:
        """question: the one being iterated; it waits for the addresses looked up here. avoided: not to be asked again."""
        self.delegation = delegation
        self._means = means
        self._question = question
        self._budget = budget
        self._avoided = avoided
        self._candidates: dict[Address, Candidate] = {}
        self._lookups_failed = 0
        self._silence = 0.0
        self._has_far_glue = bool(delegation.far_glue)
        # of those in the zone itself the referral to it has told the parent's addresses
        strangers = [name for name in delegation.name_servers if not is_at_or_below(name, delegation.zone)]
        self._strangers = strangers[:MAX_PARENT_GLUE]
        in_hand, self._missing = means.book.in_hand(delegation, means.env.now())
        means.env.rng.shuffle(self._missing)  # type: ignore[arg-type]  # a list is invariant; shuffling puts nothing in
        self._add(in_hand)

    @property
    def servers(self) -> AbstractSet[Address]:
        """All addresses of the zone's servers that came up."""
        return self._candidates.keys()

    async def ask(self, shown: Question, *, gives_up_early: bool) -> Heard | None:
        """What a server says to `shown`; raises ResolutionFailure when none says anything that helps.

        gives_up_early: `shown` is a shortened question, which may be what the servers stumble over; None, then, means that
        the whole one is worth trying.
        """
        tries = Tries()
        while True:
            now = self._means.env.now()
            if now >= self._budget.deadline:
                raise DeadlinePassed("no answer in time")
            choice = self._choose(tries, shown, now)
            if choice is None:
                if await self._find_more():
                    continue
                if not tries.sends and self._are_paused(shown, now):
                    self._means.counts.questions_left_alone += 1
                    if gives_up_early:
                        return None
                    raise CachedFailure(f"{to_text(self.delegation.zone)}: failed a short while ago")
                return self._give_up(tries)
            heard = await self._ask_one(choice, shown, tries)
            if heard is not None:
                self._means.failures.succeed(choice.server, shown)
                return heard
            if gives_up_early and (tries.has_useless or tries.timeouts >= TIMEOUTS_UNTIL_WHOLE):
                return None

    async def _ask_one(self, choice: Choice, shown: Question, tries: Tries) -> Heard | None:
        """One exchange and its meaning; None when it did not help."""
        tries.sends[choice.server] = tries.sends.get(choice.server, 0) + 1
        outcome = await self._means.upstream.exchange(
            choice.server,
            shown,
            choice.timeout,
            self._budget.deadline,
            partial(self._budget.spend_query, self._question.qname),
            is_recursive=self.delegation.is_forwarder,
        )
        if isinstance(outcome, Fault):
            tries.note_fault(choice.server, outcome)
            self._note_fault(outcome, choice, shown)
            return None
        return self._meaning(outcome, choice.server, shown, tries)

    def _note_fault(self, fault: Fault, choice: Choice, shown: Question) -> None:
        now = self._means.env.now()
        if fault is Fault.TIMEOUT:
            self._silence += choice.timeout
            self._means.failures.note_silence(choice.server, shown, now)
        elif fault is not Fault.NO_ROUTE:  # that says something of this host, not of the server
            self._means.failures.note_failure(choice.server, shown, now)

    def _meaning(self, reply: Reply, server: Address, shown: Question, tries: Tries) -> Heard | None:
        delegation, counts = self.delegation, self._means.counts
        scrubbed = scrub(reply.response, shown.qname, shown.qtype, delegation.zone)
        counts.records_scrubbed += scrubbed.dropped
        verdict = classify(shown, delegation.zone, reply.response, scrubbed, is_forwarder=delegation.is_forwarder)
        if not isinstance(verdict, Useless):
            return Heard(verdict, scrubbed, reply, server)
        label = verdict.reason.value
        counts.useless_replies[label] = counts.useless_replies.get(label, 0) + 1
        if verdict.reason is Reason.LAME_REFERRAL and shown == self._question:
            note_lame(self._means.upstream.state_of(server), delegation.zone)
        if verdict.last_resort is None:
            self._means.failures.note_failure(server, shown, reply.received)
        elif tries.last_resort is None:
            tries.last_resort = Heard(verdict.last_resort, scrubbed, reply, server)
        tries.note_useless(server, verdict)
        return None

    def _choose(self, tries: Tries, shown: Question, now: float) -> Choice | None:
        if tries.timeouts >= MAX_TIMEOUTS or self._silence >= MAX_SILENCE:
            return None
        upstream, failures = self._means.upstream, self._means.failures
        candidates = [
            candidate
            for server, candidate in self._candidates.items()
            if server not in tries.done
            and upstream.has_route(server, now)
            and not failures.is_paused(server, shown, now)
        ]
        return choose(candidates, tries.sends, self.delegation.zone, now, self._means.env.rng)

    def _are_paused(self, shown: Question, now: float) -> bool:
        """Is a server of the zone left alone with this question?"""
        return any(self._means.failures.is_paused(server, shown, now) for server in self._candidates)

    async def _find_more(self) -> bool:
        """Look up name servers whose addresses are not known yet, until a new address turns up. False: there are no more."""
        book = self._means.book
        while self._missing and self._lookups_failed < MAX_FAILED_LOOKUPS:
            name = self._missing.pop()
            if self._add(await book.look_up(name, self._question, self._budget, self._means.env.now())):
                return True
            self._lookups_failed += 1
        if self._has_far_glue:
            self._has_far_glue = False
            if self._add(book.last_resort(self.delegation)):
                return True
        while self._strangers:
            name = self._strangers.pop()
            if self._add(await self._means.find_glue_above(name, self._question, self._budget)):
                return True
        return False

    def _add(self, addresses: Iterable[Address]) -> bool:
        """Take these among the candidates; is any of them new?"""
        before = len(self._candidates)
        for address in addresses:
            if address not in self._avoided and address not in self._candidates:
                self._candidates[address] = Candidate(address, self._means.upstream.state_of(address))
        return len(self._candidates) > before

    def _give_up(self, tries: Tries) -> Heard:
        if tries.last_resort is None:
            has_route, now = self._means.upstream.has_route, self._means.env.now()
            is_cut_off = bool(self._candidates) and not any(has_route(server, now) for server in self._candidates)
            raise tries.failure(self.delegation, is_cut_off=is_cut_off)
        self._means.counts.last_resorts += 1
        return tries.last_resort
