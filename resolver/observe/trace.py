"""What happened in a resolution, for people and programs: the events of iterate/trace as rows, while they happen."""

from collections.abc import Callable
from typing import Final, Literal, assert_never

import msgspec

from cache.answer import Question
from cache.chain import Alias, Link, Several
from cache.names import to_text
from cache.rrset import Denial, RRset
from cache.rrtypes import NS
from resolver.env import Address
from resolver.iterate.classify import Aliased, Answered, Denied, Referred, Useless, Verdict
from resolver.iterate.delegation import Delegation
from resolver.iterate.trace import (
    Begun,
    Boarded,
    Disbelieved,
    Discarded,
    Event,
    Found,
    GivenUp,
    Lost,
    Replied,
    Sent,
    Sought,
)
from resolver.upstream import Assurance
from resolver.wire.message import RawRRset
from resolver.wire.text import rcode_to_text, rdata_to_text, type_to_text

MAX_ROWS: Final = (
    2000  # of one resolution; its budget of 200 queries makes some 700 at most, and flights go on after it
)
MAX_NAMED: Final = 4  # records or name servers that one row names

StepKind = Literal[
    "found", "missing", "begun", "sought", "sent", "replied", "lost", "discarded", "disbelieved", "failed", "cut"
]


class TraceRow(msgspec.Struct, frozen=True, tag="step", tag_field="kind"):
    """One step. at: seconds since the resolution began. depth: how many look-ups it stands below; 0: the client's question.

    owner, type: what the step is about; of a query what the server is shown. wanted: the question that it is
    asked for, where that is another. zone: whose server, or where iteration begins.
    server: its address. rtt: seconds until the reply or until it was given up, a further try over TCP included. rcode: of
    the reply. text: what it means, or why it was done.
    """

    step: StepKind
    at: float
    depth: int
    owner: str
    type: str = ""
    wanted: str = ""
    zone: str = ""
    server: str = ""
    rtt: float | None = None
    rcode: str = ""
    text: str = ""


class Tracer:
    """A Watch (iterate.trace) that makes rows, the first MAX_ROWS; the rest is counted in `dropped`."""

    def __init__(self, now: Callable[[], float], tell: Callable[[TraceRow], None]) -> None:
        """now: monotonic seconds. tell: takes each row at once; must not wait."""
        self.dropped = 0
        self._now = now
        self._tell: Callable[[TraceRow], None] | None = tell
        self._began = now()
        self._rows = 0
        self._sent: dict[tuple[Address, Question, Question], float] = {}

    def __call__(self, event: Event, depth: int) -> None:
        if self._tell is None:
            return
        if self._rows == MAX_ROWS:
            self.dropped += 1
            return
        self._rows += 1
        self._tell(self._row(event, depth, self._now()))

    def end(self) -> None:
        """Nobody watches any more; what still flies is told to nobody. Says last how many steps were not told."""
        if self._tell is not None and self.dropped:
            text = f"{self.dropped} more steps are not shown"
            self._tell(TraceRow("cut", self._now() - self._began, 0, "", text=text))
        self._tell = None

    def _row(self, event: Event, depth: int, now: float) -> TraceRow:
        at = now - self._began
        match event:
            case Sent():
                self._sent[_exchange(event)] = now
                beside = f", beside {event.others} that may answer still" if event.others else ""
                text = f"late after {1000 * event.timeout:.0f} ms{beside}"
                return _of_exchange(event, "sent", at, depth, zone=to_text(event.zone), text=text)
            case Replied(reply=reply):
                text = _meaning(event.verdict) + (", over TCP" if reply.assurance is Assurance.TCP else "")
                if reply.response.flaw:
                    text += f", read without its OPT RR: {reply.response.flaw}"
                rtt, rcode = self._since(event, reply.received), rcode_to_text(reply.response.rcode)
                return _of_exchange(event, "replied", at, depth, rtt=rtt, rcode=rcode, text=text)
            case Lost():
                return _of_exchange(event, "lost", at, depth, rtt=self._since(event, now), text=event.why.value)
            case Discarded(question=question, server=server, text=text):
                row = _of(question, "discarded", at, depth, text=f"discarded: {text}")
                return msgspec.structs.replace(row, server=str(server))
            case Found():
                stale = f"stale, because of: {event.failure}: " if event.failure else "known: "
                return _of(event.question, "found", at, depth, text=stale + _link_text(event.link))
            case Boarded():
                others = "somebody asks already, and their steps are not seen here"
                return _of(event.question, "missing", at, depth, text=others if event.is_joined else "not known")
            case Begun():
                text, zone = _begin_text(event.delegation, is_again=event.is_again), to_text(event.delegation.zone)
                return _of(event.question, "begun", at, depth, zone=zone, text=text)
            case Sought():
                text = "the address of this name server is needed"
                return TraceRow("sought", at, depth, to_text(event.name), zone=to_text(event.zone), text=text)
            case Disbelieved(said_by=said_by):
                row = _of(
                    event.question, "disbelieved", at, depth, zone=to_text(said_by.zone), text=_disbelieved_text(event)
                )
                return msgspec.structs.replace(row, server=str(said_by.server))
            case GivenUp():
                text = "failed a short while ago: " if event.is_remembered else ""
                return _of(event.question, "failed", at, depth, text=text + event.text)
        assert_never(event)

    def _since(self, event: Replied | Lost, now: float) -> float | None:
        sent = self._sent.pop(_exchange(event), None)
        return None if sent is None else now - sent


