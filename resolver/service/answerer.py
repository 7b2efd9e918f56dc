"""What the service needs of whoever knows the answers; policy.sources is one."""

from typing import Protocol

from cache.answer import Answer
from resolver.policy.views import View
from resolver.wire.message import Query


class Answerer(Protocol):
    """Answers the questions of clients."""

    def view_of(self, client: bytes, local: bytes) -> View:
        """What the client at this packed address, that asked that packed address, may see; always the same."""

    def answer_now(self, query: Query, view: View, now: float) -> Answer | None:
        """The answer that needs no waiting; None: `answer` has to be awaited."""

    async def answer(self, query: Query, view: View) -> Answer:
        """The answer, in bounded time; raises ResolutionFailure."""
