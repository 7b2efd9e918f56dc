"""What failed in validation, while its failure is remembered: for clients that check for themselves (CD=1), and addresses of
name servers for ourselves.

Else each such question would be taken upstream again, and fail again at all the same servers. Nobody else is given it.
"""

from typing import Final, final

from cachetools import LRUCache

from cache.answer import Question
from cache.chain import Alias, Link, first_of
from cache.octets import octets_of
from cache.rrset import Denial, RRset

MAX_OCTETS: Final = 1 << 20  # of all of it; of what has no room only the failure is known
PLACE_OCTETS: Final = 500  # of one beside its records: the question, and its place


@final
class Doubted:
    """By question; it is of use as long as the question's failure is remembered (cache/failures), whatever its own TTL is."""

    def __init__(self) -> None:
        self._links: LRUCache[Question, Link] = LRUCache(MAX_OCTETS, getsizeof=_octets_of)

    def note(self, question: Question, link: Link | None) -> None:
        """What was said when the question has failed, in place of what was said before. None: nothing."""
        self._links.pop(question, None)
        if link is not None and _octets_of(link) <= MAX_OCTETS:
            self._links[question] = link

    def find(self, question: Question, now: float) -> Link | None:
        """What was said, with TTL 0 once its own is over; None: nothing is at hand."""
        link = self._links.get(question)
        return link if link is None or now < first_of(link).expires else _good_for_once(link)


def _good_for_once(link: Link) -> Link:
    if isinstance(link, Alias):
        return Alias(tuple(map(_without_ttl, link.shown)), link.target)
    if isinstance(link, Denial):
        return link.replace(ttl=0, soa=_without_ttl(link.soa), proof=tuple(map(_without_ttl, link.proof)))
    return _without_ttl(link)


def _without_ttl(rrset: RRset) -> RRset:
    return rrset.replace(ttl=0)


def _octets_of(link: Link) -> int:
    return PLACE_OCTETS + sum(map(octets_of, link.shown if isinstance(link, Alias) else (link,)))
