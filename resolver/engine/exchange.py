"""One question to one server: what did it say, or why did it say nothing? A machine that datagrams, streams and timers move.

UDP first, with a random ID, a source port of its own, random letter case and EDNS (guards.py). What comes back is a Signal;
the table in phases.py says what is tried next, and where it says nothing the exchange is over. Nothing but the reply ends the
wait for it: a forger's datagram must not cost the client the right one that comes after it (TuDoor). What is the reply but for
what only the server should have got wrong leads on to the next means at once. What a server turned out not to bear is
remembered, but only after a reply that proves it (lessons.py).
"""

from collections.abc import Callable
from typing import Final, final

from mypy_extensions import mypyc_attr

from cache.answer import Question
from cache.names import WireName
from cache.servers import Edns
from resolver.engine.lessons import (
    learn_of_case,
    learn_of_cookies,
    learn_of_delay,
    learn_of_edns,
    learn_of_error,
    learn_of_options,
    learn_of_round_trip,
    learn_of_silence,
)
from resolver.engine.means import CallOff, Means, StreamReply
from resolver.engine.phases import (
    DISCARDED,
    FIRST,
    NEXT,
    OF_COOKIES,
    OF_GUARDS,
    REFUSALS,
    Phase,
    Signal,
    Suspicion,
    is_over_tcp,
    refusal_of,
    signal_of,
)
from resolver.engine.timers import NEVER, Timer
from resolver.env import UdpChannel
from resolver.errors import ResolutionFailure
from resolver.iterate.budget import Budget
from resolver.upstream.choose import Candidate, patience_for, tcp_lateness, tcp_patience_for
from resolver.upstream.guards import Echo, Guards, Match, has_server_cookie, note_borne, note_cookie
from resolver.upstream.learning import is_silent, may_use_edns, note_discard
from resolver.upstream.replies import Assurance, NoReply, Reply
from resolver.wire.message import Response, Unreadable

MAX_NEAR_MISSES: Final = 1  # PowerDNS' spoof-nearmiss-max: right question, wrong ID
MAX_STRAY_DATAGRAMS: Final = 64  # that a wait looks at; who sends more than this is flooding, and TCP is not flooded

Outcome = Reply | NoReply | ResolutionFailure  # the last: the budget did not allow another packet


