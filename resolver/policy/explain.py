"""Why would this question get the answer it would get now? The same walk as the resolution's, told instead of done.

Nothing is asked upstream, nothing is refreshed, and nothing counts as used.
"""

from collections.abc import Iterator
from typing import Final, Literal, assert_never

import msgspec

from cache.answer import Answer, ExtendedError, Question
from cache.chain import AliasesExhausted, AliasLoop, Chain, Link, SubstitutionTooLong, entries_of, first_of
from cache.failures import RememberedFailure
from cache.names import to_text
from cache.rrset import Denial, Entry, RRset
from cache.rrtypes import NOERROR, NXDOMAIN, SOA
from cache.staleness import is_due
from resolver.engine.state import Failed, Fresh, Missing, Stale, State
from resolver.errors import (
    STALE_ANSWER,
    STALE_NXDOMAIN,
    AliasChainTooLong,
    CachedFailure,
    LocalTarget,
    ResolutionFailure,
    reasons,
)
from resolver.policy.special_use import ours
from resolver.policy.whom import Known, next_query
from resolver.wire.text import rcode_to_text, rdata_to_text, type_to_text

LinkState = Literal["fresh", "stale", "negative", "failed", "missing", "local"]

PROVEN: Final = "proven by signed records that came with other answers: nobody is asked"
IN_ITS_NETWORK: Final = "answered in each client's own network: explain this name with --network"


class LinkRow(msgspec.Struct, frozen=True, tag="link", tag_field="kind"):
    """One link of the chain from the qname to the data: an RRset, or where there is none, what was asked for.

    origin: where it comes from: cache, internal, local, special, upstream (it would have to be asked for) or answer (it has
    been). Times in seconds; None where there is nothing that has an age, or no end to it. rdata: presentation text.
    note: what a reader should know.
    """

    owner: str
    type: str
    origin: str
    state: LinkState
    age: float | None = None
    ttl_left: float | None = None
    lease_left: float | None = None
    rank: str = ""
    security: str = ""
    server: str = ""
    rdata: tuple[str, ...] = ()
    note: str = ""


class VerdictRow(msgspec.Struct, frozen=True, tag="verdict", tag_field="kind"):
    """What the client would see. next: what would be asked first, and whom; "": nothing has to be asked.

    rcode: "" when it depends on what upstream says. With `next` and an rcode, stale data stands ready: this is what the
    client would see if upstream fails or is late.
    """

    rcode: str
    is_stale: bool = False
    errors: tuple[str, ...] = ()
    next: str = ""


ExplainRow = LinkRow | VerdictRow


def explain(known: Known, question: Question, now: float) -> list[ExplainRow]:
    """The links of the chain as they stand in the cache, and last the verdict."""
    return list(_story(known, question, now))


def explain_local(answer: Answer, question: Question, origin: str, note: str = "") -> list[ExplainRow]:
    """The rows of an answer that is made here: `origin` is "internal", "local" or "special". note: of each link."""
    links = [_local_row(rrset, origin, note) for rrset in answer.answer]
    if not links:
        state: LinkState = "negative" if answer.rcode in (NOERROR, NXDOMAIN) else "failed"
        links = [LinkRow(to_text(question.qname), type_to_text(question.qtype), origin, state, note=note)]
    return [*links, verdict_row(answer)]


def answer_rows(answer: Answer, question: Question, now: float) -> list[ExplainRow]:
    """The rows of an answer that has just been resolved: its RRsets, and the denial if it ends in one."""
    links = [_of_answer(rrset, now) for rrset in answer.answer]
    if answer.authority and answer.authority[0].rtype == SOA:
        end = (answer.answer[-1].alias_target if answer.answer else None) or question.qname
        soa = answer.authority[0]
        said = f"{'NXDOMAIN' if answer.rcode == NXDOMAIN else 'NODATA'}, SOA of {to_text(soa.owner)}"
        links.append(
            msgspec.structs.replace(
                _of_answer(soa, now),
                owner=to_text(end),
                type=type_to_text(question.qtype),
                state="negative",
                rdata=(said,),
            )
        )
    return [*links, verdict_row(answer)]


def verdict_row(answer: Answer, asked_next: str = "") -> VerdictRow:
    """What a client sees of `answer`."""
    return VerdictRow(rcode_to_text(answer.rcode), answer.is_stale, tuple(map(error_text, answer.errors)), asked_next)


def error_text(error: ExtendedError) -> str:
    """`EDE 22 (why)`."""
    return f"EDE {error.code}" + (f" ({error.text})" if error.text else "")


def _story(known: Known, question: Question, now: float) -> Iterator[ExplainRow]:
    chain = Chain(question.qname, question.qtype)
    try:
        yield from _walk(known, chain, now)
    except (AliasLoop, AliasesExhausted) as end:
        yield verdict_row(AliasChainTooLong(str(end)).answer())
    except SubstitutionTooLong as end:
        yield verdict_row(chain.too_long(end.dname))
    except ResolutionFailure as failure:
        yield verdict_row(failure.answer())


