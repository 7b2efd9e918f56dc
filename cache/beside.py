"""Which addresses is it worth saying beside an answer that leads its client on to other names?

RFC 9460 §4.2, RFC 2782, RFC 1035 §3.3.9: who gets an SRV, MX, SVCB or HTTPS record asks for its target's addresses next. What the
cache knows of them, fresh, is said along; nobody is asked for them.
"""

from typing import Final

from cache.answer import Answer
from cache.names import WireName, fold
from cache.rrset import Rank, RRset, Security
from cache.rrtypes import AAAA, HTTPS, MX, SRV, SVCB, A
from cache.store import RRsetCache

# where the target's name begins in the rdata; in all of these it is not compressed
TARGET_AT: Final = {MX: 2, SRV: 6, SVCB: 2, HTTPS: 2}
MAX_TARGETS: Final = 8  # looked up for one answer; services have two or three, and a hit is to stay one
ROOT: Final = b"\0"


def with_addresses(store: RRsetCache, answer: Answer, now: float) -> Answer:
    """`answer` with what is known of its targets' addresses; itself where nothing is, and where it leads nowhere."""
    last = answer.answer[-1] if answer.answer else None
    if last is None or last.rtype not in TARGET_AT or answer.additional:
        return answer
    found: list[RRset] = []
    for target in _targets(last):
        node = store.use(target)
        if node is not None:
            found += [entry for entry in node.entries if isinstance(entry, RRset) and _is_address(entry, now)]
    return with_additional(answer, tuple(found)) if found else answer


def _is_address(entry: RRset, now: float) -> bool:
    """Does it give addresses that a client may have, fresh?"""
    if entry.rtype not in (A, AAAA) or now >= entry.expires:
        return False
    return entry.rank > Rank.ADDITIONAL and entry.security != Security.BOGUS


def with_additional(answer: Answer, additional: tuple[RRset, ...]) -> Answer:
    """`answer` with this beside it."""
    return Answer(
        rcode=answer.rcode,
        answer=answer.answer,
        authority=answer.authority,
        additional=additional,
        authoritative=answer.authoritative,
        security=answer.security,
        is_stale=answer.is_stale,
        errors=answer.errors,
    )


def _targets(rrset: RRset) -> list[WireName]:
    """The names that it leads on to, each once, in the order of its records."""
    at = TARGET_AT[rrset.rtype]
    targets: dict[WireName, None] = {}
    for rdata in rrset.rdatas[:MAX_TARGETS]:
        end = at
        while end < len(rdata) and rdata[end]:
            end += 1 + rdata[end]
        target = fold(rdata[at : end + 1])
        if target != ROOT:
            targets[target] = None
        elif rrset.rtype in (SVCB, HTTPS):
            targets[rrset.owner] = None  # RFC 9460 §2.5: "." is the owner itself
    return list(targets)
