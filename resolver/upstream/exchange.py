"""One question to one server: what did it say, or why did it say nothing?

UDP first, with a random ID, a source port of its own, random letter case and EDNS; TCP when the reply is truncated or
somebody seems to guess. What a server turned out not to bear is remembered, but only after a reply that proves it.
"""

import errno
from collections.abc import Callable
from enum import Enum
from typing import Final

import msgspec
import trio

from cache.answer import Question
from cache.rrtypes import BADVERS, FORMERR, NOTIMP
from cache.servers import Edns, Servers, ServerState
from resolver.env import Address, Env
from resolver.upstream.choose import note_reply, note_silence
from resolver.upstream.counts import UpstreamCounts
from resolver.upstream.tcp import ask_tcp
from resolver.upstream.udp import NAME_END, Match, Suspicion, await_reply, match_of, read_echo
from resolver.wire import compose_query, question_octets, randomise_case
from resolver.wire.message import Response, Unreadable

EDNS_PAYLOAD: Final = 1232  # DNS Flag Day 2020: fits every path unfragmented
EDNS_BROKEN_FOR: Final = 900.0  # s; Unbound's infra-cache TTL
TCP_PATIENCE: Final = 3.0  # times the UDP timeout: a handshake and an exchange
MIN_TCP_TIMEOUT: Final = 1.0  # s
MAX_TCP_TIMEOUT: Final = 3.0  # s
FAMILY_ABSENT_FOR: Final = 60.0  # s without a route before this host is tried again for one
NEVER: Final = float("-inf")
NO_ROUTE: Final = frozenset((errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT))
EDNS_REFUSALS: Final = frozenset((FORMERR, NOTIMP, BADVERS))


class Reply(msgspec.Struct, frozen=True):
    """What the server said. received: monotonic seconds. is_proven: it echoed what only it could know, or came over TCP."""

    response: Response
    received: float
    is_proven: bool
    over_tcp: bool


class Fault(Enum):
    """Why there is no reply; the values are for people."""

    TIMEOUT = "no reply in time"
    UNREACHABLE = "unreachable"
    NO_ROUTE = "no route from here"
    BROKEN = "broken off"


class Upstream:
    """The direction to the servers: exchanges with them, and what these teach."""

    def __init__(
        self,
        env: Env,
        servers: Servers,
        counts: UpstreamCounts,
        *,
        case_randomization: bool = True,
    ) -> None:
        self.env = env
        self.counts = counts
        self.case_randomization = case_randomization
        self._servers = servers
        self._absent_until = {True: 0.0, False: 0.0}  # is it IPv6? -> monotonic seconds
        self._heard_at = {True: NEVER, False: NEVER}

    def state_of(self, server: Address) -> ServerState:
        """What is known of the server; to be changed in place."""
        return self._servers.of(server)

    def has_route(self, server: Address, now: float) -> bool:
        """False while this host is known to have no route for the server's address family."""
        return now >= self._absent_until[":" in server.host]

    def note_no_route(self, server: Address, now: float) -> None:
        """This host has no route for the server's address family.

        Left alone is that family only while the other one works. Otherwise the whole network is away, and the moment in
        which it comes back must not be missed; a packet that the kernel refuses costs next to nothing.
        """
        is_ipv6 = ":" in server.host
        if now - self._heard_at[not is_ipv6] < FAMILY_ABSENT_FOR:
            self.counts.family_absent += 1
            self._absent_until[is_ipv6] = now + FAMILY_ABSENT_FOR

    def note_heard(self, server: Address, now: float) -> None:
        """The server's address family works."""
        self._heard_at[":" in server.host] = now

    async def exchange(
        self,
        server: Address,
        question: Question,
        timeout: float,
        deadline: float,
        spend: Callable[[], None],
        *,
        is_recursive: bool,
    ) -> Reply | Fault:
        """Ask; wait `timeout` seconds for a UDP reply, some more for TCP, and for nothing past `deadline`.

        spend: called before each packet; what it raises ends the exchange. is_recursive: RD, for forwarders.
        """
        one = _Exchange(self, server, question, timeout, deadline, spend, is_recursive)
        with_edns = may_use_edns(one.state, self.env.now())
        outcome = await one.ask(with_edns)
        if isinstance(outcome, Reply) and with_edns:
            if refuses_edns(outcome.response):
                return await one.ask_without_edns(outcome)
            if outcome.is_proven and outcome.response.edns is not None:
                one.state.edns = Edns.WORKS
        return outcome


