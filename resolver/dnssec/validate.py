"""Is this what its zone signed? Each RRset and each denial by itself, with the keys that the chain of trust gives.

Whoever stores what servers say asks here first. What is not what its zone signed raises Bogus, and is nothing then.
"""

from collections.abc import Callable, Sequence
from typing import Final

from cache.answer import ExtendedError, Question
from cache.chain import Link
from cache.names import ROOT, WireName, count_labels, fold, is_at_or_below, parent, to_text
from cache.rrset import Denial, Entry, RRset, Security
from cache.rrtypes import DNSKEY, DS, RRSIG, mnemonic
from cache.ttl import with_proof
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.denial import (
    MAX_RECORDS,
    Proof,
    proves_no_closer_match,
    proves_no_ds,
    proves_nodata,
    proves_nxdomain,
)
from resolver.dnssec.gaps import Gaps
from resolver.dnssec.keys import MAX_DS, MAX_KEYS, is_no_zone_key, matching, usable_keys, vouches_for
from resolver.dnssec.signatures import Unverified, Verified, seconds_early, verify
from resolver.dnssec.standing import Signed, Uncut, Unsigned
from resolver.dnssec.trust import FOREVER, ChainOfTrust, Fetch
from resolver.dnssec.work import Rest, Work, no_rest
from resolver.errors import (
    UNSUPPORTED_ITERATIONS,
    Bogus,
    DnskeyMissing,
    NoZoneKey,
    NsecMissing,
    RrsigsMissing,
    SignatureExpired,
    SignatureNeverValid,
    SignatureNotYetValid,
    again,
)

SIGNER_AT: Final = 18  # of an RRSIG's rdata: the octet at which the signer's name begins (RFC 4034 §3.1)
FAILURES: Final = {
    failure.info_code: failure
    for failure in (
        Bogus,
        SignatureExpired,
        SignatureNotYetValid,
        DnskeyMissing,
        RrsigsMissing,
        NsecMissing,
        SignatureNeverValid,
    )
}
Proofs = tuple[RRset, ...]