@final
@mypyc_attr(free_list_len=1)
class Exchange:
    """One question to one server, while it lasts.

    sent_at, late_at, ends_at: when it was asked last, when its reply is late, until when it is listened to (monotonic
    seconds). is_wanted: does anybody wait for it still? was_late: it did not answer in time. caused_another: somebody else
    was asked because of that.
    """

    def __init__(
        self,
        means: Means,
        asked: Candidate,
        question: Question,
        wait: float,
        budget: Budget,
        name: WireName,
        on_late: Callable[["Exchange"], None],
        on_over: Callable[["Exchange", Outcome], None],
        *,
        is_recursive: bool,
        silent_since: float = NEVER,
        begins: Phase = FIRST,
    ) -> None:
        """asked: whom. wait: seconds after which the reply is late. budget: what each packet is taken from, on behalf of `name`.

        on_late: told at most once for each time it is asked. on_over: told once. is_recursive: by a forwarder.
        silent_since: when it was first asked the same, if it has not answered yet. begins: how it is asked first.
        """
        self.server = asked.server
        self.state = asked.state
        self.sent_at = self.late_at = self.ends_at = means.mesh.now
        self.is_wanted = True
        self.was_late = False
        self.caused_another = False
        self._override = override = means.override_of(asked.server)
        self._is_tcp_only = override is not None and override.tcp == "always"
        self.phase = Phase.STREAM if self._is_tcp_only else begins
        self._means = means
        self._counts = means.upstream_counts
        self._wait = wait
        self._budget = budget
        self._name = name
        self._on_late = on_late
        self._on_over = on_over
        self._flags = means.flags_to_forwarders if is_recursive else 0
        self._question = question
        self._guards = Guards(question)
        self._silent_since = silent_since
        self._has_edns = may_use_edns(self.state, self.sent_at)
        # some servers, or boxes before them, drop each query with an option that they do not know; without the cookie that
        # one has given it is asked only where nobody off the path can answer
        may_be_plain = begins is Phase.STREAM or not has_server_cookie(self.state)
        self._is_plain = may_be_plain and (silent_since != NEVER or is_silent(self.state))
        if override is not None:
            self._has_edns = self._has_edns and override.edns
            self._is_plain = self._is_plain or not override.cookies
        self._refused = self._refused_cookie = Assurance.NONE  # how sure a refusal of EDNS was, or of a cookie
        self._suspicion: Suspicion | None = None
        self._discarded: NoReply | None = None  # what was wrong with a reply that was not taken
        self._heard_after = 0.0  # s after which that came
        self._near_misses = 0
        self._strays = 0
        self._channel: UdpChannel | None = None
        self._stream: CallOff | None = None
        self._timer: Timer | None = None

    def send(self) -> None:
        """Ask for the first time. Raises WorkExhausted; what else hinders it is told like any other end."""
        self._ask()

    def close(self) -> None:
        """Listen no more, and tell nobody."""
        self.is_wanted = False
        self._end_attempt()

    def _ask(self) -> None:
        """As the phase says; raises WorkExhausted."""
        self._budget.spend_query(self._name)
        mesh, deadline = self._means.mesh, self._budget.deadline
        self.sent_at = now = mesh.now
        self.was_late = False
        self._counts.sent += 1
        if self.is_over_tcp:
            heard_after = self._heard_after if self.phase is Phase.CLEARING else 0.0
            self.late_at = min(now + tcp_lateness(self._wait), deadline)
            self.ends_at = min(now + tcp_patience_for(self._wait, heard_after), deadline)
            self._send_over_tcp(max(0.0, self.ends_at - now))
        else:
            self.late_at = min(now + self._wait, deadline)
            self.ends_at = min(now + patience_for(self._wait), deadline)
            self._send_over_udp()

    @property
    def is_over_tcp(self) -> bool:
        """Is it asked over TCP now?"""
        return self._is_tcp_only or is_over_tcp(self.phase)

    @property
    def is_clearing_up(self) -> bool:
        """Has it said something that was not taken, and is asked over TCP, briefly, before it is asked in another way?"""
        return self.phase is Phase.CLEARING and self._heard_after > 0.0

    @property
    def _is_unguarded(self) -> bool:
        """Is it asked without any guard now? One that bears neither would fail with either."""
        return self.phase is Phase.UNGUARDED and self._suspicion in OF_GUARDS

    def _send_over_udp(self) -> None:
        may_turn = self._suspicion is not Suspicion.OTHER_CASE and not self._is_unguarded
        if self._means.case_randomization and may_turn and self.state.keeps_case is not False:
            self._guards.draw_case(self._means.rng)
        self._near_misses = self._strays = 0
        try:
            self._channel = self._means.network.connect_udp(self.server, self._receive)
            self._channel.send(self._compose())
        except OSError as error:
            self._refuse(error)
            return
        self._timer = self._means.mesh.timers.at(self.late_at, self._note_late)

    def _send_over_tcp(self, patience: float) -> None:
        self._counts.sent_tcp += 1
        self._stream = self._means.streams.ask(self.server, self._compose(), patience, self._take_stream)
        if self._stream is not None and self.late_at < self.ends_at:
            self._timer = self._means.mesh.timers.at(self.late_at, self._note_late)

    def _compose(self) -> bytes:
        has_options = not (self._is_plain or self._is_unguarded)
        return self._guards.compose(
            self.state, self._means.rng, self.sent_at, self._flags, has_edns=self._has_edns, has_options=has_options
        )

    # What comes in

    def _receive(self, data: bytes | OSError) -> None:
        """A datagram, or what the network says of ours."""
        if self._channel is None:
            return
        if not isinstance(data, bytes):
            self._refuse(data)
            return
        response = self._guards.read(data)
        if isinstance(response, Unreadable):
            if self._guards.is_echo(data):
                self._hear_garbled(response)
            else:
                self._counts.garbage += 1
                self._note_stray()
            return
        match = self._guards.match_of(response)
        if match is Match.REPLY:
            self._hear(response)
        elif match is Match.OTHER_CASE:
            self._counts.case_mismatched += 1
            self._suspect(Suspicion.OTHER_CASE)
        elif match is Match.NEAR_MISS:
            self._counts.near_misses += 1
            self._near_misses += 1
            if self._near_misses >= MAX_NEAR_MISSES:
                self._suspect(Suspicion.GUESSING)
        else:
            self._counts.mismatched += 1
            self._note_stray()

    def _note_stray(self) -> None:
        self._strays += 1
        if self._strays >= MAX_STRAY_DATAGRAMS:
            self._suspect(Suspicion.FLOOD)

    def _hear(self, response: Response) -> None:
        """The reply to the query just sent, if its cookie is right."""
        echo = self._guards.echo_of(response)
        if echo is Echo.WRONG:
            self._counts.cookie_mismatched += 1  # RFC 7873 §5.3: discarded
            self._suspect(Suspicion.OTHER_COOKIE)
        elif echo is Echo.MISSING:
            self._counts.cookies_missing += 1
            self._suspect(Suspicion.NO_COOKIE)
        else:
            reply = self._taken(
                response, echo, keeps_case=bool(response.asked) and self._guards.has_case, over_tcp=False
            )
            self._go_on(signal_of(response, has_edns=self._has_edns, has_cookie=bool(self._guards.cookie)), reply)

    def _hear_garbled(self, garbled: Unreadable) -> None:
        """The reply to the query just sent, as far as its head can tell."""
        self._counts.malformed += 1
        if not self.is_over_tcp and self._guards.has_server_cookie:  # its head proves less than a cookie would
            self._suspect(Suspicion.GARBLED, garbled.reason)
            return
        self._discard(NoReply.GARBLED, garbled.reason)
        self._go_on(Signal.GARBLED if self._has_edns else Signal.FAILED, NoReply.GARBLED)

    def _suspect(self, suspicion: Suspicion, detail: str = "") -> None:
        why = DISCARDED.get(suspicion)
        if why is not None:
            self._heard_after = self._means.mesh.now - self.sent_at
            self._discard(why, detail)
        else:
            self._means.mesh.trace.discarded(self._budget, self._question, self.server, suspicion.value)
        if self.phase is not Phase.UNGUARDED:
            self._suspicion = suspicion
        self._go_on(Signal.SUSPICIOUS, why or NoReply.BROKEN)

    def _discard(self, why: NoReply, detail: str = "") -> None:
        """Something of the server's, it seems, that is not taken."""
        self._discarded = why
        note_discard(self.state, why.value)
        self._means.mesh.trace.discarded(self._budget, self._question, self.server, why.value, detail)

    def _take_stream(self, said: StreamReply) -> None:
        """What came over TCP; None: nothing in time."""
        self._stream = None
        if said is None:
            self._fall_silent()
            return
        if isinstance(said, OSError):
            self._refuse(said)
            return
        response = self._guards.read(said)
        if isinstance(response, Unreadable):
            self._hear_garbled(response)
            return
        match = self._guards.match_of(response)
        if match not in (Match.REPLY, Match.OTHER_CASE):
            self._counts.mismatched += 1
            self._go_on(Signal.FAILED, NoReply.BROKEN)
            return
        if response.is_truncated:
            self._go_on(Signal.FAILED, NoReply.TOO_LONG)
            return
        if match is Match.OTHER_CASE and self.state.keeps_case is not False:
            # nobody off the path can say this over TCP: it is the server that changes the case
            learn_of_case(self._means, self.state)
        echo = self._guards.echo_of(response)
        if echo in (Echo.MISSING, Echo.WRONG):
            learn_of_cookies(self._means, self.state)
        reply = self._taken(response, echo, keeps_case=False, over_tcp=True)
        self._go_on(refusal_of(response, has_edns=self._has_edns, has_cookie=bool(self._guards.cookie)), reply)

    def _note_late(self) -> None:
        """The moment has come after which its reply is late."""
        self.was_late = True
        self._timer = None
        if not self.is_over_tcp:
            learn_of_delay(self._means, self.server, self.state, self.sent_at)
            self._timer = self._means.mesh.timers.at(self.ends_at, self._fall_silent)
        if self.is_wanted:
            self._on_late(self)

    def _fall_silent(self) -> None:
        """Nothing has come in all the time that it was listened to."""
        self._counts.timeouts += 1
        if self.caused_another:
            self._means.allowance.give_back()
        if self._is_tcp_only or not self.is_over_tcp:  # many a server has no TCP, and answers
            learn_of_silence(self._means, self.state, self.sent_at)
        self._go_on(Signal.SILENT, NoReply.TIMEOUT)

    def _refuse(self, error: OSError) -> None:
        """It cannot be sent to, or the network says that nobody is there."""
        why = learn_of_error(self._means, self.server, self.state, error, over_tcp=self.is_over_tcp)
        is_ours = why is NoReply.THIS_HOST or why is NoReply.NO_ROUTE
        self._go_on(Signal.HINDERED if is_ours else Signal.FAILED, why)

    # What it leads to

    def _go_on(self, signal: Signal, outcome: Reply | NoReply) -> None:
        """Ask once more as the table says, or be over."""
        self._end_attempt()
        phase = NEXT.get((self.phase, signal)) if signal is not Signal.SETTLED and self.is_wanted else None
        if phase is not None and is_over_tcp(phase) and self._override is not None and self._override.tcp == "never":
            phase, outcome = (Phase.UNGUARDED, outcome) if phase is Phase.CLEARING else (None, NoReply.CUT_SHORT)
        if phase is None:
            if isinstance(outcome, Reply):
                self._remember(outcome)
            elif self._discarded is not None and signal in (Signal.SILENT, Signal.FAILED):
                outcome = self._discarded
            self._on_over(self, outcome)
            return
        self._prepare(phase, signal, outcome)
        self.phase = phase
        try:
            self._ask()
        except ResolutionFailure as failure:
            self._on_over(self, failure)

    def _prepare(self, phase: Phase, signal: Signal, outcome: Reply | NoReply) -> None:
        """Count why it is asked once more, and put aside what it does not bear."""
        if signal is Signal.TRUNCATED:
            self._counts.truncated += 1
        elif signal is Signal.BAD_COOKIE:
            self._counts.bad_cookies += phase is Phase.NEW_COOKIE
        elif signal is Signal.NO_COOKIE:
            assert isinstance(outcome, Reply)
            self._is_plain, self._refused_cookie = True, outcome.assurance
        elif signal in (Signal.NO_EDNS, Signal.GARBLED):
            self._counts.edns_fallbacks += 1
            self._has_edns = False
            by_case = Assurance.CASE if self._guards.has_case else Assurance.NONE
            self._refused = outcome.assurance if isinstance(outcome, Reply) else by_case
        if phase is Phase.UNGUARDED:
            self._counts.cleared_up_without_tcp += 1
        if not is_over_tcp(phase) and not self._is_tcp_only:
            self._guards.drop_case()

    def _remember(self, reply: Reply) -> None:
        """What the reply that ends it proves of the server, by what had to be left out for it."""
        if self.phase is Phase.UNGUARDED and self._suspicion is Suspicion.OTHER_CASE:
            learn_of_case(self._means, self.state)
        elif self.phase is Phase.UNGUARDED and self._suspicion in OF_COOKIES:
            learn_of_cookies(self._means, self.state)
        if reply.response.rcode not in REFUSALS:  # CVE-2026-52690: only if the refusal was its own
            if self._refused_cookie is not Assurance.NONE:
                learn_of_cookies(self._means, self.state)
            if self._refused is not Assurance.NONE:
                learn_of_edns(self._means, self.state)

    def _taken(self, response: Response, echo: Echo, *, keeps_case: bool, over_tcp: bool) -> Reply:
        state, means, now = self.state, self._means, self._means.mesh.now
        is_seen = echo is Echo.RIGHT
        if is_seen and self._guards.cookie:
            note_borne(state, self._guards.cookie)
            note_cookie(state, response)
        by_case = Assurance.CASE if keeps_case else Assurance.NONE
        assurance = Assurance.TCP if over_tcp else Assurance.COOKIE if is_seen else by_case
        self._counts.received += 1
        if response.flaw:
            note_discard(state, response.flaw)
        if self._is_plain and assurance is not Assurance.NONE and state.last_heard <= self._silent_since < now:
            learn_of_options(means, state)
        means.families.note_heard(self.server, now)
        if not over_tcp:  # a handshake and an exchange say little about a datagram's round trip
            learn_of_round_trip(means, state, self.sent_at, was_late=self.was_late)
            if keeps_case:
                state.keeps_case = True
        if self._has_edns and assurance is not Assurance.NONE and response.edns is not None:
            state.edns = Edns.WORKS
        return Reply(response, now, assurance)

    def _end_attempt(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._stream is not None:
            self._stream.call_off()
            self._stream = None
        if self._timer is not None:
            self._timer.call_off()
            self._timer = None
