"""What a server said failed in validation: is another one to be asked, and if nobody helps, which failure is told? Pure.

One server of a zone may serve an old copy of it, or stand behind a box that takes signatures away, while the others are well.
"""

from collections.abc import Sequence
from typing import Final, final

from cache.chain import Link, first_of
from cache.rrset import Denial, RRset, Security
from cache.value import Value
from resolver.errors import Bogus, DeadlinePassed, HostExhausted, Overloaded, ResolutionFailure, WorkExhausted
from resolver.iterate.delegation import ZoneServer
from resolver.iterate.learn import Iteration

# After the first: five servers of one question in all, as many as Unbound's val-max-restart. Of the servers of a zone one or two
# are bad, or all are: then each further one only costs packets, which a question's budget bounds as well.
MAX_ASKED_ELSEWHERE: Final = 4


@final
class Attempt(Value):
    """A question was put to the servers in vain. refused: whose answer failed in validation; None: nobody's is at fault.

    is_inferred: it was one to a name above (Iteration).
    """

    __slots__ = ("failure", "is_inferred", "refused")

    def __init__(
        self, failure: ResolutionFailure, refused: ZoneServer | None = None, *, is_inferred: bool = False
    ) -> None:
        self.failure: Final = failure
        self.refused: Final = refused
        self.is_inferred: Final = is_inferred

    def parts(self) -> tuple[object, ...]:
        return self.failure, self.refused, self.is_inferred


def in_vain(failure: ResolutionFailure, iteration: Iteration) -> Attempt:
    """The attempt that brought `iteration`, in the validation of which this was raised.

    Keys and DS RRsets come in flights of their own. Where one of these has failed, other servers were asked there, and the answer
    that waits for them is not what is wrong: its servers are not asked again. One without signatures may be, though: what
    failed was to tell if it needs any, and another server may have it with its signatures, which say whose keys they need.
    """
    is_own = isinstance(failure, Bogus) and failure.unvalidated is None
    is_over = failure.is_remembered or isinstance(failure, (WorkExhausted, DeadlinePassed, HostExhausted, Overloaded))
    is_refused = not is_over and (is_own or not is_signed(iteration.link))
    told = type(failure)(str(failure))
    told.unvalidated = iteration.link
    told.remembered_until = failure.remembered_until
    told.__cause__ = failure
    return Attempt(told, iteration.said_by if is_refused else None, is_inferred=iteration.is_inferred)


def is_signed(link: Link) -> bool:
    """Did it come with signatures, whatever they are worth?"""
    entry = first_of(link)
    if isinstance(entry, Denial):
        return bool(entry.soa.rrsigs) or any(one.rrsigs for one in entry.proof)
    return bool(entry.rrsigs)


def is_to_be_shown_whole(brought: Iteration | Attempt) -> bool:
    """Was the name denied because one above it was, and that not for sure?

    Some servers deny names that have others below them (RFC 9156 §2.3), in signed zones too: then what is beside the denial does
    not prove it, or is too dear to look at, or nobody vouches for it. An opt-out is proof enough: each typing error below a TLD
    would cost two questions.
    """
    if isinstance(brought, Attempt):
        return brought.is_inferred and brought.refused is not None
    denial = brought.link
    return brought.is_inferred and isinstance(denial, Denial) and not all(map(_is_secure, denial.proof))


def is_worth_another(attempts: Sequence[Attempt]) -> bool:
    """Is the question to be put to another server?"""
    return attempts[-1].refused is not None and len(attempts) <= MAX_ASKED_ELSEWHERE


def refused_in(attempts: Sequence[Attempt]) -> frozenset[ZoneServer]:
    """Whom not to ask again."""
    return frozenset(one.refused for one in attempts if one.refused is not None)


def _is_secure(rrset: RRset) -> bool:
    return rrset.security is Security.SECURE
