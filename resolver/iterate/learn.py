"""What is known after a response: its records as entries of the cache, ranked by who said them, and under which lease."""

from collections.abc import Sequence
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Question
from cache.chain import Link, Several, alias_of
from cache.names import ROOT, WireName, count_labels, fold, is_at_or_below
from cache.negative import deny
from cache.options import CacheOptions
from cache.rrset import Denial, Entry, Rank, RRset
from cache.rrtypes import ANY, CNAME, DNAME, DS, HINFO, NS, NXDOMAIN, SOA
from cache.ttl import clamp
from cache.value import Value
from resolver.env import Address
from resolver.iterate.classify import Denied, Told
from resolver.iterate.delegation import Delegation, ZoneServer
from resolver.iterate.scrub import Scrubbed, target_of
from resolver.wire.message import RawRRset

MAX_PROOF: Final = 8  # NSEC and NSEC3 RRsets kept with an RRset or a denial: an honest proof has three at most
MAX_RRSIGS: Final = (
    32  # kept with an RRset: a zone that changes its signer and both algorithms has some ten of its keys
)
LABELS_AT: Final = 3  # of an RRSIG's rdata: the octet that counts the labels signed (RFC 4034 §3.1)
MINIMAL_ANY: Final = b"\x07RFC8482\0"  # CPU «RFC8482», OS empty: HINFO in place of all that there is (RFC 8482 §4.2)
ASTERISK: Final = b"\x01*"  # a wildcard's own first label, which is not counted


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Iteration(Value):
    """What taking one question upstream brought.

    link: the first link of the answer. learned: all that is for the store, `link` among it unless it is a denial without
    SOA; what has TTL 0 is not kept there, but displaces what it contradicts. further: the links behind `link` that the
    same response carried, for the answer that is being made. is_doubtful: `link` is a denial without the AA that it should
    have; it is better than nothing, but refreshes no good data (RFC 8767 §4). said_by: whose response it was; None: nobody
    was asked. is_inferred: `link` is an NXDOMAIN since a name above, which was shown in its stead, was denied with a proof
    that nobody has checked yet.
    """

    __slots__ = ("further", "is_doubtful", "is_inferred", "learned", "link", "said_by")

    def __init__(
        self,
        link: Link,
        learned: tuple[Entry, ...],
        further: tuple[Link, ...] = (),
        is_doubtful: bool = False,
        said_by: ZoneServer | None = None,
        is_inferred: bool = False,
    ) -> None:
        self.link: Final = link
        self.learned: Final = learned
        self.further: Final = further
        self.is_doubtful: Final = is_doubtful
        self.said_by: Final = said_by
        self.is_inferred: Final = is_inferred

    def parts(self) -> tuple[object, ...]:
        return self.link, self.learned, self.further, self.is_doubtful, self.said_by, self.is_inferred

    def replace(
        self,
        *,
        link: Link | None = None,
        learned: tuple[Entry, ...] | None = None,
        further: tuple[Link, ...] | None = None,
    ) -> "Iteration":
        """It with what is given in the place of its own."""
        return Iteration(
            self.link if link is None else link,
            self.learned if learned is None else learned,
            self.further if further is None else further,
            self.is_doubtful,
            self.said_by,
            self.is_inferred,
        )

    def find_link(self, question: Question) -> Link | None:
        """The link that answers `question` among the further ones; None when the response did not carry it."""
        return next((link for link in self.further if _answers(link, question)), None)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Voice(Value):
    """Who said it, when, and with what right. is_proven: nobody off the path could have said it: it came
    over TCP, or echoes our DNS Cookie (BIND believes the same, CVE-2025-40778)."""

    __slots__ = ("delegation", "is_authoritative", "is_proven", "now", "rcode", "server")

    def __init__(
        self, delegation: Delegation, server: Address, now: float, rcode: int, is_authoritative: bool, is_proven: bool
    ) -> None:
        self.delegation: Final = delegation
        self.server: Final = server
        self.now: Final = now
        self.rcode: Final = rcode
        self.is_authoritative: Final = is_authoritative
        self.is_proven: Final = is_proven

    def parts(self) -> tuple[object, ...]:
        return self.delegation, self.server, self.now, self.rcode, self.is_authoritative, self.is_proven


