"""What is known of each server: how fast and how reliable it is, what it cannot do, which zones it does not serve."""

from collections.abc import Iterator
from enum import Enum
from typing import Final

from cache.names import WireName
from cache.recent import Recent

MAX_SERVERS: Final = (
    20_000  # addresses (Unbound's infra cache has 10,000); the least recently asked goes, and starts anew
)

ServerAddress = tuple[str, int]  # address as text, port; resolver.env.Address is one
AddressKey = tuple[
    str | int, ...
]  # the same to look up by: compiled, a tuple of parts that are known is made anew for each call


class Edns(Enum):
    """Does the server bear an OPT RR in a query?"""

    UNKNOWN = "unknown"
    WORKS = "works"
    BROKEN = "broken"


class ServerState:
    """What is known of one server.

    The one mutable value of the cache: it changes with every packet, in place and between two awaits, and whoever asks
    servers holds it while an exchange lasts. Deciding what a reply or a silence teaches is upstream's (learning.py).

    srtt, rttvar: smoothed round-trip time and its variation, in seconds; rttvar 0: never heard. replies, losses: how many
    queries were answered and how many were not; loss: the smoothed share of those that were not. timeouts_in_a_row: late
    replies since the last one, and silent_since when the first query was sent that was left unanswered. probe_at: monotonic
    seconds at which a server held to be dead gets a single query; 0 when it is not. last_heard: monotonic seconds of the
    last reply; tried_at: when it was last asked beside another or instead of it, to get to know it. edns_until: when BROKEN is
    to be tried again. keeps_case: does it echo the letter case of the name? None: not known. lame_zones: it was named for them
    and does not serve them, and until when that is believed. cookie: the DNS Cookies (RFC 7873) that it is sent, ours of 8
    octets and then its own if it has given one; b"" none yet. opt: the OPT RR with them, ready made. without_cookie_until:
    monotonic seconds until which it is sent none. discards: replies that were not taken, or not all of them; last_discard: why
    the last one was not.
    """

    __slots__ = (
        "cookie",
        "discards",
        "edns",
        "edns_until",
        "keeps_case",
        "lame_zones",
        "last_discard",
        "last_heard",
        "loss",
        "losses",
        "opt",
        "probe_at",
        "replies",
        "rttvar",
        "silent_since",
        "srtt",
        "timeouts_in_a_row",
        "tried_at",
        "without_cookie_until",
    )

    def __init__(self) -> None:
        self.srtt = 0.0
        self.rttvar = 0.0
        self.replies = 0
        self.losses = 0
        self.loss = 0.0
        self.timeouts_in_a_row = 0
        self.silent_since = 0.0
        self.probe_at = 0.0
        self.last_heard = float("-inf")
        self.tried_at = float("-inf")
        self.edns = Edns.UNKNOWN
        self.edns_until = 0.0
        self.keeps_case: bool | None = None
        self.lame_zones: dict[WireName, float] = {}
        self.cookie = b""
        self.opt = b""
        self.without_cookie_until = 0.0
        self.discards = 0
        self.last_discard = ""


class Servers:
    """The states of the servers that were asked, the most recently used MAX_SERVERS of them."""

    def __init__(self, max_servers: int = MAX_SERVERS) -> None:
        self._states = Recent[AddressKey, ServerState](max_servers)

    def __len__(self) -> int:
        return len(self._states)

    def of(self, server: AddressKey) -> ServerState:
        """The state of `server`, to be changed in place; a new one if nothing is known. Does not mark use."""
        state = self._states.peek(server)
        if state is None:
            state = ServerState()
            self._states.put(server, state)
        return state

    def note_asked(self, server: AddressKey) -> None:
        """Mark that it is used: who has a zone of many servers looks at all of them, and asks one."""
        self._states.get(server)

    def peek(self, server: AddressKey) -> ServerState | None:
        """The state of `server`, to be read only; None if nothing is known. Does not mark use."""
        return self._states.peek(server)

    def walk(self) -> Iterator[tuple[ServerAddress, ServerState]]:
        """Every server and its state; they may change between two steps. Does not mark use."""
        for key, state in self._states.walk():
            yield address_of(key), state

    def forget(self, server: AddressKey | None = None) -> int:
        """Forget what is known of `server`, or of all; returns of how many."""
        if server is not None:
            return int(self._states.drop(server))
        count = len(self._states)
        self._states.clear()
        return count


def address_of(key: AddressKey) -> ServerAddress:
    """The address that it is."""
    host, port = key
    return str(host), int(port)
