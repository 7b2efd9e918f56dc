"""Fills a store in a process of its own, from messages as servers send them: `python -m tests.cache.memory KIND COUNT`.

Prints the estimate and the growth of the process, in octets. With `dnspython` behind it, the RRsets are kept in a dict as
dnspython reads them, and the estimate is 0.
"""

import gc
import resource
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from struct import pack
from typing import Final

import dns.message
import dns.rrset

from cache.answer import Question
from cache.names import from_text, parent
from cache.options import CacheOptions
from cache.rrset import Entry
from cache.rrtypes import AAAA, CNAME, IN, NS, NXDOMAIN, SOA, TXT, A
from cache.store import RRsetCache
from resolver.env import Address
from resolver.iterate.classify import Useless, classify
from resolver.iterate.delegation import Delegation, Origin
from resolver.iterate.learn import Voice, learn
from resolver.iterate.scrub import scrub
from resolver.wire import read_response
from resolver.wire.message import Response

AA_REPLY: Final = 0x8400
AT_QNAME: Final = b"\xc0\x0c"  # a pointer to the name asked
TTL: Final = 1000
ANSWER: Final = 1
AUTHORITY: Final = 2
SERVERS: Final = 250  # each server's address is one text, whatever it says
WARMING: Final = 100  # RRsets that are there before anything is measured: code and tables are loaded then

Said = tuple[str, int, int, int, tuple[bytes, ...]]  # name, type asked, section, type said, rdatas


def addresses(number: int) -> Iterator[Said]:
    yield f"host{number}", A, ANSWER, A, (number.to_bytes(4, "big"), (number + 1).to_bytes(4, "big"))


def aliases(number: int) -> Iterator[Said]:
    yield f"alias{number}", A, ANSWER, CNAME, (from_text(f"target{number}.zone{number % 1000}.example."),)


def texts(number: int) -> Iterator[Said]:
    yield f"text{number}", TXT, ANSWER, TXT, (b"\xc8" + number.to_bytes(200, "big"),)


def denials(number: int) -> Iterator[Said]:
    names = from_text(f"ns.zone{number % 1000}.example.") + from_text(f"admin.zone{number % 1000}.example.")
    yield f"gone{number}", A, AUTHORITY, SOA, (names + bytes(16) + TTL.to_bytes(4, "big"),)


def mixed(number: int) -> Iterator[Said]:
    """A host of both families and an alias; for every other number, a zone's name servers and the host's text, too."""
    yield from addresses(number)
    yield f"host{number}", AAAA, ANSWER, AAAA, (number.to_bytes(16, "big"),)
    yield from aliases(number)
    if number % 2:
        zone = f"sub{number}.zone{number % 1000}.example."
        yield f"sub{number}", NS, ANSWER, NS, (from_text(f"ns1.{zone}"), from_text(f"ns2.{zone}"))
        yield f"host{number}", TXT, ANSWER, TXT, (b"\x31v=spf1 include:_spf.mail.example ~all " + b"%11d" % number,)


KINDS: Final = {
    "addresses": addresses,
    "aliases": aliases,
    "texts": texts,
    "denials": denials,
    "mixed": mixed,
}


def measure(kind: str, count: int, *options: str) -> tuple[int, int]:
    """The estimate and the growth of a fresh process that keeps `count` RRsets of this kind."""
    command = [sys.executable, "-m", "tests.cache.memory", kind, str(count), *options]
    estimate, grown = map(int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    return estimate, grown


def messages(kind: str) -> Iterator[tuple[int, Question, bytes]]:
    """Reply after reply, without end, each with its number and what was asked."""
    number = 0
    while True:
        number += 1
        for name, qtype, section, rtype, rdatas in KINDS[kind](number):
            asked = Question(from_text(f"{name}.zone{number % 1000}.example."), qtype)
            yield number, asked, message(asked, section, rtype, rdatas, TTL + number % 1000)


def entries(kind: str) -> Iterator[Entry]:
    """What is learned from them: nothing in it is anybody else's object but the server's address."""
    servers = [Address(f"192.0.2.{number}", 53) for number in range(SERVERS)]
    for number, asked, octets in messages(kind):
        zone = parent(asked.qname)
        response = read_response(octets)
        assert isinstance(response, Response)
        scrubbed = scrub(response, asked.qname, asked.qtype, zone)
        told = classify(asked, zone, response, scrubbed, is_forwarder=False)
        assert not isinstance(told, Useless)
        voice = Voice(
            delegation=Delegation(zone=zone, origin=Origin.CACHE),
            server=servers[number % SERVERS],
            now=number / 1000,
            rcode=response.rcode,
            is_authoritative=True,
            is_proven=False,
        )
        yield from learn(asked, told, scrubbed, voice, CacheOptions()).learned


def theirs(kind: str) -> Iterator[dns.rrset.RRset]:
    """The same as dnspython reads it."""
    for _, _, octets in messages(kind):
        read = dns.message.from_wire(octets)
        yield from read.answer or read.authority


def message(asked: Question, section: int, rtype: int, rdatas: tuple[bytes, ...], ttl: int) -> bytes:
    """A server's reply: one RRset, owned by the name asked or, in the authority section, by the zone."""
    counts = [1, 0, 0, 0]
    counts[section] = len(rdatas)
    owner = AT_QNAME if section == ANSWER else pack("!H", 0xC00C + 1 + asked.qname[0])
    rcode = NXDOMAIN if section == AUTHORITY else 0
    records = [owner + pack("!HHIH", rtype, IN, ttl, len(rdata)) + rdata for rdata in rdatas]
    head = pack("!6H", 7, AA_REPLY | rcode, *counts)
    return head + asked.qname + pack("!HH", asked.qtype, IN) + b"".join(records)


def resident() -> int:
    """Octets of this process' memory that are there."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def fill(kind: str, count: int) -> tuple[int, int]:
    store = RRsetCache(CacheOptions(max_octets=1 << 32))
    made = entries(kind)
    for entry in islice(made, WARMING):
        store.put(entry, entry.received)
    gc.collect()
    before, estimated = resident(), store.octets
    for entry in islice(made, count):
        assert store.put(entry, entry.received)
    return store.octets - estimated, resident() - before


def fill_theirs(kind: str, count: int) -> tuple[int, int]:
    made = theirs(kind)
    kept = {(one.name, one.rdtype): one for one in islice(made, WARMING)}
    gc.collect()
    before = resident()
    kept.update(((one.name, one.rdtype), one) for one in islice(made, count))
    assert len(kept) == WARMING + count
    return 0, resident() - before


if __name__ == "__main__":
    print(*(fill_theirs if "dnspython" in sys.argv else fill)(sys.argv[1], int(sys.argv[2])))
