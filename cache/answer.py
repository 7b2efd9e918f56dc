"""What any source of data says to a question: the one value that travels from sources to the composer."""

import msgspec

from cache.names import WireName
from cache.rrset import RRset, Security
from cache.rrtypes import NOERROR


class ExtendedError(msgspec.Struct, frozen=True, gc=False):
    """An Extended DNS Error (RFC 8914): INFO-CODE and a short text for people, at most ~60 octets."""

    code: int
    text: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A reply's content, before a message is composed of it.

    rcode: 0..4095. answer: the alias chain in order from qname, then the RRset asked for; a DNAME stands before the CNAME
    synthesized from it. authority: the SOA (and proof) of a negative answer, and the proof of what wildcards gave.
    additional: what a client needs beside it.
    authoritative: AA. is_stale: some records are past their TTL and are shown with the stale TTL (RFC 8767). The SOA of
    a negative answer already carries the denial's TTL (RFC 2308 §5).
    """

    rcode: int = NOERROR
    answer: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()
    additional: tuple[RRset, ...] = ()
    authoritative: bool = False
    security: Security = Security.UNCHECKED
    is_stale: bool = False
    errors: tuple[ExtendedError, ...] = ()


class Question(msgspec.Struct, frozen=True, gc=False):
    """What is asked (class IN): the key of flights and remembered failures."""

    qname: WireName
    qtype: int
