"""Why would this question get the answer it would get now? The same walk as the resolution's, told instead of done.

Nothing is asked upstream and nothing is refreshed. The cache counts that it was looked at, as with any look.
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from cache.answer import Answer, ExtendedError, Question
from cache.chain import Alias, AliasesExhausted, AliasLoop, Chain, Link, SubstitutionTooLong
from cache.failures import Failures, RememberedFailure
from cache.lookup import find_link, find_stale_link
from cache.names import WireName, ancestors, to_text
from cache.options import StaleOptions
from cache.rrset import Denial, RRset
from cache.rrtypes import DS, NOERROR, NS, NXDOMAIN, SERVFAIL, YXDOMAIN
from cache.store import RRsetCache
from resolver.errors import CACHED_ERROR, INVALID_DATA, STALE_ANSWER, STALE_NXDOMAIN
from resolver.wire.text import rcode_to_text, rdata_to_text, type_to_text

MAX_SERVERS_SHOWN: Final = 4  # a zone's name servers are a hint to people, not a list to work from

State = Literal["fresh", "stale", "negative", "failed", "missing", "local"]


class LinkRow(msgspec.Struct, frozen=True, tag="link", tag_field="kind"):
    """One link of the chain from the qname to the data.

    origin: where it comes from: cache, internal, special or upstream (it would have to be asked for). Times in seconds;
    None where there is nothing that has an age, or no end to it. records: presentation text. note: what a reader should know.
    """

    name: str
    type: str
    origin: str
    state: State
    age: float | None = None
    remaining: float | None = None
    lease_remaining: float | None = None
    trust: str = ""
    security: str = ""
    server: str = ""
    records: tuple[str, ...] = ()
    note: str = ""


class VerdictRow(msgspec.Struct, frozen=True, tag="verdict", tag_field="kind"):
    """What the client would see. rcode: "" when it depends on what upstream says; next: what would be asked, and whom."""

    rcode: str
    is_stale: bool = False
    errors: tuple[str, ...] = ()
    next: str = ""


ExplainRow = LinkRow | VerdictRow


def explain(
    cache: RRsetCache, failures: Failures, question: Question, now: float, stale: StaleOptions
) -> list[ExplainRow]:
    """The links of the chain as they stand in the cache, and last the verdict."""
    return list(_story(cache, failures, question, now, stale))


def explain_local(answer: Answer, question: Question, origin: str) -> list[ExplainRow]:
    """The rows of an answer that is not the cache's: `origin` is "internal" or "special"."""
    links = [_local_row(rrset, origin) for rrset in answer.answer]
    if not links:
        state: State = "negative" if answer.rcode in (NOERROR, NXDOMAIN) else "failed"
        links = [LinkRow(to_text(question.qname), type_to_text(question.qtype), origin, state)]
    return [*links, _verdict(answer, "")]


def _story(
    cache: RRsetCache, failures: Failures, question: Question, now: float, stale: StaleOptions
) -> Iterator[ExplainRow]:
    try:
        yield from _walk(cache, failures, Chain(question.qname, question.qtype), now, stale)
    except (AliasLoop, AliasesExhausted) as end:
        yield _dead_end(SERVFAIL, str(end))
    except SubstitutionTooLong as end:
        yield _dead_end(YXDOMAIN, str(end))


def _walk(cache: RRsetCache, failures: Failures, chain: Chain, now: float, stale: StaleOptions) -> Iterator[ExplainRow]:
    errors: list[ExtendedError] = []
    asked_next = ""
    while True:
        wanted = Question(chain.name, chain.qtype)
        link = find_link(cache, wanted.qname, wanted.qtype, now)
        if link is not None:
            yield _present(wanted, link, "negative" if isinstance(link, Denial) else "fresh", "", now)
        else:
            failure = failures.find(wanted, now)
            if failure is None:
                asked_next = asked_next or _would_ask(cache, wanted, now)
            link = find_stale_link(cache, wanted.qname, wanted.qtype, now, stale)
            if link is None:
                yield _absent(wanted, failure, now)
                yield _verdict_without(failure, asked_next)
                return
            errors = [_stale_error(link), *_remembered_errors(failure)]
            yield _present(wanted, link, "stale", _stale_note(failure, stale), now)
        if chain.follow(link, now):
            yield _verdict(chain.answer(errors=tuple(errors)), asked_next)
            return


