"""How may one server be asked, what may come of it, and what is tried next? A table, as data."""

from enum import Enum
from typing import Final

from cache.rrtypes import BADCOOKIE, BADVERS, FORMERR, NOTIMP
from resolver.upstream.replies import NoReply
from resolver.wire.message import Response

EDNS_REFUSALS: Final = frozenset((FORMERR, NOTIMP, BADVERS))
REFUSALS: Final = EDNS_REFUSALS | {BADCOOKIE}  # of what was sent along, it may be


class Suspicion(Enum):
    """Why the reply has to be fetched over TCP, where nobody off the path can forge."""

    GUESSING = "someone guesses IDs"
    OTHER_CASE = "letter case not kept"
    FLOOD = "too many stray datagrams"
    NO_COOKIE = "the server's cookie is missing"
    OTHER_COOKIE = "another cookie than ours"
    GARBLED = "it cannot be read, and lacks the server's cookie"


# Those that the server itself may have given rise to: what it lacks is told when nothing else helps either.
DISCARDED: Final = {
    Suspicion.OTHER_CASE: NoReply.OTHER_CASE,
    Suspicion.NO_COOKIE: NoReply.NO_COOKIE,
    Suspicion.OTHER_COOKIE: NoReply.OTHER_COOKIE,
    Suspicion.GARBLED: NoReply.GARBLED,
}
OF_COOKIES: Final = frozenset((Suspicion.NO_COOKIE, Suspicion.OTHER_COOKIE))
OF_GUARDS: Final = OF_COOKIES | {Suspicion.OTHER_CASE}  # the server may not bear a guard of ours, or neither


class Phase(Enum):
    """How the server is asked."""

    FIRST = "over UDP, with every guard"
    NEW_COOKIE = "over UDP, with the cookie that it has just sent (RFC 7873 §5.3)"
    NO_COOKIE = "over UDP, without the cookie that it has refused"
    NO_EDNS = "over UDP, without EDNS (RFC 6891 §7)"
    STREAM = "over TCP"
    CLEARING = "over TCP, because of a suspicion"
    UNGUARDED = "over UDP from another port, without cookie and letter case if it seems not to bear one of them"


FIRST: Final = Phase.FIRST  # compiled, to ask the class for it takes a hundred instructions more


class Signal(Enum):
    """What came of it."""

    SETTLED = "a reply that can be used"
    TRUNCATED = "a reply with TC"
    BAD_COOKIE = "BADCOOKIE"
    NO_COOKIE = "it could not read a query with a cookie, or takes none over TCP either"
    NO_EDNS = "it could not read a query with an OPT RR"
    GARBLED = "the reply to a query with an OPT RR, but it cannot be read"
    SUSPICIOUS = "something that may be forged"
    SILENT = "nothing in time"
    FAILED = "unreachable, or no DNS"
    HINDERED = "this host has no route, or cannot send"


# What is not in it ends the exchange with what is at hand. No circle: EDNS and a cookie are never taken up again, BADCOOKIE leads
# to TCP the second time, and what is unguarded is not cleared up again: without guards there is nothing left to suspect.
NEXT: Final[dict[tuple[Phase, Signal], Phase]] = {
    (Phase.FIRST, Signal.TRUNCATED): Phase.STREAM,
    (Phase.FIRST, Signal.BAD_COOKIE): Phase.NEW_COOKIE,
    (Phase.FIRST, Signal.NO_COOKIE): Phase.NO_COOKIE,
    (Phase.FIRST, Signal.NO_EDNS): Phase.NO_EDNS,
    (Phase.FIRST, Signal.GARBLED): Phase.NO_EDNS,
    (Phase.FIRST, Signal.SUSPICIOUS): Phase.CLEARING,
    (Phase.NEW_COOKIE, Signal.TRUNCATED): Phase.STREAM,
    (Phase.NEW_COOKIE, Signal.BAD_COOKIE): Phase.STREAM,
    (Phase.NEW_COOKIE, Signal.NO_COOKIE): Phase.NO_COOKIE,
    (Phase.NEW_COOKIE, Signal.NO_EDNS): Phase.NO_EDNS,
    (Phase.NEW_COOKIE, Signal.GARBLED): Phase.NO_EDNS,
    (Phase.NEW_COOKIE, Signal.SUSPICIOUS): Phase.CLEARING,
    (Phase.NO_COOKIE, Signal.TRUNCATED): Phase.STREAM,
    (Phase.NO_COOKIE, Signal.NO_EDNS): Phase.NO_EDNS,
    (Phase.NO_COOKIE, Signal.GARBLED): Phase.NO_EDNS,
    (Phase.NO_COOKIE, Signal.SUSPICIOUS): Phase.CLEARING,
    (Phase.NO_EDNS, Signal.TRUNCATED): Phase.STREAM,
    (Phase.NO_EDNS, Signal.SUSPICIOUS): Phase.CLEARING,
    (Phase.STREAM, Signal.NO_COOKIE): Phase.NO_COOKIE,
    (Phase.STREAM, Signal.NO_EDNS): Phase.NO_EDNS,
    (Phase.CLEARING, Signal.NO_COOKIE): Phase.NO_COOKIE,
    (Phase.CLEARING, Signal.NO_EDNS): Phase.NO_EDNS,
    (Phase.CLEARING, Signal.SILENT): Phase.UNGUARDED,
    (Phase.CLEARING, Signal.FAILED): Phase.UNGUARDED,
    (Phase.CLEARING, Signal.GARBLED): Phase.UNGUARDED,
    (Phase.UNGUARDED, Signal.TRUNCATED): Phase.STREAM,
    (Phase.UNGUARDED, Signal.BAD_COOKIE): Phase.STREAM,
    (Phase.UNGUARDED, Signal.NO_COOKIE): Phase.NO_COOKIE,
    (Phase.UNGUARDED, Signal.NO_EDNS): Phase.NO_EDNS,
    (Phase.UNGUARDED, Signal.GARBLED): Phase.NO_EDNS,
}


def is_over_tcp(phase: Phase) -> bool:
    """Is the server asked over TCP so?"""
    return phase is Phase.STREAM or phase is Phase.CLEARING


def signal_of(response: Response, *, has_edns: bool, has_cookie: bool) -> Signal:
    """What the reply to a datagram comes to; has_edns, has_cookie: was there an OPT RR, or a cookie, in it?"""
    if not response.rcode and not response.is_truncated:
        return Signal.SETTLED
    if response.rcode == BADCOOKIE:
        return Signal.BAD_COOKIE
    if response.is_truncated:
        return Signal.TRUNCATED
    return refusal_of(response, has_edns=has_edns, has_cookie=has_cookie)


def refusal_of(response: Response, *, has_edns: bool, has_cookie: bool) -> Signal:
    """Does it refuse what the query had? If not, it is settled."""
    if has_cookie and refuses_cookie(response):
        return Signal.NO_COOKIE
    return Signal.NO_EDNS if has_edns and refuses_edns(response) else Signal.SETTLED


def refuses_cookie(response: Response) -> bool:
    """Does it know EDNS, and say that a cookie was too much? One that does not know it passes it over (RFC 6891 §6.1.2)."""
    return response.rcode == BADCOOKIE or (response.rcode == FORMERR and response.edns is not None)


def refuses_edns(response: Response) -> bool:
    """Does it say that it could not read a query with an OPT RR (RFC 6891 §7)?"""
    return response.rcode == BADVERS or (response.rcode in EDNS_REFUSALS and response.edns is None)
