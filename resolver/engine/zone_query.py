"""The servers of one zone while one question is shown to them: one alone while it is quick, several when it is late.

A machine that exchanges, look-ups and timers move. What each reply means is decided in hearing, whom to ask next in whom, and
who there is to be asked in zone_servers. It is over with a reply that helps, or with the failure that all tries add up to.
What late servers still say afterwards is heard: it tells how they are.
"""

from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Question
from cache.failures import MAX_SENDS
from cache.names import to_text
from resolver.engine.exchange import Exchange, Outcome
from resolver.engine.hearing import Heard, Hearing
from resolver.engine.means import Means
from resolver.engine.mesh import Landing
from resolver.engine.phases import FIRST, Phase
from resolver.engine.timers import NEVER, Timer
from resolver.engine.whom import first_of, may_be_there, move_after
from resolver.engine.zone_servers import ZoneServers
from resolver.env import Address
from resolver.errors import CachedFailure, DeadlinePassed, InternalError, ResolutionFailure, again
from resolver.iterate.budget import Budget
from resolver.iterate.delegation import Delegation
from resolver.iterate.seeking import LookUp
from resolver.upstream import GiveUp, Linger, NoReply, Reply, Send, Wait, wait_for

MAX_MOVES_AT_ONCE: Final = 256  # sends and look-ups, of which no question may have as many: a fault of ours ends itself
MAX_LINGERING: Final = 256  # servers listened to for no question, each with a socket; more are let go


