"""May this still be given, and is it time to fetch it anew? Pure; the timers of RFC 8767."""

from enum import Enum
from typing import Final

from cache.options import StaleOptions
from cache.rrset import Entry, Security

DUE_SHARE: Final = 0.1  # of the TTL: what is asked for with less than this left is fetched anew (Unbound's prefetch)


class Freshness(Enum):
    """How an entry stands at a moment; the values are for people."""

    FRESH = "fresh"
    DUE = "due"  # fresh, but about to expire
    STALE = "stale"  # expired; good enough when nothing better can be had
    GONE = "gone"  # not to be given any more


def freshness(entry: Entry, now: float, stale: StaleOptions) -> Freshness:
    """How `entry` stands at `now`."""
    if entry.expires > now:
        return Freshness.DUE if is_due(entry, now) else Freshness.FRESH
    return Freshness.STALE if is_usable_stale(entry, now, stale) else Freshness.GONE


def is_due(entry: Entry, now: float) -> bool:
    """Is it fresh, but so near its end that whoever is asked for it should have it fetched anew?

    Not where its lease ends it: what is heard under the same delegation would end at the same moment.
    """
    return 0 < entry.expires - now < entry.ttl * DUE_SHARE and entry.expires < entry.lease


def is_usable_stale(entry: Entry, now: float, stale: StaleOptions) -> bool:
    """May `entry`, which has expired, be given when fresh data cannot be had?

    RFC 8767 §5: for max_stale seconds; §4: never with TTL 0. Not past its lease, whatever the timers say: the delegation
    under which it was heard has ended. Never bogus.
    """
    return (
        stale.enabled
        and now < entry.lease
        and now - entry.expires < stale.max_stale
        and entry.ttl > 0
        and entry.security != Security.BOGUS
    )
