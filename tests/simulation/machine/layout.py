"""What is where in the small internet: a root, two registries, forty zones, their name servers, and the names in them.

It is the same in every story, and so is what it alone decides of a reply: that is composed once.
"""

from functools import cache
from struct import Struct
from typing import Final

from cache.names import ROOT, WireName, from_text, parent
from cache.rrtypes import IN, NS, SOA, A

REGISTRIES: Final = ("example.", "test.")
ZONES: Final = tuple(from_text(f"z{number}.{REGISTRIES[number % 2]}") for number in range(40))
NAMES: Final = tuple(WireName(b"\2h%d" % number + zone) for zone in ZONES for number in range(8))
DELEGATION_TTL: Final = 3600
NEGATIVE_TTL: Final = 60
SOA_RDATA: Final = b"\0\0" + (1).to_bytes(4) * 4 + NEGATIVE_TTL.to_bytes(4)
ROOT_HOST: Final = "198.41.0.4"
HEAD: Final = Struct("!5H")  # of a message, behind its ID: flags, and how many records there are
RECORD: Final = Struct("!HHIH")  # behind an owner: type, class, TTL, octets of the rdata

NameServers = tuple[tuple[WireName, str], ...]  # names, and their addresses
Composed = tuple[bytes, bytes]  # of a reply, what stands between its ID and its question, and what stands behind that


def _name_servers(number: int) -> NameServers:
    """Of the zone with this number. A third of the zones have theirs in another: their addresses must be looked up."""
    other = (number * 7 + 1) % len(ZONES)
    if number % 3 or not other % 3:
        return tuple((WireName(b"\2n%d" % (n + 1) + ZONES[number]), f"10.{number}.0.{n + 1}") for n in (0, 1))
    return tuple((WireName(b"\5n%d%02dx" % (n, number) + ZONES[other]), f"10.{number}.0.{n + 1}") for n in (0, 1))


APEXES: Final[dict[WireName, NameServers]] = {
    ROOT: ((from_text("a.root.test."), ROOT_HOST),),
    **{
        from_text(registry): tuple((from_text(f"n{n}.{registry}"), f"192.0.{number}.{n}") for n in (1, 2))
        for number, registry in enumerate(REGISTRIES)
    },
    **{zone: _name_servers(number) for number, zone in enumerate(ZONES)},
}
ZONE_OF_HOST: Final = {host: zone for zone, name_servers in APEXES.items() for _, host in name_servers}


def _and_above(name: WireName) -> list[WireName]:
    found = [name]
    while found[-1] != ROOT:
        found.append(parent(found[-1]))
    return found


# What is there for a server, though it may have no record: names, and all above them.
IN_USE: Final = frozenset(above for name in (*NAMES, *APEXES) for above in _and_above(name))


@cache
def cut_below(qname: WireName, zone: WireName) -> WireName | None:
    """The delegation in `zone` that `qname` is at or below."""
    within = _and_above(qname)
    return next((name for name in reversed(within[: within.index(zone)]) if name in APEXES), None)


@cache
def zone_of(name: WireName) -> WireName:
    """The zone that holds the name."""
    return next(above for above in _and_above(name) if above in APEXES)


@cache
def head(flags: int, answers: int = 0, authority: int = 0, additional: int = 0) -> bytes:
    """Of a reply, behind its ID. flags: with the RCODE."""
    return HEAD.pack(flags, 1, answers, authority, additional)


def record(owner: WireName, rtype: int, ttl: int, rdata: bytes) -> bytes:
    """One record in wire form."""
    return owner + RECORD.pack(rtype, IN, ttl, len(rdata)) + rdata


def packed(host: str) -> bytes:
    """An IPv4 address as rdata."""
    return bytes(map(int, host.split(".")))


@cache
def name_servers(zone: WireName) -> tuple[bytes, ...]:
    """The NS records."""
    return tuple(record(zone, NS, DELEGATION_TTL, name) for name, _ in APEXES[zone])


@cache
def glue(zone: WireName, cut: WireName) -> tuple[bytes, ...]:
    """The addresses of the delegation's name servers that the zone above it may say."""
    return tuple(record(name, A, DELEGATION_TTL, packed(host)) for name, host in APEXES[cut] if name.endswith(zone))


@cache
def referral(zone: WireName, cut: WireName) -> Composed:
    """As a server of `zone` refers to those of `cut`."""
    authority, additional = name_servers(cut), glue(zone, cut)
    return head(0x8000, 0, len(authority), len(additional)), b"".join(authority + additional)


@cache
def apex(zone: WireName) -> Composed:
    """The answer of which name servers the zone has."""
    return head(0x8400, len(APEXES[zone])), b"".join(name_servers(zone))


@cache
def denial(zone: WireName, *, is_there: bool) -> Composed:
    """NODATA or NXDOMAIN."""
    return head(0x8400 if is_there else 0x8403, 0, 1), record(zone, SOA, NEGATIVE_TTL, SOA_RDATA)
