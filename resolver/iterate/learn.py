"""What is known after a response: its records as entries of the cache, ranked by who said them, and under which lease."""

import msgspec

from cache.answer import Question
from cache.chain import Link, alias_of
from cache.names import WireName, is_at_or_below
from cache.negative import deny
from cache.options import CacheOptions
from cache.rrset import Denial, Entry, RRset, Trust
from cache.rrtypes import CNAME, DNAME, NS, NXDOMAIN, SOA
from cache.ttl import clamp, expiry
from resolver.iterate.classify import Denied, Told
from resolver.iterate.delegation import Delegation
from resolver.iterate.scrub import Scrubbed, target_of
from resolver.wire.message import RawRRset


class Iteration(msgspec.Struct, frozen=True):
    """What taking one question upstream brought.

    link: the first link of the answer. learned: all that is for the store, `link` among it unless it is a denial without
    SOA; what has TTL 0 is not kept there, but displaces what it contradicts. further: the links behind `link` that the
    same response carried, for the answer that is being made. is_doubtful: `link` is a denial without the AA that it should
    have; it is better than nothing, but refreshes no good data (RFC 8767 §4). proof: the NSEC and NSEC3 RRsets that came
    beside what is there: they prove that a wildcard was rightly used.
    """

    link: Link
    learned: tuple[Entry, ...]
    further: tuple[Link, ...] = ()
    is_doubtful: bool = False
    proof: tuple[RRset, ...] = ()

    def find_link(self, question: Question) -> Link | None:
        """The link that answers `question` among the further ones; None when the response did not carry it."""
        return next((link for link in self.further if _answers(link, question)), None)


class Voice(msgspec.Struct, frozen=True):
    """Who said it, when, and with what right. is_proven: nobody off the path could have said it (it came over TCP)."""

    delegation: Delegation
    source: str
    now: float
    rcode: int
    is_authoritative: bool
    is_proven: bool


def learn(question: Question, told: Told, scrubbed: Scrubbed, voice: Voice, options: CacheOptions) -> Iteration:
    """The first link of the answer that `told` is, and everything beside it that may be kept."""
    own_trust = Trust.ANSWER_AA if voice.is_authoritative else Trust.ANSWER
    if isinstance(told, Denied):
        denial = _denial(told.owner, told.rtype, told.soa, scrubbed, voice, options)
        # RFC 2308 §5: without an SOA it must not be cached
        is_doubtful = not voice.is_authoritative and not voice.delegation.is_forwarder
        return Iteration(denial, (denial,) if told.soa is not None else (), is_doubtful=is_doubtful)
    entries: list[Entry] = []
    links: list[Link] = []
    name = question.qname
    # What stands behind an alias was not asked for. Over UDP it is asked for by itself (RFC 2181 §5.4.1): else who forges a reply
    # to one name that he made up could put records of any other name of the zone beside it, of a forwarder's any name at all.
    for raw in scrubbed.chain if voice.is_proven else scrubbed.chain[:1]:
        # RFC 2181 §5.4.1: AA speaks of the name asked; what follows it in the chain is answered, but not vouched for
        rrset = entry_of(raw, voice, own_trust if not links else Trust.ANSWER, options)
        entries.append(rrset)
        if raw is scrubbed.chain[-1] and scrubbed.is_answered:
            links.append(rrset)
        elif target_of(raw, name) is not None:
            alias = alias_of(rrset, name)
            links.append(alias)
            name = alias.target
    if _denies_end(scrubbed, voice):
        rtype = None if voice.rcode == NXDOMAIN else question.qtype
        denial = _denial(scrubbed.end, rtype, scrubbed.soa, scrubbed, voice, options)
        entries.append(denial)
        links.append(denial)
    proof = _proof(scrubbed, voice, own_trust, options) if scrubbed.proof else ()
    return Iteration(links[0], _kept(entries, scrubbed, voice, options), tuple(links[1:]), proof=proof)


