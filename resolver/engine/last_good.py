"""Which denials are not believed, because an operator prefers the last good answers of their zone (`stale.prefer_positive`)?

A zone that is emptied by mistake denies every name with full authority. For the zones listed such a denial does to a name of
which something good is known what a failure does: the last good answer is given, marked, until max_stale is over; then the
denial is believed. Pure.
"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import takewhile

from cache.answer import Question
from cache.lookup import find_last_good
from cache.names import WireName, ancestors
from cache.options import StaleOptions
from cache.rrset import Denial, RRset
from cache.store import RRsetCache
from resolver.errors import DenialNotBelieved
from resolver.iterate.learn import Iteration


@dataclass(frozen=True, slots=True)
class LastGood:
    """What there is to prefer. zones: at and below which that is done."""

    zones: Collection[WireName]
    cache: RRsetCache
    stale: StaleOptions

    def believed(self, iteration: Iteration, question: Question, now: float) -> Iteration:
        """As much of `iteration` as is believed; raises DenialNotBelieved when its first link denies a last good answer."""
        denials = [one for one in (*iteration.learned, iteration.link) if isinstance(one, Denial)]
        instead = {id(one): self._believed(one, question.qtype, now) for one in denials}
        link = instead.get(id(iteration.link), iteration.link)
        if link is None:
            raise DenialNotBelieved("the zone denies it now")
        learned = [instead.get(id(entry), entry) for entry in iteration.learned]
        further = [instead.get(id(one), one) for one in iteration.further]
        return Iteration(
            link,
            tuple(entry for entry in learned if entry is not None),
            tuple(one for one in takewhile(lambda one: one is not None, further) if one is not None),
        )

    def _believed(self, denial: Denial, qtype: int, now: float) -> Denial | None:
        """The denial, or as much of it as leaves every last good answer standing; None: nothing, it is the answer denied."""
        if not any(name in self.zones for name in ancestors(denial.owner)):
            return denial
        link = find_last_good(self.cache, denial.owner, qtype, now, self.stale)
        if link is not None and not isinstance(link, Denial):
            return None
        if denial.is_nxdomain and self._has_good(denial.owner, now):
            return denial.replace(rtype=qtype)  # the name is held to be there, and so only this type is denied
        return denial

    def _has_good(self, owner: WireName, now: float) -> bool:
        node = self.cache.peek_node(owner)
        rtypes = [one.rtype for one in node.entries if isinstance(one, RRset)] if node is not None else []
        links = (find_last_good(self.cache, owner, rtype, now, self.stale) for rtype in rtypes)
        return any(isinstance(link, RRset) for link in links)