def learn(question: Question, told: Told, scrubbed: Scrubbed, voice: Voice, options: CacheOptions) -> Iteration:
    """The first link of the answer that `told` is, and everything beside it that may be kept."""
    own_rank = Rank.ANSWER_AA if voice.is_authoritative else Rank.ANSWER
    said_by = ZoneServer(voice.delegation.zone, voice.server)
    if isinstance(told, Denied):
        denied = told.below(question.qname)
        denial = _denial(denied.owner, denied.rtype, denied.soa, scrubbed, voice, options)
        # RFC 2308 §5: without an SOA it must not be cached
        is_doubtful = not voice.is_authoritative and not voice.delegation.is_forwarder
        kept = (denial,) if told.soa is not None else ()
        is_inferred = told.owner != question.qname
        return Iteration(denial, kept, is_doubtful=is_doubtful, said_by=said_by, is_inferred=is_inferred)
    entries: list[Entry] = []
    links: list[Link] = []
    name = question.qname
    proof = _proof(scrubbed.proof, voice, own_rank, options) if scrubbed.proof else ()
    # What stands behind an alias was not asked for. If it may be forged it is asked for by itself (RFC 2181 §5.4.1): else who
    # forges a reply to one name that he made up could put records of any other name of the zone beside it, of a forwarder's
    # any name at all.
    for raw in scrubbed.aliases if voice.is_proven else scrubbed.aliases[:1]:
        # RFC 2181 §5.4.1: AA speaks of the name asked; what follows it in the chain is answered, but not vouched for
        rrset = _answering(raw, voice, own_rank if not links else Rank.ANSWER, options, proof)
        entries.append(rrset)
        if target_of(raw, name) is not None:
            alias = alias_of(rrset, name)
            links.append(alias)
            name = alias.target
    is_of_child = question.qtype == DS and _is_of_own_apex(scrubbed, voice)
    if scrubbed.wanted and (not scrubbed.aliases or (voice.is_proven and not is_of_child)):
        rank = own_rank if not links else Rank.ANSWER
        wanted = tuple([_answering(raw, voice, rank, options, proof) for raw in scrubbed.wanted])
        if question.qtype == ANY:
            links.append(Several(wanted))
            entries.extend(_of_any(wanted, voice))
        else:
            links.append(wanted[0])
            entries.append(wanted[0])
    elif not is_of_child and _denies_end(scrubbed, voice):
        rtype = None if voice.rcode == NXDOMAIN else question.qtype
        denial = _denial(scrubbed.end, rtype, scrubbed.soa, scrubbed, voice, options)
        entries.append(denial)
        links.append(denial)
    return Iteration(links[0], _kept(entries, scrubbed, voice, options), tuple(links[1:]), said_by=said_by)


def of_apex(iteration: Iteration, question: Question) -> Iteration:
    """What the parent says of the DS of a zone whose servers are configured: that there is none, never that there is no name.

    It may be right that the public tree has no such name. But the zone is there, and the parent has no say in it but for its DS.
    """
    said = iteration.link
    if question.qtype != DS or not isinstance(said, Denial) or said.rtype is not None:
        return iteration
    denial = said.replace(rtype=DS)
    learned = tuple(denial if entry is said else entry for entry in iteration.learned)
    return iteration.replace(link=denial, learned=learned)


def _answering(raw: RawRRset, voice: Voice, rank: Rank, options: CacheOptions, proof: tuple[RRset, ...]) -> RRset:
    """An RRset of the answer section as an entry. proof: what came beside the answer to prove what wildcards give."""
    rrset = entry_of(raw, voice, rank, options)
    # until somebody validates it the proof is passed on, for who does; it bounds nothing
    return rrset.replace(proof=proof) if proof and _is_expanded(raw) else rrset


def _of_any(wanted: tuple[RRset, ...], voice: Voice) -> list[RRset]:
    """Those that are as good an answer to who asks for their types: of the zone's own servers, and not made up for ANY.

    A forwarder says what it happens to hold.
    """
    if not voice.is_authoritative:
        return []
    return [one for one in wanted if one.rtype != HINFO or one.rdatas != (MINIMAL_ANY,)]


def entry_of(raw: RawRRset, voice: Voice, rank: Rank, options: CacheOptions, lease: float | None = None) -> RRset:
    """The records as an entry. lease: the delegation's unless said otherwise.

    What comes when the lease is over, which was asked for in time, is good for this one answer.
    """
    if lease is None:
        lease = voice.delegation.lease
    ttl = clamp(raw.ttl, options) if voice.now < lease else 0
    return RRset(
        owner=raw.owner,
        rtype=raw.rtype,
        rdatas=raw.rdatas,
        rrsigs=raw.rrsigs[:MAX_RRSIGS],
        ttl=ttl,
        received=voice.now,
        expires=voice.now + ttl,
        rank=rank,
        lease=lease,
        alias_target=fold(raw.rdatas[0]) if raw.rtype in (CNAME, DNAME) else None,
        source=voice.server.host,
    )


