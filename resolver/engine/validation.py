"""Is what a flight brought what its zones signed? Each link of its answer, before anything of it is stored.

The first link must stand, or the flight has failed. A further one that does not is dropped with all behind it, and asked for
by itself. What beside them is not signed is dropped, but for delegations and glue, which answer nobody.
"""

from collections.abc import Callable
from contextlib import suppress

from cache.answer import ExtendedError, Question
from cache.chain import Alias, Link, Several, alias_of, first_of
from cache.names import ROOT, WireName, ancestors, parent, to_text
from cache.negative import denied_by
from cache.rrset import Denial, Entry, Rank, RRset, Security
from cache.rrtypes import CNAME, DNSKEY, DS, NS
from cache.store import RRsetCache, denies_ds
from resolver.dnssec.validate import Validator
from resolver.dnssec.work import Rest, Work, no_rest
from resolver.engine.look_ups import Lookup
from resolver.engine.mesh import Landing
from resolver.errors import Bogus, DnskeyMissing, ResolutionFailure
from resolver.iterate.budget import Budget
from resolver.iterate.learn import Iteration


class Validation:
    """Checks what iterations bring."""

    def __init__(
        self,
        now: Callable[[], float],
        validator: Validator,
        cache: RRsetCache,
        lookup: Lookup,
        rest: Rest = no_rest,
    ) -> None:
        """lookup: the first link of a question, through cache and flights, and so validated itself. rest: see Work."""
        self.rest = rest
        self.now = now
        self.validator = validator
        self.cache = cache
        self.lookup = lookup

    def find_referred_ds(self, question: Question) -> RRset | Denial | None:
        """The DS RRset that came beside a referral, or what its proof says that there is none; neither was validated yet."""
        if question.qtype != DS:
            return None
        told = self.cache.peek(question.qname, DS)
        if told is not None and self._is_live(told):
            return told if isinstance(told, RRset) and told.rank == Rank.ADDITIONAL else None
        delegation = self.cache.peek(question.qname, NS)
        if not isinstance(delegation, RRset) or not denies_ds(delegation) or not self._is_live(delegation):
            return None
        denial = denied_by(delegation.proof, question.qname, DS)
        return denial if self._is_live(denial) else None

    def derive(self, question: Question) -> Iteration | None:
        """What is proven of it already, to be given and kept; None: it has to be asked for."""
        link = self.validator.derive(question, self._cut_for(question))
        if link is None or not self._is_news(link, question):
            return None
        self.validator.note_derived()
        return Iteration(link, (first_of(link),))

    def proven(self, question: Question) -> Link | None:
        """What verified records that came with other answers prove of it (RFC 8198); None: it would have to be asked for.

        None, too, where what is held of the name was heard later or lasts as long: that stays. For who only looks: nothing is
        marked as used.
        """
        link = self.validator.peek_derived(question, self._cut_for(question))
        return link if link is not None and self._is_news(link, question) else None

    def _is_news(self, link: Link, question: Question) -> bool:
        """Is nothing held of the name that stays?"""
        entry, node = first_of(link), self.cache.peek_node(question.qname)
        return node is None or not any(_is_no_news(entry, one, question.qtype) for one in node.entries)

    def _cut_for(self, question: Question) -> WireName:
        """The closest zone above what is asked whose delegation is known, or configured."""
        for zone in ancestors(parent(question.qname) if question.qtype == DS else question.qname):
            if zone in self.cache.apexes:
                return zone
            known = self.cache.peek(zone, NS)
            if isinstance(known, RRset) and self._is_live(known):
                return zone
        return ROOT

    def forget_keys_from_before(self, zone: WireName) -> None:
        """Forget keys, or that there are none, as they were heard when nobody vouched for them: now somebody does."""
        held = self.cache.peek(zone, DNSKEY)
        if held is not None and held.security is not Security.SECURE:
            self.cache.forget(zone, DNSKEY)

    async def validate(self, iteration: Iteration, question: Question, budget: Budget, flight: Landing) -> Iteration:
        """As much of it as is signed as it should be, with its security; raises ResolutionFailure.

        flight: that of the question, which waits for what vouches.
        """
        return await self._validate(iteration, _Judging(self, question, budget, flight))

    async def validate_dname(self, dname: RRset, question: Question, budget: Budget, flight: Landing) -> RRset:
        """The DNAME that gives no name for the question; raises ResolutionFailure."""
        return await _Judging(self, question, budget, flight).judge_rrset(dname)

    async def is_signed(self, zone: WireName, question: Question, budget: Budget, waiting: Landing) -> bool:
        """Is what this zone says validated, since its parent or a trust anchor vouches for its keys? Raises ResolutionFailure.

        question, budget, waiting: for whose sake this is to be known.
        """
        return await _Judging(self, question, budget, waiting).is_signed(zone)

    def _is_live(self, entry: Entry) -> bool:
        return self.now() < entry.expires

    async def _validate(self, iteration: Iteration, judging: "_Judging") -> Iteration:
        links = [await judging.judge_link(iteration.link)]
        for further in iteration.further:
            try:
                links.append(await judging.judge_link(further))
            except ResolutionFailure:
                break
        learned: list[Entry] = []
        for entry in iteration.learned:
            if entry.rank == Rank.ADDITIONAL:
                learned.append(entry)
            elif (judged := judging.judged.get(id(entry))) is not None:
                learned.append(judged)
        return iteration.replace(link=links[0], learned=tuple(learned), further=tuple(links[1:]))


