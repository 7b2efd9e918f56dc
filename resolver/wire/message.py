"""The values that stand for DNS messages: what a client asked, and what a server said."""

from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.names import WireName
from cache.value import Value

# Header flag bits, as the 16-bit word behind the ID (RFC 1035 §4.1.1, RFC 4035 §3).
QR: Final = 0x8000
AA: Final = 0x0400
TC: Final = 0x0200
RD: Final = 0x0100
RA: Final = 0x0080
AD: Final = 0x0020
CD: Final = 0x0010
OPCODE_MASK: Final = 0x7800


@final
@mypyc_attr(acyclic=True)
class QueryEdns(Value):
    """The OPT RR of a query. payload: octets the client can take, at least 512; cookie: the COOKIE option's data.

    nsid: the server's own name is asked for (RFC 5001).
    """

    __slots__ = ("cookie", "do", "nsid", "payload", "version")

    def __init__(self, payload: int, version: int, do: bool, cookie: bytes | None, nsid: bool = False) -> None:
        self.payload: Final = payload
        self.version: Final = version
        self.do: Final = do
        self.cookie: Final = cookie
        self.nsid: Final = nsid

    def parts(self) -> tuple[object, ...]:
        return self.payload, self.version, self.do, self.cookie, self.nsid


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Query(Value):
    """A client's query as far as it matters: header, one question, EDNS.

    flags: the header's second 16-bit word. asked: the question section's octets (qname in the client's letter case,
    type, class), to be echoed. edns: None when the query had no OPT RR.
    """

    __slots__ = ("asked", "edns", "flags", "id", "qclass", "qname", "qtype")

    def __init__(
        self, id: int, flags: int, asked: bytes, qname: WireName, qtype: int, qclass: int, edns: QueryEdns | None
    ) -> None:
        self.id: Final = id
        self.flags: Final = flags
        self.asked: Final = asked
        self.qname: Final = qname
        self.qtype: Final = qtype
        self.qclass: Final = qclass
        self.edns: Final = edns

    def parts(self) -> tuple[object, ...]:
        return self.id, self.flags, self.asked, self.qname, self.qtype, self.qclass, self.edns


@final
@mypyc_attr(acyclic=True)
class Unreadable(Value):
    """Octets that are no message we can use. reason: what is wrong and at which octet, for people and counters.

    reply: the FORMERR, NOTIMP or BADVERS that the sender gets, ready to send; None for silence (a response, or fewer
    octets than a header).
    """

    __slots__ = ("reason", "reply")

    def __init__(self, reason: str, reply: bytes | None = None) -> None:
        self.reason: Final = reason
        self.reply: Final = reply

    def parts(self) -> tuple[object, ...]:
        return self.reason, self.reply


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class RawRRset(Value):
    """Records of one owner and type in one section, before anybody decided whether to believe them.

    rdatas: uncompressed wire rdata, in the order they came, without duplicates. ttl: seconds; the lowest of the records'
    (RFC 2181 §5.2), as large as it was said. rrsigs: rdatas of the RRSIGs in the same section that cover
    the set.
    """

    __slots__ = ("owner", "rdatas", "rrsigs", "rtype", "ttl")

    def __init__(
        self, owner: WireName, rtype: int, ttl: int, rdatas: tuple[bytes, ...], rrsigs: tuple[bytes, ...] = ()
    ) -> None:
        self.owner: Final = owner
        self.rtype: Final = rtype
        self.ttl: Final = ttl
        self.rdatas: Final = rdatas
        self.rrsigs: Final = rrsigs

    def parts(self) -> tuple[object, ...]:
        return self.owner, self.rtype, self.ttl, self.rdatas, self.rrsigs


@final
@mypyc_attr(acyclic=True)
class ResponseEdns(Value):
    """The OPT RR of a response; cookie: the whole COOKIE option (client and server part); errors: (INFO-CODE, text)."""

    __slots__ = ("cookie", "do", "errors", "payload", "version")

    def __init__(
        self, payload: int, version: int, do: bool, cookie: bytes | None, errors: tuple[tuple[int, str], ...]
    ) -> None:
        self.payload: Final = payload
        self.version: Final = version
        self.do: Final = do
        self.cookie: Final = cookie
        self.errors: Final = errors

    def parts(self) -> tuple[object, ...]:
        return self.payload, self.version, self.do, self.cookie, self.errors


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Response(Value):
    """What a server said, as values; nothing here is believed yet.

    asked: the octets of its question section (one question) or b"" when it had none. rcode: 12 bits with EDNS. octets: of
    all the message. flaw: what was wrong with its OPT RR, without which it was read; "": nothing.
    """

    __slots__ = ("additional", "answer", "asked", "authority", "edns", "flags", "flaw", "id", "octets", "rcode")

    def __init__(
        self,
        id: int,
        flags: int,
        rcode: int,
        asked: bytes,
        answer: tuple[RawRRset, ...],
        authority: tuple[RawRRset, ...],
        additional: tuple[RawRRset, ...],
        edns: ResponseEdns | None,
        octets: int = 0,
        flaw: str = "",
    ) -> None:
        self.id: Final = id
        self.flags: Final = flags
        self.rcode: Final = rcode
        self.asked: Final = asked
        self.answer: Final = answer
        self.authority: Final = authority
        self.additional: Final = additional
        self.edns: Final = edns
        self.octets: Final = octets
        self.flaw: Final = flaw

    def parts(self) -> tuple[object, ...]:
        return (
            self.id,
            self.flags,
            self.rcode,
            self.asked,
            self.answer,
            self.authority,
            self.additional,
            self.edns,
            self.octets,
            self.flaw,
        )

    @property
    def is_authoritative(self) -> bool:
        return bool(self.flags & AA)

    @property
    def is_truncated(self) -> bool:
        return bool(self.flags & TC)
