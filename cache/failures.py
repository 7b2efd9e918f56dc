"""Which questions failed a short while ago, and need not be tried again yet (RFC 9520)? In all, and by single servers.

A question that fails is left alone for a while that doubles with each further failure; a success clears it. This is not
knowledge about a name: no entry of the RRset cache comes of it, and it never turns into a negative answer.
"""

from abc import ABCMeta, abstractmethod
from collections.abc import Iterator
from typing import Final, final

from mypy_extensions import mypyc_attr, trait

from cache.answer import Question
from cache.names import WireName, is_at_or_below
from cache.options import FailureOptions
from cache.recent import Recent
from cache.servers import AddressKey, ServerAddress, address_of
from cache.value import Value

MAX_FAILURES: Final = 10_000  # questions; names made up to fail push out the least recently asked, and nothing else
MAX_SERVER_FAILURES: Final = 20_000  # of a server and a question; the least recently asked goes
AFTER_SILENCE: Final = (
    1  # s of the first pause where nothing came: packets may be lost, and RFC 9520 §3.2 asks for no more
)
LEAST_MEMORY: Final = 5.0  # s after a pause in which a further failure doubles it
SWEPT: Final = 4  # at most so many that are over go with each further failure
MAX_SENDS: Final = 3  # RFC 9520 §3.1: of one question to one server, before it counts as failed


@final
@mypyc_attr(acyclic=True)
class RememberedFailure(Value):
    """A failed question. until: monotonic seconds at which it may be tried again; pause: how long that was, in seconds.

    info_code, text: why, as the client was told. attempts: how often it has failed in a row. pause and attempts are 0 where
    it has only failed for another question, which it needs, and which fails till then.
    """

    __slots__ = ("attempts", "info_code", "pause", "text", "until")

    def __init__(self, info_code: int, text: str, until: float, pause: float, attempts: int = 1) -> None:
        self.info_code: Final = info_code
        self.text: Final = text
        self.until: Final = until
        self.pause: Final = pause
        self.attempts: Final = attempts

    def parts(self) -> tuple[object, ...]:
        return self.info_code, self.text, self.until, self.pause, self.attempts


@trait
class Remembering(metaclass=ABCMeta):
    """What failed a short while ago, by question. Failures marks what is looked for as used, PeekedFailures does not."""

    __slots__ = ()

    @abstractmethod
    def find(self, question: Question, now: float) -> RememberedFailure | None:
        """The failure for which `question` should not be tried at `now`; None: try it."""


class Failures(Remembering):
    """The remembered failures, by question."""

    def __init__(self, options: FailureOptions | None = None, max_failures: int = MAX_FAILURES) -> None:
        self._options = options or FailureOptions()
        # kept for a while after its end, so that a question which goes on failing is known to
        self._failures = Recent[Question, RememberedFailure](max_failures)

    def __len__(self) -> int:
        """How many are held, those included that are over and have not gone yet."""
        return len(self._failures)

    def adopt(self, options: FailureOptions) -> None:
        """Go by these options from now on; pauses that have begun go on as they are."""
        self._options = options

    def remember(
        self,
        question: Question,
        info_code: int,
        text: str,
        now: float,
        *,
        at_least: float = 0,
        was_silence: bool = False,
    ) -> None:
        """Note that `question` failed at `now`. was_silence: since nothing came from any server.

        at_least: the failure recheck timer of a question that has stale data to give meanwhile (RFC 8767 §5). It takes
        the place of the doubling: a heal is to be seen within it, and clients are served until then.
        """
        self._drop_those_over(now)
        before = self._failures.get(question)
        if before is not None and now >= _counts_until(before.until, before.pause):
            before = None
        if before is not None and now < before.until:
            return  # a flight that was under way when the failure was noted says nothing more
        pause = at_least or _next_pause(
            before.pause if before is not None else 0.0, self._options, was_silence=was_silence
        )
        attempts = 1 if before is None else before.attempts + 1
        self._failures.put(question, RememberedFailure(info_code, text, now + pause, pause, attempts))

    def remember_until(self, question: Question, info_code: int, text: str, now: float, until: float) -> None:
        """Note that `question` failed at `now` as what it needs is a remembered failure till then: it was not tried itself."""
        before = self._failures.get(question)
        if until <= now or (before is not None and now < before.until):
            return
        pause, attempts = (0.0, 0) if before is None else (before.pause, before.attempts)
        self._failures.put(question, RememberedFailure(info_code, text, until, pause, attempts))

    def find(self, question: Question, now: float) -> RememberedFailure | None:
        """The failure for which `question` should not be tried at `now`; None: try it."""
        if not self._failures:
            return None
        failure = self._failures.get(question)
        return failure if failure is not None and now < failure.until else None

    def peek(self, question: Question, now: float) -> RememberedFailure | None:
        """As `find`, for who only looks: does not mark use."""
        failure = self._failures.peek(question)
        return failure if failure is not None and now < failure.until else None

    def succeed(self, question: Question) -> None:
        """Note that `question` was answered: its failures are forgotten."""
        if self._failures:
            self._failures.drop(question)

    def forget(self, qname: WireName, qtype: int | None = None, *, subtree: bool = False) -> int:
        """Forget the failures of a name, of one type or all, with `subtree` also of the names below; returns how many."""
        going = [question for question, _ in self._failures.walk() if _is_meant(question, qname, qtype, subtree)]
        for question in going:
            self._failures.drop(question)
        return len(going)

    def walk(self, now: float) -> Iterator[tuple[Question, RememberedFailure]]:
        """The questions that should not be tried at `now`; they may change between two steps. Does not mark use."""
        for question, failure in self._failures.walk():
            if now < failure.until:
                yield question, failure

    def _drop_those_over(self, now: float) -> None:
        """Forget some of those that are over and say nothing any more, the least recently asked first."""
        for _ in range(SWEPT):
            oldest = self._failures.oldest()
            if oldest is None or now < _counts_until(oldest[1].until, oldest[1].pause):
                return
            self._failures.drop(oldest[0])


