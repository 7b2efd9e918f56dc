"""What is remembered of public names and of who serves them. It outlives each configuration: a reload forgets none of it."""

from collections import deque
from collections.abc import Iterator
from typing import Final, final

from cachetools import LRUCache
from mypy_extensions import mypyc_attr

from cache.answer import Question
from cache.chain import Alias, Link, Several, entries_of, first_of
from cache.failures import Failures, ServerFailures
from cache.names import WireName
from cache.octets import octets_of
from cache.rrset import Denial, RRset
from cache.servers import Servers
from cache.store import RRsetCache
from cache.value import Value
from resolver.upstream.learning import Families, Typical

MAX_WAITS: Final = 4096  # the last ones: what a busy host sees of slow zones in some seconds; some 400 octets each
SLOW: Final = 0.1  # s; what takes less nobody notices
DOUBTED_OCTETS: Final = 1 << 20  # of all that failed in validation; of what has no room only the failure is known
PLACE_OCTETS: Final = 500  # of one of these beside its records: the question, and its place


@final
class Memory:
    """What is known, what failed and at whom, what servers are like, each and in all, and who was slow.

    failures: of questions; server_failures: which server failed which question, not long ago. doubted: what was said where
    that failed in validation.
    """

    def __init__(self, cache: RRsetCache, failures: Failures, server_failures: ServerFailures) -> None:
        self.cache: Final = cache
        self.failures: Final = failures
        self.server_failures: Final = server_failures
        self.doubted: Final = Doubted()
        self.servers: Final = Servers()
        self.typical: Final = Typical()
        self.families: Final = Families()
        self.waits: Final = Waits()


@final
@mypyc_attr(acyclic=True)
class Wait(Value):
    """One question to the servers of one zone. ended: monotonic seconds; seconds: that it took; failed: is there no answer?"""

    __slots__ = ("ended", "failed", "seconds", "zone")

    def __init__(self, zone: WireName, ended: float, seconds: float, failed: bool) -> None:
        self.zone: Final = zone
        self.ended: Final = ended
        self.seconds: Final = seconds
        self.failed: Final = failed

    def parts(self) -> tuple[object, ...]:
        return self.zone, self.ended, self.seconds, self.failed


@final
class Waits:
    """Which zones were waited for of late: the last questions to a zone's servers that were slow, or that failed."""

    def __init__(self) -> None:
        self._waits = deque[Wait](maxlen=MAX_WAITS)

    def note(self, zone: WireName, began: float, now: float, *, failed: bool) -> None:
        """A question to its servers is over; kept if it was slow or failed."""
        if now - began < SLOW and not failed:
            return
        self._waits.append(Wait(zone, now, now - began, failed))

    def since(self, moment: float) -> Iterator[Wait]:
        """Those that ended after `moment`, the last one first; of what comes between two steps nothing is told."""
        for wait in reversed(list(self._waits)):
            if wait.ended <= moment:
                return
            yield wait


@final
class Doubted:
    """What failed in validation, by question: for clients that check for themselves (CD=1), and of name servers' addresses.

    Else each such question would be taken upstream again, and fail again at all the same servers. Nobody else is given it. It
    is of use as long as the question's failure is remembered (cache/failures), whatever its own TTL is.
    """

    def __init__(self) -> None:
        self._links: LRUCache[Question, Link] = LRUCache(DOUBTED_OCTETS, getsizeof=_octets_of)

    def note(self, question: Question, link: Link | None) -> None:
        """What was said when the question has failed, in place of what was said before. None: nothing."""
        self._links.pop(question, None)
        if link is not None and _octets_of(link) <= DOUBTED_OCTETS:
            self._links[question] = link

    def find(self, question: Question, now: float) -> Link | None:
        """What was said, with TTL 0 once its own is over; None: nothing is at hand."""
        link = self._links.get(question)
        return link if link is None or now < first_of(link).expires else _good_for_once(link)


def _good_for_once(link: Link) -> Link:
    if isinstance(link, Alias):
        return Alias(tuple(map(_without_ttl, link.shown)), link.target)
    if isinstance(link, Several):
        return Several(tuple(map(_without_ttl, link.rrsets)))
    if isinstance(link, Denial):
        return link.replace(ttl=0, soa=_without_ttl(link.soa), proof=tuple(map(_without_ttl, link.proof)))
    return _without_ttl(link)


def _without_ttl(rrset: RRset) -> RRset:
    return rrset.replace(ttl=0)


def _octets_of(link: Link) -> int:
    return PLACE_OCTETS + sum(map(octets_of, entries_of(link)))
