"""The small internet as it lives: servers that answer in wire form and can misbehave, and records that change.

Every name has one A RRset or is an alias of a name in another zone. What was published is kept with its time, so that an answer
can be held against all that was ever true.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf
from random import Random
from typing import Final, NamedTuple

from cache.names import WireName
from cache.rrtypes import CNAME, FORMERR, NS, REFUSED, SERVFAIL, A
from tests.simulation.machine.layout import (
    APEXES,
    IN_USE,
    NAMES,
    ZONE_OF_HOST,
    ZONES,
    Composed,
    apex,
    cut_below,
    denial,
    head,
    packed,
    record,
    referral,
    zone_of,
)

TTLS: Final = (0, 5, 30, 60, 300, 3600)
REPLY: Final = 0x8000  # of the flags
ANSWER: Final = 0x8400  # … with authority
TRUNCATED: Final = 0x8600
HEADER_OCTETS: Final = 12
OPT_OCTETS: Final = 9  # of an OPT behind the question, as far as a reply depends on it: to the flags


class Mood(Enum):
    """How a server behaves."""

    WELL = "well"
    SILENT = "silent"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    TRUNCATING = "truncating"
    WITHOUT_EDNS = "FORMERR to EDNS"
    LOWERING = "lowers the letter case"
    FORGED = "something false with another ID first"
    GARBAGE = "garbage first"


WELL: Final = Mood.WELL  # to look a member up takes more than all the rest of telling moods apart
INSTEAD: Final = {Mood.SERVFAIL: REPLY | SERVFAIL, Mood.REFUSED: REPLY | REFUSED}  # flags of replies without records


@dataclass
class Server:
    """rtt: seconds. zone: what it serves. composed: what its zone says now, by question; all of the zone's servers say it."""

    host: str
    rtt: float
    zone: WireName
    composed: dict[bytes, Composed]
    mood: Mood = Mood.WELL


class Record(NamedTuple):
    """One RRset as published. rdata: an IPv4 address, or the target of an alias."""

    rtype: int
    rdata: bytes
    ttl: int
    since: float
    until: float = inf


class Internet:
    """records: by owner, all versions; the last is true now, if its end is still to come."""

    def __init__(self, rng: Random, now: float) -> None:
        self.rng = rng
        self._composed: dict[WireName, dict[bytes, Composed]] = {zone: {} for zone in APEXES}
        self.servers = {
            host: Server(host, rng.uniform(0.005, 0.15), zone, self._composed[zone])
            for host, zone in ZONE_OF_HOST.items()
        }
        self.records: dict[WireName, list[Record]] = {}
        for zone in ZONES:
            for name_server, host in APEXES[zone]:
                self.records[name_server] = [Record(A, packed(host), 3600, now)]
        for name in NAMES:
            self.change(name, now)

    def change(self, name: WireName, now: float) -> None:
        """Publish something else at the name, or withdraw it."""
        self._composed[zone_of(name)].clear()
        self._withdraw(name, now)
        rng = self.rng
        chance, ttl = rng.random(), rng.choice(TTLS)
        if chance >= 0.35:
            self.records.setdefault(name, []).append(Record(A, rng.randbytes(4), ttl, now))
        elif chance >= 0.15:
            self.records.setdefault(name, []).append(Record(CNAME, rng.choice(NAMES), ttl, now))

    def true_at(self, name: WireName) -> Record | None:
        """What is published now."""
        versions = self.records.get(name)
        return versions[-1] if versions and versions[-1].until == inf else None

    def was_ever(self, name: WireName, rtype: int, rdata: bytes, after: float) -> bool:
        """Was this published at some moment after `after`?"""
        for its_type, its_rdata, _, _, until in reversed(self.records.get(name, ())):
            if until < after:  # and so were those before it
                return False
            if its_rdata == rdata and its_type == rtype:
                return True
        return False

    def was_absent(self, name: WireName, after: float) -> bool:
        """Was nothing at this name at some moment after `after`?"""
        begins = inf  # what was there next
        for _, _, _, since, until in reversed(self.records.get(name, ())):
            if begins > max(until, after):
                return True
            begins = since
        return begins > max(0.0, after)

    def reply(self, server: Server, message: bytes, *, over_tcp: bool) -> Sequence[tuple[float, bytes]]:
        """What comes back, each after so many seconds."""
        end = message.index(0, HEADER_OCTETS) + 5  # no label here has an octet 0
        question = message[HEADER_OCTETS:end]
        asked = question[:-4].lower() + message[end - 4 : end + OPT_OCTETS]
        composed = server.composed.get(asked)
        if composed is None:  # nobody has asked since something in the zone changed
            composed = server.composed[asked] = self._answer(server.zone, message, question)
        if server.mood is not WELL:
            return _in_a_mood(server, message, question, composed, over_tcp=over_tcp)
        return ((server.rtt, message[:2] + composed[0] + question + composed[1]),)

    def _answer(self, zone: WireName, message: bytes, question: bytes) -> Composed:
        qname, qtype = WireName(question[:-4].lower()), int.from_bytes(question[-4:-2])
        if not qname.endswith(zone):
            return head(REPLY | REFUSED), b""
        cut = cut_below(qname, zone)
        if cut is not None:
            return referral(zone, cut)
        now = self.true_at(qname)
        if now is not None and (now.rtype == qtype or now.rtype == CNAME):
            return head(ANSWER, 1), record(qname, now.rtype, now.ttl, now.rdata)
        if qtype == NS and qname == zone:
            return apex(zone)
        return denial(zone, is_there=now is not None or qname in IN_USE)

    def _withdraw(self, name: WireName, now: float) -> None:
        versions = self.records.get(name)
        if versions and versions[-1].until == inf:
            last = versions[-1]
            versions[-1] = Record(last.rtype, last.rdata, last.ttl, last.since, now)


def _in_a_mood(
    server: Server, message: bytes, question: bytes, composed: Composed, *, over_tcp: bool
) -> Sequence[tuple[float, bytes]]:
    mood, ident = server.mood, message[:2]
    if mood is Mood.SILENT:
        return ()
    flags = INSTEAD.get(mood)
    if mood is Mood.WITHOUT_EDNS and message[11]:
        flags = REPLY | FORMERR
    elif mood is Mood.TRUNCATING and not over_tcp:
        flags = TRUNCATED
    if flags is not None:
        return ((server.rtt, ident + head(flags) + question),)
    if mood is Mood.LOWERING:
        question = question[:-4].lower() + question[-4:]
    said = ident + composed[0] + question + composed[1]
    if over_tcp or (mood is not Mood.FORGED and mood is not Mood.GARBAGE):
        return ((server.rtt, said),)
    first = b"\xff" * 30 if mood is Mood.GARBAGE else bytes((said[0] ^ 1,)) + said[1:-1] + bytes((said[-1] ^ 1,))
    return (server.rtt / 2, first), (server.rtt, said)