def _walk(known: Known, chain: Chain, now: float) -> Iterator[ExplainRow]:
    """As PublicResolver._walk; raises ResolutionFailure for a chain that leads where it must not."""
    errors: tuple[ExtendedError, ...] = ()
    asked_next = ""
    is_local = ours(known.zones.keys())
    while True:
        wanted = Question(chain.name, chain.qtype)
        state, note = _state_of(known, wanted, now)
        if isinstance(state, Missing) or (isinstance(state, Stale) and state.failure is None):
            asked_next = asked_next or next_query(wanted, known, now)
        match state:
            case Fresh(link=link):
                yield from _present(wanted, link, "negative" if isinstance(link, Denial) else "fresh", note, now)
            case Stale(link=link, failure=failure):
                errors = (_stale_error(link), *_remembered_errors(failure))
                yield from _present(wanted, link, "stale", note, now)
            case Failed(failure=failure):
                yield _absent(wanted, failure, now)
                yield verdict_row(CachedFailure(failure.text).answer())
                return
            case Missing():
                yield _absent(wanted, None, now)
                yield VerdictRow(rcode="", next=asked_next)
                return
            case _:
                assert_never(state)
        if chain.follow(link, now):
            yield verdict_row(known.guard.watched(chain.answer(errors=errors)), asked_next)
            return
        if is_local(chain.name):
            if known.guard.rebind == "refuse":
                raise LocalTarget("a public alias to a name of this platform")
            yield LinkRow(to_text(chain.name), type_to_text(chain.qtype), "internal", "local", note=IN_ITS_NETWORK)
            yield VerdictRow(rcode="", next=asked_next)
            return


def _state_of(known: Known, wanted: Question, now: float) -> tuple[State, str]:
    """How it stands, and what a reader should know of that. What a flight would find proven is as good as fresh."""
    state = known.state_of(wanted, now)
    match state:
        case Fresh(link=link):
            return state, _due_note(link, now)
        case Stale(failure=RememberedFailure() as failure):
            return state, f"given at once: {_failure_text(failure)}"
        case Failed():
            return state, ""
    proven = known.proven(wanted)
    if proven is not None:
        return Fresh(proven), PROVEN
    return state, f"given if upstream fails or takes over {known.stale.client_timeout} s"


def _present(wanted: Question, link: Link, state: LinkState, note: str, now: float) -> Iterator[LinkRow]:
    """The rows of a link: of an alias by a DNAME two, the DNAME and the CNAME that comes of it."""
    for entry in entries_of(link):
        yield _row_of(entry, wanted, "cache", state, note, now)


def _row_of(entry: Entry, wanted: Question, origin: str, state: LinkState, note: str, now: float) -> LinkRow:
    owner, rtype = (entry.owner, entry.rtype) if isinstance(entry, RRset) else (wanted.qname, wanted.qtype)
    return LinkRow(
        owner=to_text(owner),
        type=type_to_text(rtype),
        origin=origin,
        state=state,
        age=now - entry.received,
        ttl_left=_finite(entry.expires - now),
        lease_left=_finite(entry.lease - now),
        rank=entry.rank.name.lower(),
        security=entry.security.name.lower(),
        server=entry.source,
        rdata=_texts(entry),
        note=note,
    )


def _absent(wanted: Question, failure: RememberedFailure | None, now: float) -> LinkRow:
    name, rtype = to_text(wanted.qname), type_to_text(wanted.qtype)
    if failure is None:
        return LinkRow(name, rtype, "upstream", "missing")
    return LinkRow(name, rtype, "cache", "failed", ttl_left=failure.until - now, note=_failure_text(failure))


def _local_row(rrset: RRset, origin: str, note: str) -> LinkRow:
    return LinkRow(
        owner=to_text(rrset.owner),
        type=type_to_text(rrset.rtype),
        origin=origin,
        state="local",
        ttl_left=float(rrset.ttl),
        rank=rrset.rank.name.lower(),
        security=rrset.security.name.lower(),
        rdata=_texts(rrset),
        note=note,
    )


def _of_answer(rrset: RRset, now: float) -> LinkRow:
    state: LinkState = "stale" if rrset.expires <= now and rrset.ttl else "fresh"
    return _row_of(rrset, Question(rrset.owner, rrset.rtype), "answer", state, "", now)


def _texts(entry: Entry) -> tuple[str, ...]:
    if isinstance(entry, RRset):
        return tuple(rdata_to_text(entry.rtype, rdata) for rdata in entry.rdatas)
    return (f"{'NXDOMAIN' if entry.is_nxdomain else 'NODATA'}, SOA of {to_text(entry.soa.owner)}",)


def _remembered_errors(failure: RememberedFailure | None) -> tuple[ExtendedError, ...]:
    return reasons(CachedFailure(failure.text, failure.info_code)) if failure else ()


def _stale_error(link: Link) -> ExtendedError:
    is_nxdomain = isinstance(link, Denial) and link.is_nxdomain
    return ExtendedError(STALE_NXDOMAIN if is_nxdomain else STALE_ANSWER)


def _failure_text(failure: RememberedFailure) -> str:
    times = "once" if failure.attempts == 1 else f"{failure.attempts} times in a row"
    return f"failed {times}: {error_text(ExtendedError(failure.info_code, failure.text))}"


def _due_note(link: Link, now: float) -> str:
    entry = first_of(link)
    return "soon to expire: whoever asks has it fetched anew" if isinstance(entry, RRset) and is_due(entry, now) else ""


def _finite(seconds: float) -> float | None:
    return None if seconds == float("inf") else seconds
