"""The values that stand for DNS messages: what a client asked, and what a server said."""

from typing import NamedTuple

import msgspec

from cache.names import WireName

# Header flag bits, as the 16-bit word behind the ID (RFC 1035 §4.1.1, RFC 4035 §3).
QR = 0x8000
AA = 0x0400
TC = 0x0200
RD = 0x0100
RA = 0x0080
AD = 0x0020
CD = 0x0010
OPCODE_MASK = 0x7800


class QueryEdns(NamedTuple):
    """The OPT RR of a query. payload: octets the client can take, at least 512; cookie: the COOKIE option's data."""

    payload: int
    version: int
    do: bool
    cookie: bytes | None


class Query(msgspec.Struct, frozen=True, gc=False):
    """A client's query as far as it matters: header, one question, EDNS.

    flags: the header's second 16-bit word. asked: the question section's octets (qname in the client's letter case,
    type, class), to be echoed. edns: None when the query had no OPT RR.
    """

    id: int
    flags: int
    asked: bytes
    qname: WireName
    qtype: int
    qclass: int
    edns: QueryEdns | None


class Unreadable(msgspec.Struct, frozen=True, gc=False):
    """Octets that are no message we can use. reason: what is wrong and at which octet, for people and counters.

    reply: the FORMERR, NOTIMP or BADVERS that the sender gets, ready to send; None for silence (a response, or fewer
    octets than a header).
    """

    reason: str
    reply: bytes | None = None


class RawRRset(msgspec.Struct, frozen=True, gc=False):
    """Records of one owner and type in one section, before anybody decided whether to believe them.

    rdatas: uncompressed wire rdata, in the order they came, without duplicates. ttl: seconds; the lowest of the records'
    (RFC 2181 §5.2), 0 where the top bit was set (RFC 2181 §8). rrsigs: rdatas of the RRSIGs in the same section that cover
    the set.
    """

    owner: WireName
    rtype: int
    ttl: int
    rdatas: tuple[bytes, ...]
    rrsigs: tuple[bytes, ...] = ()


class ResponseEdns(NamedTuple):
    """The OPT RR of a response; cookie: the whole COOKIE option (client and server part); errors: (INFO-CODE, text)."""

    payload: int
    version: int
    do: bool
    cookie: bytes | None
    errors: tuple[tuple[int, str], ...]


class Response(msgspec.Struct, frozen=True):
    """What a server said, as values; nothing here is believed yet.

    asked: the octets of its question section (one question) or b"" when it had none. rcode: 12 bits with EDNS. octets: of
    all the message.
    """

    id: int
    flags: int
    rcode: int
    asked: bytes
    answer: tuple[RawRRset, ...]
    authority: tuple[RawRRset, ...]
    additional: tuple[RawRRset, ...]
    edns: ResponseEdns | None
    octets: int = 0

    @property
    def is_authoritative(self) -> bool:
        return bool(self.flags & AA)

    @property
    def is_truncated(self) -> bool:
        return bool(self.flags & TC)
