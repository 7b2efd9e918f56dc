"""How does a question about a public name stand: known, known as it was, failed, or to be asked for? Pure.

One step for all who have to know: the walk that answers clients, the look-ups of flights, and what operators are told.
"""

from typing import Final, final

from cache.answer import Question
from cache.chain import Link
from cache.failures import RememberedFailure, Remembering
from cache.lookup import find_last_good, find_link
from cache.options import StaleOptions
from cache.readable import Readable
from cache.value import Value
from resolver.errors import OF_VALIDATION


@final
class Fresh(Value):
    """It is known."""

    __slots__ = ("link",)

    def __init__(self, link: Link) -> None:
        self.link: Final = link

    def parts(self) -> tuple[object, ...]:
        return (self.link,)


@final
class Stale(Value):
    """It was known, and that may be given: at once where it failed a short while ago, else if it fails or takes too long."""

    __slots__ = ("failure", "link")

    def __init__(self, link: Link, failure: RememberedFailure | None) -> None:
        self.link: Final = link
        self.failure: Final = failure

    def parts(self) -> tuple[object, ...]:
        return self.link, self.failure


@final
class Failed(Value):
    """It failed a short while ago, and there is nothing to give instead."""

    __slots__ = ("failure",)

    def __init__(self, failure: RememberedFailure) -> None:
        self.failure: Final = failure

    def parts(self) -> tuple[object, ...]:
        return (self.failure,)


@final
class Missing(Value):
    """It has to be asked for, and there is nothing to give instead."""

    __slots__ = ()

    def __init__(self) -> None:
        pass

    def parts(self) -> tuple[object, ...]:
        return ()


State = Fresh | Stale | Failed | Missing
MISSING: Final = Missing()


def state_of(cache: Readable, failures: Remembering, question: Question, now: float, stale: StaleOptions) -> State:
    """How it stands at `now`. Raises SubstitutionTooLong where a fresh DNAME leads to no name."""
    link = find_link(cache, question.qname, question.qtype, now)
    if link is not None:
        return Fresh(link)
    failure = failures.find(question, now)
    old = find_last_good(cache, question.qname, question.qtype, now, stale)
    if old is not None and (failure is None or may_bridge(failure.info_code, stale)):
        return Stale(old, failure)
    return MISSING if failure is None else Failed(failure)


def may_bridge(info_code: int, stale: StaleOptions) -> bool:
    """May stale data be given in place of a failure of this INFO-CODE?"""
    return stale.when_bogus or info_code not in OF_VALIDATION
