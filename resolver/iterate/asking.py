"""Ask the servers of one zone until one says something that helps: one alone while it is quick, several when it is late.

The only place but `look_up` where iteration waits for the network. What each reply means is decided in scrub and classify,
whom to ask next and how long to listen in upstream.choose, and whose address to look up meanwhile in seeking.
"""

from collections.abc import Awaitable, Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Final

import trio

from cache.answer import Question
from cache.failures import ServerFailures
from cache.names import WireName, is_at_or_below, to_text
from resolver.env import Address, Env
from resolver.errors import (
    CachedFailure,
    DeadlinePassed,
    ResolutionFailure,
)
from resolver.iterate.addresses import AddressBook
from resolver.iterate.budget import Budget
from resolver.iterate.classify import Reason, Useless, classify
from resolver.iterate.counts import IterateCounts
from resolver.iterate.delegation import Delegation
from resolver.iterate.scrub import scrub
from resolver.iterate.seeking import LATE_AFTER, LookUp, Search
from resolver.iterate.trace import Lost, Replied, Sent, Sought
from resolver.iterate.tries import Heard, Tries
from resolver.upstream import (
    Candidate,
    Exchange,
    Fault,
    GiveUp,
    Linger,
    Race,
    Reply,
    Send,
    Step,
    Upstream,
    Wait,
    choose,
    choose_beside,
    hold_down,
    is_silent,
    next_step,
    note_lame,
)

# s in which nobody in a zone said anything, after which nobody else there is asked: a client would rather hear of a failure
MAX_SILENCE: Final = 3.0
# name servers of one zone whose parents are asked; each costs a query or two, when all is lost
MAX_PARENT_GLUE: Final = 2

LISTEN: Final = Wait(0.0)  # somebody has said something already


# The addresses that the zone above the one of a name server gives for it; also: the question that waits, and its budget.
GlueFinder = Callable[[WireName, Question, Budget], Awaitable[list[Address]]]


