"""Fill what strangers can fill with the longest things there are, one table after the other, and print what each takes.

`python -m tests.hostile.worst_case`: a JSON object, of each table the octets by which the process has grown.
"""

import gc
import ipaddress
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

from cache.answer import Question
from cache.failures import MAX_FAILURES, MAX_SERVER_FAILURES, Failures, ServerFailures
from cache.names import WireName
from cache.options import CacheOptions
from cache.rrtypes import A
from cache.servers import MAX_SERVERS, Servers
from cache.store import RRsetCache
from internal_zones.census import MAX_NETWORKS, Census, Count
from internal_zones.clocks import Commit
from internal_zones.counts import InternalCounts
from internal_zones.news import KEPT, MAX_SITES, NTP64, News
from resolver.dnssec.algorithms import MAX_LOADED, MAX_MODULUS_BITS, is_signed
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.gaps import Gaps
from resolver.dnssec.keys import usable_keys
from resolver.dnssec.numbers import RSASHA256
from resolver.dnssec.standing import Signed, Standings
from resolver.engine.counts import ResolveCounts
from resolver.engine.memory import MAX_WAITS, Doubted, Waits
from resolver.engine.mesh import Mesh
from resolver.engine.refresh import MAX_RESTING, Refresher
from resolver.iterate.addresses import MAX_KNOWN_RDATAS, AddressBook
from resolver.iterate.counts import IterateCounts
from resolver.iterate.options import RecursionOptions
from resolver.service.shares import FEW, PLACE_OCTETS, PLACES, Shares
from resolver.upstream.learning import note_lame
from tests.build import replace, rrset

PAGE_OCTETS: Final = os.sysconf("SC_PAGE_SIZE")
NOW: Final = 1000.0
CACHE_OCTETS: Final = 32 << 20  # `cache.max_octets` here
TEXT: Final = "x" * 200  # why something failed, for people


def long_names(count: int) -> Iterator[WireName]:
    """Names of 255 octets, each of its own."""
    tail = b"".join(b"\x3f" + bytes((letter,)) * 63 for letter in b"abc")
    for number in range(count):
        yield WireName(b"\x3d" + b"%061d" % number + tail + b"\0")


def failures() -> object:
    held = Failures()
    for name in long_names(MAX_FAILURES):
        held.remember(Question(name, A), 22, f"{TEXT}{len(held)}", NOW)
    assert len(held) == MAX_FAILURES
    return held


def server_failures() -> object:
    held = ServerFailures()
    for number, name in enumerate(long_names(MAX_SERVER_FAILURES)):
        held.note_failure((f"2001:db8:ffff:ffff:ffff:ffff:ffff:{number:x}", 53), Question(name, A), NOW)
    return held


def servers() -> object:
    held = Servers()
    zones = [bytes(name) for name in long_names(5)]
    for number in range(MAX_SERVERS):
        state = held.of((f"2001:db8:ffff:ffff:ffff:ffff:ffff:{number:x}", 53))
        for zone in zones:
            note_lame(state, WireName(zone[:-1] + b"\0"), NOW)  # each an object of its own
    return held


def gaps() -> object:
    held = Gaps(CacheOptions(), DnssecCounts())
    soa = rrset("example. 3600 SOA ns.example. admin.example. 1 7200 900 1209600 3600", NOW)
    for zone in range(6):
        owner = WireName(b"\x02%02d" % zone + soa.owner)
        for number in range(1100):
            record = rrset(f"a{number:05}.{zone:02}.example. 60 NSEC a{number:05}x.{zone:02}.example. A NSEC", NOW)
            held.note(owner, [replace(record, rrsigs=(bytes(3000) + b"%d" % number,))], replace(soa, owner=owner))
    return held


def standings() -> object:
    held = Standings(DnssecCounts())
    for number, name in enumerate(long_names(5000)):
        octets = 400 if number % 2 else 20
        rdatas = [bytes((1, 0, 3, RSASHA256)) + b"%d,%d" % (number, key) + bytes(octets) for key in range(number % 64)]
        held.note(name, Signed(name, usable_keys(rdatas), NOW))
    return held


