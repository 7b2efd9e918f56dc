"""What does the cache say to a question? Link by link along aliases; the whole answer if every link is there and fresh.

Referral NS and glue (Rank.ADDITIONAL) and bogus data answer no client and are passed over here.
"""

from collections.abc import Callable
from typing import Final

from cache.answer import Answer
from cache.chain import Alias, AliasesExhausted, AliasLoop, Chain, Link, SubstitutionTooLong, alias_of
from cache.names import WireName, ancestors, parent
from cache.node import Node
from cache.options import StaleOptions
from cache.ranking import STANDS_BESIDE_CNAME
from cache.readable import Readable
from cache.rrset import Entry, Rank, RRset, Security
from cache.rrtypes import ANY, CNAME, DS, NS
from cache.staleness import is_usable_stale
from cache.store import RRsetCache, speaks_below

__all__ = [
    "Alias",
    "AliasLoop",
    "AliasesExhausted",
    "Chain",
    "Link",
    "SubstitutionTooLong",
    "alias_of",
    "find",
    "find_last_good",
    "find_link",
]

# What a name that is an alias has beside it is answered at the alias itself (RFC 1034 §3.6.2, RFC 4034 §2, §3)
NEVER_ALIASED: Final = STANDS_BESIDE_CNAME | {ANY}
ADDITIONAL: Final = Rank.ADDITIONAL
BOGUS: Final = Security.BOGUS


def find(store: RRsetCache, qname: WireName, qtype: int, now: float) -> Answer | None:
    """The whole answer if all of it is known and fresh.

    None when a link is missing, and when the chain loops, is too long or substitutes too long a name: whoever resolves
    finds out which, and says so.
    """
    try:
        link = find_link(store, qname, qtype, now)
        if type(link) is RRset:
            store.counts.hits += 1
            return Answer(answer=(link,), authority=link.proof, security=link.security)
        answer = None if link is None else _walk(store, Chain(qname, qtype), link, now)
    except (AliasLoop, AliasesExhausted, SubstitutionTooLong):
        answer = None
    if answer is None:
        store.counts.misses += 1
    else:
        store.counts.hits += 1
    return answer


def find_link(store: Readable, name: WireName, qtype: int, now: float) -> Link | None:
    """What is known, fresh, of `name`: the RRset, its denial, or an alias; None when it must be asked for.

    The types of NEVER_ALIASED get no CNAME, but for DS inside a zone. To ANY only that the name is not there, or that all below
    another one lies elsewhere, is known: what is held need not be all. A DNAME above the name counts, the closest one, and so
    does a validated NXDOMAIN of a name above it (RFC 8020 §2). Raises SubstitutionTooLong.
    """
    node = store.use(name)
    if node is not None:
        link = _fresh_of(node, name, qtype, now)
        if link is not None:
            return link
    if store.how_many_speak_below():
        return _said_above(store, name, qtype, lambda entry: now < entry.expires)
    return None


def find_last_good(store: Readable, name: WireName, qtype: int, now: float, stale: StaleOptions) -> Link | None:
    """What is known of `name`, fresh or, if nothing is, stale within its bounds.

    None, too, where a DNAME leads to no name: that ends a chain, and answers nobody.

    What is newer has displaced in the store what it contradicts, so at most one entry of a name speaks to a question: an
    old alias cannot come back beside a newer denial or address, nor the other way round (scenarios 9 to 13). An exception
    is an unvalidated NXDOMAIN beside what was fresh when it came: that counts while it is fresh; then the NXDOMAIN, being newer.
    """
    try:
        return _last_good(store, name, qtype, now, stale)
    except SubstitutionTooLong:
        return None


def _walk(store: RRsetCache, chain: Chain, link: Link | None, now: float) -> Answer | None:
    while link is not None:
        if chain.follow(link, now):
            return chain.answer()
        link = find_link(store, chain.name, chain.qtype, now)
    return None


def _last_good(store: Readable, name: WireName, qtype: int, now: float, stale: StaleOptions) -> Link | None:
    node = store.use(name)
    expired = None
    if node is not None:
        fresh = _fresh_of(node, name, qtype, now)
        if fresh is not None:
            return fresh
        for entry in node.entries:
            if is_usable_stale(entry, now, stale) and (link := _said_of(entry, name, qtype)) is not None:
                expired = link
                break
    if not store.how_many_speak_below():
        return expired
    return (
        _said_above(store, name, qtype, lambda entry: now < entry.expires)
        or expired
        or _said_above(store, name, qtype, lambda entry: is_usable_stale(entry, now, stale))
    )


def _said_of(entry: Entry, name: WireName, qtype: int) -> Link | None:
    """What `entry`, whose owner is `name`, says to a question for qtype."""
    rtype = entry.rtype
    if entry.rank == ADDITIONAL or entry.security == BOGUS:
        return None
    if rtype == qtype or rtype is None:
        return entry
    if rtype == CNAME and type(entry) is RRset and qtype not in NEVER_ALIASED:
        return alias_of(entry, name)
    return None


def _fresh_of(node: Node, name: WireName, qtype: int, now: float) -> Link | None:
    """What the entries of `name` say to a question for qtype, if they are fresh."""
    denied: Link | None = None
    for entry in node.entries:
        if now < entry.expires and (link := _said_of(entry, name, qtype)) is not None:
            if entry.rtype is not None:
                return link
            denied = link  # a name that is not there; unless something fresh stands beside it (ranking.py)
    if denied is None and qtype == DS:
        alias = _alias_within(node, now)
        return alias_of(alias, name) if alias is not None else None
    if denied is not None and qtype == ANY and _has_fresh(node, now):
        return None
    return denied


def _has_fresh(node: Node, now: float) -> bool:
    """Is there an RRset that is given to who asks for its type?"""
    return any(
        type(entry) is RRset and now < entry.expires and _said_of(entry, node.owner, entry.rtype) is not None
        for entry in node.entries
    )


def _alias_within(node: Node, now: float) -> RRset | None:
    """The fresh CNAME of a name at which no zone begins as far as is known: then it leads on even who asks for its DS."""
    alias = node.find(CNAME)
    if type(alias) is not RRset or now >= alias.expires or alias.rank == ADDITIONAL or alias.security == BOGUS:
        return None
    return alias if node.find(NS) is None else None


def _said_above(store: Readable, name: WireName, qtype: int, is_usable: Callable[[Entry], bool]) -> Link | None:
    """What the names above `name` say of all below them, the closest first; none above the apex of a configured zone."""
    apexes = store.configured()
    if name in apexes and qtype != DS:
        return None
    for owner in ancestors(parent(name)):
        node = store.use(owner) if owner != name else None  # the root is its own parent
        for entry in node.entries if node is not None else ():
            if speaks_below(entry) and is_usable(entry):
                return alias_of(entry, name) if type(entry) is RRset else entry
        if owner in apexes:
            return None
    return None
