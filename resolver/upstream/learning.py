"""What do a reply, a delay, a silence and a refusal teach: about a server, servers as such, and the way to them? Pure."""

from typing import Final

from cache.names import WireName
from cache.servers import Edns, ServerState
from resolver.env import Address

GUESS: Final = 0.25  # s that a server never heard of is given while none has been: few on earth are farther
MIN_TYPICAL, MAX_TYPICAL = 0.1, 0.376  # s that it is given later; the greater is Unbound's guess
SAMPLES: Final = 8  # first replies that make a server typical
GUESSED_LOST: Final = 0.25  # of the servers asked for the first time, that they say nothing in time: believed like
GUESSED_TRIES: Final = 4  # so many that were asked
MAX_TRIES: Final = 32  # the last of which tell how many are lost
DEVIATIONS: Final = 2.5  # beyond the mean, after which a server never heard is late
REPLIES: Final = 8  # of a server, after which as many more may be expected
SRTT_GAIN: Final = 1 / 8  # RFC 6298 §2.3
RTTVAR_GAIN: Final = 1 / 4
LOSS_GAIN: Final = 1 / 16
FIRST_VARIATION: Final = (
    1 / 8
)  # of the first round trip; RFC 6298 says 1/2, but being late costs a packet here, no reply
MIN_VARIATION: Final = 0.001  # s
DEAD_AFTER: Final = 4  # late replies in a row (Knot), after which a server gets single probes only
DEAD_SILENCE: Final = 0.8  # s that it must have been silent for (Knot): a burst of questions is one silence, not four
HOLD_DOWN: Final = 1.0  # s until a probe is due; doubles with each further silence
MAX_HOLD_DOWN: Final = 30.0  # s, and between two looks at one never heard; when nobody else is left it is asked at once
MAX_LAME_OCTETS: Final = 2048  # per server, of zones that it does not serve: more are forgotten and found out again
LAME_OCTETS: Final = 100  # that each takes beside its name
LAME_FOR: Final = 900.0  # s: Unbound's infra-cache TTL
EDNS_BROKEN_FOR: Final = 900.0  # s: as above
ABSENT_FOR: Final = 60.0  # s that a family is left alone before it is tried again
LATE_AT_FIRST: Final = 3  # late replies in a row of a family of which nobody was ever heard
LATE_IN_A_ROW: Final = 16  # the same of a family that did work once; some zones have dead servers only
NEVER: Final = float("-inf")
NONE: Final[frozenset[bool]] = frozenset()


class Typical:
    """What a server takes of which nobody has heard, and is it there at all? Others that were asked for the first time tell."""

    __slots__ = ("_samples", "_tries", "hoped_for", "lost", "rttvar", "srtt", "wait")

    def __init__(self) -> None:
        self.srtt = GUESS / 2
        self.rttvar = GUESS / 4
        self.wait = GUESS  # s after which its reply is late
        self.hoped_for = 0.0  # s that a good one takes: who takes longer may have a better neighbour
        self.lost = GUESSED_LOST  # share that said nothing in time
        self._samples = 0
        self._tries = GUESSED_TRIES

    @property
    def is_guessed(self) -> bool:
        """Is it rather guessed than known what they do?"""
        return self._samples < GUESSED_TRIES

    def costs(self, replies: int) -> float:
        """Seconds: a known server that takes longer is worth leaving for one never heard.

        replies: that were heard of the known one. The more it is asked, the more there will be that a nearer one answers sooner,
        and the less counts the one question that finds out and meets a far or a silent one.
        """
        use = replies / REPLIES
        in_vain = self.lost / max(1 - self.lost, 1 / MAX_TRIES) * self.wait
        return self.srtt - use * self.rttvar + in_vain / (1 + use)

    def note(self, rtt: float) -> None:
        """A server was heard for the first time."""
        self._samples = min(self._samples + 1, 4 * SAMPLES)
        self.srtt += (rtt - self.srtt) / self._samples
        self.rttvar += (abs(rtt - self.srtt) - self.rttvar) / (self._samples + 1)  # one reply does not tell
        if self._samples >= SAMPLES:
            self.wait = min(max(self.srtt + DEVIATIONS * self.rttvar, MIN_TYPICAL), MAX_TYPICAL)
            self.hoped_for = max(0.0, self.srtt - self.rttvar)

    def note_first(self, *, is_late: bool) -> None:
        """A server that nobody had heard was asked, and said something in time or not."""
        self._tries = min(self._tries + 1, MAX_TRIES)
        self.lost += (is_late - self.lost) / self._tries


def is_known(state: ServerState) -> bool:
    """Was a round trip to it ever measured?"""
    return state.rttvar > 0.0


def is_silent(state: ServerState) -> bool:
    """Has it been silent for so long that clients do not wait for it while others are there?"""
    return state.probe_at > 0.0


def is_probe_due(state: ServerState, now: float) -> bool:
    """Is it time to see whether a silent one came back?"""
    return now >= state.probe_at


