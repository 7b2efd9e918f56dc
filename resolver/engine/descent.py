"""From a question to the server that knows: down the referrals, zone by zone. What decides stands in resolver.iterate.

closest delegation -> shorten the question -> ask the zone's servers -> a referral: go down; a shortened question
answered: show more of it; the whole question answered: learn and return. Equal questions to one zone that are under way
are one: thirty names of a cold zone asked together ask the zone above once where the zone is.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Question
from cache.names import ROOT, WireName
from cache.options import CacheOptions
from cache.rrset import Rank, RRset
from cache.rrtypes import NS, A
from resolver.engine.flights import Flight
from resolver.engine.hearing import NOBODY, Heard
from resolver.engine.look_ups import IsSigned, Lookup, LookUps
from resolver.engine.means import Means
from resolver.engine.mesh import Landing
from resolver.engine.parents import Parents
from resolver.engine.zone_query import ZoneQuery
from resolver.engine.zone_servers import Finders, ZoneServers
from resolver.env import Address
from resolver.errors import (
    CachedFailure,
    DeadlinePassed,
    InvalidData,
    NameTooLong,
    NetworkError,
    NoReachableAuthority,
    ResolutionFailure,
    WorkExhausted,
    again,
)
from resolver.iterate.budget import Budget
from resolver.iterate.classify import Aliased, Denied, Referred, substituted
from resolver.iterate.delegation import (
    Delegation,
    Origin,
    closest,
    closest_to,
    referred,
)
from resolver.iterate.learn import Iteration, Voice, delegation_of, entry_of, glue_of, learn
from resolver.iterate.manner import USUAL, Manner, lengthen, shorten
from resolver.iterate.options import RecursionOptions
from resolver.iterate.scrub import MAX_NAME_SERVERS_HELD
from resolver.upstream import Assurance

PRIMING: Final = Question(ROOT, NS)


@final
@mypyc_attr(free_list_len=1)
class _Descent:
    """What is kept while one question goes down the referrals.

    waiting: the flight that waits. steps: shortened questions asked; failed: servers. servers: those of the zone that it is in,
    if it has asked them itself. has_left_start: a referral was followed.
    """

    def __init__(self, question: Question, budget: Budget, waiting: Landing, manner: Manner = USUAL) -> None:
        self.question = question
        self.budget = budget
        self.waiting = waiting
        self.manner = manner
        self.steps = 0
        self.failed: frozenset[Address] = NOBODY
        self.servers: ZoneServers | None = None
        self.has_left_start = False

    @property
    def may_share(self) -> bool:
        """May what others ask be for this one, too? Not where some of the servers are not to be asked."""
        return not self.manner.avoided and not self.failed

    def passed_over(self, zone: WireName) -> AbstractSet[Address]:
        """The servers that are not asked as servers of `zone`."""
        if not self.manner.avoided:  # the usual case, once for each zone of each miss
            return self.failed
        return self.failed | self.manner.avoided_in(zone)


@final
class Iterator:
    """Takes questions to the authoritative servers."""

    def __init__(
        self,
        means: Means,
        options: RecursionOptions,
        lookup: Lookup,
        locate: Lookup,
        hints: Delegation,
        *,
        zones: Mapping[WireName, Delegation],
        ttls: CacheOptions,
        is_signed: IsSigned | None = None,
    ) -> None:
        """zones: forward and stub zones (`configured`). locate: see LookUps.

        is_signed: which zones' data is validated, by who asked; DS RRsets beside referrals are stored for that, or the proof
        that there is none, and a signed NXDOMAIN of a shortened name ends the question. None: nothing is validated.
        """
        self._means = means
        self._cache = means.cache
        self._minimisation = options.qname_minimisation
        self._hints = hints
        self._zones = zones
        self._ttls = ttls
        self._validates = is_signed is not None
        self._counts = means.counts
        self._parents = Parents(means, hints, zones)
        self._look_ups = LookUps(means, self._parents, lookup, locate, is_signed)
        self._finders = Finders(self._look_ups.find, self._look_ups.find_own, self._find_glue_above)
        # what may be shared, by the zone and what it is shown, in one row of octets; bounded by the flights
        self._under_way: dict[bytes, ZoneQuery] = {}
        self._under_way_in_short: dict[bytes, ZoneQuery] = {}  # those that are given up early

    async def iterate(self, question: Question, budget: Budget, waiting: Landing, manner: Manner = USUAL) -> Iteration:
        """The first link of the answer and what else was learned; raises ResolutionFailure.

        Delegations and glue met on the way are stored here; `learned` is for the caller to store. waiting: the flight.
        """
        self._counts.iterations += 1
        self._counts.minimisation_given_up += manner.in_whole
        descent = _Descent(question, budget, waiting, manner)
        start = closest(question, self._cache, self._zones, self._means.mesh.now, budget.ancestors) or self._hints
        self._means.mesh.trace.begun(budget, question, start)
        try:
            return await self._descend(start, descent)
        except (CachedFailure, NetworkError, NoReachableAuthority) as met:
            failure = again(met)
        is_worth_it = (
            (isinstance(failure, NoReachableAuthority) or start.origin is Origin.FORWARD_FIRST)
            and not descent.has_left_start
            and not self._parents.were_in_vain(Question(start.zone, NS))
        )
        above = self._parents.above(start, budget) if is_worth_it else None
        if above is None:
            raise again(failure)
        # the zone may have moved: its parent knows; whoever has just failed is not asked again
        self._counts.parent_asked_again += 1
        self._means.mesh.trace.begun(budget, question, above, is_again=True)
        try:
            return await self._descend(above, descent)
        except NoReachableAuthority:
            self._parents.note_in_vain(Question(start.zone, NS))
            raise again(failure) from None

    @property
    def begins_at_root(self) -> bool:
        """False when the root itself is a forward or stub zone: then nobody but its servers is asked."""
        return ROOT not in self._zones

    async def prime(self, budget: Budget) -> Iteration:
        """Ask the servers of the hints for the root's name servers (RFC 9609 §3); raises ResolutionFailure."""
        return await self._descend(self._hints, _Descent(PRIMING, budget, Landing()))

    async def _descend(self, start: Delegation, descent: _Descent) -> Iteration:
        """From this delegation down to the answer."""
        delegation = start
        while True:
            descent.servers = None
            heard, query = await self._ask(delegation, descent)
            voice = _voice(delegation, heard)
            if isinstance(heard.told, Referred):
                descent.budget.spend_referral()
                descent.has_left_start = True
                if query.below is None:
                    query.below = self._take_referral(heard.told, heard, voice)
                delegation = query.below
                glue = self._told_beside(heard, descent)
                if glue is not None:
                    return Iteration(glue, ())
                continue
            if isinstance(heard.told, Aliased) and heard.told.target is None:
                rank = Rank.ANSWER_AA if voice.is_authoritative else Rank.ANSWER
                dname = entry_of(heard.told.alias, voice, rank, self._ttls)
                raise NameTooLong("DNAME substitution gives a name that is too long", dname)
            return learn(descent.question, heard.told, heard.scrubbed, voice, self._ttls)

    async def _ask(self, delegation: Delegation, descent: _Descent) -> tuple[Heard, ZoneQuery]:
        """Show a zone's servers ever more of the question until they refer elsewhere or have answered all of it."""
        question, is_relaxed = descent.question, self._minimisation != "strict"
        shown = self._shorten(delegation, descent)
        while shown != question:
            self._counts.minimised += 1
            query = await self._query(delegation, descent, shown, gives_up_early=is_relaxed)
            heard = query.said
            descent.steps += 1
            if isinstance(heard, Heard) and isinstance(heard.told, Referred):
                return heard, query
            if isinstance(heard, Heard) and (met := substituted(heard.told, question)) is not None:
                return Heard(met[0], met[1], heard.reply, heard.server), query
            if not isinstance(heard, Heard):
                self._counts.minimisation_given_up += 1
                shown = question
            elif isinstance(heard.told, Denied) and heard.told.rtype is None:
                # RFC 9156 §2.3: some servers deny names that have others below them
                if not is_relaxed:
                    below = heard.told.below(question.qname)
                    return Heard(below, heard.scrubbed, heard.reply, heard.server), query
                if not descent.manner.in_whole and self._will_be_proven(heard):
                    return heard, query
                self._counts.minimisation_given_up += 1
                shown = question
            else:
                shown = lengthen(question, shown, descent.steps)
        query = await self._query(delegation, descent, question, gives_up_early=False)
        assert isinstance(query.said, Heard)  # None is for shortened questions
        return query.said, query

    async def _query(
        self, delegation: Delegation, descent: _Descent, shown: Question, *, gives_up_early: bool
    ) -> ZoneQuery:
        """One question shown to the zone's servers, by this flight or another one; over. Raises ResolutionFailure."""
        budget, waiting = descent.budget, descent.waiting
        may_share = descent.may_share
        key = delegation.zone + shown.key
        under_way = self._under_way_in_short if gives_up_early else self._under_way
        shared = under_way.get(key) if may_share else None
        while shared is not None and not shared.leads_to(waiting):
            self._counts.zone_questions_shared += 1
            self._means.mesh.trace.boarded(budget, shown, is_joined=True)
            if not await self._means.mesh.landed_for(waiting, shared, budget.deadline):
                raise DeadlinePassed("no answer in time")
            if not isinstance(shared.said, (WorkExhausted, DeadlinePassed)):  # these say something of who began it
                return self._said_by(shared, descent)
            if under_way.get(key) is shared:  # who began it has not gone on yet
                del under_way[key]
            shared = under_way.get(key)
        if descent.servers is None:
            descent.servers = self._servers_of(delegation, descent)
        query = ZoneQuery(
            self._means,
            descent.servers,
            shown,
            descent.question,
            budget,
            gives_up_early=gives_up_early,
        )
        is_shared = may_share and shared is None
        if is_shared:
            under_way[key] = query
        query.start()
        await self._means.mesh.landed_for(waiting, query)
        if is_shared and under_way.get(key) is query:
            del under_way[key]
        return self._said_by(query, descent)

    def _said_by(self, query: ZoneQuery, descent: _Descent) -> ZoneQuery:
        """The query, if it has not failed; raises its failure."""
        failure = query.said
        if failure is None or type(failure) is Heard:
            return query
        assert isinstance(failure, ResolutionFailure)
        if isinstance(failure, NoReachableAuthority):
            descent.failed = descent.failed.union(query.servers.candidates)
        raise again(failure)

    def _servers_of(self, delegation: Delegation, descent: _Descent) -> ZoneServers:
        book, now = self._means.book, self._means.mesh.now
        chosen = book.choose(delegation, now)
        in_hand, missing = book.in_hand(chosen, now)
        return ZoneServers(self._means, self._finders, chosen, in_hand, missing, descent.passed_over(delegation.zone))

    def _will_be_proven(self, heard: Heard) -> bool:
        """Will somebody find out whether the name denied, and with it all below it, is really not there?"""
        return self._validates and bool(heard.scrubbed.proof)

    def _shorten(self, delegation: Delegation, descent: _Descent) -> Question:
        if delegation.is_forwarder:
            return descent.question  # a recursive server has to see it all anyway
        mode = "off" if descent.manner.in_whole else self._minimisation
        return shorten(descent.question, delegation.zone, descent.steps, mode)

    def _take_referral(self, told: Referred, heard: Heard, voice: Voice) -> Delegation:
        """The delegation below, stored with its glue, as data of the lowest rank (RFC 2181 §5.4.1)."""
        self._counts.referrals += 1
        self._counts.name_servers_ignored += max(0, len(told.name_servers.rdatas) - MAX_NAME_SERVERS_HELD)
        below = referred(voice.delegation, told.name_servers, heard.scrubbed, self._ttls, voice.now)
        name_servers = delegation_of(told.name_servers, heard.scrubbed, voice, self._ttls, keeps_proof=self._validates)
        self._cache.put(name_servers, voice.now)
        if self._validates and heard.scrubbed.ds is not None:
            self._cache.put(entry_of(heard.scrubbed.ds, voice, Rank.ADDITIONAL, self._ttls), voice.now)
        for rrset in glue_of(heard.scrubbed, voice, self._ttls, below.lease):
            self._cache.put(rrset, voice.now)
        self._means.book.note_glue(below.name_servers, voice.now)
        return below

    def _told_beside(self, heard: Heard, descent: _Descent) -> RRset | None:
        """The glue by which a referral has told what was asked, where that will do and nobody would vouch for more."""
        waiting, question = descent.waiting, descent.question
        if not isinstance(waiting, Flight) or not waiting.glue_will_do:
            return None
        if self._validates and heard.scrubbed.ds is not None:
            return None  # what the zone itself says is validated
        known = self._cache.get(question.qname, question.qtype)
        return known if known is not None and self._means.mesh.now < known.expires else None

    async def _find_glue_above(self, name: WireName, waits: Question, budget: Budget, query: Landing) -> list[Address]:
        """The addresses that the zone above gives for a name server. Asked when what its own zone says of it leads nowhere.

        Glue is displaced by the zone's own word (RFC 2181 §5.4.1), rightly. But a zone whose servers have moved may say an
        address that is dead while its parent knows the living one, and everything that depends on it is dead with it.
        Nothing is kept. [] too where it is not known whose name it is, or the configuration says whom to ask.
        """
        now = self._means.mesh.now
        own = closest_to(name, self._cache, self._zones, now, (*budget.ancestors, waits))
        above = self._parents.above(own, budget) if own is not None else None
        question = Question(name, A)
        within = self._parents.begin_look_up(question, waits, budget) if above is not None else None
        if above is None or within is None:
            return []
        self._counts.parent_glue_lookups += 1
        found: list[Address] = []
        try:
            descent = _Descent(question, within, query)
            said = (await self._query(above, descent, question, gives_up_early=False)).said
            if isinstance(said, Heard) and isinstance(said.told, Referred):
                found = self._means.book.addresses_in(said.scrubbed.glue, name)
        except (CachedFailure, InvalidData, NetworkError, NoReachableAuthority):
            pass
        if not found:
            self._parents.note_in_vain(question)
            within.note_in_vain()
        return found


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
