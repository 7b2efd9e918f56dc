"""Which answers are still there when they are asked for again? Our eviction against cachetools' and the clairvoyant.

The clairvoyant (Belady) knows when each name will be asked next, and lets go whose next use in time is farthest; nobody
who has to guess reaches it. The shares are misses, so that a lower one is better, as with the times beside them.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from cachetools import Cache, LFUCache, LRUCache, TLRUCache

from cache.lookup import find
from cache.names import WireName, from_text
from cache.octets import NODE_OCTETS, octets_of
from cache.options import CacheOptions
from cache.rrtypes import A
from cache.store import RRsetCache
from tests.bench.measure import Row
from tests.build import replace, rrset

NAMES: Final = 20_000
ROOM: Final = 2000  # names that fit
ASKED: Final = 100_000
SKEW: Final = 0.9  # of the Zipf law; resolvers measure 0.7 to 1.2
RATE: Final = 500  # questions a second
SCAN_EVERY: Final = 10_000  # questions between two scans
SCAN: Final = 2000  # names of a scan, each asked once
CHURN: Final = 5  # names that new ones take the place of, each 1000 questions
TTLS: Final = (20, 60, 300, 3600, 86400)
NEVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the trace. ttl: what its answer has, the same each time."""

    name: int
    now: float
    ttl: int


def rows() -> Iterator[Row]:
    for what, ttls in (("TTLs of a day", (86400,)), ("TTLs of 20 s to a day", TTLS)):
        questions = trace(ttls)
        ours = misses(questions, our_hits(questions))
        others: tuple[tuple[str, int, float | None], ...] = (
            ("cachetools LRU", hits_of(questions, LRUCache(ROOM)), 1.05),
            ("cachetools TLRU", hits_with_times(questions), 1.05),
            ("cachetools LFU", hits_of(questions, LFUCache(ROOM)), 1.0),
            ("clairvoyant", clairvoyant_hits(questions), None),
        )
        for other, hits, floor in others:
            yield Row(f"eviction: % (not µs) missed, {what}", ours, misses(questions, hits), other, floor)


def trace(ttls: tuple[int, ...]) -> list[Asked]:
    """Questions by a Zipf law whose names change slowly, with scans of names that are asked once."""
    rng = random.Random(1)
    weights = list(itertools.accumulate(1 / (rank + 1) ** SKEW for rank in range(NAMES)))
    ranks = rng.choices(range(NAMES), cum_weights=weights, k=ASKED)
    names, new = list(range(NAMES)), itertools.count(NAMES)
    asked: list[int] = []
    for number, rank in enumerate(ranks, 1):
        asked.append(names[rank])
        if number % 1000 == 0:
            for _ in range(CHURN):
                names[rng.choice(ranks)] = next(new)
        if number % SCAN_EVERY == 0:
            asked.extend(itertools.islice(new, SCAN))
    return [Asked(name, number / RATE, ttls[name * 7919 % len(ttls)]) for number, name in enumerate(asked)]


def misses(questions: list[Asked], hits: int) -> float:
    """Per cent of the questions that had to be asked upstream."""
    return 100 * (1 - hits / len(questions))


def our_hits(questions: list[Asked]) -> int:
    """The cache itself, with lookups and puts; all entries are of one size."""
    template = rrset("x. 1 A 192.0.2.1")
    size = NODE_OCTETS + octets_of(replace(template, owner=name_of(0)))
    store = RRsetCache(CacheOptions(max_octets=ROOM * size))
    for one in questions:
        name = name_of(one.name)
        if find(store, name, A, one.now) is None:
            store.put(replace(template, owner=name, ttl=one.ttl, received=one.now, expires=one.now + one.ttl), one.now)
    return store.counts.hits


def name_of(number: int) -> WireName:
    return from_text(f"{number:08}.example.")


def hits_of(questions: list[Asked], cache: Cache[int, float]) -> int:
    """A cachetools policy that holds when each answer expires."""
    hits = 0
    for one in questions:
        if cache.get(one.name, 0.0) > one.now:
            hits += 1
        else:
            cache[one.name] = one.now + one.ttl
    return hits


def hits_with_times(questions: list[Asked]) -> int:
    """TLRU forgets what has expired, too."""
    now = [0.0]
    timer: Callable[[], float] = lambda: now[0]  # noqa: E731  # typed for cachetools
    cache: TLRUCache[int, float] = TLRUCache(ROOM, ttu=lambda _, expires, __: expires, timer=timer)
    hits = 0
    for one in questions:
        now[0] = one.now
        if one.name in cache:
            hits += 1
            cache[one.name]  # a use
        else:
            cache[one.name] = one.now + one.ttl
    return hits


def clairvoyant_hits(questions: list[Asked]) -> int:
    """Belady's: what is asked again before it expires, and soonest, is kept."""
    next_uses = uses_to_come(questions)
    held: dict[int, tuple[float, float]] = {}  # name -> next use, expiry
    farthest: list[tuple[float, int]] = []
    hits = 0
    for one, next_use in zip(questions, next_uses, strict=True):
        _, expires = held.get(one.name, (NEVER, 0.0))
        if expires > one.now:
            hits += 1
        else:
            expires = one.now + one.ttl
        use = next_use if next_use < expires else NEVER
        held[one.name] = (use, expires)
        heappush(farthest, (-use, one.name))
        while len(held) > ROOM:
            use, name = heappop(farthest)
            if name in held and held[name][0] == -use:
                del held[name]
    return hits


def uses_to_come(questions: list[Asked]) -> list[float]:
    """For each question, when its name is asked again."""
    later: dict[int, float] = {}
    uses = []
    for one in reversed(questions):
        uses.append(later.get(one.name, NEVER))
        later[one.name] = one.now
    return uses[::-1]