def _exchange(event: Sent | Replied | Lost) -> tuple[Address, Question, Question]:
    return event.server, event.shown, event.question


def _of_exchange(
    event: Sent | Replied | Lost,
    step: StepKind,
    at: float,
    depth: int,
    *,
    zone: str = "",
    rtt: float | None = None,
    rcode: str = "",
    text: str = "",
) -> TraceRow:
    wanted = "" if event.shown == event.question else _question_text(event.question)
    name, rtype = to_text(event.shown.qname), type_to_text(event.shown.qtype)
    return TraceRow(step, at, depth, name, rtype, wanted, zone, str(event.server), rtt, rcode, text)


def _of(question: Question, step: StepKind, at: float, depth: int, *, zone: str = "", text: str = "") -> TraceRow:
    return TraceRow(step, at, depth, to_text(question.qname), type_to_text(question.qtype), zone=zone, text=text)


def _question_text(question: Question) -> str:
    return f"{to_text(question.qname)} {type_to_text(question.qtype)}"


def _meaning(verdict: Verdict) -> str:
    match verdict:
        case Answered(rrsets=rrsets):
            return f"answer: {_all_records(rrsets)}"
        case Aliased(alias=alias, target=target):
            to = "a name that is too long" if target is None else to_text(target)
            return f"alias: {type_to_text(alias.rtype)} of {to_text(alias.owner)} to {to}"
        case Referred(name_servers=name_servers):
            return f"referral down to {to_text(name_servers.owner)}: {_some(_texts(NS, name_servers.rdatas))}"
        case Denied(owner=owner, rtype=rtype):
            what = "does not exist" if rtype is None else f"has no {type_to_text(rtype)}"
            return f"denial: {to_text(owner)} {what}" + ("" if verdict.soa else ", without an SOA")
        case Useless(text=text):
            return f"of no use: {text}"
    assert_never(verdict)


def _begin_text(delegation: Delegation, *, is_again: bool) -> str:
    again = "all servers below failed, so it goes on" if is_again else "begins"
    whom = _some([server.host for server in delegation.servers] or list(map(to_text, delegation.name_servers)))
    return f"{again} at {to_text(delegation.zone)} ({delegation.origin.value}): {whom}"


def _disbelieved_text(event: Disbelieved) -> str:
    return f"{event.said_by.server.host} is not believed, another server is asked: {event.text}"


def _link_text(link: Link) -> str:
    match link:
        case Alias(shown=shown, target=target):
            return f"{type_to_text(shown[0].rtype)} of {to_text(shown[0].owner)} to {to_text(target)}"
        case Denial():
            what = "does not exist" if link.is_nxdomain else "has no such type"
            return f"{to_text(link.owner)} {what}"
        case Several(rrsets=rrsets):
            return _all_records(rrsets)
        case _:
            return _records(link.rtype, link.rdatas)


def _all_records(rrsets: tuple[RawRRset, ...] | tuple[RRset, ...]) -> str:
    return "; ".join(_records(rrset.rtype, rrset.rdatas) for rrset in rrsets)


def _records(rtype: int, rdatas: tuple[bytes, ...]) -> str:
    return f"{type_to_text(rtype)} {_some(_texts(rtype, rdatas))}"


def _texts(rtype: int, rdatas: tuple[bytes, ...]) -> list[str]:
    return [rdata_to_text(rtype, rdata) for rdata in rdatas]


def _some(texts: list[str]) -> str:
    more = len(texts) - MAX_NAMED
    return ", ".join(texts[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
