"""Which source answers: internal zones, local data, special-use names, ANY, or the public resolution, in this order."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Final

from cache.answer import Answer, Question
from cache.beside import TARGET_AT
from cache.names import WireName
from cache.rrset import Rank, RRset
from cache.rrtypes import ANY, AXFR, CHAOS, HINFO, IN, IXFR
from internal_zones import InternalZones
from resolver.engine import Landing, Mesh, PublicResolver
from resolver.errors import (
    InternalError,
    NoQuestion,
    NotRecursive,
    NotServed,
    NotSupported,
    Prohibited,
    ResolutionFailure,
)
from resolver.iterate.budget import Budget
from resolver.iterate.learn import MINIMAL_ANY
from resolver.policy.identity import chaos_answer
from resolver.policy.local import NO_LOCAL, Local
from resolver.policy.options import IdentityOptions
from resolver.policy.rebinding import Guard
from resolver.policy.sentinel import heed, is_sentinel
from resolver.policy.special_use import SpecialUse
from resolver.policy.tally import Tally
from resolver.policy.views import View
from resolver.wire.message import CD, RD, Query

ANY_TTL: Final = 3600  # s; RFC 8482 §4.2 leaves it to us: long enough to end repetition
FIRST_META_TYPE: Final = 128  # RFC 6895 §3.1: 128-255 are QTYPEs and meta-TYPEs, and so are 0 and OPT
# of class ANY there is nothing here but what class IN has (JNDI asks so), and CHAOS has what is said of this server
SERVED_CLASSES: Final = frozenset({IN, CHAOS, ANY})
NOBODY: Final = IdentityOptions(version="")
TRANSFERS: Final = frozenset({IXFR, AXFR})
LEAST_META_TYPE: Final = 41  # OPT, but for 0
META_TYPES: Final = frozenset({0, LEAST_META_TYPE, *range(FIRST_META_TYPE, 256)}) - {ANY} - TRANSFERS


def as_it_is(answer: Answer) -> Answer:
    """`answer`, and nothing beside it."""
    return answer


class Sources:
    """The order of sources, for the fast path (`answer_now`) and for the slow one (`answer`) alike."""

    def __init__(
        self,
        special: SpecialUse,
        internal: InternalZones | None,
        public: PublicResolver,
        budget: Callable[[], Budget],
        view_of: Callable[[bytes, bytes], View],
        mesh: Mesh,
        *,
        guard: Guard | None = None,
        beside: Callable[[Answer], Answer] = as_it_is,
        local: Local = NO_LOCAL,
        identity: IdentityOptions = NOBODY,
        is_any_full: bool = False,
        trusted: AbstractSet[int] | None = None,
    ) -> None:
        """mesh: in which questions are answered.

        internal: None when no state database is configured; its names are then reserved all the same.

        guard: which addresses public names may give. beside: adds what is worth saying beside a public answer.
        local: the operator's own records.
        identity: what is said of this server. is_any_full: ANY, too, is asked of a name's own servers.
        trusted: the key tags of the root's trust anchors; None: nothing is validated.
        """
        self._special = special
        self._is_ours = special.is_ours
        self._local = local
        self._internal = internal
        self._public = public
        self._budget = budget
        self._mesh = mesh
        self._guard = guard or Guard()
        self._beside = beside
        self._identity = identity
        self._is_any_full = is_any_full
        self._trusted = trusted
        self.view_of = view_of

    def answer_now(self, query: Query, view: View, now: float, tally: Tally) -> Answer | None:
        """The answer that needs no waiting, or None: then `ask` has to be called. Refusals are answers."""
        answer: Answer | None
        try:
            refuse(query, view)
            if query.qclass == CHAOS:
                return _noted(tally, "special", chaos_answer(query.qname, query.qtype, self._identity))
            if self._is_ours(query.qname):
                answer = self._serving(view).find(view.network_id(), query.qname, query.qtype, now, view.client)
                return answer if answer is None else _noted(tally, "internal", answer)
            answer = self._local.find(query.qname, query.qtype)
            if answer is not None:
                return _noted(tally, "local", answer)
            answer = self._special.find(query.qname, query.qtype)
            if answer is None and query.qtype == ANY and not self._is_any_full:
                answer = minimal_any(query.qname)
            if answer is not None:
                return _noted(tally, "special", answer)
            answer = self._public.find(Question(query.qname, query.qtype), now)
            if answer is not None:
                if query.qtype in TARGET_AT:
                    answer = self._beside(answer)
                return _noted(tally, "cache", self._guard.watched(self._heeded(query, answer)))
            if not query.flags & RD:
                raise NotRecursive("RD=0, and this is not in the cache")
        except ResolutionFailure as failure:
            return _noted(tally, "refused", failure.answer())
        return None

    def ask(self, query: Query, view: View, give: Callable[[Answer], None], tally: Tally) -> bool:
        """Have `give` called with the answer where `answer_now` had none, in a later turn or in this one.

        Is more of it begun in this turn, once this has returned? What is asked of the database only waits."""
        if self._is_ours(query.qname):
            take = partial(self._give_at_home, query, give, tally)
            self._serving(view).ask(view.network_id(), query.qname, query.qtype, view.client, take)
            return False
        self._mesh.start(self._give(query, view, give, tally), "client question")
        return True

    async def _give(self, query: Query, view: View, give: Callable[[Answer], None], tally: Tally) -> None:
        try:
            answer = await self.answer(query, view, tally)
        except ResolutionFailure as failure:
            answer = _noted(tally, "failed", failure.answer())
        except Exception as fault:  # the client is told, and all others are answered
            answer = self._failed(query, fault, tally)
        give(answer)

    def _give_at_home(
        self, query: Query, give: Callable[[Answer], None], tally: Tally, make: Callable[[], Answer]
    ) -> None:
        try:
            answer = _noted(tally, "internal", make())
        except Exception as fault:  # the client is told, and all others are answered
            answer = self._failed(query, fault, tally)
        give(answer)

    def _failed(self, query: Query, fault: Exception, tally: Tally) -> Answer:
        """What is said where this program met a fault of its own."""
        self._mesh.report(f"question {query.qname!r}", fault)
        return _noted(tally, "failed", InternalError("an internal error").answer())

    async def answer(self, query: Query, view: View, tally: Tally) -> Answer:
        """The answer to a public question where `answer_now` had none, in the mesh; raises ResolutionFailure."""
        at_home = partial(self._at_home, view) if self._guard.rebind == "resolve" else None
        answer = await self._public.resolve(
            Question(query.qname, query.qtype), self._budget(), at_home, is_checked=not query.flags & CD
        )
        answer = self._heeded(query, answer)
        if query.qtype in TARGET_AT:
            answer = self._beside(answer)
        return _noted(tally, "upstream", self._guard.watched(answer))

    def _heeded(self, query: Query, answer: Answer) -> Answer:
        """`answer` unless its name is a sentinel that must not pass (RFC 8509)."""
        if self._trusted is None or not is_sentinel(query.qname):
            return answer
        return heed(query, answer, self._trusted)

    async def _at_home(self, view: View, question: Question) -> Answer:
        landing = Landing()
        made: list[Callable[[], Answer]] = []

        def take(make: Callable[[], Answer]) -> None:
            made.append(make)
            landing.land()

        self._serving(view).ask(view.network_id(), question.qname, question.qtype, view.client, take)
        await self._mesh.landed(landing)
        return made[0]()

    def _serving(self, view: View) -> InternalZones:
        if self._internal is None:
            raise NotServed("no state database is configured")
        if view.network is None:
            raise Prohibited("this client belongs to no network")
        return self._internal


def _noted(tally: Tally, origin: str, answer: Answer) -> Answer:
    """The answer, counted. What is stale is told from what is fresh, wherever it came from."""
    composed, counted = tally.composed, "stale" if answer.is_stale else origin
    composed[counted] = composed[counted] + 1
    return answer


def refuse(query: Query, view: View) -> None:
    """Raise why this query gets no answer at all, if so."""
    if view.refusal:
        raise Prohibited(view.refusal)
    if query.qclass != IN and query.qclass not in SERVED_CLASSES:
        raise NotSupported("only class IN is served")
    refuse_type(query.qtype)


def refuse_type(qtype: int) -> None:
    """Raise why a question for this type gets no answer at all, if so."""
    if 0 < qtype < LEAST_META_TYPE:
        return  # nearly every question
    if qtype in TRANSFERS:
        raise NotSupported("zones are not transferred from here")
    if qtype in META_TYPES:
        raise NoQuestion("this type is no data that could be asked for")


def minimal_any(qname: WireName) -> Answer:
    """RFC 8482 §4.2: one HINFO in place of everything; never a question upstream, never a large answer."""
    hinfo = RRset(
        owner=qname,
        rtype=HINFO,
        rdatas=(MINIMAL_ANY,),
        ttl=ANY_TTL,
        received=0.0,
        expires=float("inf"),
        rank=Rank.LOCAL,
    )
    return Answer(answer=(hinfo,))
