"""A small internet that answers in wire form: a root, two registries, forty zones, and servers that can misbehave.

Every name has one A RRset or is an alias of a name in another zone. What was published is kept with its time, so that an answer
can be held against all that was ever true.
"""

from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Final

from cache.names import WireName, from_text, parent

A: Final = 1
NS: Final = 2
CNAME: Final = 5
SOA: Final = 6
REGISTRIES: Final = ("example.", "test.")
ZONES: Final = tuple(f"z{number}.{REGISTRIES[number % 2]}" for number in range(40))
NAMES_A_ZONE: Final = 8
DELEGATION_TTL: Final = 3600
NEGATIVE_TTL: Final = 60
TTLS: Final = (0, 5, 30, 60, 300, 3600)
ROOT_HOST: Final = "198.41.0.4"


class Mood(Enum):
    """How a server behaves."""

    WELL = "well"
    SILENT = "silent"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    TRUNCATING = "truncating"
    WITHOUT_EDNS = "FORMERR to EDNS"
    LOWERING = "lowers the letter case"
    MISTAKEN = "another ID first"
    GARBAGE = "garbage first"


@dataclass
class Server:
    """rtt: seconds. zones: those it serves."""

    host: str
    rtt: float
    zones: set[WireName] = field(default_factory=set)
    mood: Mood = Mood.WELL
    asked: int = 0


@dataclass(frozen=True)
class Record:
    """One RRset as published. value: an IPv4 address, or the target of an alias."""

    rtype: int
    rdata: bytes
    ttl: int
    since: float
    until: float = float("inf")


