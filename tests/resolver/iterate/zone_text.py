"""Builds what servers say from zone-file text: `raw("www.example. 60 A 192.0.2.1")`."""

import dns.rdata
import dns.rdataclass
import dns.rdatatype

from cache.answer import Question
from cache.names import WireName, from_text
from cache.rrtypes import NOERROR
from resolver.wire.message import AA, QR, RawRRset, Response


def name(text: str) -> WireName:
    return from_text(text)


def question(text: str) -> Question:
    """`question("www.example. A")`."""
    qname, qtype = text.split()
    return Question(from_text(qname), dns.rdatatype.from_text(qtype))


def raws(text: str) -> tuple[RawRRset, ...]:
    """RRsets from lines `owner ttl type rdata`, in the order of their first line."""
    found: dict[tuple[WireName, int], tuple[int, list[bytes]]] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        owner, ttl, rtype_text, rdata = line.split(maxsplit=3)
        rtype = dns.rdatatype.from_text(rtype_text)
        wire = dns.rdata.from_text(dns.rdataclass.IN, rtype, rdata).to_wire()
        assert wire is not None
        found.setdefault((from_text(owner), rtype), (int(ttl), []))[1].append(wire)
    return tuple(RawRRset(owner, rtype, ttl, tuple(rdatas)) for (owner, rtype), (ttl, rdatas) in found.items())


def raw(text: str) -> RawRRset:
    (rrset,) = raws(text)
    return rrset


def response(
    answer: str = "", authority: str = "", additional: str = "", *, flags: int = AA, rcode: int = NOERROR
) -> Response:
    """A response with these sections; QR is always set."""
    return Response(
        id=0,
        flags=QR | flags,
        rcode=rcode,
        asked=b"",
        answer=raws(answer),
        authority=raws(authority),
        additional=raws(additional),
        edns=None,
    )
