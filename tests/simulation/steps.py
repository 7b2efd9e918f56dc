"""What can happen in the world, as values drawn by chance: a seed's whole story can be printed, and read."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from resolver.demo.behaviour import (
    Behaviour,
    Delays,
    Duplicates,
    Fails,
    Forges,
    Garbles,
    Lame,
    Lies,
    Loses,
    Silent,
    Truncates,
)
from tests.simulation.fabric import CALM, Weather

TOO_LONG: Final = ".".join(("x" * 60, "y" * 60, "z" * 40, "far.moved.test"))
QUESTIONS: Final = (
    *(f"{name}.src.test A" for name in ("alias", "alias", "alias", "brief", "ghost", "www")),
    *("alias.src.test AAAA", "alias.src.test TXT", "alias.src.test CNAME", "alias.src.test DS", "ghost.src.test TXT"),
    *("www.dst.test A", "www.dst.test AAAA", "brief.dst.test A", "other.dst.test AAAA", "nothing.dst.test A"),
    *(f"{name}.left.test A" for name in ("short", "eleven", "twelve", "self", "loop")),
    *("short.left.test AAAA", "www.right.example A", "www.right.example AAAA", "e7.left.test A"),
    *(f"{name}.moved.test A" for name in ("www.tree", "deep.er.tree", "indirect.tree", "er.tree", "no.tree", "tree")),
    *("tree.moved.test TXT", "www.tree.moved.test CNAME", "www.tree.moved.test DS", f"{TOO_LONG} A"),
    *(f"{name}.wild.test A" for name in ("a", "b.c", "real", "x.real", "y.real", "empty", "most.empty", "q.alias")),
    *("a.wild.test TXT", "very.most.empty.wild.test A"),
    *("www.glueless.test A", "www.hosting.example A", "www.cycle-a.test A", "ns.cycle-b.example A"),
    *(f"www.{zone}.test A" for zone in ("lame", "halfdead", "trunc", "case", "noedns", "liar")),
    *("alias.liar.test A", "txt.large.example TXT", "www.large.example A", "www.slow.example A"),
    *("zero.volatile.test A", "weighted.volatile.test A", "weighted.volatile.test AAAA"),
    *("www.parent.example A", "www.sub.parent.example A", "no.sub.parent.example A"),
    *("www.multi.example A", "api.multi.example A", "api.multi.example AAAA", "WWW.Multi.Example A"),
    *(
        "no-such-zone.test A",
        "no-such-zone.example AAAA",
        "dst.test NS",
        "dst.test DS",
        "src.test SOA",
        "no-such-tld A",
    ),
)
# What may be published in place of what was; each stays within the zone of its owner.
RECORDS: Final = (
    "www.dst.test. 300 A 198.51.100.1",
    "www.dst.test. 60 A 198.51.100.101",
    "www.dst.test. 60 CNAME www.right.example.",
    "alias.src.test. 86400 CNAME www.dst.test.",
    "alias.src.test. 3600 CNAME other.dst.test.",
    "alias.src.test. 300 A 198.51.100.110",
    "brief.dst.test. 2 A 198.51.100.102",
    "brief.dst.test. 20 CNAME www.right.example.",
    "www.right.example. 120 A 198.51.100.121",
    "nothing.dst.test. 30 A 198.51.100.103",
    "api.multi.example. 20 A 198.51.100.104",
    "api.multi.example. 20 CNAME www.multi.example.",
    "real.wild.test. 60 CNAME www.dst.test.",
    "zero.volatile.test. 0 A 198.51.100.105",
)
FLUSHED: Final = (
    ".",
    "test",
    "dst.test",
    "alias.src.test",
    "www.dst.test",
    "right.example",
    "ns1.dst.test",
    "brief.dst.test",
)
WITHDRAWN: Final = ("nothing.dst.test. A", "www.multi.example. A", "x.real.wild.test. A", "www.lame.test. A")
# Told by servers whose zones these are not; nobody must ever believe them.
LIES: Final = (
    "www.dst.test. 86400 A 203.0.113.66",
    "dst.test. 86400 NS ns1.liar.test.",
    "www.right.example. 86400 A 203.0.113.66",
    "right.example. 86400 NS ns1.liar.test.",
    "ns1.right.example. 86400 A 127.53.0.50",
    "alias.src.test. 86400 CNAME evil.liar.test.",
)
MAY_LIE: Final = frozenset({"left", "moved", "home", "wild", "hosting", "not-lame", "alive", "large", "parent", "near"})
WAITS: Final = (0.01, 0.2, 1.0, 2.5, 6.0, 31.0, 61.0, 301.0, 4000.0, 90_000.0)  # s: around the timers of the daemon
WAIT_WEIGHTS: Final = (4, 4, 4, 4, 4, 4, 3, 3, 2, 1)
EVENTS: Final = {  # and how often, of 27
    "break": 8,
    "heal": 4,
    "part": 2,
    "reunite": 2,
    "weather": 3,
    "publish": 5,
    "withdraw": 1,
    "flush": 2,
}
CLIENTS: Final = 3
FAVOURITES: Final = 6  # questions of a story that are asked most


@dataclass(frozen=True, slots=True)
class Ask:
    """A client asks, and the story goes on before the reply."""

    client: int
    qname: str
    qtype: str
    over_tcp: bool


@dataclass(frozen=True, slots=True)
class Break:
    server: str
    behaviour: Behaviour


@dataclass(frozen=True, slots=True)
class Heal:
    server: str


@dataclass(frozen=True, slots=True)
class Part:
    """These servers can be reached by nobody."""

    servers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reunite:
    """All partitions end."""


@dataclass(frozen=True, slots=True)
class Change:
    weather: Weather


@dataclass(frozen=True, slots=True)
class Publish:
    record: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    owner: str
    rtype: str


@dataclass(frozen=True, slots=True)
class Flush:
    """An operator has the daemon forget a name, or a subtree."""

    name: str
    subtree: bool


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


Step = Ask | Break | Heal | Part | Reunite | Change | Publish | Withdraw | Flush | Wait


def draw(rng: Random, servers: tuple[str, ...], count: int) -> list[Step]:
    """A story of so many turns; each is an event or none, some questions, and a wait. Some questions come again and again."""
    story: list[Step] = []
    favourites = rng.sample(QUESTIONS, FAVOURITES)
    for _ in range(count):
        if rng.random() < 0.7:
            story.append(_draw_event(rng, servers))
        asked = rng.choices((favourites, QUESTIONS), (2, 1), k=rng.choice((0, 1, 2, 4)))
        story += [_draw_question(rng, among) for among in asked]
        story.append(Wait(rng.choices(WAITS, WAIT_WEIGHTS)[0] * rng.uniform(0.5, 1.0)))
    return story


def _draw_question(rng: Random, among: Sequence[str]) -> Ask:
    qname, qtype = rng.choice(among).split()
    return Ask(rng.randrange(CLIENTS), qname, qtype, rng.random() < 0.1)


def _draw_event(rng: Random, servers: tuple[str, ...]) -> Step:
    server = rng.choice(servers)
    match rng.choices(tuple(EVENTS), tuple(EVENTS.values()))[0]:
        case "break":
            server = rng.choice((server, "dst", "src"))
            return Break(server, _draw_fault(rng, server))
        case "heal":
            return Heal(rng.choice((server, "dst", "src")))
        case "part":
            return Part(tuple(sorted(rng.sample(servers, rng.choice((1, 2, 5, len(servers)))))))
        case "reunite":
            return Reunite()
        case "weather":
            return Change(_draw_weather(rng))
        case "publish":
            return Publish(rng.choice(RECORDS))
        case "withdraw":
            owner, rtype = rng.choice(WITHDRAWN).split()
            return Withdraw(owner, rtype)
        case _:
            return Flush(rng.choice(FLUSHED), rng.random() < 0.5)


def _draw_fault(rng: Random, server: str) -> Behaviour:
    faults: list[Behaviour] = [
        Silent(),
        Silent(),
        Fails("SERVFAIL"),
        Fails("REFUSED"),
        Lame(),
        Truncates(),
        Garbles(rng.random()),
        Delays(rng.choice((0.3, 1.5, 5.0)), 0.5),
        Loses(rng.random()),
        Duplicates(),
        Forges(LIES[:1]),
    ]
    if server in MAY_LIE:
        faults += [Lies(LIES), Lies(LIES), Lies(LIES)]
    return rng.choice(faults)


def _draw_weather(rng: Random) -> Weather:
    if rng.random() < 0.4:
        return CALM
    return Weather(
        loss=rng.choice((0.0, 0.05, 0.4)),
        duplication=rng.choice((0.0, 0.2)),
        reordering=rng.choice((0.0, 0.3)),
        latency=rng.choice((0.001, 0.05, 0.3)),
        jitter=rng.choice((0.0, 0.1)),
    )
