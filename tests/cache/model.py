"""What the cache should hold and say, the slow and obvious way: a list of entries, and every rule as a sentence over it."""

from cache.names import WireName, is_below, substitute
from cache.rrset import Denial, Entry, Rank, RRset, Security
from cache.rrtypes import CNAME, DNAME, DS, NS, NSEC, RRSIG

BESIDE_ALIAS = {CNAME, DS, RRSIG, NSEC}


class Model:
    """All entries in one list."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def put(self, new: Entry, now: float) -> bool:
        """Is it stored? Leases are never shorter than TTLs here; the store's own tests cut them."""
        if new.expires <= now and new.ttl > 0:
            return False
        rivals = [old for old in self.entries if self._exclude_each_other(old, new, now)]
        if not all(self._wins(new, old, now) for old in rivals):
            return False
        self.entries = [old for old in self.entries if old not in rivals]
        if new.ttl > 0:
            self.entries.append(new)
        return new.ttl > 0

    def forget(self, owner: WireName, rtype: int | None) -> int:
        before = len(self.entries)
        self.entries = [
            one
            for one in self.entries
            if one.owner != owner or (rtype is not None and one.rtype is not None and one.rtype != rtype)
        ]
        return before - len(self.entries)

    def walk(self, name: WireName, qtype: int, now: float) -> tuple[list[tuple[WireName, int]], Denial | None] | None:
        """(owner, type) of all that an answer shows, and the denial it ends in; None: a link is missing, or it never ends."""
        shown: list[tuple[WireName, int]] = []
        passed = {name}
        while True:
            said = self._link(name, qtype, now)
            if said is None:
                return None
            entry, target = said
            if isinstance(entry, Denial):
                return shown, entry
            if (entry.owner, entry.rtype) not in shown:
                shown.append((entry.owner, entry.rtype))
            if target is None:
                return shown, None
            if entry.rtype == DNAME:
                shown.append((name, CNAME))
            if target in passed or len(passed) > 11:
                return None
            passed.add(target)
            name = target

    def _link(self, name: WireName, qtype: int, now: float) -> tuple[Entry, WireName | None] | None:
        believed = [
            one
            for one in self.entries
            if one.expires > now and one.rank > Rank.ADDITIONAL and one.security != Security.BOGUS
        ]
        for one in believed:
            if one.owner == name and one.rtype == qtype:
                return one, None
        is_cut = any(one.owner == name and one.rtype == NS for one in self.entries)
        for one in believed:
            leads_on = qtype not in BESIDE_ALIAS or (qtype == DS and not is_cut)
            if isinstance(one, RRset) and one.owner == name and one.rtype == CNAME and leads_on:
                return one, one.alias_target
        for one in believed:
            if one.owner == name and one.rtype is None:
                return one, None
        above = [one for one in believed if is_below(name, one.owner)]
        for one in sorted(above, key=lambda one: -len(one.owner)):
            if isinstance(one, RRset) and one.rtype == DNAME and one.alias_target is not None:
                return one, substitute(name, one.owner, one.alias_target)
            if one.rtype is None and one.security == Security.SECURE:
                return one, None
        return None

    @staticmethod
    def _exclude_each_other(old: Entry, new: Entry, now: float) -> bool:
        if old.owner != new.owner:
            return False
        is_referral = {old.rank == Rank.ADDITIONAL, new.rank == Rank.ADDITIONAL}
        if old.rtype == new.rtype:
            has_expired = old.expires <= now
            return not (has_expired and is_referral == {True, False} and new.rank == Rank.ADDITIONAL)
        if True in is_referral:
            return False
        if new.rtype is None and Security.SECURE not in (old.security, new.security) and isinstance(old, RRset):
            return old.expires - now < max(old.ttl * 0.1, 1e-9)  # nobody validated it: it hides nothing that is fresh
        if None in (old.rtype, new.rtype):
            return True
        for alias, other in ((old, new), (new, old)):
            if isinstance(alias, RRset) and alias.rtype == CNAME and other.rtype not in BESIDE_ALIAS:
                return True
        return False

    @staticmethod
    def _wins(new: Entry, old: Entry, now: float) -> bool:
        is_live = old.expires > now
        is_delegation = isinstance(new, RRset) and (new.rtype == NS or new.rank == Rank.ADDITIONAL)
        same_data = isinstance(old, RRset) and isinstance(new, RRset) and sorted(old.rdatas) == sorted(new.rdatas)
        return _worth(new, is_live) > _worth(old, is_live) or (
            _worth(new, is_live) == _worth(old, is_live)
            and not (is_live and (new.received < old.received or (is_delegation and same_data)))
        )


def _worth(entry: Entry, is_between_live: bool) -> tuple[bool, bool, int]:
    """Not bogus, then proven, then of higher rank; against what has expired only the first counts."""
    is_good = entry.security != Security.BOGUS
    if not is_between_live:
        return is_good, False, 0
    is_denial = isinstance(entry, Denial) and entry.rank == Rank.AUTHORITY_AA
    return is_good, entry.security == Security.SECURE, Rank.ANSWER_AA if is_denial else entry.rank
