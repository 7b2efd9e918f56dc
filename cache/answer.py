"""What any source of data says to a question: the one value that travels from sources to the composer."""

from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.names import WireName
from cache.rrset import UNCHECKED, RRset, Security
from cache.rrtypes import NOERROR
from cache.value import Value


@final
@mypyc_attr(acyclic=True)
class ExtendedError(Value):
    """An Extended DNS Error (RFC 8914): INFO-CODE and a short text for people, at most ~60 octets."""

    __slots__ = ("code", "text")

    def __init__(self, code: int, text: str = "") -> None:
        self.code: Final = code
        self.text: Final = text

    def parts(self) -> tuple[object, ...]:
        return self.code, self.text


@final
@mypyc_attr(acyclic=True)
class Ground:
    """What an answer rests on that is not in the cache. Its owner says when it holds no more, and until when it does if nobody
    says anything: monotonic seconds."""

    __slots__ = ("holds", "until")

    def __init__(self, until: float) -> None:
        self.holds = True
        self.until = until

    def __repr__(self) -> str:
        return f"<Ground {'till ' + format(self.until, 'g') if self.holds else 'fallen'}>"


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Answer(Value):
    """A reply's content, before a message is composed of it.

    rcode: 0..4095. answer: the alias chain in order from qname, then the RRset asked for; a DNAME stands before the CNAME
    synthesized from it. authority: the SOA (and proof) of a negative answer, and the proof of what wildcards gave.
    additional: what a client needs beside it.
    authoritative: AA. is_stale: some records are past their TTL and are shown with the stale TTL (RFC 8767). The SOA of
    a negative answer already carries the denial's TTL (RFC 2308 §5).
    grounds: given by a source of its own, which says all that it rests on: it may be given to any client of the same network
    while each of them holds, its records in any order. None: it may not, or it is made of the cache's entries.
    """

    __slots__ = (
        "additional",
        "answer",
        "authoritative",
        "authority",
        "errors",
        "grounds",
        "is_stale",
        "rcode",
        "security",
    )

    def __init__(
        self,
        *,
        rcode: int = NOERROR,
        answer: tuple[RRset, ...] = (),
        authority: tuple[RRset, ...] = (),
        additional: tuple[RRset, ...] = (),
        authoritative: bool = False,
        security: Security = UNCHECKED,
        is_stale: bool = False,
        errors: tuple[ExtendedError, ...] = (),
        grounds: tuple[Ground, ...] | None = None,
    ) -> None:
        self.rcode: Final = rcode
        self.answer: Final = answer
        self.authority: Final = authority
        self.additional: Final = additional
        self.authoritative: Final = authoritative
        self.security: Final = security
        self.is_stale: Final = is_stale
        self.errors: Final = errors
        self.grounds: Final = grounds

    def parts(self) -> tuple[object, ...]:
        return (
            self.rcode,
            self.answer,
            self.authority,
            self.additional,
            self.authoritative,
            self.security,
            self.is_stale,
            self.errors,
            self.grounds,
        )


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Question(Value):
    """What is asked (class IN): the key of flights and remembered failures.

    key: both in one row of octets, which know their hash: what a map that is looked up for each miss has for its keys.
    """

    __slots__ = ("key", "qname", "qtype")

    def __init__(self, qname: WireName, qtype: int) -> None:
        self.qname: Final = qname
        self.qtype: Final = qtype
        self.key: Final = qname + qtype.to_bytes(2, "big")

    def parts(self) -> tuple[object, ...]:
        return self.qname, self.qtype

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Question) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)