class Validator:
    """Gives what servers said its Security."""

    def __init__(
        self,
        trust: ChainOfTrust,
        gaps: Gaps,
        now: Callable[[], float],
        wall: Callable[[], float],
        counts: DnssecCounts,
        skew: int = 0,
    ) -> None:
        """gaps: is told of what is verified. now: monotonic seconds; wall: seconds since the epoch, which signatures speak of.

        skew: seconds that a signature may be too early or too late by.
        """
        self._trust = trust
        self._gaps = gaps
        self._now = now
        self._wall = wall
        self._counts = counts
        self._skew = skew

    def new_work(self, rest: Rest = no_rest) -> Work:
        """What one client question may cost. rest: see Work."""
        return Work(self._now(), counts=self._counts, rest=rest)

    async def validate_rrset(self, rrset: RRset, fetch: Fetch, work: Work) -> RRset:
        """It with its security, and no TTL past its signatures'; raises ResolutionFailure.

        Of its proof is left what a wildcard's expansion needs, verified. fetch: gets validated DNSKEY and DS RRsets.
        work: what one client question may still cost.
        """
        try:
            judged = await self._judge(rrset, fetch, work)
        except Bogus:
            self._counts.bogus += 1
            raise
        self._note(judged.security)
        return judged

    async def validate_denial(self, denial: Denial, qtype: int, fetch: Fetch, work: Work) -> Denial:
        """The same for a denial of what was asked with `qtype`."""
        try:
            judged = await self._judge_denial(denial, qtype, fetch, work)
        except Bogus:
            self._counts.bogus += 1
            raise
        self._note(judged.security)
        return judged

    async def is_signed(self, zone: WireName, fetch: Fetch, work: Work) -> bool:
        """Is what this zone says validated, since its parent or a trust anchor vouches for its keys? Raises ResolutionFailure."""
        if not self._trust.is_checked(zone):
            return False
        has_anchor = self._trust.anchor_of(zone) is not None
        return has_anchor or isinstance(await self._vouched_for(zone, fetch, work), RRset)

    def derive(self, question: Question, cut: WireName) -> Link | None:
        """What is proven of it by records that came with other answers (RFC 8198); None: it has to be asked for.

        cut: the closest zone that is known to be delegated, or the root: what the zones above it once said may be over.
        """
        start = self._trust.start_of(_place_of(question.qname, question.qtype))
        return self._gaps.find(question, max(start, cut, key=len), self._now()) if start is not None else None

    def peek_derived(self, question: Question, cut: WireName) -> Link | None:
        """The same for who only looks: nothing is marked as used, or counted."""
        start = self._trust.start_of(_place_of(question.qname, question.qtype))
        return self._gaps.peek(question, max(start, cut, key=len), self._now()) if start is not None else None

    def note_derived(self) -> None:
        """Count an answer that was made of such records."""
        self._counts.derived += 1

    async def _judge(self, rrset: RRset, fetch: Fetch, work: Work) -> RRset:
        if rrset.rtype == RRSIG:  # never signed itself (RFC 4035 §2.2): whoever asked for it can tell what it is worth
            return rrset.replace(security=Security.INDETERMINATE)
        if rrset.rtype == DNSKEY:
            return await self._judge_keys(rrset, fetch, work)
        place = _place_of(rrset.owner, rrset.rtype)
        start = self._trust.start_of(place)
        signer = signer_of(rrset, start, is_above=rrset.rtype == DS) if start is not None else None
        zone = await self._trust.zone_of(signer or place, fetch, work)
        if isinstance(zone, Unsigned):
            work.remark(zone.why)
            return rrset.replace(security=Security.INSECURE)
        if signer is None:
            raise RrsigsMissing(f"no signature of {_text(rrset)}")
        verified = await self._verified(rrset, zone, signer, work)
        if verified.labels < count_labels(rrset.owner):
            return await self._judge_expanded(rrset, verified, zone, work)
        return self._limited(rrset.replace(proof=()), [verified], Security.SECURE)

    async def _judge_expanded(self, rrset: RRset, verified: Verified, zone: Signed, work: Work) -> RRset:
        """RFC 4035 §5.3.4: what a wildcard gives is good only where nothing closer is; one record is enough to say so."""
        what = f"a wildcard's {_text(rrset)}"
        for one in rrset.proof[:MAX_RECORDS]:
            found = proves_no_closer_match(rrset.owner, verified.labels, zone.zone, (one,), work)
            verdict = await self._verify(one, zone, work) if found is not Proof.NOT_PROVEN else None
            if isinstance(verdict, Verified):
                proof = self._limited(one, [verdict], Security.SECURE)
                judged = self._limited(with_proof(rrset, (proof,)), [verified], _security_of(found, what, work))
                if judged.security is Security.SECURE:
                    self._gaps.note(zone.zone, judged.proof)
                    self._gaps.note_expanded(zone.zone, judged, verified.labels)
                return judged
        return self._limited(rrset, [verified], _security_of(Proof.NOT_PROVEN, what, work))

    async def _judge_keys(self, rrset: RRset, fetch: Fetch, work: Work) -> RRset:
        """The DNSKEY RRset at the apex of a zone: a trust anchor vouches for it, or the DS RRset of its parent."""
        zone = rrset.owner
        if not self._trust.is_checked(zone):
            return rrset.replace(security=Security.INSECURE)
        anchor = self._trust.anchor_of(zone)
        if anchor is not None:
            vouching = anchor.ds
            keys = matching(rrset, vouching, self._trust.algorithms)
        else:
            found = await self._vouched_for(zone, fetch, work)
            if isinstance(found, Unsigned):
                work.remark(found.why)
                return rrset.replace(security=Security.INSECURE)
            if isinstance(found, Uncut):
                raise Bogus(f"no zone begins at {to_text(zone)}, and keys are there")
            vouching = found.rdatas
            keys = matching(rrset, vouching, self._trust.algorithms)
        if not keys:
            if any(
                is_no_zone_key(one) and vouches_for(ds, zone, one)
                for one in rrset.rdatas[:MAX_KEYS]
                for ds in vouching[:MAX_DS]
            ):
                raise NoZoneKey(f"the key of {to_text(zone)} that is vouched for is no zone key")
            raise DnskeyMissing(f"no key of {to_text(zone)} is the one that is vouched for")
        signed = Signed(zone, usable_keys(keys), FOREVER)
        try:
            verified = await self._verified(rrset, signed, zone, work)
        except SignatureNotYetValid as early:
            failure = again(early)
        else:
            if anchor is not None:
                self._counts.clock_behind_current = 0
            return self._limited(rrset, [verified], Security.SECURE)
        if anchor is not None:
            await self._note_early(rrset, signed, work)
        raise again(failure)

    async def _note_early(self, keys: RRset, signed: Signed, work: Work) -> None:
        """The keys that all rests on are signed weeks ahead: if a good signature begins in the future, the clock is wrong.

        One that is not good says nothing: whoever is on the path can make it up.
        """
        wall = self._wall() + self._skew
        early = await seconds_early(keys, signed.keys, signed.zone, wall, work)
        if early:
            self._counts.clock_behind_current = early

    async def _vouched_for(self, zone: WireName, fetch: Fetch, work: Work) -> RRset | Unsigned | Uncut:
        """The DS RRset by which the zone above vouches for the zone's keys, or that it does not."""
        above = await self._trust.zone_of(parent(zone), fetch, work)
        return above if isinstance(above, Unsigned) else await self._trust.vouchers(zone, above.zone, fetch, work)

    async def _judge_denial(self, denial: Denial, qtype: int, fetch: Fetch, work: Work) -> Denial:
        place = _place_of(denial.owner, qtype)
        start = self._trust.start_of(place)
        signer = signer_of_denial(denial, qtype) if start is not None else None
        zone = await self._trust.zone_of(signer or place, fetch, work)
        # a zone above the closest anchor may deny all of it if it is vouched for itself; else anybody could name it
        is_without_right = signer is not None and start is not None and not is_at_or_below(signer, start)
        if isinstance(zone, Unsigned) and not is_without_right:
            work.remark(zone.why)
            return denial.replace(security=Security.INSECURE)
        if signer is None or not denial.proof or isinstance(zone, Unsigned):
            raise NsecMissing(f"nothing proves that {to_text(denial.owner)} {mnemonic(qtype)} is not there")
        verified = [await self._verified(denial.soa, zone, signer, work)] if denial.soa.rdatas else []
        proof, of_proof = await self._proven(denial.proof, zone, work)
        found = proof_of(denial, zone.zone, proof, work)
        security = _security_of(found, f"the denial of {to_text(denial.owner)}", work)
        if found is Proof.TOO_MANY_ITERATIONS:  # not looked at: it vouches for nothing
            proof = tuple(one.replace(security=security) for one in proof)
        ttl, expires = self._limits(denial, [*verified, *of_proof])
        limited = denial.replace(proof=proof, security=security, ttl=ttl, expires=expires)
        soa = limited.soa.replace(ttl=limited.ttl, expires=limited.expires, security=security)
        if security is Security.SECURE:
            self._gaps.note(zone.zone, proof, soa)
        return limited.replace(soa=soa)

    async def _verified(self, rrset: RRset, zone: Signed, signer: WireName, work: Work) -> Verified:
        """How it is signed; raises Bogus."""
        if signer != zone.zone:
            raise Bogus(f"{_text(rrset)} is signed by {to_text(signer)}, which is no zone")
        verdict = await self._verify(rrset, zone, work)
        if isinstance(verdict, Unverified):
            failure = FAILURES.get(verdict.info_code, Bogus)
            raise failure(f"{_text(rrset)}: {verdict.reason}")
        return verdict

    async def _verify(self, rrset: RRset, zone: Signed, work: Work) -> Verified | Unverified:
        return await verify(rrset, zone.keys, zone.zone, self._wall(), work, self._skew)

    async def _proven(self, proof: Proofs, zone: Signed, work: Work) -> tuple[Proofs, list[Verified]]:
        """Those NSEC and NSEC3 RRsets that the zone signed, and how."""
        good: list[tuple[RRset, Verified]] = []
        for one in proof:
            verdict = await self._verify(one, zone, work)
            if isinstance(verdict, Verified):
                good.append((one, verdict))
        limited = [self._limited(one, [verdict], Security.SECURE) for one, verdict in good]
        return tuple(limited), [verdict for _, verdict in good]

    def _limited(self, rrset: RRset, verified: Sequence[Verified], security: Security) -> RRset:
        """It with this security, and no TTL beyond what was signed (RFC 4035 §5.3.3)."""
        ttl, expires = self._limits(rrset, verified)
        return rrset.replace(security=security, ttl=ttl, expires=expires)

    def _limits(self, entry: Entry, verified: Sequence[Verified]) -> tuple[int, float]:
        """The TTL, and the end, that it may have by these signatures."""
        wall = self._wall()
        ttl = min(entry.ttl, *(min(one.ttl, max(0, int(one.until - wall))) for one in verified))
        return ttl, min(entry.expires, entry.received + ttl)

    def _note(self, security: Security) -> None:
        if security is Security.SECURE:
            self._counts.secure += 1
        else:
            self._counts.insecure += 1


