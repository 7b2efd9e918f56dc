"""Names that mean something on every host and are therefore never asked upstream (RFC 6761 and its registry)."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Final

from cache.answer import Answer
from cache.names import WireName, ancestors, from_text, is_at_or_below
from cache.rrset import Rank, RRset
from cache.rrtypes import AAAA, NOERROR, NS, NXDOMAIN, PTR, SOA, A
from internal_zones.apex import is_ours

LOCAL_TTL: Final = 3600  # s; nothing here changes while the daemon runs
FOREVER: Final = float("inf")

LOCALHOST: Final = from_text("localhost.")
LOOPBACK: Final = {A: b"\x7f\0\0\1", AAAA: bytes(15) + b"\1"}

# Reverse zones of addresses that have no public owner: RFC 6303 §4, RFC 6761 §6.1 for the private ones, RFC 7793 §3 for those
# that carriers share.
PRIVATE_REVERSE: Final = (
    *(f"{n}.in-addr.arpa." for n in (0, 10, 127)),
    *(f"{n}.172.in-addr.arpa." for n in range(16, 32)),
    *(f"{n}.100.in-addr.arpa." for n in range(64, 128)),
    *("168.192.in-addr.arpa.", "254.169.in-addr.arpa.", "2.0.192.in-addr.arpa.", "255.255.255.255.in-addr.arpa."),
    *("100.51.198.in-addr.arpa.", "113.0.203.in-addr.arpa."),
    *("0." * 31 + f"{n}.ip6.arpa." for n in (0, 1)),
    *("d.f.ip6.arpa.", "8.e.f.ip6.arpa.", "9.e.f.ip6.arpa.", "a.e.f.ip6.arpa.", "b.e.f.ip6.arpa."),
    "8.b.d.0.1.0.0.2.ip6.arpa.",
)
# RFC 6761 §6.4 invalid, RFC 7686 onion, RFC 8375 home.arpa, RFC 9462 §8.4 resolver.arpa,
# RFC 9476 alt. Left to the root are `example.`, which RFC 6761 §6.5 wants no special treatment of; `test.`, which is what people
# put into stub zones and test beds; and `local.`, which RFC 6762 §22.1 wants denied, but private networks have zones of that
# name. The root says NXDOMAIN where nobody did.
NO_SUCH_ZONES: Final = ("invalid.", "onion.", "home.arpa.", "resolver.arpa.", "alt.", *PRIVATE_REVERSE)
# What every name here ends in; the question of an ordinary name costs this one comparison.
TOP_LABELS: Final = tuple(map(from_text, ("localhost.", "invalid.", "onion.", "alt.", "arpa.")))
LOOPBACK_POINTERS: Final = {
    from_text("1.0.0.127.in-addr.arpa."): LOCALHOST,
    from_text("1." + "0." * 31 + "ip6.arpa."): LOCALHOST,
}
POINTED: Final = frozenset(above for name in LOOPBACK_POINTERS for above in ancestors(name))


class SpecialUse:
    """The special-use names of this daemon: all of them but those at or below zones that are configured elsewhere."""

    def __init__(self, configured: Iterable[WireName] = (), named: AbstractSet[WireName] = frozenset()) -> None:
        """configured: forward and stub zones; an operator who names one there means it.

        named: names that are, because something below them is configured; that they are not there would deny it (RFC 8020).
        """
        self._configured = frozenset(configured)
        self._named = named
        self._zones = frozenset(map(from_text, NO_SUCH_ZONES))
        self.is_ours = ours(self._configured)

    def find(self, qname: WireName, qtype: int) -> Answer | None:
        """The local answer, or None when the name is an ordinary one."""
        for top in TOP_LABELS:
            if qname.endswith(top):
                break
        else:
            return None
        for name in ancestors(qname):
            if name in self._configured:
                return None
            if name == LOCALHOST:
                return _localhost(qname, qtype)
            if name in self._zones:
                return self._reserved(name, qname, qtype)
        return None

    def _reserved(self, zone: WireName, qname: WireName, qtype: int) -> Answer:
        """A zone that is empty but for its apex and the loopback addresses' names."""
        pointer = LOOPBACK_POINTERS.get(qname)
        if pointer is not None and qtype == PTR:
            return Answer(answer=(local_rrset(qname, PTR, (pointer,), LOCAL_TTL),), authoritative=True)
        return within(zone, qname, qtype, LOCAL_TTL, exists=qname in POINTED or qname in self._named)


def ours(configured: AbstractSet[WireName]) -> Callable[[WireName], bool]:
    """Tells whether a name is one of this platform's: at or below one of its apexes, and in no zone below that is configured.

    The most specific zone counts: `ec2.internal` may be somebody else's.
    """
    elsewhere = tuple(zone for zone in configured if is_ours(zone))
    if not elsewhere:
        return is_ours
    return lambda name: is_ours(name) and not any(is_at_or_below(name, zone) for zone in elsewhere)


def _localhost(qname: WireName, qtype: int) -> Answer:
    """RFC 6761 §6.3: every name at or below localhost. is the loopback address; other types are NODATA."""
    if qtype in LOOPBACK:
        return Answer(answer=(local_rrset(qname, qtype, (LOOPBACK[qtype],), LOCAL_TTL),), authoritative=True)
    return Answer(authority=(soa_of(LOCALHOST, LOCAL_TTL),), authoritative=True)


def within(zone: WireName, qname: WireName, qtype: int, ttl: int, *, exists: bool) -> Answer:
    """What a zone that is made here says where it has no record: SOA and NS at its apex (RFC 6303 §3), else a denial.

    exists: is there anything at or below the name? At a zone's apex there always is.
    """
    if qname == zone and qtype == SOA:
        return Answer(answer=(soa_of(zone, ttl),), authoritative=True)
    if qname == zone and qtype == NS:
        return Answer(answer=(local_rrset(zone, NS, (zone,), ttl),), authoritative=True)
    rcode = NOERROR if exists or qname == zone else NXDOMAIN
    return Answer(rcode=rcode, authority=(soa_of(zone, ttl),), authoritative=True)


def soa_of(zone: WireName, ttl: int) -> RRset:
    """RFC 6303 §3's SOA: the zone itself as its only server."""
    numbers = (1, 3600, 1200, 604800, 10800)
    rdata = zone + from_text("nobody.invalid.") + b"".join(number.to_bytes(4, "big") for number in numbers)
    return local_rrset(zone, SOA, (rdata,), ttl)


def local_rrset(owner: WireName, rtype: int, rdatas: tuple[bytes, ...], ttl: int) -> RRset:
    """An RRset that is made here, and does not age."""
    return RRset(owner=owner, rtype=rtype, rdatas=rdatas, ttl=ttl, received=0.0, expires=FOREVER, rank=Rank.LOCAL)
