"""Which DNS messages are told in dnstap? Whoever has one tells the Tap, which hands on what is wanted and never waits."""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, Protocol

from resolver.observe.boundary import Boundary
from resolver.observe.dnstap import Heard, Kind
from resolver.observe.options import DnstapOptions

CLIENT: Final = frozenset({"client_query", "client_response"})
RESOLVER: Final = frozenset({"resolver_query", "resolver_response"})


class Ends(NamedTuple):
    """Between whom a client's query and its reply went: packed addresses, of the client and of ours that it asked."""

    client: bytes
    port: int
    local: bytes
    local_port: int
    is_tcp: bool = False


class ClientTap(Protocol):
    """Who is told what clients ask and get. wall: seconds since the Unix epoch."""

    wall: Callable[[], float]

    def client_query(self, data: bytes, ends: Ends) -> None:
        """A client asked."""

    def client_response(self, reply: bytes, ends: Ends, asked_at: float) -> None:
        """It is answered. asked_at: by `wall`."""


def joined(boundary: Boundary, *taps: ClientTap | None) -> ClientTap | None:
    """All there are of these. boundary: what their faults end at: no client goes without a reply for them."""
    told = [tap for tap in taps if tap is not None]
    return _Joined(boundary, told) if told else None


class _Joined:
    """Some that are told the same."""

    def __init__(self, boundary: Boundary, taps: list[ClientTap]) -> None:
        self.wall = taps[0].wall
        self._boundary = boundary
        self._taps = taps

    def client_query(self, data: bytes, ends: Ends) -> None:
        for tap in self._taps:
            self._boundary.attempt("tap", partial(tap.client_query, data, ends))

    def client_response(self, reply: bytes, ends: Ends, asked_at: float) -> None:
        for tap in self._taps:
            self._boundary.attempt("tap", partial(tap.client_response, reply, ends, asked_at))


class Tap:
    """Tells messages to whoever wants them. wall: seconds since the Unix epoch."""

    def __init__(self, options: DnstapOptions, put: Callable[[Heard], None], wall: Callable[[], float]) -> None:
        self.wall = wall
        self._put = put
        self._kinds = frozenset(options.messages)
        self.hears_clients = bool(self._kinds & CLIENT)
        self.hears_servers = bool(self._kinds & RESOLVER)

    def client_query(self, data: bytes, ends: Ends) -> None:
        """A client asked."""
        if "client_query" in self._kinds:
            self._put(_heard(Kind.CLIENT_QUERY, ends, self.wall(), 0.0, data))

    def client_response(self, reply: bytes, ends: Ends, asked_at: float) -> None:
        """It is answered. asked_at: by `wall`."""
        if "client_response" in self._kinds:
            self._put(_heard(Kind.CLIENT_RESPONSE, ends, asked_at, self.wall(), reply))

    def resolver_query(self, message: bytes, server: bytes, port: int, *, to_forwarder: bool, is_tcp: bool) -> None:
        """A server is asked."""
        if "resolver_query" in self._kinds:
            kind = Kind.FORWARDER_QUERY if to_forwarder else Kind.RESOLVER_QUERY
            self._put(Heard(kind, is_tcp, b"", 0, server, port, self.wall(), 0.0, message))

    def resolver_response(
        self, message: bytes, server: bytes, port: int, asked_at: float, *, from_forwarder: bool, is_tcp: bool
    ) -> None:
        """Something came from it. asked_at: by `wall`."""
        if "resolver_response" in self._kinds:
            kind = Kind.FORWARDER_RESPONSE if from_forwarder else Kind.RESOLVER_RESPONSE
            self._put(Heard(kind, is_tcp, b"", 0, server, port, asked_at, self.wall(), message))


def _heard(kind: Kind, ends: Ends, asked_at: float, answered_at: float, message: bytes) -> Heard:
    client, port, local, local_port, is_tcp = ends
    return Heard(kind, is_tcp, client, port, local, local_port, asked_at, answered_at, message)
