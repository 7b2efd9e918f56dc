"""What a resolver should say, the slow and obvious way: each record on its own, every rule a sentence over a dict.

A zone is the last label of a name, and has one server. A record is known with the moment at which it was heard.
"""

from dataclasses import dataclass, field
from typing import Final

NEGATIVE_TTL: Final = 20  # of every zone
MAX_STALE, RECHECK, STALE_TTL = 100, 30, 30
FIRST_PAUSE, MAX_PAUSE = 5, 30
MAX_ALIASES: Final = 11
DUE: Final = 0.1  # of its TTL is left
ABSENT: Final = "NXDOMAIN"

Key = tuple[str, str]  # name, and type or ABSENT
Shown = tuple[str, str, str, int]  # name, type, value, TTL


@dataclass(frozen=True)
class Known:
    """value: "" denies the record. heard: s."""

    value: str
    ttl: int
    heard: float

    def left(self, now: float) -> float:
        return self.heard + self.ttl - now


@dataclass(frozen=True)
class Said:
    """An answer. rcode: or why there is none, SERVFAIL."""

    rcode: str
    shown: tuple[Shown, ...] = ()
    is_stale: bool = False


@dataclass
class PerRecord:
    """The world (records by name, broken servers) and what is known of it."""

    now: float = 1000.0
    world: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)  # name -> type -> value, TTL
    broken: set[str] = field(default_factory=set)
    known: dict[Key, Known] = field(default_factory=dict)
    failed: dict[Key, tuple[float, float]] = field(default_factory=dict)  # -> until, pause
    asked: int = 0

    def query(self, qname: str, qtype: str) -> Said:
        """What a client is told."""
        shown: list[Shown] = []
        name, is_stale, passed = qname, False, {qname}
        while True:
            found = self._link(name, qtype)
            if found is None:
                return Said("SERVFAIL")
            key, record = found
            left = record.left(self.now)
            is_stale = is_stale or (left <= 0 and record.ttl > 0)
            ttl = round(left) if left > 0 or not record.ttl else STALE_TTL
            if not record.value:
                return Said("NXDOMAIN" if key[1] == ABSENT else "NOERROR", tuple(shown), is_stale)
            shown.append((name, key[1], record.value, ttl))
            if key[1] == qtype:
                return Said("NOERROR", tuple(shown), is_stale)
            name = record.value
            if name in passed or len(passed) > MAX_ALIASES:
                return Said("SERVFAIL")
            passed.add(name)

    def flush(self, name: str) -> None:
        """Forget all of a name."""
        self.known = {key: one for key, one in self.known.items() if key[0] != name}
        self.failed = {key: one for key, one in self.failed.items() if key[0] != name}

    def _link(self, name: str, qtype: str) -> tuple[Key, Known] | None:
        """What is said of one name: fresh, else fetched, else stale, else nothing."""
        for key in self._speaking(name, qtype):
            if self.known[key].left(self.now) > 0:
                return key, self.known[key]
        until, pause = self.failed.get((name, qtype), (0.0, 0.0))
        stale = [key for key in self._speaking(name, qtype) if self._is_usable(self.known[key])]
        if self.now >= until:
            self.asked += 1
            if name.rpartition(".")[2] not in self.broken:
                self.failed.pop((name, qtype), None)
                return self._hear(name, qtype)
            was = pause if self.now < until + pause else 0
            next_pause = RECHECK if stale else min(MAX_PAUSE, 2 * was) or FIRST_PAUSE
            self.failed[name, qtype] = (self.now + next_pause, next_pause)
        return (stale[0], self.known[stale[0]]) if stale else None

    def _hear(self, name: str, qtype: str) -> tuple[Key, Known]:
        """Ask the name's server; what it says ends all that it contradicts."""
        records = self.world.get(name, {})
        if not records:
            rtype, (value, ttl) = ABSENT, ("", NEGATIVE_TTL)
        else:
            rtype = "CNAME" if "CNAME" in records else qtype
            value, ttl = records.get(rtype, ("", NEGATIVE_TTL))
        key, record = (name, rtype), Known(value, ttl, self.now)
        for other in [one for one in self.known if one[0] == name and self._contradict(one, key, value)]:
            del self.known[other]
        if ttl:
            self.known[key] = record
        return key, record

    def _contradict(self, old: Key, new: Key, value: str) -> bool:
        if old[1] == new[1]:
            return True
        if new[1] == ABSENT:  # heard of another type: what is there and not due to be asked for anew stays
            known, left = self.known[old], self.known[old].left(self.now)
            return not known.value or left <= 0 or left < known.ttl * DUE
        if old[1] == ABSENT:
            return True
        is_old_alias = old[1] == "CNAME" and bool(self.known[old].value)
        return is_old_alias or (new[1] == "CNAME" and bool(value))

    def _speaking(self, name: str, qtype: str) -> list[Key]:
        """Which known records say something to this question?"""
        found = [(name, rtype) for rtype in dict.fromkeys((qtype, ABSENT, "CNAME")) if (name, rtype) in self.known]
        return [key for key in found if key[1] in (qtype, ABSENT) or self.known[key].value]

    def _is_usable(self, record: Known) -> bool:
        return record.left(self.now) > -MAX_STALE and record.ttl > 0