def keys() -> object:
    for number in range(2 * MAX_LOADED):
        modulus = (1 << MAX_MODULUS_BITS - 1) + 2 * number + 1
        is_signed(RSASHA256, b"\x03\x01\x00\x01" + modulus.to_bytes(512), b"", bytes(512))
        is_signed(RSASHA256, b"\x03\x01\x00\x01" + bytes(60000) + modulus.to_bytes(512), b"", bytes(512))
    return None  # the process holds them


def addresses() -> object:
    book = AddressBook(RRsetCache(CacheOptions()), RecursionOptions(), IterateCounts(), Random(1))
    first = int(ipaddress.IPv6Address("2001:db8:ffff:ffff:ffff:ffff::"))
    for number in range(MAX_KNOWN_RDATAS):
        book.usable((ipaddress.IPv6Address(first + number).packed,), 28)
    return book


def queries() -> object:
    held = Shares()
    for network in range(2 * PLACES):
        client = b"\xfd\xaa" + network.to_bytes(4) + bytes(10)
        for number in range(FEW):
            data = b"%d" % number + bytes(PLACE_OCTETS - 16)
            held.put(client, lambda data=data: None, len(data))  # type: ignore[misc]  # holds on to it
    return held


def rrsets() -> object:
    held = RRsetCache(CacheOptions(max_octets=CACHE_OCTETS))
    model = rrset("a. 3600 TXT x", NOW)
    names = long_names(MAX_FAILURES * 10)
    while not held.counts.evicted:
        held.put(replace(model, owner=next(names), rdatas=(b"\xff" + bytes(255),)), NOW)
    for name in names:  # as many again: what is evicted leaves nothing behind
        held.put(replace(model, owner=name, rdatas=(b"\xff" + bytes(255),)), NOW)
    return held


def doubted() -> object:
    held, model = Doubted(), rrset("a. 3600 A 192.0.2.1", NOW)
    for name in long_names(MAX_FAILURES):
        held.note(Question(name, A), replace(model, owner=name))
    return held


def refreshed() -> object:
    held = Refresher(Mesh(_unused), _unused, _unused, ResolveCounts(), is_paused=_unused)  # type: ignore[arg-type]  # only rests
    for name in long_names(2 * MAX_RESTING):
        held._rest(Question(name, A))
    return held


def waits() -> object:
    held = Waits()
    for name in long_names(2 * MAX_WAITS):
        held.note(name, NOW - 1, NOW, failed=True)
    return held


def networks() -> object:
    held = Census(0.5, 60.0, InternalCounts(), _unused)
    for network in range(2 * MAX_NETWORKS):
        held.judge(network, Count(network, 1000 * network), NOW, 0)
    held.suspect(None)
    for network in range(2 * MAX_NETWORKS):
        held.judge(network, Count(0, 0), NOW, 0)
    return held


def sites() -> object:
    held = News(lambda: 2e9 + 0.5, InternalCounts())
    for site in range(2 * MAX_SITES):
        held.note([Commit(f"{site:032x}", int((2e9 - at) * NTP64), frozenset()) for at in range(KEPT)])
    return held


def _unused(*_: object, **__: object) -> None:
    """Nobody asks."""


TABLES: Final[dict[str, Callable[[], object]]] = {
    "cache.store:RRsetCache._nodes": rrsets,
    "cache.failures:Failures._failures": failures,
    "cache.failures:ServerFailures._records": server_failures,
    "cache.servers:Servers._states": servers,
    "resolver.dnssec.algorithms:_loaded": keys,
    "resolver.dnssec.gaps:Gaps._zones": gaps,
    "resolver.dnssec.standing:Standings._known": standings,
    "resolver.engine.memory:Doubted._links": doubted,
    "resolver.engine.refresh:Refresher._resting": refreshed,
    "resolver.engine.memory:Waits._waits": waits,
    "resolver.iterate.addresses:AddressBook._by_rdata": addresses,
    "resolver.service.shares:Shares._networks": queries,
    "internal_zones.census:Census._known": networks,
    "internal_zones.news:News._sites": sites,
}


def resident() -> int:
    """Octets of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_OCTETS


def main() -> None:
    grown, kept = {}, []
    for name, fill in TABLES.items():
        gc.collect()
        before = resident()
        kept.append(fill())
        gc.collect()
        grown[name] = resident() - before
    print(json.dumps(grown))


if __name__ == "__main__":
    main()