def _present(wanted: Question, link: Link, state: State, note: str, now: float) -> LinkRow:
    entry = link.shown[0] if isinstance(link, Alias) else link
    return LinkRow(
        name=to_text(wanted.qname),
        type=type_to_text(wanted.qtype),
        origin="cache",
        state=state,
        age=now - entry.received,
        remaining=_finite(entry.expires - now),
        lease_remaining=_finite(entry.lease - now),
        trust=entry.trust.name,
        security=entry.security.name,
        server=entry.source,
        records=_records(link),
        note=note,
    )


def _absent(wanted: Question, failure: RememberedFailure | None, now: float) -> LinkRow:
    name, rtype = to_text(wanted.qname), type_to_text(wanted.qtype)
    if failure is None:
        return LinkRow(name, rtype, "upstream", "missing")
    return LinkRow(name, rtype, "cache", "failed", remaining=failure.until - now, note=failure.text)


def _local_row(rrset: RRset, origin: str) -> LinkRow:
    return LinkRow(
        name=to_text(rrset.owner),
        type=type_to_text(rrset.rtype),
        origin=origin,
        state="local",
        remaining=float(rrset.ttl),
        trust=rrset.trust.name,
        security=rrset.security.name,
        records=_texts(rrset),
    )


def _records(link: Link) -> tuple[str, ...]:
    match link:
        case Alias(shown=shown):
            return tuple(text for rrset in shown for text in _texts(rrset))
        case Denial():
            return (f"{'NXDOMAIN' if link.is_nxdomain else 'NODATA'}, SOA of {to_text(link.soa.owner)}",)
        case RRset():
            return _texts(link)


def _texts(rrset: RRset) -> tuple[str, ...]:
    rtype = type_to_text(rrset.rtype)
    return tuple(f"{rtype} {rdata_to_text(rrset.rtype, rdata)}" for rdata in rrset.rdatas)


def _verdict(answer: Answer, asked_next: str) -> VerdictRow:
    return VerdictRow(rcode_to_text(answer.rcode), answer.is_stale, tuple(map(_error_text, answer.errors)), asked_next)


def _verdict_without(failure: RememberedFailure | None, asked_next: str) -> VerdictRow:
    if failure is None:
        return VerdictRow(rcode="", next=asked_next)
    return VerdictRow(rcode_to_text(SERVFAIL), errors=tuple(map(_error_text, _remembered_errors(failure))))


def _dead_end(rcode: int, why: str) -> VerdictRow:
    return VerdictRow(rcode_to_text(rcode), errors=(_error_text(ExtendedError(INVALID_DATA, why)),))


def _remembered_errors(failure: RememberedFailure | None) -> list[ExtendedError]:
    return [ExtendedError(CACHED_ERROR, failure.text)] if failure else []


def _stale_error(link: Link) -> ExtendedError:
    is_nxdomain = isinstance(link, Denial) and link.is_nxdomain
    return ExtendedError(STALE_NXDOMAIN if is_nxdomain else STALE_ANSWER)


def _stale_note(failure: RememberedFailure | None, stale: StaleOptions) -> str:
    if failure is None:
        return f"given if upstream fails or takes over {stale.client_timeout} s"
    return f"given at once: {failure.text}"


def _would_ask(cache: RRsetCache, wanted: Question, now: float) -> str:
    """`www.example.com. A from the servers of example.com.: ns1.example.com.`, as the iteration would begin."""
    what = f"{to_text(wanted.qname)} {type_to_text(wanted.qtype)}"
    for zone, servers in _delegations(cache, wanted, now):
        return f"{what} from the servers of {to_text(zone)}: {', '.join(servers)}"
    return f"{what} from the root servers"


def _delegations(cache: RRsetCache, wanted: Question, now: float) -> Iterator[tuple[WireName, list[str]]]:
    """Known zones above the name, the closest first; a DS is asked of the parent (RFC 4035 §3.1.4.1)."""
    for zone in ancestors(wanted.qname):
        entry = cache.peek(zone, NS)
        if (wanted.qtype == DS and zone == wanted.qname) or not isinstance(entry, RRset) or entry.expires <= now:
            continue
        names = [rdata_to_text(NS, rdata) for rdata in entry.rdatas]
        yield zone, names[:MAX_SERVERS_SHOWN] + (["…"] if len(names) > MAX_SERVERS_SHOWN else [])


def _error_text(error: ExtendedError) -> str:
    return f"EDE {error.code}" + (f" ({error.text})" if error.text else "")


def _finite(seconds: float) -> float | None:
    return None if seconds == float("inf") else seconds