@dataclass(frozen=True, slots=True)
class Means:
    """What asking takes. apexes: of forward and stub zones, of which no other server's word is taken."""

    env: Env
    upstream: Upstream
    book: AddressBook
    failures: ServerFailures
    counts: IterateCounts
    find_glue_above: GlueFinder
    apexes: AbstractSet[WireName] = frozenset()


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
        self._silent_since = now = means.env.now()
        self._has_far_glue = bool(delegation.far_glue)
        self._strangers: list[WireName] | None = None  # not looked for yet
        in_hand, missing = means.book.in_hand(delegation, now)
        means.env.rng.shuffle(missing)  # type: ignore[arg-type]  # a list is invariant; shuffling puts nothing in
        self._search = Search(missing)
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
        upstream = self._means.upstream
        upstream.allowance.earn()
        tries, race = Tries(), Race(upstream)
        try:
            while not (gives_up_early and tries.suggest_the_whole):
                step = LISTEN if race.landed else self._next_step(tries, race, shown)
                heard = None
                if isinstance(step, Send):
                    heard = await self._ask_one(step, shown, tries, race)
                elif isinstance(step, LookUp):
                    self._begin_look_up(step.name, race)
                elif isinstance(step, GiveUp):
                    if not await self._find_last_resort(race):
                        return self._give_up(tries, shown, gives_up_early=gives_up_early)
                else:
                    heard = await self._listen(race, step, shown, tries)
                if heard is not None:
                    self._means.failures.succeed(heard.server, shown)
                    return heard
        finally:
            race.leave()
            self._search.leave()
        return None

    async def _ask_one(self, send: Send, shown: Question, tries: Tries, race: Race) -> Heard | None:
        """Ask one more server. While it is the only one and not late it is waited for here; else it runs in the race."""
        beside = None if tries.sends else self._beside(send)
        if race.running:
            self._means.upstream.note_hedge()
        exchange = self._begin(send, shown, tries, race)
        if exchange is None:
            return None
        if beside is None and not race.running:
            outcome = await exchange.listen()
            if outcome is not None:
                return self._meaning_of(outcome, exchange.server, shown, tries)
            tries.late += exchange.was_late
        race.enter(exchange)
        if beside is not None:
            other = self._begin(Send(beside, send.wait), shown, tries, race)
            if other is not None:
                race.enter(other)
        return None

    def _begin(self, send: Send, shown: Question, tries: Tries, race: Race) -> Exchange | None:
        """Send; None when that is beyond the budget, but others are listened to still."""
        upstream, budget = self._means.upstream, self._budget
        tries.sends[send.server] = tries.sends.get(send.server, 0) + 1
        try:
            exchange = Exchange(
                upstream,
                send.server,
                shown,
                send.wait,
                budget.deadline,
                partial(budget.spend_query, self._question.qname),
                is_recursive=self.delegation.is_forwarder,
            )
            exchange.send()
        except ResolutionFailure as failure:
            if not race.running:
                raise
            tries.exhausted = failure
            return None
        if budget.watch is not None:
            budget.tell(Sent(self._question, shown, self.delegation.zone, send.server, send.wait, len(race.running)))
        return exchange

    def _beside(self, send: Send) -> Address | None:
        """Whom to ask beside the first server, to get to know it."""
        upstream, now = self._means.upstream, self._means.env.now()
        if len(self._candidates) < 2 or not upstream.allowance.may_explore():
            return None
        candidates, zone, rng = self._candidates, self.delegation.zone, self._means.env.rng
        chosen = candidates[send.server]
        found = choose_beside(candidates.values(), chosen, zone, now, rng, upstream.typical, upstream.families)
        if found is not None:
            upstream.allowance.spend()
            upstream.counts.explored += 1
            upstream.families.note_tried(found, now)
            state = upstream.state_of(found)
            if is_silent(state):
                hold_down(state, now)
        return found

    async def _listen(self, race: Race, wait: Wait | Linger, shown: Question, tries: Tries) -> Heard | None:
        """What those who were asked already say until the wait is over, or an address turns up."""
        until = min(wait.until, self._budget.deadline) if isinstance(wait, Wait) else self._budget.deadline
        landed = await race.next(until - self._means.env.now())
        if landed is None:
            tries.late += bool(race.running) and self._means.env.now() >= until
            return None
        exchange, outcome = landed
        return self._meaning_of(outcome, exchange.server, shown, tries)

    def _meaning_of(self, outcome: Reply | Fault, server: Address, shown: Question, tries: Tries) -> Heard | None:
        """None when it does not help."""
        if isinstance(outcome, Fault):
            tries.note_fault(server, outcome)
            self._note_fault(outcome, server, shown)
            if self._budget.watch is not None:
                self._budget.tell(Lost(self._question, shown, server, outcome))
            return None
        self._silent_since = outcome.received
        return self._meaning(outcome, server, shown, tries)

    def _note_fault(self, fault: Fault, server: Address, shown: Question) -> None:
        now = self._means.env.now()
        if fault is Fault.TIMEOUT:
            self._means.failures.note_silence(server, shown, now)
        elif fault not in (Fault.NO_ROUTE, Fault.THIS_HOST):  # they say something of this host, not of the server
            self._means.failures.note_failure(server, shown, now)

    def _meaning(self, reply: Reply, server: Address, shown: Question, tries: Tries) -> Heard | None:
        delegation, counts = self.delegation, self._means.counts
        self._budget.spend_octets(reply.response.octets)
        scrubbed = scrub(reply.response, shown.qname, shown.qtype, delegation.zone, self._means.apexes)
        counts.records_scrubbed += scrubbed.dropped
        verdict = classify(shown, delegation.zone, reply.response, scrubbed, is_forwarder=delegation.is_forwarder)
        if self._budget.watch is not None:
            self._budget.tell(Replied(self._question, shown, server, reply, verdict))
        if not isinstance(verdict, Useless):
            return Heard(verdict, scrubbed, reply, server)
        label = verdict.reason.value
        counts.useless_replies[label] = counts.useless_replies.get(label, 0) + 1
        if verdict.reason is Reason.LAME_REFERRAL and shown == self._question:
            note_lame(self._means.upstream.state_of(server), delegation.zone, reply.received)
        if verdict.last_resort is None:
            self._means.failures.note_failure(server, shown, reply.received)
        elif tries.last_resort is None:
            tries.last_resort = Heard(verdict.last_resort, scrubbed, reply, server)
        tries.note_useless(server, verdict)
        return None

    def _next_step(self, tries: Tries, race: Race, shown: Question) -> Step | LookUp:
        """What to do next; raises ResolutionFailure when time or budget is over."""
        means, upstream, now = self._means, self._means.upstream, self._means.env.now()
        if now >= self._budget.deadline:
            raise DeadlinePassed("no answer in time")
        candidates = [one for server, one in self._candidates.items() if server not in tries.done]
        if means.failures:
            candidates = [one for one in candidates if not means.failures.is_paused(one.server, shown, now)]
        zone, closed = self.delegation.zone, upstream.families.closed
        choice = choose(candidates, tries.sends, zone, now, means.env.rng, upstream.typical, closed)
        if choice is not None and not tries.sends:
            return choice
        step = next_step(
            choice if tries.exhausted is None else None,
            race.pending(),
            sum(tries.sends.values()),
            now,
            may_hedge=upstream.allowance.may_hedge(),
            is_hopeless=now - self._silent_since >= MAX_SILENCE,
        )
        if isinstance(step, Wait) or (isinstance(step, Send) and step.server not in tries.sends):
            return step
        move = self._search.next(step, now)
        exhausted = tries.exhausted or self._search.exhausted
        if isinstance(move, GiveUp) and exhausted is not None:
            raise exhausted
        return move

    def _begin_look_up(self, name: WireName, race: Race) -> None:
        """Look up a name server while others are listened to, unless its address has become known meanwhile."""
        if self._gather() or name not in self._search.missing:
            return
        means, budget, search = self._means, self._budget, self._search
        try:
            budget.spend_name()
            within = budget.sub(self._question)
        except ResolutionFailure as failure:
            search.exhausted = failure
            return
        means.counts.address_lookups += 1
        if budget.watch is not None:
            budget.tell(Sought(name, self.delegation.zone))
        search.begin(name, means.env.now() + LATE_AFTER * means.upstream.typical.wait)
        race.accompany(partial(self._look_up, name, within, race))

    async def _look_up(self, name: WireName, within: Budget, race: Race) -> None:
        has_found = False

        def take(found: list[Address]) -> None:
            nonlocal has_found
            has_found = True
            if self._add(found):
                self._search.note_found(name)
                self._gather()
                race.wake()

        await self._means.book.look_up(name, within, self._means.env.now, take)
        if not has_found:
            self._means.counts.address_lookups_failed += 1
        self._search.note_over(name)
        race.wake()

    def _gather(self) -> bool:
        """Take the addresses that are known by now of name servers not looked up; is any of them new?"""
        search, now = self._search, self._means.env.now()
        found = {name: self._means.book.known(name, now) for name in search.missing}
        search.missing = [name for name in search.missing if not found[name]]
        return self._add(address for addresses in found.values() for address in addresses)

    async def _find_last_resort(self, race: Race) -> bool:
        """Is there an address that is only asked when all others have failed? True, too, if somebody answers meanwhile."""
        if self._has_far_glue:
            self._has_far_glue = False
            if self._add(self._means.book.last_resort(self.delegation)):
                return True
        if self._strangers is None:
            self._strangers = strangers_of(self.delegation)
        with trio.CancelScope() as scope:
            race.interrupts(scope)
            while self._strangers:
                name = self._strangers.pop()
                if self._add(await self._means.find_glue_above(name, self._question, self._budget)):
                    return True
            return False
        return True

    def _add(self, addresses: Iterable[Address]) -> bool:
        """Take these among the candidates; is any of them new?"""
        before = len(self._candidates)
        for address in addresses:
            if address not in self._avoided and address not in self._candidates:
                self._candidates[address] = Candidate(address, self._means.upstream.state_of(address))
        return len(self._candidates) > before

    def _are_paused(self, shown: Question) -> bool:
        """Is a server of the zone left alone with this question?"""
        now = self._means.env.now()
        return any(self._means.failures.is_paused(server, shown, now) for server in self._candidates)

    def _give_up(self, tries: Tries, shown: Question, *, gives_up_early: bool) -> Heard | None:
        """None: the whole question may be worth trying still; raises ResolutionFailure."""
        if not tries.sends and self._are_paused(shown):
            self._means.counts.questions_left_alone += 1
            if gives_up_early:
                return None
            raise CachedFailure(f"{to_text(self.delegation.zone)}: failed a short while ago")
        if tries.last_resort is None:
            raise tries.failure(self.delegation)
        self._means.counts.last_resorts += 1
        return tries.last_resort


def strangers_of(delegation: Delegation) -> list[WireName]:
    """The name servers whose addresses other zones give: of those in the zone itself the referral has told the parent's."""
    return [name for name in delegation.name_servers if not is_at_or_below(name, delegation.zone)][:MAX_PARENT_GLUE]
