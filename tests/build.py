"""Values for tests from zone-file text: `rrset("www.example. 60 A 192.0.2.1", now=10.0)`."""

from types import MemberDescriptorType
from typing import TypeVar

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import msgspec

from cache.answer import Question
from cache.names import WireName, from_text
from cache.negative import deny
from cache.options import CacheOptions
from cache.rrset import Denial, Rank, RRset, Security
from cache.rrtypes import CNAME, DNAME

T = TypeVar("T")

FOREVER = float("inf")
DEFAULTS = CacheOptions()
DERIVED = frozenset({"key"})  # what follows from the parts of a value
SOA = "example. 300 SOA ns.example. admin.example. 1 7200 900 1209600 60"


def replace(value: T, **changes: object) -> T:
    """`value` with these parts in the place of its own: a Struct of msgspec or a value class, interpreted or compiled."""
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **changes)
    kind = type(value)
    slots = [name for name, one in vars(kind).items() if isinstance(one, MemberDescriptorType)]
    names = slots or kind.__mypyc_attrs__  # type: ignore[attr-defined]  # compiled, which has descriptors for properties, too
    parts = {name: getattr(value, name) for name in names if name not in DERIVED}
    return kind(**parts | changes)


def question(text: str) -> Question:
    """`www.example. A`: what is asked."""
    qname, qtype = text.split()
    return Question(from_text(qname), type_of(qtype))


def type_of(text: str) -> int:
    """The number of an RR type."""
    return int(dns.rdatatype.from_text(text))


def rrset(
    text: str,
    now: float = 0.0,
    *,
    rank: Rank = Rank.ANSWER_AA,
    security: Security = Security.UNCHECKED,
    lease: float = FOREVER,
    source: str = "",
) -> RRset:
    """The RRset of one or more lines `owner TTL type rdata`, received at `now`. The first line's owner and TTL count."""
    lines = [line.split(maxsplit=3) for line in text.splitlines() if line.strip()]
    owner, ttl, rtype = from_text(lines[0][0]), int(lines[0][1]), type_of(lines[0][2])
    rdatas = tuple(_rdata(rtype, line[3]) for line in lines)
    return RRset(
        owner=owner,
        rtype=rtype,
        rdatas=rdatas,
        ttl=ttl,
        received=now,
        expires=min(now + ttl, lease),
        rank=rank,
        security=security,
        lease=lease,
        alias_target=WireName(rdatas[0].lower()) if rtype in (CNAME, DNAME) else None,
        source=source,
    )


def denial(
    text: str,
    now: float = 0.0,
    *,
    soa: str = SOA,
    rank: Rank = Rank.AUTHORITY_AA,
    security: Security = Security.UNCHECKED,
    lease: float = FOREVER,
    options: CacheOptions = DEFAULTS,
) -> Denial:
    """`gone.example. NXDOMAIN` or `www.example. AAAA` (NODATA), as the zone with this SOA said it at `now`."""
    owner, what = text.split()
    made = deny(
        from_text(owner),
        None if what == "NXDOMAIN" else type_of(what),
        rrset(soa, now, rank=rank, lease=lease),
        options,
        now,
        security=security,
    )
    assert made is not None
    return made


def _rdata(rtype: int, text: str) -> bytes:
    rdata = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.RdataType.make(rtype), text)
    wire = rdata.to_wire()
    assert wire is not None
    return wire
