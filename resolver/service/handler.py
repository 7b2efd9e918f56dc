"""What becomes of one query, whatever transport it came over? A reply at once, a reply later, or silence.

Here a fault of this program ends as SERVFAIL for the one client that met it, and as a traceback in the log.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from cache.answer import Answer
from cache.rrtypes import SERVFAIL
from cache.store import RRsetCache
from resolver.engine import Mesh
from resolver.errors import InternalError, Overloaded
from resolver.observe.boundary import Boundary, FaultCounts
from resolver.observe.tap import ClientTap, joined
from resolver.policy.views import View
from resolver.service.admission import Admission
from resolver.service.answerer import Answerer
from resolver.service.counts import ServiceCounts
from resolver.service.entrance import Entrance
from resolver.service.fast import PLAIN, Asked, FastPath, ReplyStyle
from resolver.service.options import LimitOptions
from resolver.wire import Refusal
from resolver.wire.layout import HEADER_OCTETS, RCODE_BITS
from resolver.wire.message import QR, TC

TC_OCTET: Final = TC >> 8  # of its third
UNREAD: Final = Refusal(Overloaded().answer())  # no text: hardly longer than the query, and so no use to a reflector
BARE_SERVFAIL: Final = (QR | SERVFAIL).to_bytes(2, "big") + bytes(HEADER_OCTETS - 4)  # a header but for its ID

TellFailure = Callable[[Asked, Answer], None]


class Handler:
    """Answers queries."""

    def __init__(
        self,
        now: Callable[[], float],
        answerer: Answerer,
        cache: RRsetCache,
        limits: LimitOptions,
        counts: ServiceCounts,
        mesh: Mesh,
        *,
        style: ReplyStyle = PLAIN,
        boundary: Boundary | None = None,
        tap: ClientTap | None = None,
    ) -> None:
        """now: monotonic seconds (Env.now). mesh: in whose turns queries come. boundary: what faults end at.

        cache, style: see FastPath.
        tap: whom the transports tell queries and replies; None: nobody. tell_failure, set later, is told of each question
        that had to be waited for and ended as SERVFAIL.
        """
        self.now = now
        self.limits = limits
        self.counts = counts
        self.boundary = boundary or Boundary(now, FaultCounts())
        self._tap = tap
        self._query_log: ClientTap | None = None
        self.tap = joined(self.boundary, tap)
        self.tell_failure: TellFailure | None = None
        self._answerer = answerer
        self._cache = cache
        self._fast = FastPath(answerer, cache, counts, style)
        self._admission = Admission(limits, counts)
        self.entrance = Entrance(mesh, counts)

    def adopt(
        self,
        answerer: Answerer,
        limits: LimitOptions,
        style: ReplyStyle,
        *,
        tap: ClientTap | None = None,
    ) -> None:
        """Go by these from the next query on; what is in flight ends with the answerer that it began with."""
        self.limits = limits
        self._tap = tap
        self.tap = joined(self.boundary, tap, self._query_log)
        self._answerer = answerer
        self._fast = FastPath(answerer, self._cache, self.counts, style)
        self._admission.adopt(limits)

    def view_of(self, client: bytes, local: bytes) -> View:
        """What this client may see, by the config of now."""
        return self._fast.view_of(client, local)

    def busiest(self, most: int) -> list[tuple[bytes, int, int]]:
        """The machines (View.machine) with most questions waiting: for their turn, and for their answer; the busiest first."""
        waiting, in_flight = self.entrance.waiting(), self._admission.in_flight()
        found = [(one, waiting.get(one, 0), in_flight.get(one, 0)) for one in {**waiting, **in_flight}]
        return sorted(found, key=lambda row: (-row[1], -row[2], row[0]))[:most]

    def log_queries(self, query_log: ClientTap | None) -> None:
        """Have it told, too, from now on; None: nobody but the tap."""
        self._query_log = query_log
        self.tap = joined(self.boundary, self._tap, query_log)

    def begin(
        self, data: bytes, client: bytes, local: bytes, now: float, *, over_tcp: bool = False
    ) -> bytes | Asked | None:
        """The reply to a query if it needs no waiting; None for silence.

        Asked: the caller must hand it to `finish`; the question is counted as in flight.
        """
        try:
            reply = self._fast.answer(data, client, local, now, over_tcp=over_tcp)
            if type(reply) is Asked:
                reply = self._admit(reply)
        except Exception as fault:
            self._note_fault(fault)
            reply = data[:2] + BARE_SERVFAIL
        if type(reply) is bytes:
            self._note_reply(reply)
        elif reply is None:
            self.counts.silent += 1
        return reply

    def refuse_unread(self, data: bytes, client: bytes) -> bytes | None:
        """The refusal of a query that nobody had time to read; silence for who floods, and for what asks nothing.

        To send it takes most of the time that a flood does, and the time is its neighbours'.
        """
        self.counts.dropped_unread += 1
        reply = None if self.entrance.floods(client) else UNREAD.of(data)
        if reply is None:
            self.counts.silent += 1
        else:
            self._note_reply(reply)
        return reply

    def finish(self, asked: Asked, arrived: float, give: Callable[[bytes], None]) -> None:
        """Have `give` called with the reply to an admitted question, whose query came at `arrived`."""

        def answered(answer: Answer) -> None:
            self._admission.release(asked.view)
            give(self._end(asked, answer, arrived))

        self._ask(asked, answered)

    def answer(self, asked: Asked, arrived: float, take: Callable[[Callable[[], bytes]], None]) -> None:
        """Have `take` called once the answer to an admitted question is there, with what composes the reply."""

        def answered(answer: Answer) -> None:
            self._admission.release(asked.view)
            take(partial(self._end, asked, answer, arrived))

        self._ask(asked, answered)

    def _ask(self, asked: Asked, answered: Callable[[Answer], None]) -> None:
        """Have it answered. The client is charged for what is begun."""
        try:
            if self._answerer.ask(asked.query, asked.view, answered, asked.tally):
                self.entrance.charge_miss(asked.view.client)
        except Exception as fault:
            self._note_fault(fault)
            answered(InternalError("an internal error").answer())

    def _end(self, asked: Asked, answer: Answer, arrived: float) -> bytes:
        try:
            reply = self._compose(asked, answer)
        except Exception as fault:
            self._note_fault(fault)
            reply = self._compose_fault(asked)
        self._note_reply(reply)
        self.counts.latency.note(self.now() - arrived)
        if answer.rcode == SERVFAIL and self.tell_failure is not None:
            self.boundary.attempt("failure_log", partial(self.tell_failure, asked, answer))
        return reply

    def _compose(self, asked: Asked, answer: Answer) -> bytes:
        return self._fast.compose(asked.query, answer, self.now(), asked.max_octets)

    def _compose_fault(self, asked: Asked) -> bytes:
        try:
            return self._compose(asked, InternalError("an internal error").answer())
        except Exception as another:  # without memory even this may fail
            self._note_fault(another)
            return asked.query.id.to_bytes(2, "big") + BARE_SERVFAIL

    def _admit(self, asked: Asked) -> bytes | Asked:
        """`asked` if it may wait, otherwise the reply that says why not: never silence."""
        try:
            self._admission.admit(asked.view)
        except Overloaded as failure:
            asked.tally.composed["refused"] += 1
            return self._compose(asked, failure.answer())
        self.counts.waited += 1
        return asked

    def _note_reply(self, reply: bytes) -> None:
        replies, rcode = self.counts.replies, reply[3] & RCODE_BITS
        replies[rcode] = replies[rcode] + 1
        if reply[2] & TC_OCTET:
            self.counts.truncated += 1

    def _note_fault(self, fault: Exception) -> None:
        self.counts.faults += 1
        self.boundary.note("query", fault)
