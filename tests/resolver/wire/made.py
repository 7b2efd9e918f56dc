"""What the codec's tests are made of: strategies for names, rdata and RRsets, and dnspython's reading of a message."""

import string
from typing import Final

import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from hypothesis import strategies as st

from cache.names import WireName, fold, from_text
from cache.rrset import Rank, RRset
from cache.rrtypes import AAAA, CNAME, DNAME, IN, MX, NS, NSEC, PTR, RRSIG, SOA, SRV, TXT, A
from resolver.wire.layout import HEADER, RECORD
from resolver.wire.message import QR, RD, Query, QueryEdns
from resolver.wire.query import question_octets
from resolver.wire.rdata import AFSDB, KX, MB, MG, MINFO, MR, NAPTR, PX, RP, RT
from tests.build import rrset

NOW: Final = 1000.0
EDNS: Final = QueryEdns(1232, 0, False, None)
UNKNOWN: Final = 65280  # in the range for private use
WWW: Final = from_text("www.example.")
BITMAP: Final = b"\0\x01\x40"  # NSEC: type A
DECOMPRESSED: Final = (
    *(NS, CNAME, SOA, PTR, MX, SRV, DNAME, RRSIG, NSEC),
    *(MB, MG, MR, MINFO, RP, AFSDB, RT, PX, NAPTR, KX),
)
TYPES: Final = (A, AAAA, TXT, UNKNOWN, *DECOMPRESSED)
AT_MOST_ONE: Final = frozenset({CNAME, DNAME, SOA, NSEC})  # dnspython keeps the last one only

# section, folded owner, type, TTL, uncompressed rdata of the records, rdata of their RRSIGs
Reading = list[tuple[int, bytes, int, int, frozenset[bytes], frozenset[bytes]]]

_labels = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=12).map(str.encode)


def query(
    qname: bytes = WWW, qtype: int = A, *, flags: int = RD, edns: QueryEdns | None = EDNS, asked: bytes | None = None
) -> Query:
    asked = question_octets(qname, qtype) if asked is None else asked
    return Query(7, flags, asked, fold(qname), qtype, IN, edns)


def large(owner: str, records: int) -> RRset:
    return rrset("\n".join(f"{owner} 300 A 192.0.2.{number}" for number in range(records)), NOW)


def wire_of(labels: list[bytes]) -> WireName:
    return WireName(b"".join(bytes((len(label),)) + label for label in labels) + b"\0")


names: Final = st.one_of(
    st.sampled_from([WireName(b"\0"), *map(from_text, ("www.example", "example", "a.www.example", "ns.example"))]),
    st.lists(_labels, max_size=6).map(wire_of),
    st.lists(st.binary(min_size=1, max_size=30).map(bytes.lower), max_size=8).map(wire_of),
)


def rdatas(rtype: int) -> st.SearchStrategy[bytes]:
    """Uncompressed rdata of `rtype` that dnspython accepts, its names in lower case."""
    one, two = names, st.tuples(names, names).map(b"".join)
    strings = st.lists(st.binary(max_size=9).map(lambda text: bytes((len(text),)) + text), min_size=3, max_size=3)
    match rtype:
        case _ if rtype in (NS, CNAME, PTR, DNAME, MB, MG, MR):
            return st.builds(bytes, one)
        case _ if rtype in (MX, AFSDB, RT, KX):
            return _joined(_octets(2), one)
        case _ if rtype in (MINFO, RP):
            return two
        case _ if rtype == PX:
            return _joined(_octets(2), two)
        case _ if rtype == SRV:
            return _joined(_octets(6), one)
        case _ if rtype == SOA:
            return _joined(two, _octets(20))
        case _ if rtype == NAPTR:
            return _joined(_octets(4), strings.map(b"".join), one)
        case _ if rtype == RRSIG:
            return _joined(
                st.sampled_from([b"\0\x01", b"\0\x05"]), _octets(16), one, st.binary(min_size=1, max_size=64)
            )
        case _ if rtype == NSEC:
            return _joined(one, st.just(BITMAP))
        case _ if rtype == TXT:
            return strings.map(b"".join)
    return _octets({A: 4, AAAA: 16}.get(rtype, 7))


