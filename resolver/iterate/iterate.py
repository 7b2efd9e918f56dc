"""From a question to the server that knows: down the referrals, zone by zone. The driver; what decides stands elsewhere.

closest delegation -> shorten the question -> ask the zone's servers -> a referral: go down; a shortened question
answered: show more of it; the whole question answered: learn and return.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

import msgspec
from cachetools import LRUCache

from cache.answer import Question
from cache.failures import ServerFailures
from cache.names import ROOT, WireName, parent
from cache.options import CacheOptions
from cache.rrset import Trust
from cache.rrtypes import NS, A
from cache.servers import Servers
from cache.store import RRsetCache
from resolver.env import Address, Env
from resolver.errors import CachedFailure, NameTooLong, NetworkError, NoReachableAuthority
from resolver.iterate.addresses import AddressBook, Lookup
from resolver.iterate.asking import Means, ZoneServers
from resolver.iterate.budget import Budget
from resolver.iterate.classify import Aliased, Denied, Referred, substituted
from resolver.iterate.counts import IterateCounts
from resolver.iterate.delegation import Delegation, Origin, ZoneServer, closest, closest_to, referred
from resolver.iterate.learn import Iteration, Voice, delegation_of, entry_of, glue_of, learn
from resolver.iterate.minimise import lengthen, shorten
from resolver.iterate.options import RecursionOptions
from resolver.iterate.parent_glue import find_glue_above
from resolver.iterate.scrub import MAX_NAME_SERVERS
from resolver.iterate.trace import Begun
from resolver.iterate.tries import Heard
from resolver.upstream import Assurance, Spawn, Upstream, UpstreamCounts

PRIMING: Final = Question(ROOT, NS)
PARENT_PAUSE: Final = 10.0  # s until a parent that did not help is asked once more about a zone that fails
MAX_IN_VAIN: Final = 4096  # such questions; the least recently met is forgotten, and asked once more


@dataclass(slots=True)
class _Descent:
    """What is kept while one question goes down the referrals.

    avoided: see `iterate`. steps: shortened questions asked; failed: servers. has_left_start: a referral was followed.
    """

    question: Question
    budget: Budget
    avoided: AbstractSet[ZoneServer] = frozenset()
    steps: int = 0
    failed: set[Address] = field(default_factory=set)
    has_left_start: bool = False

    def passed_over(self, zone: WireName) -> AbstractSet[Address]:
        """The servers that are not asked as servers of `zone`."""
        if not self.avoided:  # the usual case, once for each zone of each miss
            return self.failed
        return self.failed.union(one.server for one in self.avoided if one.zone == zone)


class Iterator:
    """Takes questions to the authoritative servers."""

    def __init__(
        self,
        env: Env,
        cache: RRsetCache,
        servers: Servers,
        options: RecursionOptions,
        lookup: Lookup,
        hints: Delegation,
        *,
        zones: Mapping[WireName, Delegation],
        failures: ServerFailures,
        ttls: CacheOptions,
        counts: IterateCounts,
        upstream_counts: UpstreamCounts,
        spawn: Spawn,
        validates: bool = False,
    ) -> None:
        """lookup: the first link of a question, through cache and flights. zones: forward and stub zones (`configured`).

        spawn: starts a task that may outlive the question (upstream.Upstream). validates: what is brought is validated by who
        asked; DS RRsets beside referrals are stored for that, or the proof that there is none, and a signed NXDOMAIN of a
        shortened name ends the question.
        """
        self._validates = validates
        self._cache = cache
        self._options = options
        self._hints = hints
        self._zones = zones
        self._ttls = ttls
        self._counts = counts
        self._asked_in_vain: LRUCache[Question, float] = LRUCache(MAX_IN_VAIN)  # until when, in monotonic seconds
        upstream = Upstream(
            env,
            servers,
            upstream_counts,
            spawn,
            case_randomization=options.case_randomization,
        )
        self._means = Means(
            env,
            upstream,
            AddressBook(cache, options, lookup, counts),
            failures,
            counts,
            self._find_glue_above,
            zones.keys(),
        )

    async def iterate(
        self, question: Question, budget: Budget, avoided: AbstractSet[ZoneServer] = frozenset()
    ) -> Iteration:
        """The first link of the answer and what else was learned; raises ResolutionFailure.

        Delegations and glue met on the way are stored here; `learned` is for the caller to store. avoided: servers that are
        passed over in their zones, as if they had failed.
        """
        self._counts.iterations += 1
        descent = _Descent(question, budget, avoided)
        start = self._closest(question, budget)
        if budget.watch is not None:
            budget.tell(Begun(question, start))
        try:
            return await self._descend(start, descent)
        except (CachedFailure, NetworkError, NoReachableAuthority) as failure:
            if not isinstance(failure, NoReachableAuthority) and start.origin is not Origin.FORWARD_FIRST:
                raise
            is_worth_it = not descent.has_left_start and not self._was_in_vain(Question(start.zone, NS))
            above = self._above(start, budget) if is_worth_it else None
            if above is None:
                raise
            # the zone may have moved: its parent knows; whoever has just failed is not asked again
            self._counts.parent_asked_again += 1
            if budget.watch is not None:
                budget.tell(Begun(question, above, is_again=True))
            try:
                return await self._descend(above, descent)
            except NoReachableAuthority:
                self._note_in_vain(Question(start.zone, NS))
                raise failure from None

    @property
    def begins_at_root(self) -> bool:
        """False when the root itself is a forward or stub zone: then nobody but its servers is asked."""
        return ROOT not in self._zones

    async def prime(self, budget: Budget) -> Iteration:
        """Ask the servers of the hints for the root's name servers (RFC 9609 §3); raises ResolutionFailure."""
        return await self._descend(self._hints, _Descent(PRIMING, budget))

    async def _descend(self, delegation: Delegation, descent: _Descent) -> Iteration:
        """From this delegation down to the answer."""
        question = descent.question
        while True:
            passed_over = descent.passed_over(delegation.zone)
            servers = ZoneServers(self._means, delegation, question, descent.budget, passed_over)
            shown = self._shorten(delegation, descent)
            try:
                heard = await self._ask(servers, shown, descent)
            except NoReachableAuthority:
                descent.failed |= servers.servers
                raise
            voice = _voice(delegation, heard)
            if isinstance(heard.told, Referred):
                descent.budget.spend_referral()
                descent.has_left_start = True
                delegation = self._take_referral(heard.told, heard, voice)
                continue
            if isinstance(heard.told, Aliased) and heard.told.target is None:
                trust = Trust.ANSWER_AA if voice.is_authoritative else Trust.ANSWER
                dname = entry_of(heard.told.alias, voice, trust, self._ttls)
                raise NameTooLong("DNAME substitution gives a name that is too long", dname)
            return learn(question, heard.told, heard.scrubbed, voice, self._ttls)

    async def _ask(self, servers: ZoneServers, shown: Question, descent: _Descent) -> Heard:
        """Show a zone's servers ever more of the question until they refer elsewhere or have answered all of it."""
        question, is_relaxed = descent.question, self._options.qname_minimisation != "strict"
        while shown != question:
            self._counts.minimised += 1
            heard = await servers.ask(shown, gives_up_early=is_relaxed)
            descent.steps += 1
            if heard is not None and isinstance(heard.told, Referred):
                return heard
            if heard is not None and (met := substituted(heard.told, question)) is not None:
                return msgspec.structs.replace(heard, told=met[0], scrubbed=met[1])
            if heard is None or (isinstance(heard.told, Denied) and heard.told.rtype is None):
                # RFC 9156 §2.3: some servers fail, or deny, names that have others below them
                if heard is not None and (not is_relaxed or self._will_be_proven(heard)):
                    return denied_below(heard, question)
                self._counts.minimisation_given_up += 1
                shown = question
            else:
                shown = lengthen(question, shown, descent.steps)
        whole = await servers.ask(question, gives_up_early=False)
        assert whole is not None  # None is for shortened questions
        return whole

    def _will_be_proven(self, heard: Heard) -> bool:
        """Will somebody find out whether the name denied, and with it all below it, is really not there?"""
        return self._validates and bool(heard.scrubbed.proof)

    def _shorten(self, delegation: Delegation, descent: _Descent) -> Question:
        if delegation.is_forwarder:
            return descent.question  # a recursive server has to see it all anyway
        return shorten(descent.question, delegation.zone, descent.steps, self._options.qname_minimisation)

    def _take_referral(self, told: Referred, heard: Heard, voice: Voice) -> Delegation:
        """The delegation below, stored with its glue (RFC 2181 §5.4.1: as the least trusted data)."""
        self._counts.referrals += 1
        self._counts.name_servers_ignored += max(0, len(told.name_servers.rdatas) - MAX_NAME_SERVERS)
        below = referred(voice.delegation, told.name_servers, heard.scrubbed, self._ttls, voice.now)
        name_servers = delegation_of(told.name_servers, heard.scrubbed, voice, self._ttls, keeps_proof=self._validates)
        self._cache.put(name_servers, voice.now)
        if self._validates and heard.scrubbed.ds is not None:
            self._cache.put(entry_of(heard.scrubbed.ds, voice, Trust.ADDITIONAL, self._ttls), voice.now)
        for rrset in glue_of(heard.scrubbed, voice, self._ttls, below.lease):
            self._cache.put(rrset, voice.now)
        self._means.book.note_glue(below.name_servers, voice.now)
        return below

    def _closest(self, question: Question, budget: Budget) -> Delegation:
        now = self._means.env.now()
        return closest(question, self._cache, self._zones, now, budget.ancestors) or self._hints

    async def _find_glue_above(self, name: WireName, waiting: Question, budget: Budget) -> list[Address]:
        """See find_glue_above; [] too where it is not known whose name it is, or the configuration says whom to ask."""
        now = self._means.env.now()
        own = closest_to(name, self._cache, self._zones, now, (*budget.ancestors, waiting))
        above = self._above(own, budget) if own is not None else None
        if above is None or self._was_in_vain(Question(name, A)):
            return []
        found = await find_glue_above(self._means, above, name, waiting, budget)
        if not found:
            self._note_in_vain(Question(name, A))
        return found

    def _above(self, start: Delegation, budget: Budget) -> Delegation | None:
        """The delegation to begin at again when all servers of `start` failed, which is remembered or has a fallback."""
        if start.origin not in (Origin.CACHE, Origin.FORWARD_FIRST):
            return None
        if start.zone == ROOT:
            return self._hints
        now = self._means.env.now()
        return closest_to(parent(start.zone), self._cache, self._zones, now, budget.ancestors) or self._hints

    def _was_in_vain(self, asked: Question) -> bool:
        """Was a parent asked this a short while ago, because of a zone that failed, and did not help?

        A zone that cannot be reached does not cost its parent a query for each name in it (TsuNAME).
        """
        now = self._means.env.now()
        return now < self._asked_in_vain.get(asked, now)

    def _note_in_vain(self, asked: Question) -> None:
        self._asked_in_vain[asked] = self._means.env.now() + PARENT_PAUSE


def denied_below(heard: Heard, question: Question) -> Heard:
    """RFC 8020: where a name does not exist, nothing below it does."""
    assert isinstance(heard.told, Denied)
    return msgspec.structs.replace(heard, told=Denied(question.qname, None, heard.told.soa))


def _voice(delegation: Delegation, heard: Heard) -> Voice:
    response = heard.reply.response
    return Voice(
        delegation=delegation,
        server=heard.server,
        now=heard.reply.received,
        rcode=response.rcode,
        is_authoritative=response.is_authoritative and not delegation.is_forwarder,
        is_proven=heard.reply.assurance >= Assurance.COOKIE,
    )
