"""Does a zone that is exempt validate again? Asked of its servers and judged as if there were no exemption."""

from typing import Final

from cache.answer import Question
from cache.chain import Alias, Link, Several
from cache.names import WireName, is_at_or_below, to_text
from cache.rrset import Denial, RRset
from cache.rrtypes import DS, SOA
from resolver.daemon.parts import Parts
from resolver.daemon.trust import Trusting, make_validator
from resolver.dnssec.counts import DnssecCounts
from resolver.engine.mesh import Landing
from resolver.errors import DnskeyMissing, ResolutionFailure

LOOKUPS: Final = 16  # of keys and DS at and below the zone; an honest one has two


class Probe:
    """One look at one zone; runs in the mesh."""

    def __init__(self, parts: Parts, trusting: Trusting, zone: WireName) -> None:
        self._parts = parts
        self._zone = zone
        self._landing = Landing()
        self._budget = parts.new_budget()
        self._lookups = LOOKUPS
        unchecked = frozenset(trusting.beliefs.unchecked - {zone})
        counts = DnssecCounts()  # what a probe does is no client's validation
        self._validator, _, _ = make_validator(parts.options, trusting.beliefs.anchors, unchecked, parts.env, counts)
        self._work = self._validator.new_work(parts.mesh.rest)

    async def fault(self) -> str:
        """Why its SOA does not validate; "": it does, or the zone is proven to be unsigned now."""
        try:
            await self._judged(Question(self._zone, SOA))
        except ResolutionFailure as failure:
            return str(failure)
        return ""

    async def _fetch(self, question: Question) -> Link:
        """The validated keys and DS: from the cache above the zone, from its own servers at and below it."""
        is_its_own = is_at_or_below(question.qname, self._zone) and question != Question(self._zone, DS)
        if not is_its_own:
            return await self._parts.public.lookup(question, self._budget, self._landing)
        return await self._judged(question)

    async def _judged(self, question: Question) -> RRset | Denial:
        self._lookups -= 1
        if self._lookups < 0:
            raise DnskeyMissing("too many keys had to be looked up")
        link = (await self._parts.iterator.iterate(question, self._budget, self._landing)).link
        match link:
            case RRset():
                return await self._validator.validate_rrset(link, self._fetch, self._work)
            case Denial():
                return await self._validator.validate_denial(link, question.qtype, self._fetch, self._work)
            case Alias() | Several():  # the latter of ANY, which is not asked here
                raise DnskeyMissing(f"an alias stands at {to_text(question.qname)}")
