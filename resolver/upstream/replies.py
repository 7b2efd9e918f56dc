"""What came of asking a server: what it said, as far as it is sure that it did, or why it said nothing of use. Pure."""

import errno
from enum import Enum, IntEnum
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.value import Value
from resolver.wire.message import Response

NO_ROUTE: Final = frozenset((errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT))
# No descriptors, no memory, no room in a queue, a packet filter of ours: the packet has never left, and no server is to blame.
OWN: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN, errno.EPERM))


class Assurance(IntEnum):
    """How sure is it that the server itself said it? Beside ID and port, what must a forger off the path have guessed?"""

    NONE = 0
    CASE = 1  # the letter case of the name: a bit for each letter
    COOKIE = 2  # our DNS Cookie: 64 bits
    TCP = 3  # he cannot


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Reply(Value):
    """What the server said. received: monotonic seconds."""

    __slots__ = ("assurance", "received", "response")

    def __init__(self, response: Response, received: float, assurance: Assurance) -> None:
        self.response: Final = response
        self.received: Final = received
        self.assurance: Final = assurance

    def parts(self) -> tuple[object, ...]:
        return self.response, self.received, self.assurance


class NoReply(Enum):
    """Why there is no reply that can be used; the values are for people, and reach clients as they are."""

    TIMEOUT = "no reply in time"
    UNREACHABLE = "unreachable"
    NO_ROUTE = "no route from here"
    BROKEN = "broken off"
    THIS_HOST = "this host could not send"
    GARBLED = "malformed reply"
    OTHER_COOKIE = "reply with another DNS Cookie"
    NO_COOKIE = "reply without its DNS Cookie"
    OTHER_CASE = "reply in other letter case"
    CUT_SHORT = "truncated, and no TCP"
    TOO_LONG = "truncated over TCP, too"


def no_reply_of(error: OSError) -> NoReply:
    """What it means that a socket could not be made or used."""
    if error.errno in NO_ROUTE:
        return NoReply.NO_ROUTE
    return NoReply.THIS_HOST if error.errno in OWN else NoReply.UNREACHABLE


def errno_name(error: OSError) -> str:
    """Such as EMFILE; a bounded number of words, for counters."""
    return errno.errorcode.get(error.errno or 0, "unknown")
