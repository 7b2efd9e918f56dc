"""What did a server say, and how sure is it that it did?"""

from enum import IntEnum
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.value import Value
from resolver.wire.message import Response


class Assurance(IntEnum):
    """How sure is it that the server itself said it? Beside ID and port, what must a forger off the path have guessed?"""

    NONE = 0
    CASE = 1  # the letter case of the name: a bit for each letter
    COOKIE = 2  # our DNS Cookie: 64 bits
    TCP = 3  # he cannot


@final
@mypyc_attr(acyclic=True)
class Reply(Value):
    """What the server said. received: monotonic seconds."""

    __slots__ = ("assurance", "received", "response")

    def __init__(self, response: Response, received: float, assurance: Assurance) -> None:
        self.response: Final = response
        self.received: Final = received
        self.assurance: Final = assurance

    def parts(self) -> tuple[object, ...]:
        return self.response, self.received, self.assurance
