"""The chain of trust of a name, link by link, for an operator: who vouches for which keys, what they signed, and what is wrong.

It checks everything once more, from what is in the cache or, for real, from what the servers say now; it changes nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from cache.answer import Question
from cache.chain import Alias, Link, Several, SubstitutionTooLong, first_of
from cache.lookup import find_link
from cache.names import WireName, ancestors, from_text, is_at_or_below, parent, to_text
from cache.rrset import Denial, RRset
from cache.rrtypes import ANY, DNSKEY, DS
from resolver.daemon.parts import Parts
from resolver.daemon.trust import Trusting, allowed_algorithms
from resolver.dnssec.denial import Proof, proves_no_ds
from resolver.dnssec.keys import Keys, is_supported, key_tag, matching, of_algorithms, tag_of, unsupported, usable_keys
from resolver.dnssec.signatures import Unverified, Verified, read, verify
from resolver.dnssec.validate import proof_of, signer_of, signer_of_denial
from resolver.dnssec.work import Work
from resolver.engine.mesh import Landing
from resolver.errors import OF_VALIDATION, CachedFailure, NameTooLong, ResolutionFailure, is_of_validation
from resolver.policy.explain import ExplainRow, LinkRow
from resolver.service.trust_protocol import ChainRow, ChainState
from resolver.wire.text import type_from_text, type_to_text

MAX_ALIASES: Final = 8  # that are followed: an answer of more is told to its eighth
NOT_CACHED: Final = "not in the cache"
MADE_HERE: Final = "answered by this host itself: nobody signs it"
UNSIGNED: Final = (Proof.PROVEN, Proof.OPTED_OUT)  # of what proves that a delegation has no DS


async def chain_rows(parts: Parts, trusting: Trusting, question: Question, *, for_real: bool) -> list[ChainRow]:
    """The links from the trust anchor down to the answer, and on behind its aliases. It computes when others have had turns."""
    walk = _Walk(parts, trusting, for_real=for_real)
    await parts.bridge.wait(walk.follow(question), "explain --dnssec")
    return walk.rows


async def with_chain(
    parts: Parts, question: Question, rows: Sequence[ExplainRow], *, for_real: bool
) -> Sequence[ExplainRow | ChainRow]:
    """The rows, before the verdict those of the chain of trust, where the answer was judged by it.

    for_real: what is not cached is asked for, unless all of it is insecure: what lets that be so was cached with it.
    """
    judged = set(_judgements(parts, rows))
    if parts.trusting is None or not judged:
        return rows
    is_asked = for_real and judged != {"insecure"}
    return [*rows[:-1], *await chain_rows(parts, parts.trusting, question, for_real=is_asked), rows[-1]]


def _judgements(parts: Parts, rows: Sequence[ExplainRow]) -> Iterator[str]:
    """How validation judged each link; nothing of those that it has not seen."""
    for row in rows:
        if not isinstance(row, LinkRow):
            continue
        if row.security in ("secure", "insecure", "bogus"):
            yield row.security
        elif row.state == "failed":
            failure = parts.memory.failures.peek(
                Question(from_text(row.owner), type_from_text(row.type)), parts.env.now()
            )
            if failure is not None and failure.info_code in OF_VALIDATION:
                yield "bogus"


class _Walk:
    def __init__(self, parts: Parts, trusting: Trusting, *, for_real: bool) -> None:
        self.rows: list[ChainRow] = []
        self._parts = parts
        self._beliefs = trusting.beliefs
        self._validation = trusting.validation
        self._for_real = for_real
        self._algorithms = allowed_algorithms(parts.options.dnssec)
        self._budget = parts.new_budget()
        self._work = Work(parts.env.now(), rest=parts.mesh.rest)  # as much as one client question may cost
        self._keys: dict[WireName, Keys] = {}  # of the zones that were looked at and are good

    async def follow(self, question: Question) -> None:
        for aliases in range(MAX_ALIASES):
            if self._is_made_here(question, is_asked=not aliases):
                self._tell(question.qname, question.qname, type_to_text(question.qtype), "insecure", note=MADE_HERE)
                return
            self._work.allow(aliases)
            try:
                target = await self._answer(question)
            except ResolutionFailure as failure:  # this took too much work
                self._tell(question.qname, question.qname, type_to_text(question.qtype), "unknown", note=str(failure))
                return
            if target is None:
                return
            question = Question(target, question.qtype)

    def _is_made_here(self, question: Question, *, is_asked: bool) -> bool:
        """As policy.sources has it. is_asked: by a client; no public alias leads into local data."""
        parts, qname, qtype = self._parts, question.qname, question.qtype
        return bool(
            parts.special.is_ours(qname)
            or (is_asked and parts.local.find(qname, qtype))
            or parts.special.find(qname, qtype)
            or (qtype == ANY and parts.options.answer.any == "minimal")
        )

    async def _answer(self, question: Question) -> WireName | None:
        """Tell what leads to the answer, and the answer; the target of an alias that it is."""
        name = parent(question.qname) if question.qtype == DS and question.qname[0] else question.qname
        start = self._start(name)
        if start is None or not await self._keys_of(start, self._beliefs.anchors[start].ds):
            return None
        link = await self._get(question)
        signer = _signer_of(link, question.qtype, start)
        zone = await self._descend(signer or name, start, is_signer=signer is not None)
        return await self._tell_answer(question, link, zone) if zone is not None else None

    async def _descend(self, name: WireName, start: WireName, *, is_signer: bool) -> WireName | None:
        """The zone that signs what is at this name; None: the chain ends above it. is_signer: that zone should begin here."""
        at = start
        for below in reversed([one for one in ancestors(name) if one != start and is_at_or_below(one, start)]):
            found = True if below in self._keys else await self._cut(below, at, is_needed=is_signer)
            if found is None:
                return None
            at = below if found else at
        return at

    def _start(self, name: WireName) -> WireName | None:
        for zone in ancestors(name):
            if zone in self._beliefs.unchecked:
                exemption = self._beliefs.exemptions.get(zone)
                why = exemption.why if exemption is not None else "dnssec.negative_trust_anchors"
                self._tell(zone, zone, "DNSKEY", "insecure", note=f"not checked at and below it: {why}")
                return None
            if zone in self._beliefs.anchors:
                return zone
        self._tell(name, name, "DNSKEY", "insecure", note="no trust anchor at or above it")
        return None

    async def _cut(self, name: WireName, zone: WireName, *, is_needed: bool) -> bool | None:
        """Does a signed zone begin at this name, below the apex of `zone`? None: the chain ends here.

        is_needed: the answer hangs on that. What is not known cuts nothing else: not every name has its DS looked up.
        """
        link = await self._get(Question(name, DS))
        match link:
            case RRset():
                return await self._vouched(link, zone)
            case Denial():
                return await self._denied(link, zone)
            case ResolutionFailure():
                state, said = _why_unknown(link)
                self._tell(zone, name, "DS", state, note=said)
                return None
            case None if is_needed:
                self._tell(zone, name, "DS", "unknown", note=NOT_CACHED)
                return None
        return False

    async def _vouched(self, ds: RRset, zone: WireName) -> bool | None:
        """Tell the DS RRset and the keys it vouches for; as _cut."""
        if not await self._told(ds, zone):
            return None
        if not is_supported(ds.rdatas, self._algorithms):
            said = unsupported(ds.rdatas, self._algorithms).text
            self._tell(ds.owner, ds.owner, "DNSKEY", "insecure", ds=ds.rdatas, note=f"counts as unsigned: {said}")
            return None
        return True if await self._keys_of(ds.owner, ds.rdatas) else None

    async def _denied(self, denial: Denial, zone: WireName) -> bool | None:
        """Tell what the denial of a DS proves, unless it is that no zone begins there; as _cut."""
        proof = tuple([one for one in denial.proof if isinstance(await self._verify(one, zone), Verified)])
        found = proof_of(denial, zone, proof, self._work)
        if denial.rtype is not None and proves_no_ds(denial.owner, zone, proof, self._work) in UNSIGNED:
            self._tell(
                zone, denial.owner, "DS", "insecure", note="no DS, which is proven: an unsigned zone begins here"
            )
            return None
        if found is Proof.PROVEN:
            return False
        state: ChainState = "bogus" if found is Proof.NOT_PROVEN else "insecure"
        self._tell(zone, denial.owner, "DS", state, note=f"no DS, and the proof of that: {found.value}")
        return None

    async def _keys_of(self, zone: WireName, ds: Sequence[bytes]) -> bool:
        """Are the zone's keys good? Tells them, once."""
        if zone in self._keys:
            return True
        link = await self._get(Question(zone, DNSKEY))
        if not isinstance(link, RRset) or link.rtype != DNSKEY:
            state, said = (
                _why_unknown(link) if isinstance(link, ResolutionFailure | None) else ("bogus", "there are none")
            )
            self._tell(zone, zone, "DNSKEY", state, ds=ds, note=said)
            return False
        vouched = matching(link, ds, self._algorithms)
        wall, skew = self._parts.env.wall(), self._parts.options.dnssec.signature_skew
        verdict: Verified | Unverified | None = None
        if vouched:
            verdict = await verify(link, usable_keys(vouched), zone, wall, self._work, skew)
        is_good = isinstance(verdict, Verified)
        note = "" if is_good else verdict.reason if isinstance(verdict, Unverified) else "no key is the one vouched for"
        keys = [f"{key_tag(one)} {one[3]}{' vouched for' if one in vouched else ''}" for one in link.rdatas]
        self._tell(zone, zone, "DNSKEY", "secure" if is_good else "bogus", link, ds=ds, keys=keys, note=note)
        if is_good:
            self._keys[zone] = usable_keys(of_algorithms(link.rdatas, self._algorithms))
        return is_good

    async def _tell_answer(
        self, question: Question, link: Link | ResolutionFailure | None, zone: WireName
    ) -> WireName | None:
        """Tell what answers; the target of an alias that it is."""
        match link:
            case Alias():
                for rrset in link.shown[:1]:
                    await self._told(rrset, zone)
                return link.shown[-1].alias_target
            case Several(rrsets=rrsets):
                for rrset in rrsets:
                    await self._told(rrset, zone)
            case RRset():
                if link.rtype != DNSKEY or link.owner != zone:
                    await self._told(link, zone)
            case Denial():
                what = "NXDOMAIN" if link.is_nxdomain else "NODATA"
                for one in link.proof:
                    await self._told(one, zone, f"of the proof of {what} for {to_text(question.qname)}")
                if not link.proof:
                    self._tell(
                        zone, question.qname, type_to_text(question.qtype), "bogus", note=f"{what} without proof"
                    )
            case _:
                state, note = _why_unknown(link)
                self._tell(zone, question.qname, type_to_text(question.qtype), state, note=note)
        return None

    async def _told(self, rrset: RRset, zone: WireName, note: str = "") -> bool:
        """Tell an RRset that the zone should have signed; has it?"""
        verdict = await self._verify(rrset, zone)
        is_good = isinstance(verdict, Verified)
        said = verdict.reason if isinstance(verdict, Unverified) else note
        ds = rrset.rdatas if rrset.rtype == DS else ()
        state: ChainState = "secure" if is_good else "bogus"
        self._tell(zone, rrset.owner, type_to_text(rrset.rtype), state, rrset, ds=ds, note=said)
        return is_good

    async def _verify(self, rrset: RRset, zone: WireName) -> Verified | Unverified:
        wall, skew = self._parts.env.wall(), self._parts.options.dnssec.signature_skew
        return await verify(rrset, self._keys[zone], zone, wall, self._work, skew)

    async def _get(self, question: Question) -> Link | ResolutionFailure | None:
        """What is said to it: by the cache, else, for real, by the servers, as they say it; None: it is not known."""
        try:
            known = find_link(self._parts.known.cache, question.qname, question.qtype, self._parts.env.now())
        except SubstitutionTooLong as end:
            return NameTooLong(str(end))
        link = known or self._validation.find_referred_ds(question) or self._validation.proven(question)
        if link is not None and _is_proven(link):
            return link
        if not self._for_real:
            return self._remembered(question)
        try:
            return (await self._parts.iterator.iterate(question, self._budget, Landing())).link
        except ResolutionFailure as failure:
            return failure

    def _remembered(self, question: Question) -> CachedFailure | None:
        failure = self._parts.memory.failures.peek(question, self._parts.env.now())
        return CachedFailure(failure.text, failure.info_code) if failure is not None else None

    def _tell(
        self,
        zone: WireName,
        owner: WireName,
        rtype: str,
        state: ChainState,
        rrset: RRset | None = None,
        *,
        ds: Sequence[bytes] = (),
        keys: Sequence[str] = (),
        note: str = "",
    ) -> None:
        self.rows.append(
            ChainRow(
                to_text(zone),
                to_text(owner),
                rtype,
                state,
                tuple(f"{tag_of(one)} {one[2]} {one[3]}" for one in ds if len(one) > 3),
                tuple(keys),
                tuple(filter(None, map(_signature_text, rrset.rrsigs))) if rrset is not None else (),
                note,
            )
        )


