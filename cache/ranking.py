"""May this entry replace that one, and can the two stand beside each other at one owner? Pure.

The order is: bogus never pushes out good; what has expired gives way; proven beats unproven; then RFC 2181 §5.4.1's
rank; then what was heard last. NS RRsets and glue never live longer through being heard again, or a delegation that its
parent has withdrawn would be kept alive by its own servers (ghost domains, CVE-2012-1033).
"""

from typing import Final

from cache.rrset import Denial, Entry, Rank, RRset, Security
from cache.rrtypes import CNAME, DS, NS, NSEC, RRSIG
from cache.staleness import is_due

# RFC 2181 §10.1 and RFC 4034 §2, §3: the DNSSEC types may stand beside a CNAME. DS too: it is the parent's data, and what
# an alias' owner has or lacks of it is asked for in its own right.
STANDS_BESIDE_CNAME: Final = frozenset((CNAME, DS, RRSIG, NSEC))


def can_stand_beside(old: Entry, new: Entry, now: float) -> bool:
    """Can both be held at their common owner? Otherwise one of the two has to go.

    A referral's NS and glue are no answers. They contradict nothing but their own type, and they stand beside an expired
    answer of that type, which is still the last good one that clients may get.
    """
    if new.rank == Rank.ADDITIONAL and old.rank > Rank.ADDITIONAL and old.expires <= now:
        return True
    if old.rtype == new.rtype:
        return False
    if Rank.ADDITIONAL in (old.rank, new.rank):
        return True
    if new.rtype is None and new.security != Security.SECURE and old.security != Security.SECURE:
        # it was said to a question for another type, by servers that say it where they mean NODATA: what is known and not
        # due to be asked for anew stays. One that was validated ends it (RFC 8020 §2)
        return type(old) is RRset and now < old.expires and not is_due(old, now)
    if old.rtype is None or new.rtype is None:
        return False  # NXDOMAIN: nothing is there, of any type
    # RFC 2181 §10.1, RFC 8767 §7: a CNAME is alone; one that is left beside newer data would surface as a wrong stale answer
    if _is_cname(old):
        return new.rtype in STANDS_BESIDE_CNAME
    return not _is_cname(new) or old.rtype in STANDS_BESIDE_CNAME


def may_replace(old: Entry, new: Entry, now: float) -> bool:
    """May `new`, which is not expired, push out `old`, with which it cannot stand?"""
    if (old.security == Security.BOGUS) != (new.security == Security.BOGUS):
        return old.security == Security.BOGUS  # RFC 8767 §4, RFC 4035 §4.7: the last good data outlives a bogus refresh
    if old.expires <= now:
        return True
    if (old.security == Security.SECURE) != (new.security == Security.SECURE):
        return new.security == Security.SECURE
    old_rank, new_rank = _rank(old), _rank(new)
    if old_rank != new_rank:
        return new_rank > old_rank
    if new.received < old.received:
        return False  # a late write of something heard earlier
    return not (_is_delegating(new) and _says_the_same(old, new))


def heir(old: Entry, new: Entry, now: float) -> Entry:
    """`new` as it may be stored in the place of `old`: an NS RRset or glue ends no later than the live one it replaces."""
    if _is_delegating(new) and type(old) is RRset and old.rtype == new.rtype and now < old.expires < new.expires:
        return new.replace(expires=old.expires)
    return new


def survivors(held: Entry, restored: Entry) -> tuple[Entry, ...]:
    """Which of the two are there once the later one has been heard? The newest first.

    restored: an entry of the same owner, known before a restart. It is judged as if it had been here all the while: not by
    what is fresh now, but by what was when the two met. So what has been heard since keeps its place, expired or not.
    """
    # of two that were heard in one moment an NXDOMAIN came later: it would not be there, had anything come after it
    is_earlier = (restored.received, restored.rtype is None) <= (held.received, held.rtype is None)
    earlier, later = (restored, held) if is_earlier else (held, restored)
    met = later.received
    if can_stand_beside(earlier, later, met):
        return later, earlier
    if may_replace(earlier, later, met):
        return (heir(earlier, later, met) if later is restored else later,)
    return (earlier,)


def _rank(entry: Entry) -> int:
    # RFC 2308 §5: the SOA in the authority section is the place of a negative answer, as an RRset's is the answer section
    if type(entry) is Denial and entry.rank == Rank.AUTHORITY_AA:
        return Rank.ANSWER_AA
    return entry.rank


def _is_cname(entry: Entry) -> bool:
    return entry.rtype == CNAME and type(entry) is RRset


def _is_delegating(entry: Entry) -> bool:
    """An NS RRset, wherever it was said, or glue: what decides who is asked."""
    return type(entry) is RRset and (entry.rtype == NS or entry.rank == Rank.ADDITIONAL)


def _says_the_same(old: Entry, new: Entry) -> bool:
    """Do two entries of one type hold the same records? Their order says nothing."""
    return type(old) is RRset and type(new) is RRset and set(old.rdatas) == set(new.rdatas)