def entry_of(raw: RawRRset, voice: Voice, trust: Trust, options: CacheOptions, lease: float | None = None) -> RRset:
    """The records as an entry. lease: the delegation's unless said otherwise."""
    ttl = clamp(raw.ttl, options)
    if lease is None:
        lease = voice.delegation.lease
    return RRset(
        owner=raw.owner,
        rtype=raw.rtype,
        rdatas=raw.rdatas,
        rrsigs=raw.rrsigs,
        ttl=ttl,
        received=voice.now,
        expires=expiry(ttl, voice.now, lease),
        trust=trust,
        lease=lease,
        alias_target=WireName(raw.rdatas[0].lower()) if raw.rtype in (CNAME, DNAME) else None,
        source=voice.source,
    )


def glue_of(scrubbed: Scrubbed, voice: Voice, options: CacheOptions, lease: float) -> list[RRset]:
    """The in-zone addresses of name servers, which last no longer than the delegation they stand beside."""
    return [entry_of(raw, voice, Trust.ADDITIONAL, options, lease) for raw in scrubbed.glue]


def _kept(entries: list[Entry], scrubbed: Scrubbed, voice: Voice, options: CacheOptions) -> tuple[Entry, ...]:
    """What may be stored: these, the zone's own NS RRset if nobody can have forged it, and the addresses beside NS."""
    apex = scrubbed.name_servers
    if apex is not None and apex.owner == voice.delegation.zone and voice.is_authoritative and voice.is_proven:
        # NS records that complement an answer redirect the zone; over UDP they are not believed (CVE-2025-11411)
        entries = [*entries, entry_of(apex, voice, Trust.AUTHORITY_AA, options)]
    last = entries[-1]
    if scrubbed.glue and isinstance(last, RRset) and last.rtype == NS:
        entries = [*entries, *glue_of(scrubbed, voice, options, min(last.lease, last.expires))]
    return tuple(entries)


def _denies_end(scrubbed: Scrubbed, voice: Voice) -> bool:
    """Does the reply, beside aliases, prove that their last target has nothing? Without AA and SOA that is asked anew."""
    return (
        voice.is_proven
        and not scrubbed.is_answered
        and scrubbed.soa is not None
        and voice.is_authoritative
        and is_at_or_below(scrubbed.end, voice.delegation.zone)
    )


def _denial(
    owner: WireName,
    rtype: int | None,
    raw_soa: RawRRset | None,
    scrubbed: Scrubbed,
    voice: Voice,
    options: CacheOptions,
) -> Denial:
    """The negative answer. Without an SOA it is good for this one answer only (RFC 2308 §5): its TTL is 0."""
    trust = Trust.AUTHORITY_AA if voice.is_authoritative else Trust.ANSWER
    soa = entry_of(raw_soa or RawRRset(voice.delegation.zone, SOA, 0, ()), voice, trust, options)
    proof = _proof(scrubbed, voice, trust, options)
    denial = deny(owner, rtype, soa, options, voice.now, proof=proof)
    if denial is not None:
        return denial
    return Denial(
        owner=owner,
        rtype=rtype,
        soa=soa,
        ttl=0,
        received=voice.now,
        expires=voice.now,
        trust=trust,
        lease=voice.delegation.lease,
        source=voice.source,
        proof=proof,
    )


def _proof(scrubbed: Scrubbed, voice: Voice, trust: Trust, options: CacheOptions) -> tuple[RRset, ...]:
    return tuple(entry_of(raw, voice, trust, options) for raw in scrubbed.proof)


def _answers(link: Link, question: Question) -> bool:
    if isinstance(link, RRset):
        return link.owner == question.qname and link.rtype == question.qtype
    if isinstance(link, Denial):
        return link.owner == question.qname and link.rtype in (None, question.qtype)
    return link.shown[-1].owner == question.qname
