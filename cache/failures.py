"""Which questions failed a short while ago, and need not be tried again yet (RFC 9520)?

A question that fails is left alone for a while that doubles with each further failure; a success clears it. This is not
knowledge about a name: no entry of the RRset cache comes of it, and it never turns into a negative answer.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from cachetools import TLRUCache

from cache.answer import Question
from cache.names import WireName, is_at_or_below

MAX_FAILURES: Final = 10_000  # questions; names made up to fail push out the least recently asked, and nothing else
FIRST_PAUSE: Final = 5.0  # s: a target that heals at once is answered within 6 s of its failure
MAX_PAUSE: Final = 300.0  # s: RFC 9520 §3.2 allows five minutes at most


class RememberedFailure(msgspec.Struct, frozen=True, gc=False):
    """A failed question. until: monotonic seconds at which it may be tried again; pause: how long that was, in seconds.

    info_code, text: why, as the client was told.
    """

    info_code: int
    text: str
    until: float
    pause: float


class Failures:
    """The remembered failures, by question."""

    def __init__(self, max_failures: int = MAX_FAILURES) -> None:
        self._clock = _Clock()
        # kept for another pause after its end, so that a question which goes on failing is known to
        self._failures: TLRUCache[Question, RememberedFailure] = TLRUCache(
            max_failures, ttu=lambda _, failure, __: failure.until + failure.pause, timer=self._clock
        )

    def __len__(self) -> int:
        return len(self._failures)

    def remember(self, question: Question, info_code: int, text: str, now: float, *, at_least: float = 0) -> None:
        """Note that `question` failed at `now`.

        at_least: the failure recheck timer of a question that has stale data to give meanwhile (RFC 8767 §5). It takes
        the place of the doubling: a heal is to be seen within it, and clients are served until then.
        """
        self._clock.now = now
        before = self._failures.get(question)
        if before is not None and now < before.until:
            return  # a flight that was under way when the failure was noted says nothing more
        pause = FIRST_PAUSE if before is None else min(MAX_PAUSE, 2 * before.pause)
        if at_least:
            pause = min(MAX_PAUSE, max(FIRST_PAUSE, at_least))
        self._failures[question] = RememberedFailure(info_code, text, now + pause, pause)

    def find(self, question: Question, now: float) -> RememberedFailure | None:
        """The failure for which `question` should not be tried at `now`; None: try it."""
        self._clock.now = now
        failure = self._failures.get(question)
        return failure if failure is not None and now < failure.until else None

    def succeed(self, question: Question) -> None:
        """Note that `question` was answered: its failures are forgotten."""
        self._failures.pop(question, None)

    def forget(self, qname: WireName, qtype: int | None = None, *, subtree: bool = False) -> int:
        """Forget the failures of a name, of one type or all, with `subtree` also of the names below; returns how many."""
        going = [
            question
            for question in list(self._failures)
            if (question.qname == qname or (subtree and is_at_or_below(question.qname, qname)))
            and qtype in (None, question.qtype)
        ]
        for question in going:
            self._failures.pop(question, None)
        return len(going)

    def walk(self, now: float) -> Iterator[tuple[Question, RememberedFailure]]:
        """The questions that should not be tried at `now`; they may change between two steps."""
        for question in list(self._failures):
            failure = self.find(question, now)
            if failure is not None:
                yield question, failure


class _Clock:
    """The `now` of the call that is under way, for cachetools, which asks for the time itself."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
