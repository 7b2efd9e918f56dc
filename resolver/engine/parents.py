"""Which zone above is asked about one that fails, and which not again for a while, since it did not help?"""

from collections.abc import Mapping
from typing import Final, final

from cache.answer import Question
from cache.names import ROOT, WireName, parent
from resolver.engine.means import Means
from resolver.errors import NoReachableAuthority
from resolver.iterate.budget import Budget
from resolver.iterate.delegation import Delegation, Origin, closest_to

PARENT_PAUSE: Final = 10.0  # s until a parent that did not help is asked once more about a zone that fails
MAX_IN_VAIN: Final = 4096  # such questions; when there are more, all are forgotten, and asked once more


@final
class Parents:
    """One for the daemon."""

    def __init__(self, means: Means, hints: Delegation, zones: Mapping[WireName, Delegation]) -> None:
        """zones: forward and stub zones."""
        self._means = means
        self._hints = hints
        self._zones = zones
        self._asked_in_vain: dict[Question, float] = {}  # until when, in monotonic seconds

    def above(self, start: Delegation, budget: Budget) -> Delegation | None:
        """The delegation to begin at again when all servers of `start` failed, which is remembered or has a fallback."""
        if start.origin not in (Origin.CACHE, Origin.FORWARD_FIRST):
            return None
        if start.zone == ROOT:
            return self._hints
        now = self._means.mesh.now
        return closest_to(parent(start.zone), self._means.cache, self._zones, now, budget.ancestors) or self._hints

    def were_in_vain(self, asked: Question) -> bool:
        """Was a parent asked this a short while ago, because of a zone that failed, and did not help?

        A zone that cannot be reached does not cost its parent a query for each name in it (TsuNAME).
        """
        return bool(self._asked_in_vain) and self._means.mesh.now < self._asked_in_vain.get(asked, 0.0)

    def begin_look_up(self, asked: Question, waits: Question, budget: Budget) -> Budget | None:
        """The budget of a look for another address of a name server, `asked`, for which `waits` waits; raises WorkExhausted.

        None: there is to be none: it was in vain a short while ago, or enough others were, or it would close a circle.
        """
        if self.were_in_vain(asked):
            return None
        try:
            return budget.begin_look_up(waits)
        except NoReachableAuthority:  # a circle
            return None

    def note_in_vain(self, asked: Question) -> None:
        """A parent was asked this, and it did not help."""
        if len(self._asked_in_vain) >= MAX_IN_VAIN:
            self._asked_in_vain.clear()
        self._asked_in_vain[asked] = self._means.mesh.now + PARENT_PAUSE
