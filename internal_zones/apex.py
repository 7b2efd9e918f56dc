"""Which zone a name is in, and what stands at the zones' apexes: all that needs no database."""

from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.names import WireName, from_text, is_at_or_below
from cache.rrset import Rank, RRset
from cache.rrtypes import NS, SOA

INTERNAL: Final = from_text("internal.")
FLYCAST: Final = from_text("flycast.")
REVERSE: Final = from_text("a.a.d.f.ip6.arpa.")  # fdaa::/16
APEXES: Final = (INTERNAL, FLYCAST, REVERSE)

NAME_SERVER: Final = from_text("ns.internal.")
NAME_SERVER_ADDRESS: Final = bytes.fromhex("fdaa0000000000000000000000000003")
HOSTMASTER: Final = from_text("hostmaster.internal.")
TTL: Final = 5
SERIAL: Final = 1  # nobody transfers these zones
REFRESH, RETRY, EXPIRE = 60, 10, 86400  # seconds; no secondary reads them


@final
@mypyc_attr(acyclic=True)
class Apex:
    """The records of a zone's apex. denying: the SOA with the TTL that a negative answer has (RFC 2308 §5)."""

    __slots__ = ("denying", "ns", "soa")

    def __init__(self, soa: RRset, ns: RRset, denying: RRset) -> None:
        self.soa: Final = soa
        self.ns: Final = ns
        self.denying: Final = denying


def apex_of(qname: WireName) -> WireName | None:
    """The zone of ours that `qname` is in; None: not ours."""
    # most names are in none, and each is asked for twice
    if not (qname.endswith(INTERNAL) or qname.endswith(FLYCAST) or qname.endswith(REVERSE)):  # noqa: PIE810  # compiled, a tuple is gone through
        return None
    for apex in APEXES:
        if qname.endswith(apex) and is_at_or_below(qname, apex):
            return apex
    return None


def is_ours(qname: WireName) -> bool:
    """Is the name at or below one of our apexes?"""
    return apex_of(qname) is not None


def local(owner: WireName, rtype: int, rdatas: tuple[bytes, ...], ttl: int = TTL) -> RRset:
    """An RRset of our own data: it does not age."""
    return RRset(owner=owner, rtype=rtype, rdatas=rdatas, ttl=ttl, received=0.0, expires=float("inf"), rank=Rank.LOCAL)


def build_apexes(negative_ttl: int) -> dict[WireName, Apex]:
    """The apex records of each of our zones."""
    timers = (SERIAL, REFRESH, RETRY, EXPIRE, negative_ttl)
    soa = NAME_SERVER + HOSTMASTER + b"".join(number.to_bytes(4) for number in timers)
    return {
        apex: Apex(local(apex, SOA, (soa,)), local(apex, NS, (NAME_SERVER,)), local(apex, SOA, (soa,), negative_ttl))
        for apex in APEXES
    }


def api_address(network: int) -> bytes:
    """fdaa:<network>::3"""
    return b"\xfd\xaa" + network.to_bytes(4) + bytes(9) + b"\x03"