class _Judging:
    """The validation of one iteration. judged: what came of each of its entries, by identity."""

    def __init__(self, means: Validation, question: Question, budget: Budget, flight: Landing) -> None:
        self.judged: dict[int, Entry] = {}
        self._means = means
        self._question = question
        self._flight = flight
        self._within = budget.sub(question)
        self._work = _work_of(budget, means)

    async def judge_link(self, link: Link) -> Link:
        if isinstance(link, Several):
            return Several(tuple([await self.judge_rrset(one) for one in link.rrsets]))
        if not isinstance(link, Alias):
            return await self.judge(link)
        return alias_of(await self.judge_rrset(link.shown[0]), link.shown[-1].owner)

    async def judge_rrset(self, rrset: RRset) -> RRset:
        entry = await self.judge(rrset)
        assert isinstance(entry, RRset)
        return entry

    async def judge(self, entry: Entry) -> Entry:
        known = self.judged.get(id(entry))
        if known is None:
            known = self.judged[id(entry)] = await self._judge(entry)
        return known

    async def is_signed(self, zone: WireName) -> bool:
        return await self._means.validator.is_signed(zone, self._fetch, self._work)

    async def _judge(self, entry: Entry) -> Entry:
        validator = self._means.validator
        if isinstance(entry, Denial):
            return await validator.validate_denial(entry, self._question.qtype, self._fetch, self._work)
        return await validator.validate_rrset(entry, self._fetch, self._work)

    async def _fetch(self, question: Question) -> Link:
        if question == self._question:  # what came in place of keys would have to be signed with them
            raise DnskeyMissing(f"no keys of {to_text(question.qname)}")
        if question.qtype == DNSKEY:
            self._means.forget_keys_from_before(question.qname)
        told = self._means.find_referred_ds(question)
        if told is not None:
            with suppress(Bogus):  # then it is asked for by itself
                return await self._believe(told)
        return await self._means.lookup(question, self._within, self._flight)

    async def _believe(self, told: RRset | Denial) -> RRset | Denial:
        """What a referral said of the DS, validated: an RRset is from now on as good as one that was asked for."""
        if isinstance(told, Denial):  # it has no SOA and answers nobody; what it proves is remembered with the standing
            return await self._means.validator.validate_denial(told, DS, self._fetch, self._work)
        judged = await self._means.validator.validate_rrset(told, self._fetch, self._work)
        ds = judged.replace(rank=Rank.AUTHORITY_AA)
        self._means.cache.put(ds, self._means.now())
        return ds


def _is_no_news(derived: Entry, known: Entry, qtype: int) -> bool:
    """Does `known`, which is held of the same name, speak of the same, and was it heard later, or will it live longer?"""
    if known.rank == Rank.ADDITIONAL or not (derived.rtype is None or known.rtype in (None, CNAME, qtype)):
        return False
    return known.received > derived.received or known.expires >= derived.expires


def _work_of(budget: Budget, means: Validation) -> Work:
    """What is left for the client question, whichever of its flights asks."""
    work = budget.spent.of_validation
    if not isinstance(work, Work):
        work = budget.spent.of_validation = means.validator.new_work(means.rest)
    work.allow(budget.spent.aliases)
    return work


def remarks_of(budget: Budget) -> tuple[ExtendedError, ...]:
    """Why something of what was found for the client counts as unsigned though it is signed."""
    work = budget.spent.of_validation
    return tuple(work.remarks) if isinstance(work, Work) else ()