@st.composite
def rrsets(draw: st.DrawFn, now: float = 0.0) -> RRset:
    """Any RRset, received at `now`: 1 to 5 records, some of them signed, some local, some expired."""
    rtype = draw(st.sampled_from(TYPES))
    size = 1 if rtype in AT_MOST_ONE else 5
    ttl = draw(st.integers(0, 2**31 - 1))
    expires = draw(st.one_of(st.just(float("inf")), st.just(now + ttl), st.floats(now - 1000, now + 1000)))
    return RRset(
        owner=draw(names),
        rtype=rtype,
        rdatas=tuple(draw(st.lists(rdatas(rtype), min_size=1, max_size=size, unique=True))),
        rrsigs=() if rtype == RRSIG else tuple(draw(st.lists(signatures_of(rtype), max_size=2, unique=True))),
        ttl=ttl,
        received=now,
        expires=expires,
        rank=Rank.ANSWER_AA,
    )


def signatures_of(covered: int) -> st.SearchStrategy[bytes]:
    return _joined(st.just(covered.to_bytes(2, "big")), _octets(16), names, st.binary(min_size=1, max_size=64))


def once_each(rrsets: list[RRset]) -> tuple[RRset, ...]:
    """The RRsets without those of an owner and type that stands before; RRSIGs as records would cover others: left out."""
    first: dict[tuple[bytes, int], RRset] = {}
    for one in rrsets:
        if one.rtype != RRSIG:
            first.setdefault((one.owner, one.rtype), one)
    return tuple(first.values())


def dnspython_rrset(owner: bytes, rtype: int, ttl: int, rdatas: tuple[bytes, ...]) -> dns.rrset.RRset:
    name, _ = dns.name.from_wire(owner, 0)
    made = (dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.RdataType.make(rtype), r, 0, len(r)) for r in rdatas)
    return dns.rrset.from_rdata_list(name, ttl, list(made))


def dnspython_reading(message: dns.message.Message) -> Reading:
    """What dnspython read: RRsets with their RRSIGs beside them, in the order in which their owners and types came."""
    reading: Reading = []
    for number, section in enumerate((message.answer, message.authority, message.additional)):
        signatures = {
            (s.name, int(s.covers)): frozenset(map(_uncompressed, s))
            for s in section
            if s.rdtype == dns.rdatatype.RRSIG
        }
        for found in section:
            if found.rdtype != dns.rdatatype.RRSIG:
                owner = found.name.to_wire()
                assert owner is not None
                rrsigs = signatures.get((found.name, int(found.rdtype)), frozenset())
                records = frozenset(map(_uncompressed, found))
                reading.append((number, owner.lower(), int(found.rdtype), found.ttl, records, rrsigs))
    return reading


def response(
    *records: tuple[bytes, int, bytes],
    question: bytes = WWW,
    counts: tuple[int, int, int] | None = None,
    flags: int = QR,
) -> bytes:
    """A response with octets as they are: (owner, type, rdata) in the answer section, TTL 60, class IN."""
    answers, authorities, additionals = counts or (len(records), 0, 0)
    message = HEADER.pack(1, flags, 1, answers, authorities, additionals) + question + b"\0\x01\0\x01"
    return message + b"".join(record(*parts) for parts in records)


def record(owner: bytes, rtype: int, rdata: bytes, *, ttl: int = 60, rclass: int = IN) -> bytes:
    return owner + RECORD.pack(rtype, rclass, ttl, len(rdata)) + rdata


def pointer(target: int) -> bytes:
    return (0xC000 | target).to_bytes(2, "big")


def referral() -> bytes:
    """The root's referral to `com.`: 13 name servers with an IPv4 and an IPv6 address each, in documentation addresses."""
    query = dns.message.make_query("www.example.com.", "A", use_edns=0, payload=1232, id=7)
    message = dns.message.make_response(query)
    letters = "abcdefghijklm"
    servers = [f"{letter}.gtld-servers.example." for letter in letters]
    message.authority.append(dns.rrset.from_text("com.", 172800, "IN", "NS", *servers))
    for number, server in enumerate(servers, 1):
        message.additional.append(dns.rrset.from_text(server, 172800, "IN", "A", f"192.0.2.{number}"))
        message.additional.append(dns.rrset.from_text(server, 172800, "IN", "AAAA", f"2001:db8::{number}"))
    message.flags |= dns.flags.QR
    return message.to_wire()


def _octets(count: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=count, max_size=count)


def _joined(*parts: st.SearchStrategy[bytes] | st.SearchStrategy[WireName]) -> st.SearchStrategy[bytes]:
    return st.tuples(*parts).map(b"".join)


def _uncompressed(rdata: dns.rdata.Rdata) -> bytes:
    wire = rdata.to_wire()
    assert wire is not None
    return wire
