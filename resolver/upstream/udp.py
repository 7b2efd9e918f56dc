"""One question to one server over UDP: which of the datagrams that come is the reply?

Nothing but the reply ends the wait: a forger's or a broken server's datagram must not cost the client the right one that
comes after it (TuDoor). Some datagrams raise a suspicion that is cleared up over TCP, where nobody off the path can forge.
"""

from collections.abc import Callable
from enum import Enum

from cache.rrtypes import FORMERR, NOTIMP, REFUSED, SERVFAIL
from resolver.env import UdpChannel
from resolver.upstream.cookies import Echo, echo_of
from resolver.upstream.counts import UpstreamCounts
from resolver.wire import read_response
from resolver.wire.message import OPCODE_MASK, QR, Response, Unreadable

MAX_NEAR_MISSES = 1  # PowerDNS' spoof-nearmiss-max: right question, wrong ID
MAX_STRAY_DATAGRAMS = 64  # that a wait looks at; who sends more than this is flooding, and TCP is not flooded
HEADER_OCTETS = 12  # RFC 1035 §4.1.1; the question stands behind it
NAME_END = -4  # the question's octets end in type and class
# what a server says that could not read the question, or does not want to; all else speaks of one, which has to be there
WITHOUT_QUESTION = frozenset((FORMERR, SERVFAIL, NOTIMP, REFUSED))


class Match(Enum):
    """What a datagram is to the question that was sent."""

    REPLY = "reply"
    OTHER_CASE = "reply but for letter case"
    NEAR_MISS = "reply but for the ID"
    MISMATCH = "another question"


class Suspicion(Enum):
    """Why the reply has to be fetched over TCP."""

    GUESSING = "someone guesses IDs"
    OTHER_CASE = "letter case not kept"
    FLOOD = "too many stray datagrams"
    NO_COOKIE = "the server's cookie is missing"


async def await_reply(
    channel: UdpChannel, id: int, asked: bytes, cookie: bytes, note_wrong: Callable[[], None], counts: UpstreamCounts
) -> Response | Suspicion:
    """The reply to the question just sent on `channel`; raises OSError. How long to wait is the caller's to say.

    cookie: what was sent along, b"" for none. note_wrong: told of a reply with another one.
    """
    near_misses = 0
    for _ in range(MAX_STRAY_DATAGRAMS):
        response = read_echo(await channel.receive(), asked)
        if isinstance(response, Unreadable):
            counts.garbage += 1
            continue
        match match_of(response, id, asked):
            case Match.REPLY:
                echo = echo_of(response, cookie)
                if echo is Echo.WRONG:
                    counts.cookie_mismatched += 1  # RFC 7873 §5.3: discarded
                    note_wrong()
                elif echo is Echo.MISSING:
                    counts.cookies_missing += 1
                    return Suspicion.NO_COOKIE
                else:
                    return response
            case Match.OTHER_CASE:
                counts.case_mismatched += 1
                return Suspicion.OTHER_CASE
            case Match.NEAR_MISS:
                counts.near_misses += 1
                near_misses += 1
                if near_misses >= MAX_NEAR_MISSES:
                    return Suspicion.GUESSING
            case Match.MISMATCH:
                counts.mismatched += 1
    return Suspicion.FLOOD


def read_echo(data: bytes, asked: bytes) -> Response | Unreadable:
    """The message in these octets, without the random letter case of `asked` in its rdatas.

    Names in the answer are compressed to pointers at the question. They would bring our letter case into the cache, where
    the same NS RRset would be a different one each time.
    """
    if not data.startswith(asked, HEADER_OCTETS):
        return read_response(data)
    plain = asked[:NAME_END].lower() + asked[NAME_END:]
    response = read_response(data[:HEADER_OCTETS] + plain + data[HEADER_OCTETS + len(asked) :])
    if isinstance(response, Unreadable) or not response.asked:
        return response  # without a question section these octets are the head of a record
    return response.with_asked(asked)


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
