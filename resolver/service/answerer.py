"""What the service needs of whoever knows the answers; policy.sources is one."""

from collections.abc import Callable
from typing import Protocol

from cache.answer import Answer
from resolver.policy.tally import Tally
from resolver.policy.views import View
from resolver.wire.message import Query


class Answerer(Protocol):
    """Answers the questions of clients. tally: where the answer is counted, by where it comes from."""

    def view_of(self, client: bytes, local: bytes) -> View:
        """What the client at this packed address, that asked that packed address, may see; always the same."""

    def answer_now(self, query: Query, view: View, now: float, tally: Tally) -> Answer | None:
        """The answer that needs no waiting; None: `ask` has to be called."""

    def ask(self, query: Query, view: View, give: Callable[[Answer], None], tally: Tally) -> bool:
        """Have `give` called with the answer, once, in a later turn or in this one, in bounded time.

        Is more of it begun in this turn, once this has returned?"""