def signer_of(rrset: RRset, start: WireName, *, is_above: bool) -> WireName | None:
    """The zone that claims to have signed it, the closest that could have; None: no signature is any zone's of its.

    start: the zone of the closest trust anchor. One above it is no signer: it may be unsigned, and whoever forges names the
    signer as he likes. is_above: the zone is above its owner: a DS RRset is its parent's (RFC 4035 §5.2).
    """
    signers = [fold(_name_at(rrsig, SIGNER_AT)) for rrsig in rrset.rrsigs if len(rrsig) > SIGNER_AT]
    below = [one for one in signers if is_at_or_below(one, start)]
    could = [one for one in below if is_at_or_below(rrset.owner, one) and not (is_above and one == rrset.owner)]
    return max(could, key=len, default=None)


def signer_of_denial(denial: Denial, qtype: int) -> WireName | None:
    """The zone that claims to deny it; None: no signature is of one that could. It may be above the closest trust anchor."""
    records = (denial.soa, *denial.proof) if denial.soa.rdatas else denial.proof
    signers = (signer_of(one, ROOT, is_above=False) for one in records)
    within = (one for one in signers if one is not None and is_at_or_below(denial.owner, one))
    # a DS is the parent's to deny (RFC 4035 §3.1.4.1), but for that of the root, which has none
    return next((one for one in within if qtype != DS or one != denial.owner or one == ROOT), None)


