"""Fills a store in a process of its own: `python -m tests.cache.memory KIND COUNT` prints the estimate and the growth."""

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from cache.names import WireName, from_text
from cache.options import CacheOptions
from cache.rrset import Entry, RRset
from cache.store import RRsetCache
from tests.build import denial, rrset

TTL: Final = 1000
TEMPLATES: Final = {
    "A": rrset("x. 1 A 192.0.2.1"),
    "CNAME": rrset("x. 1 CNAME y."),
    "TXT": rrset("x. 1 TXT y"),
    "SOA": rrset("x. 1 SOA y. z. 1 2 3 4 5"),
}
NODATA: Final = denial("x. A")


def name(prefix: str, number: int) -> WireName:
    return from_text(f"{prefix}{number}.zone{number % 1000}.example.")


def heard(kind: str, number: int, owner: WireName, rdatas: tuple[bytes, ...]) -> RRset:
    """What a response would leave: nothing in it is anybody else's object."""
    now, ttl = number / 1000, TTL + number % 1000
    return replace(
        TEMPLATES[kind],
        owner=owner,
        rdatas=rdatas,
        ttl=ttl,
        received=now,
        expires=now + ttl,
        source=f"192.0.2.{number % 250}:53",
    )


def addresses(number: int) -> Entry:
    return heard("A", number, name("host", number), (number.to_bytes(4, "big"), (number + 1).to_bytes(4, "big")))


def aliases(number: int) -> Entry:
    target = name("target", number)
    return replace(heard("CNAME", number, name("alias", number), (target,)), alias_target=WireName(target.lower()))


def texts(number: int) -> Entry:
    return heard("TXT", number, name("text", number), (b"\xc8" + number.to_bytes(200, "big"),))


def denials(number: int) -> Entry:
    soa = heard(
        "SOA", number, name("", number), (name("ns", number) + name("admin", number) + bytes(16) + b"\0\0\1\0",)
    )
    return replace(NODATA, owner=name("host", number), soa=soa, ttl=soa.ttl, received=soa.received, expires=soa.expires)


KINDS: Final[dict[str, Callable[[int], Entry]]] = {
    "addresses": addresses,
    "aliases": aliases,
    "texts": texts,
    "denials": denials,
}


def resident() -> int:
    """Octets of this process' memory that are there."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    make, count = KINDS[sys.argv[1]], int(sys.argv[2])
    store = RRsetCache(CacheOptions(max_octets=1 << 32))
    before = resident()
    for number in range(count):
        entry = make(number)
        store.put(entry, entry.received)
    assert len(store) == count
    print(store.octets, resident() - before)


if __name__ == "__main__":
    main()
