"""What is told of a resolution while somebody watches it: values, made only then, that say what was done and why.

Each step is told to the one Trace, whether somebody watches or not: that nobody does is seen here, and costs a call that
returns at once. Whose step it is says the Budget: whatever is done for one client's question spends from the same. What is told
becomes text in observe/trace.
"""

from collections.abc import Callable
from typing import Final, final

from cache.answer import Question
from cache.chain import Link
from cache.names import WireName
from cache.value import Value
from resolver.env import Address
from resolver.errors import ResolutionFailure
from resolver.iterate.budget import Budget, Spent
from resolver.iterate.classify import Verdict
from resolver.iterate.delegation import Delegation, ZoneServer
from resolver.upstream import NoReply, Reply


@final
class Found(Value):
    """A link was at hand. failure: "" if it is fresh; else why this stale one was taken."""

    __slots__ = ("failure", "link", "question")

    def __init__(self, question: Question, link: Link, failure: str = "") -> None:
        self.question: Final = question
        self.link: Final = link
        self.failure: Final = failure

    def parts(self) -> tuple[object, ...]:
        return self.question, self.link, self.failure


@final
class Boarded(Value):
    """A link has to be asked for. is_joined: others wait for it already, and their flight is not watched."""

    __slots__ = ("is_joined", "question")

    def __init__(self, question: Question, is_joined: bool) -> None:
        self.question: Final = question
        self.is_joined: Final = is_joined

    def parts(self) -> tuple[object, ...]:
        return self.question, self.is_joined


@final
class Begun(Value):
    """Iteration begins at a delegation; is_again: all servers of the one below it failed."""

    __slots__ = ("delegation", "is_again", "question")

    def __init__(self, question: Question, delegation: Delegation, is_again: bool = False) -> None:
        self.question: Final = question
        self.delegation: Final = delegation
        self.is_again: Final = is_again

    def parts(self) -> tuple[object, ...]:
        return self.question, self.delegation, self.is_again


@final
class Sought(Value):
    """The address of a name server is needed."""

    __slots__ = ("name", "zone")

    def __init__(self, name: WireName, zone: WireName) -> None:
        self.name: Final = name
        self.zone: Final = zone

    def parts(self) -> tuple[object, ...]:
        return self.name, self.zone


@final
class Sent(Value):
    """A server of `zone` is asked for the sake of `question`, of which it sees `shown`. timeout: seconds until it is late.

    others: servers asked the same before that have not answered yet and are listened to still.
    """

    __slots__ = ("others", "question", "server", "shown", "timeout", "zone")

    def __init__(
        self, question: Question, shown: Question, zone: WireName, server: Address, timeout: float, others: int = 0
    ) -> None:
        self.question: Final = question
        self.shown: Final = shown
        self.zone: Final = zone
        self.server: Final = server
        self.timeout: Final = timeout
        self.others: Final = others

    def parts(self) -> tuple[object, ...]:
        return self.question, self.shown, self.zone, self.server, self.timeout, self.others


@final
class Replied(Value):
    """It said something, and what that means."""

    __slots__ = ("question", "reply", "server", "shown", "verdict")

    def __init__(self, question: Question, shown: Question, server: Address, reply: Reply, verdict: Verdict) -> None:
        self.question: Final = question
        self.shown: Final = shown
        self.server: Final = server
        self.reply: Final = reply
        self.verdict: Final = verdict

    def parts(self) -> tuple[object, ...]:
        return self.question, self.shown, self.server, self.reply, self.verdict


@final
class Lost(Value):
    """It said nothing."""

    __slots__ = ("question", "server", "shown", "why")

    def __init__(self, question: Question, shown: Question, server: Address, why: NoReply) -> None:
        self.question: Final = question
        self.shown: Final = shown
        self.server: Final = server
        self.why: Final = why

    def parts(self) -> tuple[object, ...]:
        return self.question, self.shown, self.server, self.why


@final
class Discarded(Value):
    """What it said was not taken, and why; it is asked in another way, if there is one."""

    __slots__ = ("question", "server", "text")

    def __init__(self, question: Question, server: Address, text: str) -> None:
        """question: as it was shown to the server."""
        self.question: Final = question
        self.server: Final = server
        self.text: Final = text

    def parts(self) -> tuple[object, ...]:
        return self.question, self.server, self.text