class Internet:
    """records: by owner, all versions; the last is true now (None: the name is not there)."""

    def __init__(self, rng: Random, now: float) -> None:
        self.rng = rng
        self.servers: dict[str, Server] = {}
        self.apexes: dict[WireName, list[tuple[WireName, str]]] = {}  # zone -> its name servers and their addresses
        self.records: dict[WireName, list[Record]] = {}
        self.names: list[WireName] = []
        self._serve(from_text("."), [(from_text("a.root.test."), ROOT_HOST)])
        for number, registry in enumerate(REGISTRIES):
            zone = from_text(registry)
            self._serve(zone, [(WireName(b"\2n" + bytes([48 + n]) + zone), f"192.0.{number}.{n}") for n in (1, 2)])
        for number, text in enumerate(ZONES):
            zone = from_text(text)
            # a third of the zones have name servers in another zone: their addresses must be looked up
            at = from_text(ZONES[(number * 7 + 1) % len(ZONES)]) if number % 3 == 0 else zone
            at = zone if number % 3 == 0 and (number * 7 + 1) % len(ZONES) % 3 == 0 else at
            labels = [
                b"\2n" + bytes([49 + n]) if at == zone else b"\5n" + b"%d%02d" % (n, number) + b"x" for n in (0, 1)
            ]
            self._serve(
                zone, [(WireName(_label(label) + at), f"10.{number}.0.{n + 1}") for n, label in enumerate(labels)]
            )
            for name_server, host in self.apexes[zone]:
                self._publish(name_server, Record(A, packed(host), 3600, now))
        for text in ZONES:
            for number in range(NAMES_A_ZONE):
                self.names.append(WireName(_label(b"h%d" % number) + from_text(text)))
        for name in self.names:
            self.change(name, now)

    def change(self, name: WireName, now: float) -> None:
        """Publish something else at the name, or withdraw it."""
        chance = self.rng.random()
        ttl = self.rng.choice(TTLS)
        if chance < 0.15:
            self._withdraw(name, now)
        elif chance < 0.35:
            target = self.rng.choice(self.names)
            self._publish(name, Record(CNAME, bytes(target), ttl, now))
        else:
            self._publish(name, Record(A, self.rng.randbytes(4), ttl, now))

    def true_at(self, name: WireName) -> Record | None:
        """What is published now."""
        versions = self.records.get(name)
        return versions[-1] if versions and versions[-1].until == float("inf") else None

    def was_ever(self, name: WireName, rtype: int, rdata: bytes, after: float) -> bool:
        """Was this published at some moment after `after`?"""
        return any(
            one.rtype == rtype and one.rdata == rdata and one.until >= after for one in self.records.get(name, ())
        )

    def was_absent(self, name: WireName, after: float) -> bool:
        """Was nothing at this name at some moment after `after`?"""
        versions = self.records.get(name, [])
        ends = [0.0, *(one.until for one in versions)]
        beginnings = [*(one.since for one in versions), float("inf")]
        return any(begins > max(end, after) for end, begins in zip(ends, beginnings, strict=True))

    def reply(self, server: Server, message: bytes, *, over_tcp: bool) -> list[tuple[float, bytes]]:
        """What comes back, each after so many seconds."""
        server.asked += 1
        end = _end_of_name(message, 12) + 4
        question, has_opt = message[12:end], message[11] > 0
        mood = server.mood
        if mood is Mood.SILENT:
            return []
        if mood is Mood.SERVFAIL or mood is Mood.REFUSED:
            return [(server.rtt, header(message, 0x8000, 2 if mood is Mood.SERVFAIL else 5, 0, 0, 0) + question)]
        if mood is Mood.WITHOUT_EDNS and has_opt:
            return [(server.rtt, header(message, 0x8000, 1, 0, 0, 0) + question)]
        if mood is Mood.TRUNCATING and not over_tcp:
            return [(server.rtt, header(message, 0x8600, 0, 0, 0, 0) + question)]
        said = self._answer(server, message, question)
        if mood is Mood.LOWERING:
            said = said[:12] + question[:-4].lower() + said[end - 4 :]
        first = {
            Mood.MISTAKEN: bytes([said[0] ^ 1]) + said[1:],
            Mood.GARBAGE: b"\xff" * 30,
        }.get(mood)
        return [*([(server.rtt / 2, first)] if first is not None and not over_tcp else []), (server.rtt, said)]

    def _answer(self, server: Server, message: bytes, question: bytes) -> bytes:
        qname, qtype = WireName(question[:-4].lower()), int.from_bytes(question[-4:-2], "big")
        zone = max((one for one in server.zones if qname.endswith(one)), key=len, default=None)
        if zone is None:
            return header(message, 0x8000, 5, 0, 0, 0) + question
        cut = self._cut_below(qname, zone)
        if cut is not None:
            authority = [record(cut, NS, DELEGATION_TTL, bytes(name)) for name, _ in self.apexes[cut]]
            glue = [
                record(name, A, DELEGATION_TTL, packed(host)) for name, host in self.apexes[cut] if name.endswith(zone)
            ]
            return header(message, 0x8000, 0, 0, len(authority), len(glue)) + question + b"".join(authority + glue)
        now = self.true_at(qname)
        if now is not None and now.rtype in (qtype, CNAME):
            return header(message, 0x8400, 0, 1, 0, 0) + question + record(qname, now.rtype, now.ttl, now.rdata)
        if qname in self.apexes and qtype == NS:
            answers = [record(qname, NS, DELEGATION_TTL, bytes(name)) for name, _ in self.apexes[qname]]
            return header(message, 0x8400, 0, len(answers), 0, 0) + question + b"".join(answers)
        is_there = now is not None or any(name.endswith(qname) for name in (*self.names, *self.apexes))
        soa = record(zone, SOA, NEGATIVE_TTL, b"\0\0" + (1).to_bytes(4, "big") * 4 + NEGATIVE_TTL.to_bytes(4, "big"))
        return header(message, 0x8400, 0 if is_there else 3, 0, 1, 0) + question + soa

    def _cut_below(self, qname: WireName, zone: WireName) -> WireName | None:
        """The delegation in `zone` that `qname` is at or below."""
        name, found = qname, None
        while name != zone:
            if name in self.apexes:
                found = name
            name = parent(name)
        return found

    def _serve(self, zone: WireName, name_servers: list[tuple[WireName, str]]) -> None:
        self.apexes[zone] = name_servers
        for _, host in name_servers:
            server = self.servers.setdefault(host, Server(host, self.rng.uniform(0.005, 0.15)))
            server.zones.add(zone)

    def _publish(self, name: WireName, published: Record) -> None:
        self._withdraw(name, published.since)
        self.records.setdefault(name, []).append(published)

    def _withdraw(self, name: WireName, now: float) -> None:
        versions = self.records.get(name)
        if versions and versions[-1].until == float("inf"):
            last = versions[-1]
            versions[-1] = Record(last.rtype, last.rdata, last.ttl, last.since, now)


def _label(text: bytes) -> bytes:
    return text if text[0] < 32 else bytes([len(text)]) + text


def packed(host: str) -> bytes:
    """An IPv4 address as rdata."""
    return bytes(map(int, host.split(".")))


def _end_of_name(message: bytes, at: int) -> int:
    while message[at]:
        at += 1 + message[at]
    return at + 1


def header(message: bytes, flags: int, rcode: int, answers: int, authority: int, additional: int) -> bytes:
    """Of the reply to `message`."""
    counts = b"".join(count.to_bytes(2, "big") for count in (1, answers, authority, additional))
    return message[:2] + (flags | rcode).to_bytes(2, "big") + counts


def record(owner: WireName, rtype: int, ttl: int, rdata: bytes) -> bytes:
    """One record in wire form."""
    head = rtype.to_bytes(2, "big") + b"\0\1" + ttl.to_bytes(4, "big") + len(rdata).to_bytes(2, "big")
    return bytes(owner) + head + rdata
