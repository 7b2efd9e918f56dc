"""What did a server say, and how sure is it that it did?"""

from enum import IntEnum

import msgspec

from resolver.wire.message import Response


class Assurance(IntEnum):
    """How sure is it that the server itself said it? Beside ID and port, what must a forger off the path have guessed?"""

    NONE = 0
    CASE = 1  # the letter case of the name: a bit for each letter
    COOKIE = 2  # our DNS Cookie: 64 bits
    TCP = 3  # he cannot


class Reply(msgspec.Struct, frozen=True):
    """What the server said. received: monotonic seconds."""

    response: Response
    received: float
    assurance: Assurance
