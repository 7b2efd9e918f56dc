"""What failed in validation, while its failure is remembered: for clients that check for themselves (CD=1), and addresses of
name servers for ourselves.

Else each such question would be taken upstream again, and fail again at all the same servers. Nobody else is given it.
"""

from typing import Final, final

from cachetools import LRUCache

from cache.answer import Question
from cache.chain import Alias, Link, first_of
from cache.octets import octets_of

MAX_OCTETS: Final = 1 << 20  # of all of it; more is asked for anew
PLACE_OCTETS: Final = 500  # of one beside its records: the question, and its place


@final
class Doubted:
    """By question; it is of use only as long as the question's failure is remembered (cache/failures)."""

    def __init__(self) -> None:
        self._links: LRUCache[Question, Link] = LRUCache(MAX_OCTETS, getsizeof=_octets_of)

    def note(self, question: Question, link: Link) -> None:
        """Keep it, unless it takes more than there is room for."""
        if _octets_of(link) <= MAX_OCTETS:
            self._links[question] = link

    def find(self, question: Question, now: float) -> Link | None:
        """What was said; None: nothing that would still be true if it were."""
        link = self._links.get(question)
        if link is None:
            return None
        return link if now < first_of(link).expires else None


def _octets_of(link: Link) -> int:
    return PLACE_OCTETS + sum(map(octets_of, link.shown if isinstance(link, Alias) else (link,)))