def _name_at(rdata: bytes, at: int) -> bytes:
    """The well-formed uncompressed name that begins at `at`; the codec has checked that it is one."""
    end = at
    while rdata[end]:
        end += 1 + rdata[end]
    return rdata[at : end + 1]


def _place_of(owner: WireName, qtype: int) -> WireName:
    """Where to look for the zone of what has no signature."""
    return parent(owner) if qtype == DS else owner


def proof_of(denial: Denial, zone: WireName, proof: Proofs, work: Work) -> Proof:
    """How far the zone's verified records prove it; raises WorkExhausted."""
    if denial.rtype is None:
        return proves_nxdomain(denial.owner, zone, proof, work)
    found = proves_nodata(denial.owner, denial.rtype, zone, proof, work)
    if denial.rtype == DS and found is Proof.NOT_PROVEN:
        return proves_no_ds(denial.owner, zone, proof, work)
    return found


def _security_of(proof: Proof, what: str, work: Work) -> Security:
    if proof is Proof.PROVEN:
        return Security.SECURE
    if proof is Proof.NOT_PROVEN:
        raise NsecMissing(f"{what} is not proven")
    if proof is Proof.TOO_MANY_ITERATIONS:
        work.remark(ExtendedError(UNSUPPORTED_ITERATIONS, "NSEC3 with too many iterations"))
    return Security.INSECURE  # an unsigned zone may begin there (opt-out), or the proof is too dear (RFC 9276 §3.2)


def _text(rrset: RRset) -> str:
    return f"{to_text(rrset.owner)} {mnemonic(rrset.rtype)}"
