"""What is told of a resolution while somebody watches it: values, made only then, that say what was done and why.

A Budget carries the watch, as it is what every step of one client's question has in hand. Nobody watching costs one look at
an attribute at each of these steps; what is told becomes text in observe/trace.
"""

from collections.abc import Callable

import msgspec

from cache.answer import Question
from cache.chain import Link
from cache.names import WireName
from resolver.env import Address
from resolver.iterate.classify import Verdict
from resolver.iterate.delegation import Delegation, ZoneServer
from resolver.upstream import Fault, Reply


class Found(msgspec.Struct, frozen=True):
    """A link was at hand. failure: "" if it is fresh; else why this stale one was taken."""

    question: Question
    link: Link
    failure: str = ""


class Missing(msgspec.Struct, frozen=True):
    """A link has to be asked for. is_joined: others wait for it already, and their flight is not watched."""

    question: Question
    is_joined: bool


class Begun(msgspec.Struct, frozen=True):
    """Iteration begins at a delegation; is_again: all servers of the one below it failed."""

    question: Question
    delegation: Delegation
    is_again: bool = False


class Sought(msgspec.Struct, frozen=True):
    """The address of a name server is needed."""

    name: WireName
    zone: WireName


class Sent(msgspec.Struct, frozen=True):
    """A server of `zone` is asked for the sake of `question`, of which it sees `shown`. timeout: seconds until it is late.

    others: servers asked the same before that have not answered yet and are listened to still.
    """

    question: Question
    shown: Question
    zone: WireName
    server: Address
    timeout: float
    others: int = 0


class Replied(msgspec.Struct, frozen=True):
    """It said something, and what that means."""

    question: Question
    shown: Question
    server: Address
    reply: Reply
    verdict: Verdict


class Lost(msgspec.Struct, frozen=True):
    """It said nothing."""

    question: Question
    shown: Question
    server: Address
    fault: Fault


class Refused(msgspec.Struct, frozen=True):
    """What it said failed in validation, so that another server is asked."""

    question: Question
    said_by: ZoneServer
    text: str


class Failed(msgspec.Struct, frozen=True):
    """A question could not be answered."""

    question: Question
    text: str
    is_remembered: bool = False


Event = Found | Missing | Begun | Sought | Sent | Replied | Lost | Refused | Failed
Watch = Callable[[Event, int], None]  # also: how many look-ups this one stands below