def delegation_of(
    raw: RawRRset, scrubbed: Scrubbed, voice: Voice, options: CacheOptions, *, keeps_proof: bool
) -> RRset:
    """The NS RRset of a referral, of the lowest rank (RFC 2181 §5.4.1).

    keeps_proof: with the signed NSEC and NSEC3 RRsets beside it where there is no DS: they should prove that there is none
    (RFC 4035 §3.1.4.1). It is not their end that ends the delegation.
    """
    delegation = entry_of(raw, voice, Rank.ADDITIONAL, options)
    if not keeps_proof or scrubbed.ds is not None or not scrubbed.proof:
        return delegation
    signed = [one for one in scrubbed.proof if one.rrsigs]
    return delegation.replace(proof=_proof(signed, voice, Rank.ADDITIONAL, options))


def glue_of(scrubbed: Scrubbed, voice: Voice, options: CacheOptions, lease: float) -> list[RRset]:
    """The in-zone addresses of name servers, which last no longer than the delegation they stand beside."""
    return [entry_of(raw, voice, Rank.ADDITIONAL, options, lease) for raw in scrubbed.glue]


def _kept(entries: list[Entry], scrubbed: Scrubbed, voice: Voice, options: CacheOptions) -> tuple[Entry, ...]:
    """What may be stored: these, the zone's own NS RRset if nobody can have forged it, and the addresses beside NS."""
    apex = scrubbed.name_servers
    if apex is not None and apex.owner == voice.delegation.zone and voice.is_authoritative and voice.is_proven:
        # NS records that complement an answer redirect the zone; if they may be forged they are not believed (CVE-2025-11411)
        entries = [*entries, entry_of(apex, voice, Rank.AUTHORITY_AA, options)]
    last = entries[-1] if entries else None
    if scrubbed.glue and isinstance(last, RRset) and last.rtype == NS:
        entries = [*entries, *glue_of(scrubbed, voice, options, last.expires)]
    return tuple(entries)


def _is_of_own_apex(scrubbed: Scrubbed, voice: Voice) -> bool:
    """RFC 4035 §3.1.4.1: the DS of a zone's own apex is its parent's to give or to deny, also behind an alias."""
    delegation = voice.delegation
    return scrubbed.end == delegation.zone != ROOT and not delegation.is_forwarder


def _denies_end(scrubbed: Scrubbed, voice: Voice) -> bool:
    """Does the reply, beside aliases, prove that their last target has nothing? Without AA and SOA that is asked anew."""
    return (
        voice.is_proven
        and not scrubbed.wanted
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
    rank = Rank.AUTHORITY_AA if voice.is_authoritative else Rank.ANSWER
    soa = entry_of(raw_soa or RawRRset(voice.delegation.zone, SOA, 0, ()), voice, rank, options)
    proof = _proof(scrubbed.proof, voice, rank, options)
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
        rank=rank,
        lease=voice.delegation.lease,
        source=voice.server.host,
        proof=proof,
    )


def _proof(said: Sequence[RawRRset], voice: Voice, rank: Rank, options: CacheOptions) -> tuple[RRset, ...]:
    return tuple([entry_of(raw, voice, rank, options) for raw in said[:MAX_PROOF]])


def _is_expanded(raw: RawRRset) -> bool:
    """Does a signature say that a wildcard gave it (RFC 4034 §3.1.3)? Then a client needs the proof that it might."""
    count = count_labels(raw.owner) - raw.owner.startswith(ASTERISK)
    return any(len(rrsig) > LABELS_AT and rrsig[LABELS_AT] < count for rrsig in raw.rrsigs)


def _answers(link: Link, question: Question) -> bool:
    if isinstance(link, RRset):
        return link.owner == question.qname and link.rtype == question.qtype
    if isinstance(link, Denial):
        return link.owner == question.qname and link.rtype in (None, question.qtype)
    if isinstance(link, Several):
        return question.qtype == ANY and link.rrsets[0].owner == question.qname
    return link.shown[-1].owner == question.qname
