"""What did asking the servers of a zone add up to: is the question worth showing whole, and what is the failure? Pure."""

from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.names import to_text
from cache.value import Value
from resolver.env import Address
from resolver.errors import (
    HostExhausted,
    InvalidData,
    NetworkError,
    NoReachableAuthority,
    ResolutionFailure,
    ServersSilent,
)
from resolver.iterate.classify import Reason, Told, Useless
from resolver.iterate.delegation import Delegation
from resolver.iterate.scrub import Scrubbed
from resolver.upstream import NoReply, Reply

# shortened questions that were late before the whole one is tried: some servers drop what they dislike
LATE_UNTIL_WHOLE: Final = 2


SILENCE: Final = frozenset((NoReply.TIMEOUT.value, NoReply.UNREACHABLE.value))


@final
@mypyc_attr(acyclic=True)
class Heard(Value):
    """A reply that helps, from whom, and what it says."""

    __slots__ = ("reply", "scrubbed", "server", "told")

    def __init__(self, told: Told, scrubbed: Scrubbed, reply: Reply, server: Address) -> None:
        self.told: Final = told
        self.scrubbed: Final = scrubbed
        self.reply: Final = reply
        self.server: Final = server

    def parts(self) -> tuple[object, ...]:
        return self.told, self.scrubbed, self.reply, self.server


class Tries:
    """Whom one question has been put to already, and with what success."""

    def __init__(self) -> None:
        self.sends: dict[Address, int] = {}
        self.done: set[Address] = set()  # not worth another packet
        self.has_useless = False
        self.late = 0
        self.exhausted: ResolutionFailure | None = None
        self.troubles: dict[str, int] = {}
        self.last_resort: Heard | None = None
        self.has_malformed = False
        self.has_tried_tcp = False

    @property
    def suggest_the_whole(self) -> bool:
        """Do the servers seem to stumble over a shortened question?"""
        return self.has_useless or self.late >= LATE_UNTIL_WHOLE

    def note_no_reply(self, server: Address, why: NoReply) -> None:
        """No reply. Only after a loss is the same server worth another packet."""
        if why is not NoReply.TIMEOUT:
            self.done.add(server)
        self._count(why.value)

    def note_useless(self, server: Address, verdict: Useless) -> None:
        """A reply that did not help."""
        self.done.add(server)
        self.has_useless = True
        self._count(verdict.text)
        if verdict.reason is Reason.MALFORMED:
            self.has_malformed = True

    def failure(self, delegation: Delegation) -> ResolutionFailure:
        """The failure that these tries add up to. Its text goes to clients: short, and about the zone only."""
        what = ", ".join(f"{count}x {trouble}" for trouble, count in self.troubles.items())
        text = f"{to_text(delegation.zone)}: {what or 'no server with an address'}"
        if self.troubles.keys() == {NoReply.NO_ROUTE.value}:
            return NetworkError(f"{to_text(delegation.zone)}: {NoReply.NO_ROUTE.value}")
        if self.troubles.keys() == {NoReply.THIS_HOST.value}:
            return HostExhausted(f"{to_text(delegation.zone)}: {NoReply.THIS_HOST.value}")
        if NoReply.TIMEOUT.value in self.troubles and self.troubles.keys() <= SILENCE:
            return ServersSilent(text)
        return InvalidData(text) if self.has_malformed else NoReachableAuthority(text)

    def _count(self, trouble: str) -> None:
        self.troubles[trouble] = self.troubles.get(trouble, 0) + 1
