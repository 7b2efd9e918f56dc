"""What have a zone's servers said of a question that they were shown, and what does all of it add up to?

What a single reply means is decided in iterate.scrub and classify.
"""

from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Question
from cache.names import to_text
from cache.value import Value
from resolver.engine.means import Means
from resolver.env import Address
from resolver.errors import (
    HostExhausted,
    InvalidData,
    NetworkError,
    NoReachableAuthority,
    ResolutionFailure,
    ServersSilent,
)
from resolver.iterate.budget import Budget
from resolver.iterate.classify import Reason, Told, Useless, classify
from resolver.iterate.delegation import Delegation
from resolver.iterate.scrub import Scrubbed, scrub
from resolver.upstream import NoReply, Reply, note_lame

# shortened questions that were late before the whole one is tried: some servers drop what they dislike
LATE_UNTIL_WHOLE: Final = 2
NOBODY: Final[frozenset[Address]] = frozenset()
SILENCE: Final = frozenset((NoReply.TIMEOUT.value, NoReply.UNREACHABLE.value))


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Heard(Value):
    """A reply that helps, from whom, and what it says."""

    __slots__ = ("reply", "scrubbed", "server", "told")

    def __init__(self, told: Told, scrubbed: Scrubbed, reply: Reply, server: Address) -> None:
        self.told: Final = told
        self.scrubbed: Final = scrubbed
        self.reply: Final = reply
        self.server: Final = server

    def parts(self) -> tuple[object, ...]:
        return self.told, self.scrubbed, self.reply, self.server


@mypyc_attr(free_list_len=1)
class Tries:
    """Whom one question has been put to already, and with what success."""

    def __init__(self) -> None:
        self.sends: dict[Address, int] = {}
        self.done: frozenset[Address] = NOBODY  # not worth another packet
        self.has_useless = False
        self.late = 0
        self.exhausted: ResolutionFailure | None = None
        self.troubles: dict[str, int] = {}
        self.last_resort: Heard | None = None
        self.has_malformed = False
        self.has_tried_tcp = False

    @property
    def suggest_the_whole(self) -> bool:
        """Do the servers seem to stumble over a shortened question?"""
        return self.has_useless or self.late >= LATE_UNTIL_WHOLE

    def note_no_reply(self, server: Address, why: NoReply) -> None:
        """No reply. Only after a loss is the same server worth another packet."""
        if why is not NoReply.TIMEOUT:
            self.done = self.done.union((server,))
        self._count(why.value)

    def note_useless(self, server: Address, verdict: Useless) -> None:
        """A reply that did not help."""
        self.done = self.done.union((server,))
        self.has_useless = True
        self._count(verdict.text)
        if verdict.reason is Reason.MALFORMED:
            self.has_malformed = True

    def failure(self, delegation: Delegation) -> ResolutionFailure:
        """The failure that these tries add up to. Its text goes to clients: short, and about the zone only."""
        what = ", ".join(f"{count}x {trouble}" for trouble, count in self.troubles.items())
        text = f"{to_text(delegation.zone)}: {what or 'no server with an address'}"
        if self.troubles.keys() == {NoReply.NO_ROUTE.value}:
            return NetworkError(f"{to_text(delegation.zone)}: {NoReply.NO_ROUTE.value}")
        if self.troubles.keys() == {NoReply.THIS_HOST.value}:
            return HostExhausted(f"{to_text(delegation.zone)}: {NoReply.THIS_HOST.value}")
        if NoReply.TIMEOUT.value in self.troubles and self.troubles.keys() <= SILENCE:
            return ServersSilent(text)
        return InvalidData(text) if self.has_malformed else NoReachableAuthority(text)

    def _count(self, trouble: str) -> None:
        self.troubles[trouble] = self.troubles.get(trouble, 0) + 1


@final
@mypyc_attr(free_list_len=1)
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