@final
@mypyc_attr(acyclic=True)
class _Record(Value):
    """What one server did with one question. sends: in vain, in the period that ends at `until`; pause: the last, or 0."""

    __slots__ = ("pause", "sends", "until")

    def __init__(self, sends: int, until: float, pause: float) -> None:
        self.sends: Final = sends
        self.until: Final = until
        self.pause: Final = pause

    def parts(self) -> tuple[object, ...]:
        return self.sends, self.until, self.pause


@final
@mypyc_attr(acyclic=True)
class ServerPause(Value):
    """A server and what it should not be asked. until, pause: as in RememberedFailure."""

    __slots__ = ("pause", "question", "server", "until")

    def __init__(self, server: ServerAddress, question: Question, until: float, pause: float) -> None:
        self.server: Final = server
        self.question: Final = question
        self.until: Final = until
        self.pause: Final = pause

    def parts(self) -> tuple[object, ...]:
        return self.server, self.question, self.until, self.pause


class ServerFailures:
    """Which server failed at which question: it is not asked that again for a while, whoever wants to know.

    Different questions have a question to a server in common when it is shown no more of them than it needs (RFC 9156): made-up
    names below a dead zone would otherwise send it the same shortened question again and again.
    """

    def __init__(self, options: FailureOptions | None = None, max_failures: int = MAX_SERVER_FAILURES) -> None:
        self._options = options or FailureOptions()
        self._records = Recent[tuple[AddressKey, Question], _Record](max_failures)

    def __len__(self) -> int:
        """How many are held, those included that are over."""
        return len(self._records)

    def adopt(self, options: FailureOptions) -> None:
        """Go by these options from now on; pauses that have begun go on as they are."""
        self._options = options

    def is_paused(self, server: AddressKey, question: Question, now: float) -> bool:
        """Should this server not be asked this at `now`?"""
        if not self._records:
            return False
        record = self._records.get((server, question))
        return record is not None and record.sends >= MAX_SENDS and now < record.until

    def paused_until(self, server: AddressKey, question: Question, now: float) -> float | None:
        """Until when this server should not be asked this; None: it may be. Does not mark use."""
        record = self._records.peek((server, question))
        return record.until if record is not None and record.sends >= MAX_SENDS and now < record.until else None

    def note_silence(self, server: AddressKey, question: Question, now: float) -> None:
        """A query was not answered in time. After MAX_SENDS of them in one period the server has failed at this question."""
        before = self._live(server, question, now)
        if before is None or before.until <= now:  # a new period begins
            was = before.pause if before is not None else 0.0
            self._records.put((server, question), _Record(1, now + self._options.first_pause, was))
        elif before.sends + 1 < MAX_SENDS:
            self._records.put((server, question), _Record(before.sends + 1, before.until, before.pause))
        else:
            self.note_failure(server, question, now, was_silence=True)

    def note_failure(self, server: AddressKey, question: Question, now: float, *, was_silence: bool = False) -> None:
        """It said something of no use, or cannot be reached, or was silent: it has failed at this question."""
        before = self._live(server, question, now)
        if before is not None and before.sends >= MAX_SENDS and now < before.until:
            if was_silence:  # the pause begins when it was listened to last
                until = max(before.until, now + before.pause)
                self._records.put((server, question), _Record(MAX_SENDS, until, before.pause))
            return  # asked before that was known
        pause = _next_pause(before.pause if before is not None else 0.0, self._options, was_silence=was_silence)
        self._records.put((server, question), _Record(MAX_SENDS, now + pause, pause))

    def succeed(self, server: AddressKey, question: Question) -> None:
        """It gave an answer that helps."""
        if self._records:
            self._records.drop((server, question))

    def forget(self, qname: WireName, qtype: int | None = None, *, subtree: bool = False) -> int:
        """As Failures.forget, for all servers."""
        going = [key for key, _ in self._records.walk() if _is_meant(key[1], qname, qtype, subtree)]
        for key in going:
            self._records.drop(key)
        return len(going)

    def walk(self, now: float) -> Iterator[ServerPause]:
        """Which server should not be asked what at `now`; they may change between two steps. Does not mark use."""
        for key, record in self._records.walk():
            if record.sends >= MAX_SENDS and now < record.until:
                yield ServerPause(address_of(key[0]), key[1], record.until, record.pause)

    def _live(self, server: AddressKey, question: Question, now: float) -> _Record | None:
        """What still counts: a server that was left alone for as long again as the last pause begins anew."""
        record = self._records.get((server, question))
        return record if record is not None and now < _counts_until(record.until, record.pause) else None


def _counts_until(until: float, pause: float) -> float:
    """Until when a pause that ends at `until` is known to who fails again."""
    return until + max(pause, LEAST_MEMORY)


def _next_pause(before: float, options: FailureOptions, *, was_silence: bool) -> float:
    """RFC 9520 §3.2: a failure that persists is remembered for longer and longer, here for twice as long each time."""
    if before:
        return min(max(options.max_pause, options.first_pause), 2 * before)
    return AFTER_SILENCE if was_silence else options.first_pause


def _is_meant(question: Question, qname: WireName, qtype: int | None, subtree: bool) -> bool:
    is_within = question.qname == qname or (subtree and is_at_or_below(question.qname, qname))
    return is_within and qtype in (None, question.qtype)
