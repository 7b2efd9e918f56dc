"""The servers of one zone while one question is shown to them: one alone while it is quick, several when it is late.

A machine that exchanges, look-ups and timers move. What each reply means is decided in scrub and classify, whom to ask next
and how long to listen in upstream.choose, and whose address to look up meanwhile in seeking. It is over with a reply that
helps, or with the failure that all tries add up to. What late servers still say afterwards is heard: it tells how they are.
"""

from collections.abc import Awaitable, Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Final, final

from cache.answer import Question
from cache.failures import MAX_SENDS
from cache.names import WireName, is_at_or_below, to_text
from resolver.engine.exchange import Exchange, Outcome
from resolver.engine.means import Means
from resolver.engine.mesh import Landing
from resolver.engine.phases import Phase
from resolver.engine.timers import NEVER, Timer
from resolver.env import Address
from resolver.errors import CachedFailure, DeadlinePassed, InternalError, ResolutionFailure
from resolver.iterate.budget import Budget
from resolver.iterate.classify import Reason, Useless, classify
from resolver.iterate.delegation import Delegation
from resolver.iterate.scrub import scrub
from resolver.iterate.seeking import LATE_AFTER, LookUp, Search
from resolver.iterate.trace import Lost, Replied, Sent, Sought
from resolver.iterate.tries import Heard, Tries
from resolver.upstream import (
    Candidate,
    Fault,
    GiveUp,
    Linger,
    Pending,
    Reply,
    Send,
    Step,
    Wait,
    choose,
    choose_beside,
    hold_down,
    is_silent,
    next_step,
    note_lame,
    wait_for,
)

# s in which nobody in a zone said anything, after which nobody else there is asked: a client would rather hear of a failure
MAX_SILENCE: Final = 3.0
HEARD_LATELY: Final = 60.0  # s: who said something within these is not dead, however many datagrams were lost since
# name servers of one zone whose parents are asked; each costs a query or two, when all is lost
MAX_PARENT_GLUE: Final = 2
MAX_LINGERING: Final = 256  # servers listened to for no question, each with a socket; more are let go

# The addresses that one zone gives for a name server: its own one, or the one above that; also: the question that waits, its
# budget, and who waits. Raises ResolutionFailure.
GlueFinder = Callable[[WireName, Question, Budget, Landing], Awaitable[list[Address]]]
# The addresses of a name server, handed over as they turn up.
AddressFinder = Callable[[WireName, Budget, Landing, Callable[[list[Address]], None]], Awaitable[None]]


class Finders:
    """How addresses are found that are not in hand: by look-ups, which are flights, and from the zone above."""

    def __init__(self, look_up: AddressFinder, own: GlueFinder, above: GlueFinder) -> None:
        """own: what the name's own zone says, where only its parent's glue was known."""
        self.look_up = look_up
        self.own = own
        self.above = above


@final
class ZoneServers:
    """The servers of one zone while a question goes through it. strangers: see strangers_of; None: not looked for yet."""

    def __init__(
        self,
        means: Means,
        delegation: Delegation,
        in_hand: list[Address],
        missing: list[WireName],
        avoided: AbstractSet[Address],
    ) -> None:
        """in_hand, missing: see AddressBook.in_hand. avoided: not to be asked again."""
        self.delegation = delegation
        self.candidates: dict[Address, Candidate] = {}
        self.silent_since = means.mesh.now
        self.has_far_glue = bool(delegation.far_glue)
        self.strangers: list[WireName] | None = None
        self._means = means
        self._avoided = avoided
        if len(missing) > 1:
            means.rng.shuffle(missing)  # type: ignore[arg-type]  # a list is invariant; shuffling puts nothing in
        self.search = Search(missing)
        self.add(in_hand)

    def add(self, addresses: Iterable[Address]) -> bool:
        """Take these among the candidates; is any of them new?"""
        before = len(self.candidates)
        for address in addresses:
            if address not in self._avoided and address not in self.candidates:
                self.candidates[address] = Candidate(address, self._means.state_of(address))
        return len(self.candidates) > before


