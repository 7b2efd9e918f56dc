"""Which of the messages that come is the reply to the question that was sent? Pure."""

from enum import Enum
from typing import Final

from cache.rrtypes import FORMERR, NOTIMP, REFUSED, SERVFAIL
from resolver.wire import read_response
from resolver.wire.layout import HEADER_OCTETS, ID_OCTETS
from resolver.wire.message import OPCODE_MASK, QR, Response, Unreadable

NAME_END: Final = -4  # the question's octets end in type and class
# what a server says that could not read the question, or does not want to; all else speaks of one, which has to be there
WITHOUT_QUESTION: Final = frozenset((FORMERR, SERVFAIL, NOTIMP, REFUSED))


class Match(Enum):
    """What a datagram is to the question that was sent."""

    REPLY = "reply"
    OTHER_CASE = "reply but for letter case"
    NEAR_MISS = "reply but for the ID"
    MISMATCH = "another question"


def read_echo(data: bytes, shown: bytes, asked: bytes) -> Response | Unreadable:
    """The message in these octets, without the random letter case of `shown`, which is what was `asked`, in its rdatas.

    Names in the answer are compressed to pointers at the question. They would bring our letter case into the cache, where
    the same NS RRset would be a different one each time.
    """
    behind = HEADER_OCTETS + len(shown)
    if shown is asked or data[HEADER_OCTETS:behind] != shown:
        return read_response(data)
    response = read_response(b"".join((data[:HEADER_OCTETS], asked, data[behind:])))
    if isinstance(response, Unreadable) or not response.asked:
        return response  # without a question section these octets are the head of a record
    return response.with_asked(shown)


def is_echo(data: bytes, id: int, asked: bytes) -> bool:
    """Does this message, though it cannot be read, begin as the reply to the question of these octets and this ID?"""
    if not data.startswith(asked, HEADER_OCTETS):
        return False
    return int.from_bytes(data[:ID_OCTETS], "big") == id and bool(data[ID_OCTETS] & QR >> 8)


def match_of(response: Response, id: int, asked: bytes) -> Match:
    """Is this the reply to the question of these octets and this ID? Pure."""
    if not response.flags & QR or response.flags & OPCODE_MASK:
        return Match.MISMATCH
    if response.asked == asked:
        return Match.REPLY if response.id == id else Match.NEAR_MISS
    if response.id != id:
        return Match.MISMATCH
    if not response.asked and response.rcode in WITHOUT_QUESTION and not response.answer:
        return Match.REPLY  # an error may come as a bare header (RFC 1035 §4.1.1: FORMERR could not read the question)
    return Match.OTHER_CASE if is_same_question(response.asked, asked) else Match.MISMATCH


def is_same_question(one: bytes, other: bytes) -> bool:
    """The same name in any letter case, the same type and class."""
    return one[NAME_END:] == other[NAME_END:] and one[:NAME_END].lower() == other[:NAME_END].lower()