def note_reply(state: ServerState, rtt: float, now: float) -> None:
    """A reply came after `rtt` seconds."""
    if state.rttvar:
        difference = rtt - state.srtt
        state.rttvar = max(MIN_VARIATION, state.rttvar + RTTVAR_GAIN * (abs(difference) - state.rttvar))
        state.srtt += SRTT_GAIN * difference
    else:
        state.srtt = rtt
        state.rttvar = max(MIN_VARIATION, FIRST_VARIATION * rtt)
    if state.timeouts_in_a_row or state.loss:
        state.loss -= LOSS_GAIN * state.loss
        state.timeouts_in_a_row = 0
        state.probe_at = 0.0
    state.replies += 1
    state.last_heard = now


def note_late(state: ServerState, sent_at: float, now: float) -> None:
    """The reply to a query sent at `sent_at` is late."""
    if state.last_heard > sent_at:
        return  # it answered others meanwhile: this packet was lost, the server is there
    if not state.timeouts_in_a_row:
        state.silent_since = sent_at
    state.timeouts_in_a_row += 1
    if state.timeouts_in_a_row >= DEAD_AFTER and now - state.silent_since >= DEAD_SILENCE:
        hold_down(state, now)


def note_silence(state: ServerState, sent_at: float, now: float) -> None:
    """Nothing came of a query sent at `sent_at`, in all the time it was listened for."""
    state.losses += 1
    state.loss += LOSS_GAIN * (1 - state.loss)
    if state.last_heard <= sent_at and state.timeouts_in_a_row >= DEAD_AFTER:
        hold_down(state, now)


def note_refusal(state: ServerState, now: float) -> None:
    """The network says that nobody listens there."""
    state.losses += 1
    state.timeouts_in_a_row += 1
    if state.timeouts_in_a_row >= DEAD_AFTER:
        hold_down(state, now)


def note_discard(state: ServerState, why: str) -> None:
    """Something that it said was not taken, or not all of it."""
    state.discards += 1
    state.last_discard = why


def hold_down(state: ServerState, now: float) -> None:
    """Leave it alone for a while; also to let only one of many questions send the probe that is due."""
    doublings = min(max(0, state.timeouts_in_a_row - DEAD_AFTER), 8)
    state.probe_at = now + min(MAX_HOLD_DOWN, HOLD_DOWN * 2**doublings)


def note_edns_broken(state: ServerState, now: float) -> None:
    """It answers only where there is no OPT RR in the query."""
    state.edns = Edns.BROKEN
    state.edns_until = now + EDNS_BROKEN_FOR


def may_use_edns(state: ServerState, now: float) -> bool:
    """Is the server not known to fail on EDNS?"""
    return state.edns is not Edns.BROKEN or now >= state.edns_until


def note_lame(state: ServerState, zone: WireName, now: float) -> None:
    """It does not serve `zone` although it is named for it."""
    if sum(LAME_OCTETS + len(one) for one in (*state.lame_zones, zone)) > MAX_LAME_OCTETS:
        state.lame_zones.clear()
    state.lame_zones[zone] = now + LAME_FOR


def is_lame(state: ServerState, zone: WireName, now: float) -> bool:
    """Was it found not to serve `zone`, not long ago?"""
    return now < state.lame_zones.get(zone, 0.0)


class Families:
    """Do IPv4 and IPv6 work from here? A host without one of them finds out once, not with every question.

    What is known of both; the place is always: is it IPv6?

    A family that does not work is left alone only while the other one does. Otherwise the whole network is away, and the
    moment in which it comes back must not be missed.
    """

    __slots__ = ("_absent_until", "_heard_at", "_late", "closed")

    def __init__(self) -> None:
        self.closed = NONE  # families whose servers are asked only when nobody else is left, or beside others
        self._heard_at = [NEVER, NEVER]
        self._late = [0, 0]
        self._absent_until = [NEVER, NEVER]

    def note_heard(self, server: Address, now: float) -> None:
        """The server's family works."""
        is_ipv6 = ":" in server.host
        self._heard_at[is_ipv6] = now
        self._late[is_ipv6] = 0
        if self.closed and is_ipv6 in self.closed:
            self.closed -= {is_ipv6}

    def note_no_route(self, server: Address, now: float) -> bool:
        """This host has no route for the server's family; is that family left alone from now on?"""
        return self._close(":" in server.host, now)

    def note_late(self, server: Address, now: float) -> bool:
        """The server's reply is late; is its family left alone from now on?"""
        is_ipv6 = ":" in server.host
        self._late[is_ipv6] += 1
        enough = LATE_IN_A_ROW if self._heard_at[is_ipv6] > NEVER else LATE_AT_FIRST
        return self._late[is_ipv6] >= enough and self._close(is_ipv6, now)

    def may_be_tried(self, server: Address, now: float) -> bool:
        """Does the server's family work, or is it time to see, beside a server of the other one, whether it does again?"""
        return (
            not self.closed or (is_ipv6 := ":" in server.host) not in self.closed or now >= self._absent_until[is_ipv6]
        )

    def note_tried(self, server: Address, now: float) -> None:
        """One server is asked to see whether its family works again."""
        is_ipv6 = ":" in server.host
        if is_ipv6 in self.closed:
            self._absent_until[is_ipv6] = now + ABSENT_FOR

    def _close(self, is_ipv6: bool, now: float) -> bool:
        if now - self._heard_at[not is_ipv6] >= ABSENT_FOR:
            self.closed -= {is_ipv6}
            return False
        self._absent_until[is_ipv6] = now + ABSENT_FOR
        self.closed |= {is_ipv6}
        return True
