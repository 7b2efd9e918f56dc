"""One question to one server: what did it say, or why did it say nothing?

UDP first, with a random ID, a source port of its own, random letter case and EDNS; TCP when the reply is truncated or
suspicious, and where there is none, UDP once more. What a server turned out not to bear is remembered, but only after a reply
that proves it.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Final

import msgspec
import trio

from cache.answer import Question
from cache.rrtypes import BADCOOKIE, BADVERS, FORMERR, NOTIMP
from cache.servers import Edns, ServerState
from resolver.env import Address, UdpChannel
from resolver.upstream.choose import patience_for
from resolver.upstream.cookies import PLAIN_OPT, Echo, echo_of, note_cookie, note_given_up, note_wrong, opt_for
from resolver.upstream.faults import Fault, errno_name, fault_of
from resolver.upstream.learning import note_late, note_refusal, note_reply, note_silence
from resolver.upstream.shared import Upstream
from resolver.upstream.udp import NAME_END, Match, Suspicion, await_reply, match_of, read_echo
from resolver.wire import question_octets, randomise_case, with_opt
from resolver.wire.message import RD, Response, Unreadable

EDNS_BROKEN_FOR: Final = 900.0  # s; Unbound's infra-cache TTL
TCP_PATIENCE: Final = 3.0  # times the UDP timeout: a handshake and an exchange
MIN_TCP_TIMEOUT: Final = 1.0  # s
MAX_TCP_TIMEOUT: Final = 3.0  # s
EDNS_REFUSALS: Final = frozenset((FORMERR, NOTIMP, BADVERS))


class Assurance(IntEnum):
    """How sure is it that the server itself said it? Beside ID and port, what must a forger off the path have guessed?"""

    NONE = 0
    CASE = 1  # the letter case of the name: a bit for each letter
    COOKIE = 2  # our DNS Cookie: 64 bits
    TCP = 3  # he cannot


class Reply(msgspec.Struct, frozen=True):
    """What the server said. received: monotonic seconds."""

    response: Response
    received: float
    assurance: Assurance


class Exchange:
    """One question to one server, while it lasts: sent once, then listened to in turns, and finished by whoever can wait.

    late_at: when its reply is late. ends_at: until when it is listened to (monotonic seconds). is_wanted: does anybody wait
    for it still? was_late: it did not answer in time. caused_another: somebody else was asked because of that.
    """

    def __init__(
        self,
        upstream: Upstream,
        server: Address,
        question: Question,
        wait: float,
        deadline: float,
        spend: Callable[[], None],
        *,
        is_recursive: bool,
    ) -> None:
        """wait: seconds after which the reply is late; nothing is waited for past `deadline` (monotonic seconds).

        spend: called before each packet; what it raises is raised by whoever sent it. is_recursive: RD, for forwarders.
        """
        self.server = server
        self.state = upstream.state_of(server)
        self.sent_at = self.late_at = self.ends_at = upstream.env.now()
        self.is_wanted = True
        self.caused_another = False
        self._upstream = upstream
        self._env = upstream.env
        self._counts = upstream.counts
        self._question = question
        self._asked = self._shown = question_octets(question.qname, question.qtype)
        self._wait = wait
        self._deadline = deadline
        self._spend = spend
        self._is_recursive = is_recursive
        self._has_edns = may_use_edns(self.state, self.sent_at)
        self._has_new_cookie = False  # is this the second try, after BADCOOKIE?
        self._suspicion: Suspicion | None = None  # of the first try, which TCP could not clear up
        self._has_met_wrong_cookie = False
        self._cookie = b""
        self._id = 0
        self._channel: UdpChannel | None = None
        self._heard: Reply | Suspicion | Fault | None = None
        self.was_late = False

    def send(self) -> None:
        """Ask over UDP; what hinders it is heard by `listen`."""
        may_randomise = self._upstream.case_randomization and self._suspicion is not Suspicion.OTHER_CASE
        if may_randomise and self.state.keeps_case is not False:
            self._shown = self._in_random_case()
        self._id, message = self._compose(self._shown, self._has_edns)
        self.late_at = min(self.sent_at + self._wait, self._deadline)
        self.ends_at = min(self.sent_at + patience_for(self._wait), self._deadline)
        try:
            self._channel = self._env.network.open_udp(self.server)
            self._counts.sent += 1
            self._channel.send(message)
        except OSError as error:
            self.close()
            self._heard = self._unsendable(error)

    def close(self) -> None:
        """Listen no more."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    async def listen(self) -> Reply | Fault | None:
        """What came over UDP before it was late; None when that is not the end: `finish` goes on."""
        if self._heard is None:
            self._heard = await self._hear(self.late_at - self._env.now())
        heard = self._heard
        if heard is None:
            self._note_late()
        elif isinstance(heard, Fault) or (isinstance(heard, Reply) and self._settles(heard.response)):
            return heard
        return None

    async def finish(self) -> Reply | Fault:
        """The outcome; waits for it until `ends_at`, and some more over TCP."""
        if not self.was_late:
            outcome = await self.listen()
            if outcome is not None:
                return outcome
        if self._heard is None:
            self._heard = await self._hear(self.ends_at - self._env.now())
        heard = self._heard
        if heard is None:
            self.close()
            return self._silent(self.sent_at)
        if isinstance(heard, Fault) or (isinstance(heard, Reply) and not self.is_wanted):
            return heard
        return await self._settle(heard)

    async def _settle(self, heard: Reply | Suspicion) -> Reply | Fault:
        """What a reply that is no answer yet leads to."""
        self.late_at = min(self._env.now() + TCP_PATIENCE * self._wait, self._deadline)
        self.ends_at = self._deadline  # what follows has waits of its own, and ends by itself before that
        if isinstance(heard, Suspicion):
            return await self._clear_up(heard)
        response = heard.response
        if response.rcode == BADCOOKIE and not self._has_new_cookie:
            return await self._ask_with_new_cookie()
        if not response.is_truncated and response.rcode != BADCOOKIE:
            return await self._ask_without_edns(heard) if self._refuses_edns(response) else heard
        if response.is_truncated:
            self._counts.truncated += 1
        return await self._ask_tcp_for_all()

    async def _clear_up(self, suspicion: Suspicion) -> Reply | Fault:
        """The reply over TCP, where nobody off the path can forge; from a server without TCP one over UDP, from a new port.

        It is asked without the guard that it seems not to bear. Another reply to that, with an ID and a port of its own, is
        as hard to forge as any of a server that never bore it, and proves it.
        """
        if self._suspicion is not None:
            return Fault.BROKEN
        outcome = await self._ask_tcp_for_all()
        if isinstance(outcome, Reply) or outcome in (Fault.NO_ROUTE, Fault.THIS_HOST):
            return outcome
        self._counts.cleared_up_without_tcp += 1
        again = self._again()
        again._suspicion = suspicion
        outcome = await again._ask_at_once()
        if isinstance(outcome, Reply) and suspicion is Suspicion.OTHER_CASE:
            self._note_other_case()
        elif isinstance(outcome, Reply) and suspicion is Suspicion.NO_COOKIE:
            self._note_cookies_given_up()
        return outcome

    async def _ask_tcp_for_all(self) -> Reply | Fault:
        """Over TCP, and once more without EDNS if it is refused."""
        outcome = await self._ask_tcp(self._shown, self._has_edns)
        if isinstance(outcome, Reply) and self._refuses_edns(outcome.response):
            return await self._ask_without_edns(outcome)
        return outcome

    async def _ask_without_edns(self, refusal: Reply) -> Reply | Fault:
        """Once more, plainly. Remembered only if the server itself refused and then answered (CVE-2026-52690)."""
        self._counts.edns_fallbacks += 1
        again = self._again()
        again._has_edns = False
        outcome = await again._ask_at_once()
        if isinstance(outcome, Reply) and refusal.assurance and outcome.response.rcode not in EDNS_REFUSALS:
            self._counts.edns_broken_servers += 1
            self.state.edns = Edns.BROKEN
            self.state.edns_until = self._env.now() + EDNS_BROKEN_FOR
        return outcome

    async def _ask_with_new_cookie(self) -> Reply | Fault:
        """Once more, with the cookie that came with BADCOOKIE; when that is not right either, over TCP (RFC 7873 §5.3)."""
        self._counts.bad_cookies += 1
        again = self._again()
        again._has_new_cookie = True
        return await again._ask_at_once()

    def _again(self) -> "Exchange":
        return Exchange(
            self._upstream,
            self.server,
            self._question,
            self._wait,
            self._deadline,
            self._spend,
            is_recursive=self._is_recursive,
        )

    async def _ask_at_once(self) -> Reply | Fault:
        self.send()
        try:
            return await self.finish()
        finally:
            self.close()

    async def _hear(self, seconds: float) -> Reply | Suspicion | Fault | None:
        """What comes over UDP within so many seconds; None: nothing of use."""
        assert self._channel is not None
        try:
            with trio.move_on_after(max(0.0, seconds)):
                outcome = await await_reply(
                    self._channel, self._id, self._shown, self._cookie, self._note_wrong_cookie, self._counts
                )
                self.close()
                if isinstance(outcome, Suspicion):
                    return outcome
                return self._taken(outcome, keeps_case=bool(outcome.asked) and self._shown is not self._asked)
        except OSError as error:
            self.close()
            return self._unsendable(error)
        except BaseException:  # cancelled
            self.close()
            raise
        return None

    def _settles(self, response: Response) -> bool:
        if not response.rcode:
            return not response.is_truncated
        return not response.is_truncated and response.rcode != BADCOOKIE and not self._refuses_edns(response)

    def _refuses_edns(self, response: Response) -> bool:
        return self._has_edns and refuses_edns(response)

    async def _ask_tcp(self, asked: bytes, with_edns: bool) -> Reply | Fault:
        sent_at = self._env.now()
        id, message = self._compose(asked, with_edns)
        self._counts.sent += 1
        self._counts.sent_tcp += 1
        try:
            patience = min(MAX_TCP_TIMEOUT, max(MIN_TCP_TIMEOUT, TCP_PATIENCE * self._wait))
            with trio.move_on_after(max(0.0, min(patience, self._deadline - sent_at))):
                response = read_echo(await self._upstream.connections.ask(self.server, message), asked)
                if isinstance(response, Unreadable):
                    self._counts.garbage += 1
                    return Fault.BROKEN
                return self._taken_over_tcp(response, id, asked)
        except OSError as error:
            return self._unsendable(error)
        return self._silent(sent_at)

    def _compose(self, asked: bytes, with_edns: bool) -> tuple[int, bytes]:
        self._spend()
        id = self._env.rng.getrandbits(16)
        opt = b""
        self._cookie = b""
        if with_edns and self._suspicion is Suspicion.NO_COOKIE:
            opt = PLAIN_OPT
        elif with_edns:
            opt = opt_for(self.state, self._env.rng, self.sent_at)
            self._cookie = self.state.cookie
        return id, with_opt(id, RD if self._is_recursive else 0, asked, opt)

    def _in_random_case(self) -> bytes:
        name = self._asked[:NAME_END]
        return randomise_case(name, self._env.rng.getrandbits(8 * len(name))) + self._asked[NAME_END:]

    def _taken(self, response: Response, *, keeps_case: bool = False, over_tcp: bool = False) -> Reply:
        now = self._env.now()
        is_seen = echo_of(response, self._cookie) is Echo.RIGHT
        if is_seen:
            note_cookie(self.state, response)
        by_case = Assurance.CASE if keeps_case else Assurance.NONE
        assurance = Assurance.TCP if over_tcp else Assurance.COOKIE if is_seen else by_case
        self._counts.received += 1
        self._upstream.families.note_heard(self.server, now)
        if not over_tcp:  # a handshake and an exchange say little about a datagram's round trip
            if not self.state.rttvar:
                self._upstream.typical.note(now - self.sent_at)
            note_reply(self.state, now - self.sent_at, now)
            if keeps_case:
                self.state.keeps_case = True
            if self.was_late:
                self._counts.late_replies += 1
        if self._has_edns and assurance and response.edns is not None:
            self.state.edns = Edns.WORKS
        return Reply(response, now, assurance)

    def _taken_over_tcp(self, response: Response, id: int, asked: bytes) -> Reply | Fault:
        match = match_of(response, id, asked)
        if match not in (Match.REPLY, Match.OTHER_CASE) or response.is_truncated:
            self._counts.mismatched += 1
            return Fault.BROKEN
        if match is Match.OTHER_CASE and self.state.keeps_case is not False:
            self._note_other_case()  # nobody off the path can say this over TCP: it is the server that changes the case
        if echo_of(response, self._cookie) is Echo.MISSING:
            self._note_cookies_given_up()
        return self._taken(response, over_tcp=True)

    def _note_other_case(self) -> None:
        self._counts.case_broken_servers += 1
        self.state.keeps_case = False

    def _note_cookies_given_up(self) -> None:
        self._counts.cookies_given_up += 1
        note_given_up(self.state, self._env.now())

    def _note_late(self) -> None:
        if not self.was_late:
            self.was_late = True
            now = self._env.now()
            note_late(self.state, self.sent_at, now)
            if self._upstream.families.note_late(self.server, now):
                self._counts.family_absent += 1

    def _note_wrong_cookie(self) -> None:
        self._has_met_wrong_cookie = True

    def _silent(self, sent_at: float) -> Fault:
        self._counts.timeouts += 1
        if self._has_met_wrong_cookie:
            note_wrong(self.state)
        if self.caused_another:
            self._upstream.allowance.give_back()
        note_silence(self.state, sent_at, self._env.now())
        return Fault.TIMEOUT

    def _unsendable(self, error: OSError) -> Fault:
        now = self._env.now()
        fault = fault_of(error)
        if fault is Fault.THIS_HOST:  # nothing is learned of the server
            name = errno_name(error)
            self._counts.host_errors[name] = self._counts.host_errors.get(name, 0) + 1
            return fault
        self._counts.unreachable += 1
        if fault is Fault.NO_ROUTE and self._upstream.families.note_no_route(self.server, now):
            self._counts.family_absent += 1
        elif fault is Fault.UNREACHABLE:
            note_refusal(self.state, now)
        return fault


def may_use_edns(state: ServerState, now: float) -> bool:
    """Is the server not known to fail on EDNS?"""
    return state.edns is not Edns.BROKEN or now >= state.edns_until


def refuses_edns(response: Response) -> bool:
    """Does it say that it could not read a query with an OPT RR (RFC 6891 §7)?"""
    return response.rcode == BADVERS or (response.rcode in EDNS_REFUSALS and response.edns is None)