def _is_proven(link: Link) -> bool:
    """Has it something that can be checked: signatures, or as a denial a proof?"""
    entry = first_of(link)
    return isinstance(entry, Denial) or bool(entry.rrsigs)


def _why_unknown(link: ResolutionFailure | None) -> tuple[ChainState, str]:
    """What to say of a link that is not there; None: it is not cached."""
    if link is None:
        return "unknown", NOT_CACHED
    return "bogus" if is_of_validation(link) else "unknown", str(link)


def _signer_of(link: Link | ResolutionFailure | None, qtype: int, start: WireName) -> WireName | None:
    """The zone at or below `start` that claims to have signed it; None: none does."""
    match link:
        case Alias():
            return signer_of(link.shown[0], start, is_above=False)
        case Several():
            return signer_of(link.rrsets[0], start, is_above=False)
        case RRset():
            return signer_of(link, start, is_above=qtype == DS)
        case Denial():
            signer = signer_of_denial(link, qtype)
            return signer if signer is not None and is_at_or_below(signer, start) else None
    return None


def _signature_text(rdata: bytes) -> str:
    """`tag algorithm, from when until when`; "" for a malformed one."""
    signature = read(rdata)
    if signature is None:
        return ""
    span = f"{_moment(signature.inception)} to {_moment(signature.expiration)} UTC"
    return f"{signature.tag} {signature.algorithm}, {span}"


def _moment(at: int) -> str:
    """at: seconds since the epoch."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
