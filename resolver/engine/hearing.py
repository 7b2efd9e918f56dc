"""What have a zone's servers said of a question that they were shown, and is one of them not to be asked it again?

What a reply means is decided in iterate.scrub and classify; what all of it adds up to, in iterate.tries.
"""

from typing import final

from cache.answer import Question
from resolver.engine.means import Means
from resolver.env import Address
from resolver.errors import ResolutionFailure
from resolver.iterate.budget import Budget
from resolver.iterate.classify import Reason, Useless, classify
from resolver.iterate.delegation import Delegation
from resolver.iterate.scrub import scrub
from resolver.iterate.tries import Heard, Tries
from resolver.upstream import NoReply, Reply, note_lame


@final
class Hearing:
    """What was heard so far. tries: who was asked, and how often."""

    def __init__(
        self, means: Means, delegation: Delegation, shown: Question, question: Question, budget: Budget
    ) -> None:
        """shown: what the servers are asked, which may be less of `question`. budget: what is spent."""
        self.tries = Tries()
        self._means = means
        self._delegation = delegation
        self._shown = shown
        self._question = question
        self._budget = budget

    def note_no_reply(self, why: NoReply, server: Address, *, over_tcp: bool) -> None:
        """Nothing came of it."""
        self.tries.note_no_reply(server, why)
        failures, now = self._means.failures, self._means.mesh.now
        if why is NoReply.TIMEOUT or (why is NoReply.UNREACHABLE and over_tcp):  # many a server has no TCP
            failures.note_silence(server, self._shown, now)
        elif why not in (NoReply.NO_ROUTE, NoReply.THIS_HOST):  # they say something of this host, not of the server
            failures.note_failure(server, self._shown, now)
        self._means.mesh.trace.lost(self._budget, self._question, self._shown, server, why)

    def meaning_of(self, reply: Reply, server: Address) -> Heard | None:
        """None when it does not help; raises WorkExhausted."""
        delegation, counts, shown = self._delegation, self._means.counts, self._shown
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
        self._means.mesh.trace.replied(self._budget, self._question, shown, server, reply, verdict)
        if not isinstance(verdict, Useless):
            self._means.failures.succeed(server, shown)
            return Heard(verdict, scrubbed, reply, server)
        if verdict.last_resort is None:
            self._means.failures.note_failure(server, shown, reply.received)
        elif self.tries.last_resort is None:
            self.tries.last_resort = Heard(verdict.last_resort, scrubbed, reply, server)
        self._note_useless(verdict, reply, server)
        return None

    def _note_useless(self, verdict: Useless, reply: Reply, server: Address) -> None:
        counts, label = self._means.counts, verdict.reason.value
        counts.useless_replies[label] = counts.useless_replies.get(label, 0) + 1
        if verdict.reason is Reason.LAME_REFERRAL and self._shown == self._question:
            note_lame(self._means.state_of(server), self._delegation.zone, reply.received)
        self.tries.note_useless(server, verdict)

    def best(self, end: ResolutionFailure | None = None) -> Heard | ResolutionFailure:
        """The best that was heard, when nothing was good, or why there is nothing.

        end: what ended the search for other addresses of servers that have all been asked; what was heard counts still.
        """
        best = self.tries.last_resort
        if best is None:
            return end or self.tries.failure(self._delegation)
        self._means.counts.last_resorts += 1
        self._means.failures.succeed(best.server, self._shown)
        return best