class _Exchange:
    """One question to one server, while it lasts."""

    def __init__(
        self,
        upstream: Upstream,
        server: Address,
        question: Question,
        timeout: float,
        deadline: float,
        spend: Callable[[], None],
        is_recursive: bool,
    ) -> None:
        self.state = upstream.state_of(server)
        self._upstream = upstream
        self._env = upstream.env
        self._counts = upstream.counts
        self._server = server
        self._asked = question_octets(question.qname, question.qtype)
        self._timeout = timeout
        self._deadline = deadline
        self._spend = spend
        self._is_recursive = is_recursive

    async def ask(self, with_edns: bool) -> Reply | Fault:
        """UDP, and TCP if that is what it takes."""
        randomise = self._upstream.case_randomization and self.state.keeps_case is not False
        asked = self._in_random_case() if randomise else self._asked
        outcome = await self._ask_udp(asked, with_edns)
        if isinstance(outcome, Fault) or (isinstance(outcome, Reply) and not outcome.response.is_truncated):
            return outcome
        if isinstance(outcome, Reply):
            self._counts.truncated += 1
        return await self._ask_tcp(asked, with_edns)

    async def ask_without_edns(self, refusal: Reply) -> Reply | Fault:
        """Once more, plainly. Remembered only if the server itself refused and then answered (CVE-2026-52690)."""
        self._counts.edns_fallbacks += 1
        outcome = await self.ask(with_edns=False)
        if isinstance(outcome, Reply) and refusal.is_proven and outcome.response.rcode not in EDNS_REFUSALS:
            self._counts.edns_broken_servers += 1
            self.state.edns = Edns.BROKEN
            self.state.edns_until = self._env.now() + EDNS_BROKEN_FOR
        return outcome

    async def _ask_udp(self, asked: bytes, with_edns: bool) -> Reply | Suspicion | Fault:
        sent_at = self._env.now()
        try:
            channel = self._env.network.open_udp(self._server)
        except OSError as error:
            return self._unsendable(error, sent_at)
        try:
            id, message = self._compose(asked, with_edns)
            self._counts.sent += 1
            channel.send(message)
            with trio.move_on_after(self._until_deadline(self._timeout, sent_at)):
                outcome = await await_reply(channel, id, asked, self._counts)
                if isinstance(outcome, Suspicion):
                    return outcome
                return self._taken(outcome, sent_at, is_proven=bool(outcome.asked) and asked != self._asked)
        except OSError as error:
            return self._unsendable(error, sent_at)
        finally:
            channel.close()
        return self._silent(sent_at)

    async def _ask_tcp(self, asked: bytes, with_edns: bool) -> Reply | Fault:
        sent_at = self._env.now()
        id, message = self._compose(asked, with_edns)
        self._counts.sent += 1
        self._counts.sent_tcp += 1
        try:
            patience = min(MAX_TCP_TIMEOUT, max(MIN_TCP_TIMEOUT, TCP_PATIENCE * self._timeout))
            with trio.move_on_after(self._until_deadline(patience, sent_at)):
                response = read_echo(await ask_tcp(self._env.network, self._server, message), asked)
                if isinstance(response, Unreadable):
                    self._counts.garbage += 1
                    return Fault.BROKEN
                return self._taken_over_tcp(response, id, asked, sent_at)
        except OSError as error:
            return self._unsendable(error, sent_at)
        return self._silent(sent_at)

    def _compose(self, asked: bytes, with_edns: bool) -> tuple[int, bytes]:
        self._spend()
        id = self._env.rng.getrandbits(16)
        return id, compose_query(
            id=id,
            asked=asked,
            rd=self._is_recursive,
            edns_payload=EDNS_PAYLOAD if with_edns else None,
            do=True,  # RFC 4035 §3.2.1: whether or not this client wants signatures: the next one may
        )

    def _in_random_case(self) -> bytes:
        name = self._asked[:NAME_END]
        return randomise_case(name, self._env.rng.getrandbits(8 * len(name))) + self._asked[NAME_END:]

    def _taken(self, response: Response, sent_at: float, *, is_proven: bool, over_tcp: bool = False) -> Reply:
        now = self._env.now()
        self._counts.received += 1
        self._upstream.note_heard(self._server, now)
        if not over_tcp:  # a handshake and an exchange say little about a datagram's round trip
            note_reply(self.state, now - sent_at, now)
        if is_proven and not over_tcp:
            self.state.keeps_case = True
        return Reply(response, now, is_proven, over_tcp)

    def _taken_over_tcp(self, response: Response, id: int, asked: bytes, sent_at: float) -> Reply | Fault:
        match = match_of(response, id, asked)
        if match not in (Match.REPLY, Match.OTHER_CASE) or response.is_truncated:
            self._counts.mismatched += 1
            return Fault.BROKEN
        if match is Match.OTHER_CASE and self.state.keeps_case is not False:
            # nobody off the path can say this over TCP: it is the server that changes the case
            self._counts.case_broken_servers += 1
            self.state.keeps_case = False
        return self._taken(response, sent_at, is_proven=bool(response.asked), over_tcp=True)

    def _until_deadline(self, patience: float, now: float) -> float:
        return max(0.0, min(patience, self._deadline - now))

    def _silent(self, sent_at: float) -> Fault:
        self._counts.timeouts += 1
        note_silence(self.state, sent_at, self._env.now())
        return Fault.TIMEOUT

    def _unsendable(self, error: OSError, sent_at: float) -> Fault:
        now = self._env.now()
        self._counts.unreachable += 1
        if error.errno in NO_ROUTE:
            self._upstream.note_no_route(self._server, now)
            return Fault.NO_ROUTE
        note_silence(self.state, sent_at, now)
        return Fault.UNREACHABLE


def may_use_edns(state: ServerState, now: float) -> bool:
    """Is the server not known to fail on EDNS?"""
    return state.edns is not Edns.BROKEN or now >= state.edns_until


def refuses_edns(response: Response) -> bool:
    """Does it say that it could not read a query with an OPT RR (RFC 6891 §7)?"""
    return response.rcode == BADVERS or (response.rcode in EDNS_REFUSALS and response.edns is None)