@final
class Disbelieved(Value):
    """What it said failed in validation, so that another server is asked."""

    __slots__ = ("question", "said_by", "text")

    def __init__(self, question: Question, said_by: ZoneServer, text: str) -> None:
        self.question: Final = question
        self.said_by: Final = said_by
        self.text: Final = text

    def parts(self) -> tuple[object, ...]:
        return self.question, self.said_by, self.text


@final
class GivenUp(Value):
    """A question could not be answered."""

    __slots__ = ("is_remembered", "question", "text")

    def __init__(self, question: Question, text: str, is_remembered: bool = False) -> None:
        self.question: Final = question
        self.text: Final = text
        self.is_remembered: Final = is_remembered

    def parts(self) -> tuple[object, ...]:
        return self.question, self.text, self.is_remembered


Event = Found | Boarded | Begun | Sought | Sent | Replied | Lost | Discarded | Disbelieved | GivenUp
Watch = Callable[[Event, int], None]  # also: how many look-ups this one stands below


@final
class Trace:
    """Who watches which client's question, and is told of each step of it; nearly always nobody, and no question."""

    def __init__(self) -> None:
        self._watches: Final[dict[Spent, Watch]] = {}  # by what is spent from; as many as operators watch

    def begin(self, budget: Budget, watch: Watch) -> None:
        """Have `watch` told of whatever is done within this budget from now on."""
        self._watches[budget.spent] = watch

    def end(self, budget: Budget) -> None:
        """It is told of nothing more: what still flies goes on unwatched."""
        self._watches.pop(budget.spent, None)

    def found(self, budget: Budget, question: Question, link: Link, failure: ResolutionFailure | None = None) -> None:
        """A link was at hand; with a failure: a stale one."""
        if self._watches:
            self._tell(budget, Found(question, link, "" if failure is None else str(failure)))

    def boarded(self, budget: Budget, question: Question, *, is_joined: bool) -> None:
        """A link has to be asked for."""
        if self._watches:
            self._tell(budget, Boarded(question, is_joined))

    def begun(self, budget: Budget, question: Question, delegation: Delegation, *, is_again: bool = False) -> None:
        """Iteration begins."""
        if self._watches:
            self._tell(budget, Begun(question, delegation, is_again))

    def sought(self, budget: Budget, name: WireName, zone: WireName) -> None:
        """A name server is looked up."""
        if self._watches:
            self._tell(budget, Sought(name, zone))

    def sent(
        self,
        budget: Budget,
        question: Question,
        shown: Question,
        zone: WireName,
        server: Address,
        timeout: float,
        others: int,
    ) -> None:
        """A server is asked."""
        if self._watches:
            self._tell(budget, Sent(question, shown, zone, server, timeout, others))

    def replied(
        self, budget: Budget, question: Question, shown: Question, server: Address, reply: Reply, verdict: Verdict
    ) -> None:
        """It said something."""
        if self._watches:
            self._tell(budget, Replied(question, shown, server, reply, verdict))

    def lost(self, budget: Budget, question: Question, shown: Question, server: Address, why: NoReply) -> None:
        """It said nothing."""
        if self._watches:
            self._tell(budget, Lost(question, shown, server, why))

    def discarded(self, budget: Budget, question: Question, server: Address, text: str, detail: str = "") -> None:
        """What it said was not taken."""
        if self._watches:
            self._tell(budget, Discarded(question, server, f"{text}: {detail}" if detail else text))

    def disbelieved(
        self, budget: Budget, question: Question, said_by: ZoneServer | None, failure: ResolutionFailure
    ) -> None:
        """Another server is asked. said_by: None: not because of what one said."""
        if self._watches and said_by is not None:
            self._tell(budget, Disbelieved(question, said_by, str(failure)))

    def given_up(self, budget: Budget, question: Question, failure: ResolutionFailure) -> None:
        """It could not be answered."""
        if self._watches:
            self._tell(budget, GivenUp(question, str(failure)))

    def left_alone(self, budget: Budget, question: Question, text: str) -> None:
        """It could not a short while ago, and that is remembered."""
        if self._watches:
            self._tell(budget, GivenUp(question, text, is_remembered=True))

    def _tell(self, budget: Budget, event: Event) -> None:
        watch = self._watches.get(budget.spent)
        if watch is not None:
            watch(event, len(budget.ancestors))