@final
@mypyc_attr(free_list_len=1)
class ZoneQuery(Landing):
    """One question shown to the servers of one zone. said: what came of it, once it is over.

    said is None if the servers stumble over a shortened question, and the whole one is worth trying. below: the delegation that a
    referral in `said` makes, once somebody has taken it: many may have waited for it.
    """

    def __init__(
        self,
        means: Means,
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
        self._shown = shown
        self._question = question
        self._budget = budget
        self._gives_up_early = gives_up_early
        self._hearing = Hearing(means, servers.delegation, shown, question, budget)
        self._tries = self._hearing.tries
        self._running: list[Exchange] = []  # those still listened to
        self._began = means.mesh.now
        self._late_counted_at = 0.0
        self._timer: Timer | None = None
        self._seeks_last_resort = False
        self._is_moving = False

    def start(self) -> None:
        """Ask the first server."""
        self._means.allowance.earn()
        self._advance()

    # What happens to it

    def _advance(self) -> None:
        """Do what is to be done next, until there is something to wait for, or it is over."""
        if self._is_moving or self.is_over:  # a server that cannot be sent to is told of while it is asked
            return
        self._is_moving = True
        try:
            for _ in range(MAX_MOVES_AT_ONCE):
                if self.is_over or self._make_move():
                    return
            raise RuntimeError(f"{MAX_MOVES_AT_ONCE} moves, and nothing to wait for")
        except ResolutionFailure as failure:
            self._end(failure)
        except Exception as fault:  # whoever waits must hear of it; it must not end the daemon
            self._means.mesh.report("zone query", fault)
            self._end(InternalError("an internal error"))
        finally:
            self._is_moving = False

    def _make_move(self) -> bool:
        """Is there nothing to do now but to wait?"""
        if self._gives_up_early and self._tries.suggest_the_whole:
            self._end(None)
            return True
        if self._means.mesh.now >= self._budget.deadline:
            raise DeadlinePassed("no answer in time")
        move = move_after(self._means, self.servers, self._shown, self._tries, self._running)
        if isinstance(move, Send):
            self._ask(move)
            return len(self._running) == 1 and not self._running[0].was_late  # nothing else is due before it is late
        if isinstance(move, LookUp):
            self.servers.begin_look_up(move.name, self._question, self._budget, self, self._advance)
            return False
        if isinstance(move, (Linger, GiveUp)) and self._asks_over_tcp_at_last():
            return False
        if isinstance(move, GiveUp):
            return self._seek_last_resort()
        self._wait(move)
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
        if isinstance(outcome, NoReply):
            self._hearing.note_no_reply(outcome, exchange.server, over_tcp=exchange.is_over_tcp)
        elif not isinstance(outcome, Reply):
            self._tries.exhausted = again(outcome)
        else:
            self.servers.silent_since = outcome.received
            try:
                heard = self._hearing.meaning_of(outcome, exchange.server)
            except ResolutionFailure as failure:
                self._end(failure)
                return
            if heard is not None:
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

    def _ask(self, send: Send) -> None:
        """Ask one more server; when it is the first, perhaps another instead of it, or beside it."""
        is_first, other = not self._tries.sends, None
        if is_first:
            send, other = first_of(self._means, self.servers, send, self._budget.began)
        if self._running:
            self._means.allowance.spend()
            self._means.upstream_counts.hedges += 1
            for late in self._running:
                late.caused_another = True
        self._begin(send)
        is_last = not is_first and self._tries.sends[send.server] == MAX_SENDS and not self.is_over
        if is_last and not self.servers.candidates.keys() - self._tries.done - {send.server}:
            self._ask_over_tcp(send.server)
        if other is not None and not self.is_over:
            self._begin(Send(other, send.wait))

    def _asks_over_tcp_at_last(self) -> bool:
        """Is a server asked over TCP now, since none is worth another datagram, but this one may be there?"""
        if self._tries.has_tried_tcp:
            return False
        server = may_be_there(self._means, self._tries)
        return server is not None and self._ask_over_tcp(server)

    def _ask_over_tcp(self, server: Address) -> bool:
        """Try TCP as well: the server may lose many datagrams. Is it asked?"""
        tries, means = self._tries, self._means
        override = means.override_of(server)
        has_tcp = tries.has_tried_tcp or any(one.is_over_tcp for one in self._running)  # it has truncated
        may_not = has_tcp or self._gives_up_early or tries.exhausted is not None
        if may_not or (override is not None and override.tcp != "auto"):
            return False
        send = Send(server, wait_for(means.state_of(server), means.typical, 0, is_alone=True))
        is_asked = self._begin(send, Phase.STREAM)
        means.upstream_counts.over_tcp_at_last += is_asked
        return is_asked

    def _begin(self, send: Send, begins: Phase = FIRST) -> bool:
        """Send, unless that is beyond the budget while others are listened to still: then it is False."""
        tries, budget = self._tries, self._budget
        delegation = self.servers.delegation
        sends = tries.sends[send.server] = 1 + (tries.sends.get(send.server, 0) if tries.sends else 0)
        self._means.servers.note_asked(send.server)
        exchange = Exchange(
            self._means,
            self.servers.candidates[send.server],
            self._shown,
            send.wait,
            budget,
            self._question.qname,
            self._note_late,
            self._note_over,
            is_recursive=delegation.is_forwarder,
            silent_since=NEVER if sends == 1 else self._silent_since(send.server),
            begins=begins,
        )
        self._running.append(exchange)
        self._means.mesh.trace.sent(
            budget, self._question, self._shown, delegation.zone, send.server, send.wait, len(self._running) - 1
        )
        try:
            exchange.send()
        except ResolutionFailure as failure:
            self._running.remove(exchange)
            if not self._running:
                raise
            tries.exhausted = again(failure)
            return False
        return True

    def _silent_since(self, server: Address) -> float:
        """When it was first asked this, of which it has said nothing yet, though it was asked before."""
        return min((one.sent_at for one in self._running if one.server == server), default=self.servers.silent_since)

    def _wait(self, wait: Wait | Linger) -> None:
        """Until somebody says something, or is late; until this moment, if none of these comes first."""
        deadline = self._budget.deadline
        until = min(wait.until, deadline) if isinstance(wait, Wait) else deadline
        if self._timer is not None:
            self._timer.call_off()
            self._timer = None
        if not any(one.late_at == until and not one.was_late for one in self._running):
            self._timer = self._means.mesh.timers.at(until, self._look_about)

    def _seek_last_resort(self) -> bool:
        """Go for addresses that are only asked when all others have failed; give up if there are none. Is it to be waited for?"""
        if self._seeks_last_resort:
            return True
        if self.servers.add_far_glue():
            return False
        if self.servers.has_strangers():
            self._seeks_last_resort = True
            self._means.mesh.start(self._ask_above(), "look-up at a name server's parent")
            return True
        self._give_up()
        return True

    async def _ask_above(self) -> None:
        try:
            await self.servers.ask_above(self._question, self._budget, self)
        except ResolutionFailure as failure:
            self._end(self._hearing.best(failure))
        except Exception as fault:  # they have nothing to say
            self._means.mesh.report("look-up at a name server's parent", fault)
        self._seeks_last_resort = False
        self._advance()

    # How it ends

    def _give_up(self) -> None:
        """With the best that was heard, or why nothing was; raises CachedFailure."""
        if not self._tries.sends and self._is_any_paused(self._means.mesh.now):
            self._means.counts.questions_left_alone += 1
            if not self._gives_up_early:
                raise CachedFailure(f"{to_text(self.servers.delegation.zone)}: failed a short while ago")
            self._end(None)
            return
        self._end(self._hearing.best())

    def _is_any_paused(self, now: float) -> bool:
        """Is a server of the zone left alone with this question?"""
        return any(self._means.failures.is_paused(server, self._shown, now) for server in self.servers.candidates)

    def _end(self, said: Heard | ResolutionFailure | None) -> None:
        """It needs nobody any more; who is late still is listened to for what that tells of him."""
        if self.is_over:
            return
        self.said = said if said is None or type(said) is Heard else _kept(said)
        means = self._means
        if self._tries.sends:
            failed = said is not None and type(said) is not Heard
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


def _kept(said: Heard | ResolutionFailure) -> Heard | ResolutionFailure:
    """The same, to be kept."""
    return again(said) if isinstance(said, ResolutionFailure) else said
