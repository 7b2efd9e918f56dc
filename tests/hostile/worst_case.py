"""Fill what strangers can fill with the longest things there are, one table after the other, and print what each takes.

`python -m tests.hostile.worst_case`: a JSON object, of each table the octets by which the process has grown.
"""

import gc
import ipaddress
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from cache.answer import Question
from cache.failures import MAX_FAILURES, MAX_SERVER_FAILURES, Failures, ServerFailures
from cache.names import WireName
from cache.options import CacheOptions
from cache.rrtypes import A
from cache.servers import MAX_SERVERS, Servers
from cache.store import RRsetCache
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.gaps import Gaps
from resolver.dnssec.standing import Signed, Standings
from resolver.iterate.addresses import MAX_KNOWN_RDATAS, AddressBook
from resolver.iterate.counts import IterateCounts
from resolver.iterate.options import RecursionOptions
from resolver.service.shares import FEW, PLACE_OCTETS, PLACES, Shares
from resolver.upstream.learning import note_lame
from tests.build import replace, rrset

PAGE_OCTETS: Final = os.sysconf("SC_PAGE_SIZE")
NOW: Final = 1000.0
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
        held.note(name, Signed(name, tuple(b"%d" % number + bytes(400) for _ in range(number % 100)), NOW))
    return held


def addresses() -> object:
    book = AddressBook(RRsetCache(CacheOptions()), RecursionOptions(), IterateCounts())
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


TABLES: Final[dict[str, Callable[[], object]]] = {
    "cache.failures:Failures._failures": failures,
    "cache.failures:ServerFailures._records": server_failures,
    "cache.servers:Servers._states": servers,
    "resolver.dnssec.gaps:Gaps._zones": gaps,
    "resolver.dnssec.standing:Standings._known": standings,
    "resolver.iterate.addresses:AddressBook._by_rdata": addresses,
    "resolver.service.shares:Shares._networks": queries,
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