@final
class ZoneQuery(Landing):
    """One question shown to the servers of one zone. said: what came of it, once it is over.

    said is None if the servers stumble over a shortened question, and the whole one is worth trying. below: the delegation that a
    referral in `said` makes, once somebody has taken it: many may have waited for it.
    """

    def __init__(
        self,
        means: Means,
        finders: Finders,
        servers: ZoneServers,
        shown: Question,
        question: Question,
        budget: Budget,
        *,
        gives_up_early: bool,
    ) -> None:
        """question: whose flight began this; `shown` may be less of it. budget: what is spent."""
        super().__init__()
        self.said: Heard | ResolutionFailure | None = None
        self.below: Delegation | None = None
        self.servers = servers
        self._means = means
        self._finders = finders
        self._shown = shown
        self._question = question
        self._budget = budget
        self._gives_up_early = gives_up_early
        self._tries = Tries()
        self._running: list[Exchange] = []  # those still listened to
        self._began = means.mesh.now
        self._late_counted_at = 0.0
        self._timer: Timer | None = None
        self._seeks_last_resort = False
        self._is_stepping = False

    def start(self) -> None:
        """Ask the first server."""
        self._means.allowance.earn()
        self._advance()

    # What happens to it

    def _advance(self) -> None:
        """Do what is to be done next, until there is something to wait for, or it is over."""
        if self._is_stepping or self.is_over:  # a server that cannot be sent to is told of while it is asked
            return
        self._is_stepping = True
        try:
            while not self.is_over and not self._take_step():
                pass
        except ResolutionFailure as failure:
            self._end(failure)
        except Exception as fault:  # whoever waits must hear of it; it must not end the daemon
            self._means.mesh.report("zone query", fault)
            self._end(InternalError("an internal error"))
        finally:
            self._is_stepping = False

    def _take_step(self) -> bool:
        """Is there nothing to do now but to wait?"""
        if self._gives_up_early and self._tries.suggest_the_whole:
            self._end(None)
            return True
        step = self._next_step()
        if isinstance(step, Send):
            self._ask(step)
            return (
                len(self._running) == 1 and not self._running[0].was_late
            )  # nothing else to be done before it is late
        if isinstance(step, LookUp):
            self._begin_look_up(step.name)
            return False
        if isinstance(step, (Linger, GiveUp)) and self._asks_one_that_was_heard():
            return False
        if isinstance(step, GiveUp):
            return self._seek_last_resort()
        self._wait(step)
        return True

    def _note_late(self, exchange: Exchange) -> None:
        """An exchange's reply is late."""
        self._count_late()
        self._advance()

    def _note_over(self, exchange: Exchange, outcome: Outcome) -> None:
        """An exchange is over."""
        self._running.remove(exchange)
        if exchange.is_over_tcp:
            self._tries.has_tried_tcp = True
        if self.is_over:
            self._means.upstream_counts.lingering_current -= 1
            return
        if isinstance(outcome, ResolutionFailure):
            self._tries.exhausted = outcome
        else:
            try:
                heard = self._meaning_of(outcome, exchange)
            except ResolutionFailure as failure:
                self._end(failure)
                return
            if heard is not None:
                self._means.failures.succeed(heard.server, self._shown)
                self._end(heard)
                return
        self._advance()

    def _look_about(self) -> None:
        """The moment that was waited for has come."""
        self._timer = None
        if self._running:
            self._count_late()
        self._advance()

    def _count_late(self) -> None:
        """Servers asked together that are late together count once."""
        now = self._means.mesh.now
        if now > self._late_counted_at:
            self._late_counted_at = now
            self._tries.late += 1

    # What is done

    def _next_step(self) -> Step | LookUp:
        """What to do next; raises ResolutionFailure when time or budget is over."""
        means, tries, servers, now = self._means, self._tries, self.servers, self._means.mesh.now
        if now >= self._budget.deadline:
            raise DeadlinePassed("no answer in time")
        candidates = [one for server, one in servers.candidates.items() if server not in tries.done]
        if means.failures:
            candidates = [one for one in candidates if not means.failures.is_paused(one.server, self._shown, now)]
        zone, closed = servers.delegation.zone, means.families.closed
        choice = choose(candidates, tries.sends, zone, now, means.rng, means.typical, closed)
        if choice is not None and not tries.sends:
            return choice
        step = next_step(
            choice if tries.exhausted is None else None,
            [Pending(one.server, one.sent_at, one.late_at, one.ends_at) for one in self._running],
            sum(tries.sends.values()),
            now,
            may_hedge=means.allowance.may_hedge(),
            is_hopeless=now - servers.silent_since >= MAX_SILENCE,
        )
        if isinstance(step, Wait) or (isinstance(step, Send) and step.server not in tries.sends):
            return step
        move = servers.search.next(step, now)
        exhausted = tries.exhausted or servers.search.exhausted
        if isinstance(move, GiveUp) and exhausted is not None:
            raise exhausted
        return move

    def _ask(self, send: Send) -> None:
        """Ask one more server; the first one perhaps with another beside it."""
        beside = None if self._tries.sends else self._beside(send)
        if self._running:
            self._means.allowance.spend()
            self._means.upstream_counts.hedges += 1
            for other in self._running:
                other.caused_another = True
        self._begin(send)
        is_last = self._tries.sends[send.server] == MAX_SENDS and not self.is_over
        if is_last and not self.servers.candidates.keys() - self._tries.done - {send.server}:
            self._ask_over_tcp(send.server)
        if beside is not None and not self.is_over:
            self._begin(Send(beside, send.wait))

    def _asks_one_that_was_heard(self) -> bool:
        """Is a server asked over TCP now, since none is worth another datagram, but this one said something lately?"""
        if self._tries.has_tried_tcp:
            return False
        now, means = self._means.mesh.now, self._means
        asked = self._tries.sends.keys() - self._tries.done
        heard = {server: means.state_of(server).last_heard for server in asked}
        latest = max(heard, key=heard.__getitem__, default=None)
        return latest is not None and now - heard[latest] <= HEARD_LATELY and self._ask_over_tcp(latest)

    def _ask_over_tcp(self, server: Address) -> bool:
        """Try TCP as well: the server may lose many datagrams. Is it asked?"""
        tries, means = self._tries, self._means
        override = means.override_of(server)
        has_tcp = tries.has_tried_tcp or any(one.is_over_tcp for one in self._running)  # it has truncated
        if has_tcp or self._gives_up_early or (override is not None and override.tcp != "auto"):
            return False
        means.upstream_counts.over_tcp_at_last += 1
        self._begin(Send(server, wait_for(means.state_of(server), means.typical, 0, is_alone=True)), Phase.STREAM)
        return True

    def _begin(self, send: Send, begins: Phase = Phase.FIRST) -> None:
        """Send, unless that is beyond the budget while others are listened to still."""
        tries, budget = self._tries, self._budget
        delegation = self.servers.delegation
        tries.sends[send.server] = tries.sends.get(send.server, 0) + 1
        exchange = Exchange(
            self._means,
            send.server,
            self._shown,
            send.wait,
            budget,
            self._question.qname,
            self._note_late,
            self._note_over,
            is_recursive=delegation.is_forwarder,
            silent_since=self._silent_since(send.server),
            begins=begins,
        )
        self._running.append(exchange)
        if budget.watch is not None:
            others = len(self._running) - 1
            budget.tell(Sent(self._question, self._shown, delegation.zone, send.server, send.wait, others))
        try:
            exchange.send()
        except ResolutionFailure as failure:
            self._running.remove(exchange)
            if not self._running:
                raise
            tries.exhausted = failure

    def _silent_since(self, server: Address) -> float:
        """When it was first asked this, of which it has said nothing yet; never, if it is asked for the first time."""
        if self._tries.sends[server] == 1:
            return NEVER
        return min((one.sent_at for one in self._running if one.server == server), default=self.servers.silent_since)

    def _beside(self, send: Send) -> Address | None:
        """Whom to ask beside the first server, to get to know it."""
        means, now = self._means, self._means.mesh.now
        candidates = self.servers.candidates
        if len(candidates) < 2 or not means.allowance.may_explore():
            return None
        chosen, zone = candidates[send.server], self.servers.delegation.zone
        found = choose_beside(candidates.values(), chosen, zone, now, means.rng, means.typical, means.families)
        if found is not None:
            means.allowance.spend()
            means.upstream_counts.explored += 1
            means.families.note_tried(found, now)
            state = means.state_of(found)
            if is_silent(state):
                hold_down(state, now)
        return found

    def _wait(self, wait: Wait | Linger) -> None:
        """Until somebody says something, or is late; until this moment, if none of these comes first."""
        deadline = self._budget.deadline
        until = min(wait.until, deadline) if isinstance(wait, Wait) else deadline
        if self._timer is not None:
            self._timer.call_off()
            self._timer = None
        if not any(one.late_at == until and not one.was_late for one in self._running):
            self._timer = self._means.mesh.timers.at(until, self._look_about)

    def _meaning_of(self, outcome: Reply | Fault, exchange: Exchange) -> Heard | None:
        """None when it does not help."""
        server = exchange.server
        if isinstance(outcome, Fault):
            self._tries.note_fault(server, outcome)
            self._remember_fault(outcome, server, over_tcp=exchange.is_over_tcp)
            if self._budget.watch is not None:
                self._budget.tell(Lost(self._question, self._shown, server, outcome))
            return None
        self.servers.silent_since = outcome.received
        return self._meaning(outcome, server)

    def _remember_fault(self, fault: Fault, server: Address, *, over_tcp: bool) -> None:
        now = self._means.mesh.now
        if fault is Fault.TIMEOUT or (fault is Fault.UNREACHABLE and over_tcp):  # many a server has no TCP
            self._means.failures.note_silence(server, self._shown, now)
        elif fault not in (Fault.NO_ROUTE, Fault.THIS_HOST):  # they say something of this host, not of the server
            self._means.failures.note_failure(server, self._shown, now)

    def _meaning(self, reply: Reply, server: Address) -> Heard | None:
        delegation, counts, shown, tries = self.servers.delegation, self._means.counts, self._shown, self._tries
        self._budget.spend_octets(reply.response.octets)
        scrubbed = scrub(reply.response, shown.qname, shown.qtype, delegation.zone, self._means.cache.apexes)
        counts.records_scrubbed += scrubbed.dropped
        verdict = classify(
            shown,
            delegation.zone,
            reply.response,
            scrubbed,
            is_forwarder=delegation.is_forwarder,
            is_whole=shown == self._question,
        )
        if self._budget.watch is not None:
            self._budget.tell(Replied(self._question, shown, server, reply, verdict))
        if not isinstance(verdict, Useless):
            return Heard(verdict, scrubbed, reply, server)
        label = verdict.reason.value
        counts.useless_replies[label] = counts.useless_replies.get(label, 0) + 1
        if verdict.reason is Reason.LAME_REFERRAL and shown == self._question:
            note_lame(self._means.state_of(server), delegation.zone, reply.received)
        if verdict.last_resort is None:
            self._means.failures.note_failure(server, shown, reply.received)
        elif tries.last_resort is None:
            tries.last_resort = Heard(verdict.last_resort, scrubbed, reply, server)
        tries.note_useless(server, verdict)
        return None

    # Addresses that are not in hand

    def _begin_look_up(self, name: WireName) -> None:
        """Look up a name server while others are listened to, unless its address has become known meanwhile."""
        search, budget, means = self.servers.search, self._budget, self._means
        if self._gather() or name not in search.missing:
            return
        try:
            within = budget.begin_look_up(self._question)
        except ResolutionFailure as failure:
            search.exhausted = failure
            return
        if within is None:
            search.missing = []
            return
        means.counts.address_lookups += 1
        if budget.watch is not None:
            budget.tell(Sought(name, self.servers.delegation.zone))
        search.begin(name, means.mesh.now + LATE_AFTER * means.typical.wait)
        means.mesh.start(self._look_up(name, within), "look-up of a name server")

    async def _look_up(self, name: WireName, within: Budget) -> None:
        found_any = [False]

        def take(found: list[Address]) -> None:
            found_any[0] = True
            if self.servers.add(found):
                self.servers.search.note_found(name)
                self._gather()
                self._advance()

        try:
            await self._finders.look_up(name, within, self, take)
        except Exception as fault:  # it has found nothing; not `finally`: nothing is begun when the daemon ends
            self._means.mesh.report("look-up of a name server", fault)
        if not found_any[0]:
            self._means.counts.address_lookups_failed += 1
            within.note_in_vain()
        if not self.is_over:
            self.servers.search.note_over(name)
        self._advance()

    def _gather(self) -> bool:
        """Take the addresses that are known by now of name servers not looked up; is any of them new?"""
        search, now = self.servers.search, self._means.mesh.now
        found = {name: self._means.book.known(name, now) for name in search.missing}
        search.missing = [name for name in search.missing if not found[name]]
        return self.servers.add(address for addresses in found.values() for address in addresses)

    def _seek_last_resort(self) -> bool:
        """Go for addresses that are only asked when all others have failed; give up if there are none. Is it to be waited for?"""
        servers = self.servers
        if self._seeks_last_resort:
            return True
        if servers.has_far_glue:
            servers.has_far_glue = False
            if servers.add(self._means.book.last_resort(servers.delegation)):
                return False
        if servers.strangers is None:
            servers.strangers = strangers_of(servers.delegation)
        if servers.strangers:
            self._seeks_last_resort = True
            self._means.mesh.start(self._ask_above(servers.strangers), "look-up at a name server's parent")
            return True
        self._give_up()
        return True

    async def _ask_above(self, strangers: list[WireName]) -> None:
        """Ask name servers' own zones and their parents for other addresses, until there is one or somebody has answered."""
        try:
            while strangers and not self.is_over:
                name = strangers.pop()
                if self._has_glue(name) and self.servers.add(
                    await self._finders.own(name, self._question, self._budget, self)
                ):
                    break
                if self.is_over or self.servers.add(
                    await self._finders.above(name, self._question, self._budget, self)
                ):
                    break
        except ResolutionFailure as failure:
            self._end(failure)
        except Exception as fault:  # they have nothing to say
            self._means.mesh.report("look-up at a name server's parent", fault)
        self._seeks_last_resort = False
        self._advance()

    def _has_glue(self, name: WireName) -> bool:
        """Was an address of this name server in hand? Else it has been looked up already."""
        book, delegation = self._means.book, self.servers.delegation
        return bool(book.known(name, self._means.mesh.now) or book.addresses_in(delegation.glue, name))

    # How it ends

    def _give_up(self) -> None:
        """With the best that was heard, or why nothing was; raises ResolutionFailure."""
        tries, now = self._tries, self._means.mesh.now
        if not tries.sends and self._is_any_paused(now):
            self._means.counts.questions_left_alone += 1
            if not self._gives_up_early:
                raise CachedFailure(f"{to_text(self.servers.delegation.zone)}: failed a short while ago")
            self._end(None)
            return
        if tries.last_resort is None:
            raise tries.failure(self.servers.delegation)
        self._means.counts.last_resorts += 1
        self._means.failures.succeed(tries.last_resort.server, self._shown)
        self._end(tries.last_resort)

    def _is_any_paused(self, now: float) -> bool:
        """Is a server of the zone left alone with this question?"""
        return any(self._means.failures.is_paused(server, self._shown, now) for server in self.servers.candidates)

    def _end(self, said: Heard | ResolutionFailure | None) -> None:
        """It needs nobody any more; who is late still is listened to for what that tells of him."""
        if self.is_over:
            return
        self.said = said
        means = self._means
        failed = isinstance(said, ResolutionFailure)
        means.waits.note(self.servers.delegation.zone, self._began, means.mesh.now, failed=failed)
        counts = means.upstream_counts
        if self._timer is not None:
            self._timer.call_off()
            self._timer = None
        for exchange in list(self._running):
            if counts.lingering_current < MAX_LINGERING:
                counts.lingering_current += 1
                exchange.is_wanted = False
            else:
                counts.unlistened += 1
                self._running.remove(exchange)
                exchange.close()
        self.servers.search.leave()
        self.land()


def strangers_of(delegation: Delegation) -> list[WireName]:
    """The name servers whose addresses other zones give: of those in the zone itself the referral has told the parent's."""
    return [name for name in delegation.name_servers if not is_at_or_below(name, delegation.zone)][:MAX_PARENT_GLUE]
